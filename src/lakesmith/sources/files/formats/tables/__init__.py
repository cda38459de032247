"""Tables with types of their own: workbooks, Parquet, Avro, ORC."""
