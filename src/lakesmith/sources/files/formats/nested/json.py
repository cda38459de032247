"""A JSON document: its rows are the objects of one list in it, or objects that stand one behind the other, or it is one row.

Of a list without objects, each value is a row whose one column is `value`.
It goes by in pieces of 8 MB, whatever its size; one element may have 64 MB. A document that is broken anywhere is refused as a whole.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import BinaryIO

from lakesmith.errors import SourceDataError
from lakesmith.model.streams import Reject
from lakesmith.sources.files.formats.base import Sight, Stretch, Tail
from lakesmith.sources.files.formats.nested.json_feed import Beginning, Feed
from lakesmith.sources.files.formats.nested.json_look import look_at_records
from lakesmith.sources.files.formats.nested.json_path import SAMPLE, Path, Survey, parse_path, rows_at, shown, survey
from lakesmith.sources.files.formats.nested.json_records import EMPTY, RecordReader
from lakesmith.sources.files.formats.nested.json_scan import Elements, Scanner
from lakesmith.sources.files.options import FileStreamOptions
from lakesmith.sources.files.reading.tape import Tape

LOOKED_AT = 10_000
SHOWN = 5
VALUE = b'{"value":'


class JsonFormat:
    """Reads JSON documents."""

    def read(self, tail: Tail, tape: Tape) -> Iterator[Stretch]:
        """Yield the rows of the document.

        Raises:
            SourceDataError: If it is not one document from its beginning to its end, or has nothing where its rows should be.
        """
        options = tail.options
        path, notices = _found_out(tail) if options.rows is None else (parse_path(options.rows), ())
        scanner = Scanner(Feed(tape, options.encoding, tail.name), tail.name)
        reader = RecordReader(tail.name)
        yield Stretch(EMPTY, (), 0, notices=notices)
        for elements in named(rows_at(scanner, path)):
            if elements.count:
                yield from _stretches(reader, elements)

    def again(self, raw: bytes, tail: Tail) -> Iterator[Stretch]:
        """Yield what an element that was put aside becomes now."""
        yield from _stretches(RecordReader(tail.name, tail.options.encoding), Elements((raw,), (1,)))

    def look(self, head: BinaryIO, options: FileStreamOptions, name: str) -> Sight:
        """Return where the rows of a document are, and what they hold."""
        seen = survey(head, options.encoding, name)
        path = seen.path if options.rows is None else parse_path(options.rows)
        how = f"rows at `{shown(path)}`" + (" (found out)" if options.rows is None else "")
        if not path and seen.top == b"{":
            how = "objects one behind the other" if seen.is_many else "the document is one row"
        sight = look_at_records(_first(head, options, name, path), "utf-8", how)
        if seen.fault:
            return Sight(sight.text, seen.fault, "have it delivered again, or set `format:`")
        return sight if sight.doubt else _with_doubt(sight, seen, path, pinned=options.rows is not None)


def _found_out(tail: Tail) -> tuple[Path, tuple[str, ...]]:
    """Return where the rows are, and what is to be told of what is not loaded with them, once for all files that are alike."""
    seen = survey(tail.head, tail.options.encoding, tail.name)
    path = seen.path
    beside = seen.beside(path)
    if not beside:
        return path, ()
    names = ", ".join(beside[:SHOWN]) + (", …" if len(beside) > SHOWN else "")
    notice = (
        f"Rows of JSON documents were found at `{shown(path)}`, and what stands beside them is not loaded ({names}): "
        f"set `rows: {shown(path)}` if that is right, `rows: .` for one row with everything in it."
    )
    return path, (notice,)


def named(found: Iterator[Elements]) -> Iterator[Elements]:
    """Yield the elements of a list; where none of the first is an object, each single value is a row with one column of its own."""
    is_bare: bool | None = None
    for elements in found:
        if elements.count and is_bare is None:
            is_bare = not any(text.startswith(b"{") for text in elements.texts)
        yield Elements(tuple(map(_with_name, elements.texts)), elements.lines) if is_bare else elements


def _with_name(text: bytes) -> bytes:
    return text if text.startswith(b"{") else VALUE + text + b"}"


def _as_it_came(told: Reject) -> Reject:
    """Return a reject without the name that a single value was given."""
    name = VALUE.decode()
    if not told.raw.startswith(name):
        return told
    return replace(told, raw=told.raw.removeprefix(name).removesuffix("" if told.cut else "}"))


def _stretches(reader: RecordReader, elements: Elements) -> Iterator[Stretch]:
    left = elements.count
    pieces = reader.read(elements)
    for piece in pieces[:-1]:
        counted = piece.rows.num_rows + len(piece.rejects)
        left -= counted
        yield Stretch(piece.rows, tuple(map(_as_it_came, piece.rejects)), counted)
    yield Stretch(pieces[-1].rows, tuple(map(_as_it_came, pieces[-1].rejects)), left)


def _first(head: BinaryIO, options: FileStreamOptions, name: str, path: Path) -> Elements:
    """Return the first rows of a document, as many as are whole in its beginning."""
    texts: list[bytes] = []
    lines: list[int] = []
    beginning = Beginning(head, SAMPLE)
    try:
        scanner = Scanner(Feed(beginning, options.encoding, name, cut=not beginning.is_whole), name)
        for elements in named(rows_at(scanner, path)):
            texts += elements.texts
            lines += elements.lines
    except SourceDataError:
        if beginning.is_whole and not texts:
            raise
    return Elements(tuple(texts[:LOOKED_AT]), tuple(lines[:LOOKED_AT]))


def _with_doubt(sight: Sight, seen: Survey, path: Path, *, pinned: bool) -> Sight:
    """Say what is left out beside the rows, and which other lists there are."""
    beside = seen.beside(path)
    others = [shown(found.path) for found in seen.lists if found.objects and found.path != path]
    if path and not pinned and beside:
        text = f"{', '.join(f'`{key}`' for key in beside[:SHOWN])} beside the rows is not loaded"
        return Sight(
            sight.text, text, f"set `rows: {shown(path)}` if that is right, `rows: .` for one row with everything in it"
        )
    if not path and not pinned and others and not seen.is_many:
        return Sight(
            sight.text,
            f"there are lists of objects at {', '.join(others[:5])}",
            "set `rows:` to make one of them the rows",
        )
    return sight


FORMAT = JsonFormat()
