"""Bronze: append-only Iceberg tables, each with its stream's checkpoint inside the commit that moved it. Names load on first use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lakesmith.lake.lake import Lake
    from lakesmith.lake.points import CRASH_POINTS
    from lakesmith.lake.table import Table

__all__ = ["CRASH_POINTS", "Lake", "Table"]

_HOMES = {"CRASH_POINTS": "points", "Lake": "lake", "Table": "table"}


def __getattr__(name: str) -> Any:
    from importlib import import_module

    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
