"""Whether a table is the one that was read before."""

from __future__ import annotations

from collections.abc import Mapping

from lakesmith.errors import ConnectorOptionsError, SourceDataError
from lakesmith.model.streams import StreamSpec
from lakesmith.sources.postgres.catalog.values import Column
from lakesmith.sources.postgres.connecting.identity import Identity
from lakesmith.sources.postgres.planning.known import Known, alike
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


def key_columns(stream: StreamSpec, known: Known, before: Mapping[int, str]) -> tuple[str, ...]:
    """Return the stream's key as the table's columns are called there: `user_id` may be what the lake made of `userId`.

    Args:
        stream: The stream, whose key is written as in the source or as in the lake.
        known: The table.
        before: The columns' names by attnum as they were loaded last.

    Raises:
        ConnectorOptionsError: If a column is not there, may be one of two, or has another name than when it was loaded.
    """
    found = [_key_column(stream, known, name) for name in stream.key]
    for column in found:
        if before.get(column.attnum, column.name) != column.name:
            raise ConnectorOptionsError(
                f"The column `{column.name}` of {known.table.relation} was called `{before[column.attnum]}` when {stream.id} was loaded last.",
                where=stream.where,
                fix="run `lakesmith run` first, which takes in the new name",
            )
    return tuple(column.name for column in found)


def _key_column(stream: StreamSpec, known: Known, name: str) -> Column:
    if known.structure.column(name) is not None:
        return known.column(name, stream, "key")
    meant = [column.name for column in known.structure.columns if alike(column.name, name)]
    if len(meant) > 1:
        raise ConnectorOptionsError(
            f"`key: {name}` may be any of the columns {' and '.join(f'`{one}`' for one in meant)} of {known.table.relation}.",
            where=stream.where,
            fix="write the name as the source has it",
        )
    return known.column(meant[0] if meant else name, stream, "key")
