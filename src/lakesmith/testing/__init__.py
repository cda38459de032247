"""What authors of connectors test with: a contract suite for sources, and content hashes that leave `_ls_*` columns out.

Derive a test class from `SourceContract`, tell it how to make a small real system, and run pytest. `prepare` puts the first records
there and returns them as you know them, not as your connector reads them; `grow` adds more and returns those only:

    import sqlite3

    from lakesmith.testing import Records, SourceContract
    from lakesmith_sqlite import SqliteSource

    class TestSqlite(SourceContract):
        source = SqliteSource
        options = {"path": "shop.db"}  # as in lakesmith.yml; the project folder is a new one for each test
        stream_options = {"table": "orders", "batch_rows": 2}  # two chunks or more, or resuming cannot be proved
        types = {"id": "long", "name": "string"}

        def prepare(self, folder):
            return self.insert(folder, {1: "Ann", 2: "Bob", 3: b"no text"}, rejects=["orders, rowid 3"])

        def grow(self, folder):
            return self.insert(folder, {4: "Cem"})

        def insert(self, folder, names, rejects=()):
            with sqlite3.connect(folder / "shop.db") as shop:
                shop.execute("create table if not exists orders (id integer primary key, name text)")
                shop.executemany("insert into orders values (?, ?)", names.items())
            return Records([{"id": id, "name": name} for id, name in names.items() if name != b"no text"], rejects)

A test that fails begins with the law that is broken, in the words of `LAWS`. Two more methods are optional: `empty` makes a system
without records, `spoil` breaks one. `examples/lakesmith-sqlite` is a whole connector in a package of its own.

Engines have a suite of their own, `EngineContract`, and `published_hashes` tells whether two of them have made the same tables.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lakesmith.testing.contents import canonical_hash, canonical_rows
    from lakesmith.testing.engine import EngineContract
    from lakesmith.testing.hashing import published_hashes
    from lakesmith.testing.laws import LAWS, ContractBrokenError
    from lakesmith.testing.source import SourceContract
    from lakesmith.testing.trial import Records

__all__ = [
    "LAWS",
    "ContractBrokenError",
    "EngineContract",
    "Records",
    "SourceContract",
    "canonical_hash",
    "canonical_rows",
    "published_hashes",
]

_HOMES = {
    "LAWS": "laws",
    "ContractBrokenError": "laws",
    "EngineContract": "engine",
    "Records": "trial",
    "SourceContract": "source",
    "canonical_hash": "contents",
    "canonical_rows": "contents",
    "published_hashes": "hashing",
}


def __getattr__(name: str) -> Any:
    # Lazy: comparing contents needs no pytest, and a process that only plans needs neither.
    from importlib import import_module

    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
