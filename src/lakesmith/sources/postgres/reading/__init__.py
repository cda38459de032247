"""Reads one split by ADBC, which asks for binary COPY and makes Arrow of it. Imported when reading begins: it needs pyarrow."""
