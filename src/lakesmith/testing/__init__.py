"""What authors of connectors test with: a contract suite for sources, and content hashes that leave `_ls_*` columns out.

Derive a test class from `SourceContract`, tell it how to make a small real system, and run pytest. `prepare` puts the first records
there and returns them as you know them, not as your connector reads them; `grow` adds more and returns those only:

    from lakesmith.testing import Records, SourceContract
    from lakesmith_sqlite import SqliteSource

    class TestSqlite(SourceContract):
        source = SqliteSource
        options = {"path": "shop.db"}                            # as in lakesmith.yml, below a folder that is made for each test
        stream_options = {"table": "orders", "batch_rows": 2}    # two chunks or more, or nothing can be resumed
        types = {"id": "long", "price": "decimal(10, 2)"}

        def prepare(self, folder):
            insert(folder / "shop.db", [(1, "1.50"), (2, "2.50"), (3, "cheap")])
            return Records([{"id": 1, "price": Decimal("1.50")}, {"id": 2, "price": Decimal("2.50")}], ["orders, id 3"])

        def grow(self, folder):
            insert(folder / "shop.db", [(4, "9.00")])
            return Records([{"id": 4, "price": Decimal("9.00")}])

A test that fails begins with the law that is broken, in the words of `lakesmith.testing.laws.LAWS`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lakesmith.testing.contents import canonical_hash, canonical_rows
    from lakesmith.testing.laws import LAWS, ContractBrokenError
    from lakesmith.testing.source import SourceContract
    from lakesmith.testing.trial import Records

__all__ = ["LAWS", "ContractBrokenError", "Records", "SourceContract", "canonical_hash", "canonical_rows"]

_HOMES = {
    "LAWS": "laws",
    "ContractBrokenError": "laws",
    "Records": "trial",
    "SourceContract": "source",
    "canonical_hash": "contents",
    "canonical_rows": "contents",
}


def __getattr__(name: str) -> Any:
    # Lazy: comparing contents needs no pytest, and a child process that only plans needs neither.
    from importlib import import_module

    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
