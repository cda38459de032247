"""The contract suite over a small database with every type, bad values among good ones."""

import sqlite3
from contextlib import closing
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

from lakesmith.testing import Records, SourceContract

from lakesmith_sqlite import SqliteSource

TABLE = """create table if not exists orders (
    id integer primary key, paid boolean, price numeric(10, 2), weight real, bought date, seen timestamp, note text, photo blob, misc)"""
NAMES = ("id", "paid", "price", "weight", "bought", "seen", "note", "photo", "misc")
SEEN = datetime(2026, 10, 1, 12, 30, 0, 250)  # noqa: DTZ001 - SQLite knows no time zones


def insert(path: Path, *rows: tuple[object, ...]) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(TABLE)
        connection.executemany(f"insert into orders values ({', '.join('?' * len(NAMES))})", rows)


class TestSqlite(SourceContract):
    source = SqliteSource
    options = {"path": "shop.db"}
    stream_options = {"table": "orders", "batch_rows": 2}
    types = {
        "id": "long", "paid": "boolean", "price": "decimal(10, 2)", "weight": "double", "bought": "date", "seen": "timestamp",
        "note": "string", "photo": "binary", "misc": "string",
    }  # fmt: skip

    def prepare(self, folder: Path) -> Records:
        insert(
            folder / "shop.db",
            (1, 1, 1.5, 0.25, "2026-10-01", str(SEEN), "näme 🙂", b"\x00\xff", 7),
            (2, *[None] * 8),
            (3, 0, "cheap", 1, None, None, None, None, None),
            (5, 0, 99999999.99, -1e300, "0001-01-01", "2026-10-01", "", b"", "x"),
            (6, 2, *[None] * 7),
            (9, None, 0.001, *[None] * 6),
            (2**63 - 2, *[None] * 4, "yesterday", *[None] * 3),
        )
        first = (1, True, Decimal("1.50"), 0.25, date(2026, 10, 1), SEEN, "näme 🙂", b"\x00\xff", "7")
        fifth = (5, False, Decimal("99999999.99"), -1e300, date(1, 1, 1), datetime(2026, 10, 1), "", b"", "x")  # noqa: DTZ001
        rows = [dict(zip(NAMES, row, strict=True)) for row in (first, fifth)]
        return Records([*rows, {"id": 2}], [f"orders, rowid {key}" for key in (3, 6, 9, 2**63 - 2)])

    def grow(self, folder: Path) -> Records:
        insert(folder / "shop.db", (2**63 - 1, 1, 2, *[None] * 6))
        return Records([{"id": 2**63 - 1, "paid": True, "price": Decimal(2)}])

    def empty(self, folder: Path) -> None:
        insert(folder / "shop.db")

    def spoil(self, folder: Path) -> None:
        (folder / "shop.db").write_bytes(b"not a database" * 1000)
