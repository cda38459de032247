"""Which collections `include` takes in that the project does not name, as streams of their own, always under the same names."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from lakesmith.errors import ConnectorOptionsError
from lakesmith.model.streams import Discovery, SourceContext
from lakesmith.sources.mongodb.connecting.faults import driver_errors

if TYPE_CHECKING:
    from lakesmith.sources.mongodb.connecting.server import Collection, Server
    from lakesmith.sources.mongodb.options import MongoOptions

PLAIN = re.compile(r"[a-z][a-z0-9_]*")
LONGEST = 63
MARK = 8


@dataclass(frozen=True, slots=True)
class Included:
    """A collection that a pattern takes in, and how large it is; None for a view."""

    collection: Collection
    size_bytes: int | None


def included(server: Server, options: MongoOptions) -> tuple[Included, ...]:
    """Return the collections that the patterns of `include` take in and those of `exclude` do not, the largest first."""
    taken = [
        one
        for one in server.collections()
        if _matches(one.name, options.include) and not _matches(one.name, options.exclude)
    ]
    sized = [Included(one, None if one.kind == "view" else server.size(one.name)[1]) for one in taken]
    return tuple(sorted(sized, key=lambda one: (-(one.size_bytes or 0), one.collection.name)))


def find_streams(context: SourceContext, server: Server) -> tuple[Discovery, ...]:
    """Return the collections that the patterns take in and no stream reads.

    Raises:
        ConnectorOptionsError: If a stream of another collection has the name of one of them.
        RetriableError: If the server cannot be reached.
    """
    read = {stream.options.collection or stream.id.name for stream in context.streams}
    taken = {stream.id.name: stream for stream in context.streams}
    with driver_errors(server.scene()):
        new = [one for one in included(server, context.options) if one.collection.name not in read]
    for one in new:
        if stream := taken.get(name_of(one.collection.name)):
            raise ConnectorOptionsError(
                f"`include` takes in the collection `{one.collection.name}` as a stream `{stream.id.name}`, and the stream of that name reads another one.",
                where=stream.where or context.where,
                fix=f"give that stream another name, or leave the collection out: `exclude: ['{one.collection.name}']`",
            )
    return tuple(Discovery(name_of(one.collection.name), said(one.collection.name), one.size_bytes) for one in new)


def said(name: str) -> dict[str, Any]:
    """Return what the stream of a collection says: all of it each time, as a cursor is for people to choose.

    Examples:
        >>> said("orders"), said("Order Lines")["collection"]
        ({'mode': 'replace'}, 'Order Lines')
    """
    return {**({} if name_of(name) == name else {"collection": name}), "mode": "replace"}


def name_of(name: str) -> str:
    """Return the name of a collection's stream; two collections never share one.

    Examples:
        >>> name_of("orders"), name_of("shop.Orders")
        ('orders', 'shop_orders_62e72068')
    """
    if PLAIN.fullmatch(name) and len(name) <= LONGEST and "__" not in name and not name.endswith("_"):
        return name
    letters = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    words = re.sub(r"[^a-z0-9]+", "_", letters).strip("_")
    led = words if PLAIN.match(words) else f"t_{words}"
    return f"{led[: LONGEST - MARK - 1].strip('_')}_{hashlib.sha256(name.encode()).hexdigest()[:MARK]}"


def _matches(name: str, patterns: str | tuple[str, ...]) -> bool:
    listed = (patterns,) if isinstance(patterns, str) else patterns
    return any(fnmatchcase(name, pattern) for pattern in listed)
