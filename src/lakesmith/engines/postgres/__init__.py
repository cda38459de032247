"""The PostgreSQL engine: bronze copied by new snapshots, dbt builds aside, and schemas of views that are swapped after the tests."""

from lakesmith.engines.postgres.engine import PostgresEngine
from lakesmith.engines.postgres.options import PostgresOptions

__all__ = ["PostgresEngine", "PostgresOptions"]
