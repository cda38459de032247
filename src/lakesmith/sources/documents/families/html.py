"""Web pages: the text people see, line by line, and tables."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import BinaryIO

from lakesmith.sources.documents.dispatch import Task
from lakesmith.sources.documents.families.text import decoded
from lakesmith.sources.documents.instants import instant_of
from lakesmith.sources.documents.parsed import Parsed, Table, UnreadableError

MAX_COLUMNS = 1_000
MAX_BYTES = 64 * 1024 * 1024
_HIDDEN = {"script", "style", "template", "noscript", "svg", "head", "select", "object"}
_BLOCKS = {
    *("p", "div", "h1", "h2", "h3", "h4", "h5", "h6", "li", "ul", "ol", "dl", "dt", "dd", "table", "tr", "section"),
    *("article", "header", "footer", "main", "nav", "aside", "blockquote", "pre", "form", "fieldset", "hr", "address"),
    *("figure", "figcaption", "caption", "body", "html", "br", "thead", "tbody", "tfoot", "option", "title"),
}
_NO_END = {"br", "hr", "meta", "link", "img", "input", "area", "base", "col", "embed", "source", "track", "wbr"}


def read(file: BinaryIO, task: Task) -> Parsed:  # noqa: ARG001 - every family is asked the same way
    """Return what a web page says."""
    content = file.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise UnreadableError("too large: a page of more than 64 MiB")
    return read_page(decoded(content, _declared(content))[0])


def read_page(text: str) -> Parsed:
    """Return what HTML says."""
    page = _Page()
    page.feed(text)
    page.close()
    known = page.known
    return Parsed(
        text=page.text(),
        title=page.title.strip() or None,
        author=known.get("author"),
        created_at=instant_of(known.get("article:published_time") or known.get("date")),
        metadata=known,
        tables=[
            Table(one.rows[1:], one.rows[0]) if one.has_header else Table(one.rows) for one in page.tables if one.rows
        ],
    )


def _declared(content: bytes) -> str | None:
    head = content[:2048].lower()
    _, found, rest = head.partition(b"charset=")
    name = rest.lstrip(b"\"' ").split(b'"')[0].split(b"'")[0].split(b">")[0].split(b";")[0].strip(b" /")
    return name.decode("ascii", "ignore") or None if found else None


@dataclass(slots=True)
class _Grid:
    """A table in the making; `cell` is None between cells."""

    rows: list[list[str]] = field(default_factory=list)
    cell: list[str] | None = None
    span: int = 1
    has_header: bool = False


def _span(attrs: list[tuple[str, str | None]]) -> int:
    written = dict(attrs).get("colspan") or "1"
    return max(1, min(int(written), MAX_COLUMNS)) if written.isdecimal() and len(written) < len(str(MAX_COLUMNS)) else 1


class _Page(HTMLParser):
    """Collects lines, tables, title and what a page says of itself."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.title = ""
        self.known: dict[str, str] = {}
        self.tables: list[_Grid] = []
        self._open: list[_Grid] = []
        self._pieces: list[str] = []
        self._hidden = self._preformatted = 0
        self._in_title = False

    def text(self) -> str:
        """Return the lines; runs of blanks are one blank, except in preformatted text."""
        lines = "".join(self._pieces).split("\n")
        return "\n".join(line.strip(" ") for line in lines if line.strip())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin an element."""
        if tag == "meta":
            said = dict(attrs)
            name = said.get("name") or said.get("property")
            if name and said.get("content"):
                self.known[name.lower()] = said["content"] or ""
        elif tag == "html" and dict(attrs).get("lang"):
            self.known["lang"] = dict(attrs)["lang"] or ""
        self._in_title = self._in_title or (tag == "title" and not self.title)
        self._hidden += tag in _HIDDEN
        if tag == "body":
            self._hidden = 0  # a head that was never closed
        self._preformatted += tag == "pre"
        if tag in ("tr", "td", "th") and self._open:
            self._end_cell()  # the end tag of the one before may be left out
        self._break(tag)
        self._begin_table_part(tag, attrs)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take an element that ends itself; in HTML only those without an end do."""
        self.handle_starttag(tag, attrs)
        if tag not in _NO_END:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        """End an element."""
        self._in_title = self._in_title and tag != "title"
        self._hidden = max(0, self._hidden - (tag in _HIDDEN))
        self._preformatted = max(0, self._preformatted - (tag == "pre"))
        self._break(tag)
        if tag in ("td", "th", "tr") and self._open:
            self._end_cell()
        elif tag == "table" and self._open:
            self._end_cell()
            self._open.pop()

    def handle_data(self, data: str) -> None:
        """Take text."""
        if self._in_title:
            self.title += data
        if self._hidden or self._in_title:
            return
        if self._open and self._open[-1].cell is None and not data.strip():
            return  # blanks between cells
        text = data if self._preformatted else self._joined(data)
        self._pieces.append(text)
        if self._open and self._open[-1].cell is not None:
            self._open[-1].cell.append(text)

    def _joined(self, data: str) -> str:
        words = " ".join(data.split())
        before = " " if data[:1].isspace() and self._pieces and not self._pieces[-1].endswith((" ", "\n", "\t")) else ""
        return before + words + (" " if words and data[-1:].isspace() else "")

    def _break(self, tag: str) -> None:
        if tag in _BLOCKS and not self._is_inside_cell():
            self._pieces.append("\n")
        elif tag in _BLOCKS and self._open[-1].cell:
            self._pieces.append(" ")
            self._open[-1].cell.append("\n")

    def _is_inside_cell(self) -> bool:
        return bool(self._open) and self._open[-1].cell is not None

    def _begin_table_part(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "table":
            self._open.append(_Grid())
            self.tables.append(self._open[-1])
        elif tag == "tr" and self._open:
            self._open[-1].rows.append([])
        elif tag in ("td", "th") and self._open:
            grid = self._open[-1]
            grid.rows = grid.rows or [[]]
            if grid.rows[-1]:
                self._pieces.append("\t")
            grid.cell, grid.span = [], _span(attrs)
            if len(grid.rows) == 1:  # a header is a first row of nothing but header cells
                grid.has_header = (grid.has_header or not grid.rows[0]) and tag == "th"

    def _end_cell(self) -> None:
        grid = self._open[-1]
        if grid.cell is not None:
            lines = [" ".join(line.split()) for line in "".join(grid.cell).split("\n")]
            grid.rows[-1] += ["\n".join(line for line in lines if line), *[""] * (grid.span - 1)]
            grid.cell = None
