"""What libraries work out at each use from texts that never change: how an empty run store gets its tables, what S3 is told, and SQL.

All of it is worked out in earnest once in each process, and used again from then on.
"""

from __future__ import annotations

import functools


def learn_tables() -> None:
    """Let Lakesmith make the tables of one empty SQLite store, and make the others with the statements that rebuild it."""
    from lakesmith.monitor import making

    make = making.make
    known: list[str] = []

    @functools.wraps(make)
    def remembered(connection):
        if connection.dialect.name != "sqlite" or holds_anything(connection):
            make(connection)
        elif known:
            for statement in known:
                connection.exec_driver_sql(statement)
        else:
            make(connection)
            known.extend(list(connection.connection.driver_connection.iterdump())[1:-1])  # without begin and commit

    making.make = remembered


def holds_anything(connection) -> bool:
    return connection.exec_driver_sql("select 1 from sqlite_master").first() is not None


def learn_services() -> None:
    """Let botocore read each of its descriptions of a service once."""
    from botocore.loaders import JSONFileLoader

    load = JSONFileLoader.load_file
    known = {}

    @functools.wraps(load)
    def remembered(self, file_path):
        if file_path not in known:
            known[file_path] = load(self, file_path)
        return known[file_path]

    JSONFileLoader.load_file = remembered


def learn_statements() -> None:
    """Let SQLAlchemy spell each statement once for all databases of a kind: every store that is opened would have it spelled anew."""
    from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
    from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
    from sqlalchemy.engine import Engine
    from sqlalchemy.util import LRUCache

    known = LRUCache(5000)
    Engine._compiled_cache = property(lambda _engine: known, lambda _engine, _own: None)
    for dialect in (PGDialect_psycopg, SQLiteDialect_pysqlite):
        dialect.__eq__, dialect.__hash__ = is_alike, hash_of_kind


SPELLING = (
    "server_version_info",
    "default_schema_name",
    "_backslash_escapes",
    "_has_native_hstore",
    "_json_serializer",
)
"""What a dialect's spelling of a statement hangs on, besides its class."""


def is_alike(one, other) -> bool:
    """Whether two dialects spell statements alike: a part of the key that a spelling is remembered by."""
    same = type(one) is type(other)
    return same and all(getattr(one, name, None) == getattr(other, name, None) for name in SPELLING)


def hash_of_kind(dialect) -> int:
    return hash(type(dialect))
