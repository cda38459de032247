"""An answer of JSON walked through once: its records cut out one by one, and what stands beside them as plain values."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, BinaryIO

from lakesmith.sources.files.formats.nested.json_feed import Feed
from lakesmith.sources.files.formats.nested.json_path import members
from lakesmith.sources.files.formats.nested.json_scan import Elements, Scanner
from lakesmith.sources.files.limits import MB, RECORD_BYTES
from lakesmith.sources.rest.flow.digging import path_of
from lakesmith.sources.rest.reading.cutting import SMALL, cut

if TYPE_CHECKING:
    from lakesmith.sources.rest.flow.values import Body

BESIDE_BYTES = MB
"""How long a value beside the records may be to be kept; longer ones are data that nobody asked for."""

ALL_BESIDE_BYTES = 16 * MB
"""How long all of them may be together: an answer that has more has its records elsewhere."""

DIGEST_BYTES = 16


class TooMuchError(ValueError):
    """More stands in an answer than memory is meant for, outside of the list of its records; the text says what."""


class Pouring:
    """Hands out a body, as what a `Feed` is fed with."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._next = b""

    @property
    def at_end(self) -> bool:
        """Whether all was handed out."""
        self._next = self._next or self._file.read(1)
        return not self._next

    def read(self, size: int) -> bytes:
        """Return the next bytes, at most `size`; fewer only at the end."""
        begun, self._next = self._next, b""
        return begun + self._file.read(size - len(begun))


@dataclass(slots=True)
class Document:
    """What there is in an answer: `count` records, a digest of them all, and what stands beside them.

    `has_records` is false where nothing at all is at their path. `picked` is what was picked of each record, if it was asked for,
    `last` the text of the last one; `cut` all of them, where they are few. `is_ended` is false where an answer of lines ends within one.
    `dropped` are the paths beside the records whose values were too long to be kept, `beside_bytes` how long the others are together.
    """

    count: int = 0
    digest: str = ""
    beside: Any = None
    has_records: bool = False
    picked: list[Any] = field(default_factory=list)
    last: bytes = b""
    cut: tuple[Elements, ...] | None = None
    is_ended: bool = True
    dropped: set[tuple[str, ...]] = field(default_factory=set)
    beside_bytes: int = 0


def look_at(body: Body, records: str, name: str, pick: Callable[[bytes], Any] | None = None) -> Document:
    """Return what there is in an answer of JSON.

    Args:
        body: The answer.
        records: The path of its records.
        name: What to call it in errors.
        pick: Makes something of each record, to be kept; it must be small.

    Raises:
        SourceDataError: If it is no JSON from its beginning to its end.
    """
    with body.open() as file:
        if body.size <= SMALL:
            document = Document()
            elements = cut(file.read(), path_of(records), document)
            if elements is not None:
                document.cut = (elements,)
                return _counted(document, document.cut, pick)
            file.seek(0)
        document = Document()
        return _counted(document, walk(file, records, name, document), pick)


def _counted(document: Document, found: Iterable[Elements], pick: Callable[[bytes], Any] | None) -> Document:
    digest = hashlib.blake2b(digest_size=DIGEST_BYTES)
    for elements in found:
        document.count += elements.count
        document.last = elements.texts[-1] if elements.count else document.last
        digest.update(b"\n".join(elements.texts))
        digest.update(b"\n")
        if pick is not None:
            document.picked.extend(map(pick, elements.texts))
    document.digest = digest.hexdigest()
    return document


def walk(file: BinaryIO, records: str, name: str, document: Document | None = None) -> Iterator[Elements]:
    """Yield the records of an answer in pieces, and fill in what stands beside them.

    Raises:
        SourceDataError: If it is no JSON from its beginning to its end.
        TooMuchError: If what is not in a list of records is too much.
    """
    seen = document or Document()
    scanner = Scanner(Feed(Pouring(file), "utf-8", name), name)
    yield from _walk(scanner, path_of(records), seen)
    if scanner.peek():
        raise scanner.fault("something else follows its end")


def _walk(scanner: Scanner, path: tuple[str, ...], seen: Document) -> Iterator[Elements]:
    letter = scanner.peek()
    if not letter:
        raise scanner.fault("there is nothing in it")
    if not path:
        yield from _records(scanner, letter, seen)
        return
    if letter != b"{":
        seen.beside = _value(scanner, seen, ())
        return
    beside: dict[str, Any] = {}
    seen.beside = beside
    for key in members(scanner):
        if key != path[0]:
            beside[key] = _value(scanner, seen, (key,))
        elif len(path) > 1 and scanner.peek() == b"{":
            inner = Document(beside_bytes=seen.beside_bytes)
            yield from _walk(scanner, path[1:], inner)
            beside[key] = inner.beside
            seen.has_records = seen.has_records or inner.has_records
            seen.dropped |= {(key, *below) for below in inner.dropped}
            seen.beside_bytes = inner.beside_bytes
        else:
            yield from _records(scanner, scanner.peek(), seen)


def _records(scanner: Scanner, letter: bytes, seen: Document) -> Iterator[Elements]:
    """Yield a list's elements, or the one object that is there in the place of a list."""
    if letter == b"[":
        seen.has_records = True
        scanner.take(b"[")
        yield from scanner.elements()
        return
    line = scanner.line
    parts = bytearray()
    for part in scanner.value_parts():
        parts += part
        if len(parts) > RECORD_BYTES:
            raise TooMuchError(
                f"in the place of a list of records it has an object of more than {RECORD_BYTES // MB} MB"
            )
    text = bytes(parts)
    if text == b"null":
        return
    seen.has_records = True
    if seen.beside is None and len(text) <= BESIDE_BYTES:
        seen.beside = _plain(scanner, text)
    yield Elements((text,), (line,))


def _value(scanner: Scanner, seen: Document, at: tuple[str, ...]) -> Any:
    """Return the value that comes next, None if it is too long to be of use beside records."""
    parts: list[bytes] = []
    size = 0
    for part in scanner.value_parts():
        size += len(part)
        if size <= BESIDE_BYTES:
            parts.append(part)
    if size > BESIDE_BYTES:
        seen.dropped.add(at)
        return None
    seen.beside_bytes += size
    if seen.beside_bytes > ALL_BESIDE_BYTES:
        raise TooMuchError(f"it has more than {ALL_BESIDE_BYTES // MB} MB beside its records")
    return _plain(scanner, b"".join(parts))


def _plain(scanner: Scanner, text: bytes) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        raise scanner.fault("a value in it is no JSON") from None
