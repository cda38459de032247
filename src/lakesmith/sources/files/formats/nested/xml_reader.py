"""Elements of an XML file by the standard library's expat: no entity of the file's own, nothing from outside, under limits.

What lies in a row goes from the parser to the builder of elements without a step of Python between them; only the ends of elements
are looked at, to see that of the row.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from lakesmith.errors import SourceDataError
from lakesmith.model.streams import Reject
from lakesmith.sources.files.formats.base import RAW_LIMIT, RECORD_LIMIT, reject
from lakesmith.sources.files.formats.nested.json_feed import Bytes
from lakesmith.sources.files.formats.nested.json_values import MAX_DEPTH, TOO_DEEP
from lakesmith.sources.files.formats.nested.xml_tree import Names, is_deeper

PIECE = 128 * 1024
"""How much is read at a time: what is built of it is gone through several times, and should fit into the caches of a processor."""
LONGEST_TOKEN = 64 * 1024 * 1024
DEEPEST = 1000
PROLOG = re.compile(rb"""^(?:\xef\xbb\xbf)?<\?xml[^>]*?\bencoding\s*=\s*["']([A-Za-z0-9._-]+)["']""")
NATIVE = ("utf-8", "utf-16", "iso8859-1", "ascii")
Start = Callable[[str, dict[str, str]], object]
End = Callable[[str], object]
TOO_LONG = f"the element is longer than {RECORD_LIMIT // 1024 // 1024} MB"


@dataclass(frozen=True, slots=True)
class RowPath:
    """Which elements are rows: those at a path from the root, or those of one name wherever they stand."""

    text: str
    names: tuple[str, ...]

    @classmethod
    def parse(cls, text: str) -> RowPath:
        """Return the path that a person wrote: `/catalog/book`, or `book`."""
        return cls(text, tuple(part for part in text.split("/") if part))

    def fits(self, stack: list[str]) -> bool:
        """Whether the element at the end of `stack` is a row."""
        if self.text.startswith("/") and not self.text.startswith("//"):
            return len(stack) == len(self.names) and tuple(stack) == self.names
        return stack[-len(self.names) :] == list(self.names)


@dataclass(slots=True)
class Rows:
    """The rows of a piece of the file: whole elements, and records that could not become one. `size` counts their bytes."""

    elements: list[Element] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    counted: int = 0
    size: int = 0


class XmlReader:
    """Reads one file."""

    def __init__(self, name: str, path: RowPath, names: Names) -> None:
        self._name, self._path, self._names = name, path, names
        self._stack: list[str] = []
        self._builder = TreeBuilder()
        self._top = self._builder.start("rows", {})
        self._row: Element | None = None
        self._fault = ""
        self._line = self._begin = self._below = 0
        self._window, self._base = b"", 0
        self._encoding = "utf-8"
        self._places: list[tuple[int, int]] = []
        self._inside: tuple[Start, End, Callable[[str], None]]
        self._outside: tuple[Start, End]
        self.rows = Rows()
        self.at_end = False

    def read(self, source: Bytes, *, cut: bool = False) -> Iterator[Rows]:
        """Yield the rows of a file, piece by piece; with `cut` it is the beginning of one.

        Raises:
            SourceDataError: If it is not well-formed, declares entities, or is beyond the limits.
        """
        first = source.read(PIECE)
        decoder, parser = self._begun(first)
        piece, fed = first, 0
        while True:
            is_last = source.at_end
            data = decoder.decode(piece, final=is_last and not cut).encode() if decoder else piece
            fed += len(data)
            self._keep(data)
            self._parse(parser, data, is_last=is_last and not cut)
            self._top.clear()
            self._reject_deep()
            self._limit(parser, fed)
            if fed - max(parser.CurrentByteIndex, 0) > LONGEST_TOKEN:
                raise self._refused(f"one tag of it is longer than {LONGEST_TOKEN // 1024 // 1024} MB", parser)
            rows, self.rows, self.at_end = self.rows, Rows(), is_last
            yield rows
            if is_last:
                return
            piece = source.read(PIECE)

    def _begun(self, first: bytes) -> tuple[codecs.IncrementalDecoder | None, expat.XMLParserType]:
        declared = PROLOG.match(first)
        name = declared[1].decode() if declared else "utf-8"
        try:
            self._encoding = codecs.lookup(name).name
            "<".encode(name)  # a codec that is none of texts, such as zlib, is no encoding
        except (LookupError, UnicodeError):
            raise SourceDataError(
                f"The file says that its encoding is {name}, which nobody knows. None of it was loaded.",
                where=f"{self._name}:1",
                fix="have it delivered as UTF-8",
            ) from None
        decoder = None if self._encoding in NATIVE else codecs.getincrementaldecoder(self._encoding)()
        parser = expat.ParserCreate("utf-8" if decoder else None)
        self._encoding = "utf-8" if decoder else self._encoding
        parser.buffer_text, parser.buffer_size = True, PIECE
        self._handlers(parser)
        self._go_outside(parser)
        parser.EntityDeclHandler = lambda *_entity: self._refuse_entities(parser)
        parser.SkippedEntityHandler = lambda name, _is_parameter: self._skipped(parser, name)
        return decoder, parser

    def _parse(self, parser: expat.XMLParserType, data: bytes, *, is_last: bool) -> None:
        try:
            parser.Parse(data, is_last)
        except expat.ExpatError as error:
            raise SourceDataError(
                f"The file is not well-formed XML: {expat.ErrorString(error.code)}. None of it was loaded.",
                where=f"{self._name}:{error.lineno}, column {error.offset + 1}",
                fix="have it delivered again as a whole",
            ) from error

    def _go_outside(self, parser: expat.XMLParserType) -> None:
        """Look for rows: nothing else is kept."""
        parser.StartElementHandler, parser.EndElementHandler = self._outside
        parser.CharacterDataHandler = None

    def _handlers(self, parser: expat.XMLParserType) -> None:
        """Make what the parser calls: outside of rows, and in one, where all of it is built."""
        begin, end, plain = self._builder.start, self._builder.end, self._names.plain

        def close(tag: str) -> None:
            if end(tag) is self._row:
                self._end(parser)

        def close_plain(tag: str) -> None:
            close(plain(tag))

        inside = (begin, close)
        if not self._names.prefixes:
            inside = (lambda tag, attributes: begin(plain(tag), attributes), close_plain)
        self._inside = (*inside, self._builder.data)
        self._outside = (lambda tag, attributes: self._start(parser, tag, attributes), lambda _tag: self._stack.pop())

    def _go_past(self, parser: expat.XMLParserType, why: str) -> None:
        """Let go of the open row, and of what is still to come of it."""
        row, self._fault, self._below = self._row, why, 0
        if row is None:
            return
        row.clear()

        def start(_tag: str, _attributes: dict[str, str]) -> None:
            self._below += 1

        def close(tag: str) -> None:
            if self._below:
                self._below -= 1
            elif self._builder.end(self._names.plain(tag)) is row:
                self._end(parser)

        parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = start, close, None

    def _start(self, parser: expat.XMLParserType, tag: str, attributes: dict[str, str]) -> None:
        self._stack.append(self._names.plain(tag))
        if len(self._stack) > DEEPEST:
            raise self._refused(f"its elements are nested deeper than {DEEPEST} levels", parser)
        if self._path.fits(self._stack):
            self._row, self._fault = self._builder.start(self._stack[-1], attributes), ""
            self._line, self._begin = parser.CurrentLineNumber, parser.CurrentByteIndex
            parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = self._inside

    def _end(self, parser: expat.XMLParserType) -> None:
        row, size = self._row, parser.CurrentByteIndex - self._begin
        self._stack.pop()
        self._row = None
        self.rows.counted += 1
        self.rows.size += size
        if not self._fault and size > RECORD_LIMIT:
            self._fault = TOO_LONG
        if self._fault or row is None:
            self._reject(self._fault, self._line, self._begin)
        else:
            self.rows.elements.append(row)
            self._places.append((self._line, self._begin))
        self._go_outside(parser)

    def _reject(self, why: str, line: int, begin: int) -> None:
        raw = self._window[max(begin - self._base, 0) :][:RAW_LIMIT]
        self.rows.rejects.append(reject(why, self._name, line, raw, self._encoding))

    def _reject_deep(self) -> None:
        """Put rows of the last piece aside that are too deep: all are looked at together, and each only if there is one."""
        places, self._places = self._places, []
        if not is_deeper(self.rows.elements, MAX_DEPTH):
            return
        rows, self.rows.elements = self.rows.elements, []
        for row, (line, begin) in zip(rows, places, strict=True):
            if is_deeper([row], MAX_DEPTH):
                self._reject(TOO_DEEP, line, begin)
            else:
                self.rows.elements.append(row)

    def _limit(self, parser: expat.XMLParserType, fed: int) -> None:
        """Let go of an open row that is too long, or too deep, before it fills the memory."""
        if self._row is None or self._fault:
            return
        if fed - self._begin > RECORD_LIMIT:
            self._go_past(parser, TOO_LONG)
        elif is_deeper([self._row], MAX_DEPTH):
            self._go_past(parser, TOO_DEEP)

    def _skipped(self, parser: expat.XMLParserType, name: str) -> None:
        if self._row is not None and not self._fault:
            self._go_past(parser, f"it refers to an entity `{name[:100]}` that only a file elsewhere declares")

    def _refuse_entities(self, parser: expat.XMLParserType) -> None:
        raise self._refused(
            "it declares entities of its own, which can make a small file endlessly large or read other files", parser
        )

    def _refused(self, why: str, parser: expat.XMLParserType) -> SourceDataError:
        return SourceDataError(
            f"The file is not loaded: {why}.",
            where=f"{self._name}:{parser.CurrentLineNumber}, column {parser.CurrentColumnNumber + 1}",
            fix="have it delivered without that; text in place of entities, and elements that can be held in memory",
        )

    def _keep(self, data: bytes) -> None:
        """Keep what was fed from the beginning of the open row on, for quarantine; no more of it than that would show."""
        gone = self._begin - self._base if self._row is not None else len(self._window)
        self._window, self._base = self._window[gone:], self._base + gone
        if len(self._window) < RAW_LIMIT or self._row is None:
            self._window += data
        else:
            self._begin = self._base
