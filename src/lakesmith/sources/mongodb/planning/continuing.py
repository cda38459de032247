"""Whether what is read now is what was read before: else a cursor's last value says nothing of the documents before it."""

from __future__ import annotations

import re

from lakesmith.errors import ConnectorOptionsError, SourceDataError
from lakesmith.model.streams import StreamSpec
from lakesmith.sources.mongodb.connecting.server import Collection
from lakesmith.sources.mongodb.position import Place

_NO_LETTER = re.compile(r"[^a-z0-9]+")


def need_same(since: Place | None, now: Collection, database: str, stream: StreamSpec) -> None:
    """Go on if a cursor may be read on from where it was; a stream that is read as a whole each time may change as it likes.

    Raises:
        ConnectorOptionsError: If it is another database or collection.
        SourceDataError: If the collection was dropped and made anew.
    """
    if since is None or stream.mode == "replace" or (since.cursor is None and since.plan is None):
        return
    rebuild = f"load everything anew: lakesmith rebuild {stream.id}"
    if _is_elsewhere(since, now, database):
        raise ConnectorOptionsError(
            f"{stream.id} was read from another collection so far; its cursor says nothing about this one.",
            where=stream.where,
            fix=f"correct `url:`, `database:` or `collection:`, or {rebuild}",
        )
    if _is_made_anew(since, now):
        raise SourceDataError(
            f"The collection of {stream.id} was dropped and made anew since the last load; its cursor says nothing about the new one.",
            where=stream.where,
            fix=rebuild,
        )


def is_another(since: Place | None, now: Collection, database: str) -> bool:
    """Whether what was read so far is of another collection than what there is now, so that nothing of it can be gone on with."""
    return since is not None and (_is_elsewhere(since, now, database) or _is_made_anew(since, now))


def _is_elsewhere(since: Place, now: Collection, database: str) -> bool:
    """Whether the collection has another name and is not one that was renamed; of a view nobody can tell that."""
    moved = since.collection != now.name or since.database != database
    return moved and (not now.uuid or since.uuid != now.uuid)


def _is_made_anew(since: Place, now: Collection) -> bool:
    return since.uuid != now.uuid and bool(since.uuid) and bool(now.uuid)


def need_continued(since: Place, stream: StreamSpec, filter_hash: str) -> None:
    """Go on if a stream reads the same documents by the same field as before.

    Raises:
        ConnectorOptionsError: If cursor or filter are other ones.
    """
    place = since.plan.end if since.plan is not None else since.cursor
    if place is None:
        return
    rebuild = f"load everything anew: lakesmith rebuild {stream.id}"
    if place.field != stream.options.cursor:
        raise ConnectorOptionsError(
            f"{stream.id} was read by the cursor `{place.field}`, and is now told to use `{stream.options.cursor}`.",
            where=stream.where,
            fix=f"set `cursor: {place.field}`, or {rebuild}",
        )
    if place.last and place.filter != filter_hash:
        raise ConnectorOptionsError(
            f"The filter of {stream.id} changed: documents before the cursor's last value that it left out so far would never be read.",
            where=stream.where,
            fix=f"write the filter as it was, or {rebuild}",
        )


def is_masked(stream: StreamSpec, name: str) -> bool:
    """Whether the project masks a field, or the object that it is a part of, named as in the source or in the lake."""
    tops = {alike(name), alike(name.partition(".")[0])}
    return any(said.get("mask") and alike(column) in tops for column, said in stream.columns.items())


def alike(name: str) -> str:
    """Return what two spellings of one name share: `userId` and `user_id`."""
    return _NO_LETTER.sub("", name.lower())
