"""Targets that build from the newest part of bronze only: `sample: 30d`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from lakesmith.run.workshop import Workshop

if TYPE_CHECKING:
    from lakesmith.model.loads import BronzeSnapshot

SAMPLE = "sample"
"""Under which name a build notes what it was built from."""


def sample_of(shop: Workshop) -> float | None:
    """Return how much of bronze the target shows, in seconds; None: all."""
    return None if shop.target.sample is None else shop.target.sample.total_seconds()


def sampled(shop: Workshop, tables: Sequence[BronzeSnapshot]) -> Sequence[BronzeSnapshot]:
    """Return tables as the target shows them: what was loaded within its sample, counted back from each table's newest load.

    So a table that is loaded once and never again is whole. The edge lies between loads: all rows of a batch are in, or none.
    """
    sample = shop.target.sample
    if sample is None:
        return tables
    from lakesmith.engines.duckdb import DuckDBOptions
    from lakesmith.engines.duckdb.attach import select
    from lakesmith.engines.duckdb.connect import connected, disk_errors
    from lakesmith.engines.duckdb.objects import register

    shown = []
    with disk_errors(shop.paths.root), connected(None, DuckDBOptions()) as connection:
        register(connection, shop.address)
        for table in tables:
            query = f"SELECT max(_ls_loaded_at) FROM ({select(table)})"  # noqa: S608 - every part is quoted by `spelling`
            newest = connection.execute(query).fetchall()[0][0] if table.files else None
            shown.append(table if newest is None else replace(table, since=newest - sample))
    return shown
