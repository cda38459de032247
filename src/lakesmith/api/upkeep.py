"""Upkeep of the lake on demand: fewer files, no litter, and a look at whether everything is there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from lakesmith.api.checking import as_finding
from lakesmith.errors import LakesmithError
from lakesmith.model.loads import Upkeep
from lakesmith.model.streams import Finding, StreamId
from lakesmith.run.workshop import Workshop

if TYPE_CHECKING:
    from lakesmith.lake.upkeep.collect import Swept


def compact(shop: Workshop, streams: Sequence[StreamId]) -> Iterator[tuple[StreamId, Upkeep | None]]:
    """Make small files into few, table by table; yield what was done to each, None if there was nothing to do.

    Raises:
        LakesmithError: As `lake.upkeep.compact` says. No row is lost or doubled, whatever it is.
    """
    for stream in streams:
        yield stream, _compact_wholly(shop, stream)


def _compact_wholly(shop: Workshop, stream: StreamId) -> Upkeep | None:
    """Compact until nothing is left to gain: one compaction takes on a limited number of files."""
    from lakesmith.lake.upkeep.compact import compact as compact_once
    from lakesmith.lake.upkeep.planning import Rules

    services, total = shop.lake.services, None
    while (metadata := services.pointers.read(stream)) is not None:
        done = compact_once(services, stream, metadata, Rules())
        if done is None:
            break
        total = done if total is None else _together(total, done)
    return total


def _together(before: Upkeep, after: Upkeep) -> Upkeep:
    return replace(
        after,
        files_before=before.files_before + after.files_before,
        files_after=before.files_after + after.files_after,
        rows=before.rows + after.rows,
    )


def collect(shop: Workshop, *, delete: bool = False) -> list[Swept]:
    """Look for files that nobody needs; delete those that two passes a day apart agree on, if `delete`."""
    from lakesmith.lake.upkeep.collect import collect as sweep

    return sweep(shop.lake.services, shop.lake.streams(), delete=delete)


def check_lake(shop: Workshop) -> list[Finding]:
    """Return what is wrong with the lake's tables: missing or damaged objects, times that go back. Everything is looked at."""
    from lakesmith.lake.upkeep.checking import check_table

    return [finding for stream in shop.lake.streams() for finding in check_table(shop.lake.services, stream)]


def look_at(shop: Workshop, stream: StreamId) -> list[Finding]:
    """Return what is wrong with the newest snapshot of a table, for `doctor`: cheaper than `check_lake`."""
    from lakesmith.lake.upkeep.checking import check_head, check_order

    services = shop.lake.services
    try:
        metadata = services.pointers.read(stream)
        return [] if metadata is None else [*check_order(stream, metadata), *check_head(services, stream, metadata)]
    except LakesmithError as error:
        return [as_finding(str(stream), error)]
