"""Whether what is read now is what a cursor was read by: else its last value says nothing of the rows before it."""

from __future__ import annotations

import hashlib

from lakesmith.errors import ConnectorOptionsError, SourceDataError
from lakesmith.model.streams import StreamSpec
from lakesmith.sources.postgres.catalog.values import Column
from lakesmith.sources.postgres.planning.telling import is_written_alike
from lakesmith.sources.postgres.position import CursorPlace, Place


def hash_of(condition: str | None) -> str:
    """Return a filter's hash, however it is broken into lines; empty for none."""
    return hashlib.sha256(" ".join(condition.split()).encode()).hexdigest()[:16] if condition else ""


def need_continued(since: Place, column: Column, stream: StreamSpec) -> None:
    """Go on if a stream reads the same rows by the same column as before; what an older position did not keep is not compared.

    Raises:
        SourceDataError: If the cursor's column is another one, or has another type.
        ConnectorOptionsError: If the filter is another one.
    """
    place, rebuild = since.cursor, f"load everything anew: lakesmith rebuild {stream.id}"
    if place is None:
        return
    numbers = _numbers(since, place)
    if numbers and column.attnum not in numbers:
        raise SourceDataError(
            f"The cursor `{column.name}` of {stream.id} is another column than the one of that name that was read so far.",
            where=stream.where,
            fix=f"name the column that was read so far in `cursor:`, or {rebuild}",
        )
    before = _type(place, numbers)
    if before and not is_written_alike(before, column.type.shown):
        raise SourceDataError(
            f"The cursor `{column.name}` of {stream.id} was a {before} and is a {column.type.shown} now: its last value says nothing about these.",
            where=stream.where,
            fix=rebuild,
        )
    if place.filter is not None and place.filter != hash_of(stream.options.filter):
        raise ConnectorOptionsError(
            f"The filter of {stream.id} changed: rows before the cursor's last value that it left out so far would never be read.",
            where=stream.where,
            fix=f"write the filter as it was, or {rebuild}",
        )


def _numbers(since: Place, place: CursorPlace) -> frozenset[int]:
    """Return the numbers that the cursor's column can have; empty where nothing proves them: the columns of a view are numbered anew."""
    if not since.origin.oid:
        return frozenset()
    if place.attnum:
        return frozenset({place.attnum})
    return frozenset(number for number, name in since.origin.columns.items() if name == place.column)


def _type(place: CursorPlace, numbers: frozenset[int]) -> str:
    """Return the type that the cursor had; an older position says it among what its fingerprints are of. Empty if it does not."""
    told = (one.partition(" ") for one in place.told_by)
    return place.type or next((shown for number, _, shown in told if int(number) in numbers), "")
