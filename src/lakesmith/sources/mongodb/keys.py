"""The key of a stream alone, of every document that there is: what `reconcile` compares with the table."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from lakesmith.errors import ConnectorOptionsError
from lakesmith.model.streams import Chunk, StreamSpec
from lakesmith.sources.mongodb.elements import elements
from lakesmith.sources.mongodb.planning.continuing import alike
from lakesmith.sources.mongodb.planning.looking import SAMPLE
from lakesmith.sources.mongodb.reading.keyed import KEY

if TYPE_CHECKING:
    from lakesmith.sources.mongodb.planning.looking import Looking

OURS = ("_id", KEY)


def key_fields(stream: StreamSpec, looking: Looking) -> dict[str, str]:
    """Return the fields of the stream's key by how the project writes them: `user_id` may be what the lake made of `userId`.

    Raises:
        ConnectorOptionsError: If one is in no document of a sample, or may be one of two.
    """
    if set(stream.key) <= set(OURS):
        return {name: name for name in stream.key}
    there = {name.decode(): None for raw in looking.sample(SAMPLE) for name, *_ in elements(raw)}
    return {name: name if name in OURS else _field(stream, name, list(there)) for name in stream.key}


def _field(stream: StreamSpec, name: str, there: list[str]) -> str:
    meant = [name] if name in there else [one for one in there if alike(one) == alike(name)]
    if len(meant) == 1:
        return meant[0]
    found = "may be any of several fields" if meant else "is a field of no document of a sample"
    raise ConnectorOptionsError(
        f"`key: {name}` of {stream.id} {found}.", where=stream.where, fix="write the name as the source has it"
    )


def keys_of(chunk: Chunk, fields: dict[str, str]) -> Chunk:
    """Return a chunk with the columns of the key alone."""
    names = set(fields.values())
    kept = [at for at, name in enumerate(chunk.rows.schema.names) if name in names]
    return replace(chunk, rows=chunk.rows.select(kept), after=b"{}", notices=())
