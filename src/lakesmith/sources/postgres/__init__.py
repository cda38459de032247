"""Tables of a PostgreSQL server."""

from lakesmith.sources.postgres.options import PostgresOptions, PostgresStreamOptions
from lakesmith.sources.postgres.source import PostgresSource

__all__ = ["PostgresOptions", "PostgresSource", "PostgresStreamOptions"]
