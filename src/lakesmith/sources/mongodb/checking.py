"""What `check` says of a MongoDB source: its server, its streams, and the collections that a pattern would take in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from lakesmith.errors import LakesmithError
from lakesmith.model.streams import Finding, SourceContext, StreamSpec
from lakesmith.sources.mongodb.connecting.faults import driver_errors
from lakesmith.sources.mongodb.discovering import included, name_of, said
from lakesmith.sources.mongodb.elements import BrokenDocumentError, elements
from lakesmith.sources.mongodb.planning.continuing import is_masked
from lakesmith.sources.mongodb.planning.cursors import Cursor
from lakesmith.sources.mongodb.planning.filters import filter_of
from lakesmith.sources.mongodb.planning.looking import SAMPLE, Looking

if TYPE_CHECKING:
    from lakesmith.sources.mongodb.connecting.server import Collection, Server
    from lakesmith.sources.mongodb.elements import Element

SHOWN = 5
KILO = 1024
NO_VALUE = ("null", "other")


def check_source(context: SourceContext, reach: Callable[[], Server]) -> Iterator[Finding]:
    """Yield what there is to say about a source and its streams; faults become findings, so that all streams are looked at.

    Args:
        context: What the source was made with; its options are `MongoOptions`.
        reach: Returns the server that is read.
    """
    try:
        server = reach()
        with driver_errors(server.scene()):
            version, is_router = server.version(), server.is_router()
    except LakesmithError as error:
        yield Finding("error", context.name, error.what, error.fix)
        return
    router = ", a router before shards: each collection is read in one part" if is_router else ""
    yield Finding(
        "ok", context.name, f"MongoDB {version} at {server.address.place}{router}", facts={"version": version}
    )
    for stream in context.streams:
        yield from _guarded(str(stream.id), server, _streamed(context, server, stream))
    if context.options.include:
        yield from _guarded(context.name, server, _included(context, server))


def _guarded(subject: str, server: Server, findings: Iterator[Finding]) -> Iterator[Finding]:
    try:
        with driver_errors(server.scene()):
            yield from findings
    except LakesmithError as error:
        yield Finding("error", subject, error.what, error.fix)


def _streamed(context: SourceContext, server: Server, stream: StreamSpec) -> Iterator[Finding]:
    name, subject = stream.options.collection or stream.id.name, str(stream.id)
    collection = server.collection(name, subject, stream.where or context.where)
    documents, size = server.size(name) if collection.kind != "view" else (0, 0)
    known = f", about {documents:,} documents, {shown_size(size)}" if collection.kind != "view" else ""
    facts = {"collection": name, "kind": collection.kind, "documents": documents, "size_bytes": size}
    yield Finding("ok", subject, f"{collection.told} `{name}`{known}; {_way(stream)}", facts=facts)
    looking = Looking(server, collection, filter_of(stream), stream.options.projection)
    raw = looking.sample(SAMPLE)
    yield from _types(subject, raw, stream)
    if stream.options.cursor is not None:
        yield from _cursor(subject, stream, looking, server, collection)


def _way(stream: StreamSpec) -> str:
    if stream.mode == "replace":
        return "each load reads all of it"
    cursor = stream.options.cursor
    unseen = "; it never sees deletes" if stream.mode == "append" else "; deletes are found by `lakesmith reconcile`"
    return f"each load reads what lies above the last `{cursor}`{unseen}" if cursor else "it has no cursor yet"


def _types(subject: str, sample: list[bytes], stream: StreamSpec) -> Iterator[Finding]:
    """Tell which fields a sample has, and which of them hold values of several types, which go into columns beside each other."""
    met: dict[str, Counter[str]] = {}
    for raw in sample:
        try:
            for name, kind, *_ in elements(raw):
                met.setdefault(name.decode("utf-8", "replace"), Counter())[_name_of(kind)] += 1
        except BrokenDocumentError:
            yield Finding("warning", subject, "a document of a sample is broken: it would wait in quarantine")
    if not met:
        yield Finding("note", subject, "there is no document yet")
        return
    facts = {"fields": {name: dict(kinds) for name, kinds in met.items()}}
    yield Finding("note", subject, f"{len(met)} fields in a sample of {len(sample)} documents", facts=facts)
    mixed = {name: kinds for name, kinds in met.items() if len({kind for kind in kinds if kind not in NO_VALUE}) > 1}
    if not mixed:
        return
    told = [
        f"`{name}` ({', '.join(f'{count} {kind}' for kind, count in kinds.most_common())})"
        for name, kinds in mixed.items()
    ]
    more = f" and {len(told) - SHOWN} more" if len(told) > SHOWN else ""
    yield Finding(
        "note",
        subject,
        f"fields with values of several types: {', '.join(told[:SHOWN])}{more}",
        "values that do not fit a column stand in one beside it: see docs/drift.md",
    )
    if "_id" in mixed and "_id" in stream.key:
        yield Finding(
            "error",
            subject,
            "`key: _id` cannot tell documents apart whose `_id`s are of several types",
            "write `key: _id_key`",
        )


def _name_of(kind: int) -> str:
    from lakesmith.sources.mongodb.elements import NAMES

    return NAMES.get(kind, "other")


def _cursor(
    subject: str, stream: StreamSpec, looking: Looking, server: Server, collection: Collection
) -> Iterator[Finding]:
    name = stream.options.cursor
    if stream.mode == "replace":
        yield Finding("error", subject, "a cursor does not go with `mode: replace`", "set `mode: dedupe` or `append`")
        return
    if is_masked(stream, name):
        yield Finding("error", subject, f"the cursor `{name}` is masked, and a position keeps its last value in clear")
    bracket = looking.bracket(name)
    if bracket is None:
        yield Finding("warning", subject, f"no document has a value in `{name}` that a cursor can stand at")
        return
    Cursor.of(stream, bracket)
    last: Element | None = looking.last(name, bracket)
    unseen = looking.unseen(name, bracket)
    told = f"`{name}` holds values of type {bracket}"
    yield Finding("ok", subject, told, facts={"cursor": name, "bracket": bracket, "has_value": last is not None})
    if unseen:
        yield Finding(
            "warning",
            subject,
            f"{unseen:,} documents have no value of type {bracket} in `{name}`: they are never read",
            "give them one, or choose another cursor",
        )
    served = collection.kind == "view" or any(
        fields and fields[0] == name for fields in server.indexes(collection.name)
    )
    if not served:
        yield Finding(
            "warning",
            subject,
            f"no index begins with `{name}`: each load makes the server look at all documents (COLLSCAN)",
            f"let its owner run: db.{collection.name}.createIndex({{{name}: 1}})",
        )


def _included(context: SourceContext, server: Server) -> Iterator[Finding]:
    named = {stream.options.collection or stream.id.name for stream in context.streams}
    found = included(server, context.options)
    total = shown_size(sum(one.size_bytes or 0 for one in found))
    yield Finding("note", context.name, f"`include` takes in {len(found)} collections, {total} in all")
    for one in found:
        size = "of no known size" if one.size_bytes is None else shown_size(one.size_bytes)
        facts = {
            "collection": one.collection.name,
            "size_bytes": one.size_bytes,
            "stream": one.collection.name in named,
        }
        told = f"{one.collection.told} `{one.collection.name}`: {size}"
        if one.collection.name in named:
            yield Finding("note", context.name, told, facts=facts)
            continue
        written = ", ".join(f"{name}: {value}" for name, value in said(one.collection.name).items())
        fix = f"to load it, write under `streams:` {name_of(one.collection.name)}: {{{written}}}"
        yield Finding("note", context.name, f"{told}; not a stream yet", fix, facts)


def shown_size(size: int) -> str:
    """Return a number of bytes as people read it.

    Examples:
        >>> shown_size(1_500), shown_size(2_500_000_000)
        ('1.5 KB', '2.3 GB')
    """
    amount, unit = float(size), "bytes"
    for larger in ("KB", "MB", "GB", "TB"):
        if amount < KILO:
            break
        amount, unit = amount / KILO, larger
    return f"{size:,} bytes" if unit == "bytes" else f"{amount:.1f} {unit}"
