"""Which metadata file is a table's newest: SQLite, PostgreSQL, Glue, REST."""
