"""What of a table is read, in which parts, and under which snapshot of the server. Imports psycopg, never pyarrow."""
