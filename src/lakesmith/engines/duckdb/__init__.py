"""The DuckDB engine: a private build file, bronze as views over Parquet, and a warehouse of Parquet that readers open."""

from lakesmith.engines.duckdb.engine import DuckDBEngine
from lakesmith.engines.duckdb.options import DuckDBOptions

__all__ = ["DuckDBEngine", "DuckDBOptions"]
