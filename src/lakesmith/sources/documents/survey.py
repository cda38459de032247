"""What `check` says about a stream of documents: how many of which kind, and what is missing to read them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator

from lakesmith.errors import LakesmithError
from lakesmith.model.streams import Finding, StreamSpec
from lakesmith.sources.documents.dispatch import missing_libraries
from lakesmith.sources.documents.kinds import BY_TYPE, HEAD_BYTES, NAMES, declared_suffix, sniff, what_is
from lakesmith.sources.files.places.place import Found, Place
from lakesmith.sources.files.survey import closed, shown_size

LOOKED_AT = 500


def survey(place: Place, stream: StreamSpec, find: Callable[[StreamSpec], list[Found]]) -> Iterator[Finding]:
    """Yield what there is to say about one stream; faults become findings, so that all streams are looked at."""
    try:
        files = find(stream)
        yield _count(stream, files)
        types = Counter(_type_of(place, file) for file in files[:LOOKED_AT] if file.size and not file.fault)
    except LakesmithError as error:
        yield Finding("error", str(stream.id), error.what, error.fix)
        return
    yield from closed(stream, files)
    yield from _kinds(stream, types, len(files))
    if files and stream.mode == "append":
        yield Finding(
            "note",
            str(stream.id),
            "a document that changes adds a row to the one it has",
            "with `key: path` and `mode: dedupe` its newest row takes the place of the others",
        )


def _count(stream: StreamSpec, files: list[Found]) -> Finding:
    subject = str(stream.id)
    if not files:
        told = f"no document matches {', '.join(stream.options.patterns)}"
        return Finding("warning", subject, told, "deliver a document, or correct `files:`")
    size = shown_size(sum(file.size for file in files))
    return Finding("ok", subject, f"{len(files)} document{'s' if len(files) > 1 else ''}, {size}")


def _kinds(stream: StreamSpec, types: Counter[str], total: int) -> Iterator[Finding]:
    subject = str(stream.id)
    families = Counter[str]()
    for type_, count in types.items():
        families[NAMES.get(type_, "")] += count
    read = [f"{count} {family}" for family, count in families.most_common() if family]
    if read:
        seen = f"; the first {LOOKED_AT} of {total} were looked at" if total > LOOKED_AT else ""
        yield Finding("note", subject, f"by kind: {', '.join(read)}{seen}")
    for type_, count in sorted(types.items()):
        if type_ not in BY_TYPE:
            told = f"{count} of type {type_} cannot be read: their rows will have an `error`"
            yield Finding("warning", subject, told, what_is(type_))
        elif missing_libraries(type_):
            lacks = ", ".join(missing_libraries(type_))
            told = f"{count} of type {type_} cannot be read: {lacks} is not installed"
            yield Finding("warning", subject, told, 'pip install "lakesmith[documents]"')


def _type_of(place: Place, file: Found) -> str:
    """Return the type as far as the first bytes tell; what is inside a container is left to its name."""
    declared = declared_suffix(file.name)
    with place.open(file.name) as content:
        found = sniff(content.read(HEAD_BYTES), declared)
    inside = {"zip": ("docx", "pptx", "odt", "xlsx", "ods"), "ole": ("msg", "doc", "ppt", "xls")}
    return declared if declared in inside.get(found, ()) else found
