"""Tables of a SQLite file as a Lakesmith source."""

from lakesmith_sqlite.options import SqliteOptions, SqliteStreamOptions
from lakesmith_sqlite.source import SqliteSource

__all__ = ["SqliteOptions", "SqliteSource", "SqliteStreamOptions"]
