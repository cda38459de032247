"""What a PostgreSQL server says of its tables: values, each from one query over `pg_catalog`."""
