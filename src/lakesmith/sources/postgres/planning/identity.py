"""Whether a table is the one that was read before."""

from __future__ import annotations

from collections.abc import Mapping

from lakesmith.errors import ConnectorOptionsError, SourceDataError
from lakesmith.model.streams import StreamSpec
from lakesmith.sources.postgres.connecting.identity import Identity
from lakesmith.sources.postgres.planning.known import Known
from lakesmith.sources.postgres.position import Origin, Place

MADE_ANEW = ("view", "materialized view", "foreign table")
"""Kinds that say nothing of their rows by being made anew."""


def origin_of(identity: Identity, known: Known) -> Origin:
    """Return what a position says of a table."""
    oid = 0 if known.table.kind in MADE_ANEW else known.table.oid
    columns = {column.attnum: column.name for column in known.structure.columns}
    return Origin(identity.system or "", identity.database, oid, columns)


def names_before(before: Origin | None, now: Origin) -> Mapping[int, str] | None:
    """Return the columns' names by attnum as they were loaded last; None if it was another table, whose numbers prove nothing."""
    is_same = (
        before is not None
        and before.oid == now.oid != 0
        and (before.system, before.database) == (now.system, now.database)
    )
    return before.columns if before is not None and is_same else None


def need_same(since: Place | None, now: Origin, stream: StreamSpec) -> None:
    """Go on if a cursor may be read on from where it was; a stream that is read as a whole each time may change as it likes.

    Raises:
        ConnectorOptionsError: If it is another server or database, or another cursor.
        SourceDataError: If the table was dropped and made anew.
    """
    if since is None or since.cursor is None or stream.mode == "replace":
        return
    before, rebuild = since.origin, f"load everything anew: lakesmith rebuild {stream.id}"
    if (before.system and now.system and before.system != now.system) or before.database != now.database:
        raise ConnectorOptionsError(
            f"{stream.id} was read from another server or database so far; its cursor says nothing about this one.",
            where=stream.where,
            fix=f"correct the address, or {rebuild}",
        )
    if before.oid != now.oid:
        raise SourceDataError(
            f"The table of {stream.id} was dropped and made anew since the last load; its cursor says nothing about the new one.",
            where=stream.where,
            fix=rebuild,
        )
    known_as = {before.columns.get(attnum) for attnum, name in now.columns.items() if name == stream.options.cursor}
    if since.cursor.column not in {stream.options.cursor, *known_as}:
        raise ConnectorOptionsError(
            f"{stream.id} was read by the cursor `{since.cursor.column}`, and is now told to use `{stream.options.cursor}`.",
            where=stream.where,
            fix=f"set `cursor: {since.cursor.column}`, or {rebuild}",
        )
