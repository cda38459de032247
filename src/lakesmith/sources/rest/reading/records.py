"""The records of one page as Arrow batches, each with where in the page it ends."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from lakesmith.model.streams import Reject
from lakesmith.sources.files.formats.nested.json_feed import Feed
from lakesmith.sources.files.formats.nested.json_path import rows_at
from lakesmith.sources.files.formats.nested.json_records import EMPTY, Piece, RecordReader
from lakesmith.sources.files.formats.nested.json_scan import Elements, Scanner
from lakesmith.sources.files.formats.nested.json_values import UnreadableError, decode_object, dump
from lakesmith.sources.rest.reading.columns import shaped
from lakesmith.sources.rest.reading.documents import Pouring, walk

if TYPE_CHECKING:
    from lakesmith.sources.rest.flow.values import Page
    from lakesmith.sources.rest.options import RestStreamOptions
    from lakesmith.sources.rest.reading.sifting import Sieve

RESPONSE = "_response"
VALUE = b'{"value":'

Remake = Callable[[dict[str, Any], Any], "Iterable[Mapping[str, Any]] | None"]
"""Makes rows of one record, given what stands beside the records; None: it stays as it is."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows of a page. `taken` is how many records of the page lie before its end, `counted` how many records it was made of."""

    rows: pa.RecordBatch
    rejects: tuple[Reject, ...] = ()
    taken: int = 0
    counted: int | None = 0
    held: int = 0


@dataclass(slots=True)
class Recipe:
    """What becomes of the records of one split.

    `origin` is what they are called after, `beside` the columns that each of them gets, `remake` what makes rows of one, `sieve`
    what tells those that an earlier load has. `taken` counts the records of the split.
    """

    options: RestStreamOptions
    origin: str
    beside: Mapping[str, Any] = field(default_factory=dict)
    remake: Remake | None = None
    sieve: Sieve | None = None
    taken: int = 0
    notices: tuple[str, ...] = ()
    _reader: RecordReader | None = None

    def batches(self, page: Page) -> Iterator[Batch]:
        """Yield the rows of a page; at least one batch, though it may be empty.

        Raises:
            SourceDataError: If the page cannot be read.
        """
        if self.options.format == "csv":
            yield from self._table(page)
            return
        at = left = 0
        yielded = False
        for elements in self._elements(page):
            left = min(max(page.skip - at, 0), elements.count)
            at += elements.count
            if elements.count > left:
                yielded = True
                yield from self._of(Elements(elements.texts[left:], elements.lines[left:]), page, at)
        if not yielded:
            yield Batch(EMPTY, taken=at)

    def _elements(self, page: Page) -> Iterator[Elements]:
        if page.cut is not None:
            yield from page.cut
            return
        with page.body.open() as file:
            if not page.body.size:
                return
            if self.options.format == "jsonl":
                yield from rows_at(Scanner(Feed(Pouring(file), "utf-8", self.origin), self.origin), ())
            else:
                yield from walk(file, self.options.records, self.origin)

    def _of(self, elements: Elements, page: Page, end: int) -> Iterator[Batch]:
        """Yield the rows of some records; `end` is how many of the page lie before their end."""
        first = end - elements.count
        outputs, held = self._outputs(elements, page)
        pieces = self._pieces(tuple(text for _, text in outputs))
        taken = 0
        for number, (piece, size) in enumerate(pieces, 1):
            taken += size
            is_last = number == len(pieces)
            reached = end if is_last else first + outputs[taken - 1][0]
            yield Batch(shaped(piece.rows, self.options), piece.rejects, reached, size + held, held)
            held = 0

    def _outputs(self, elements: Elements, page: Page) -> tuple[list[tuple[int, bytes]], int]:
        """Return what becomes of some records, each with the number of the one it was made of, and how many are held already."""
        numbered = list(enumerate(elements.texts, 1))
        if self.sieve is not None:
            numbered = [(number, text) for number, text in numbered if self.sieve.is_new(text)]
        held = elements.count - len(numbered)
        is_plain = self.remake is None and not self.beside and not self.options.keep_responses
        if is_plain and all(text.startswith(b"{") for _, text in numbered):
            return numbered, held
        return [(number, made) for number, text in numbered for made in self._made(text, page.beside)], held

    def _pieces(self, texts: tuple[bytes, ...]) -> list[tuple[Piece, int]]:
        """Return batches of records, each with how many of them it was made of: rejects stand beside the rows they came between."""
        if not texts:
            return [(Piece(EMPTY), 0)]
        if self._reader is None:
            self._reader = RecordReader(self.origin)
        begin = self.taken + 1
        self.taken += len(texts)
        pieces = self._reader.read(Elements(texts, tuple(range(begin, begin + len(texts)))))
        rejects = [reject for piece in pieces for reject in piece.rejects]
        bad = [int(reject.where.rpartition(":")[2]) - begin for reject in rejects]
        good = sorted(set(range(len(texts))) - set(bad))
        made: list[tuple[Piece, int]] = []
        rows = ends = 0
        for number, piece in enumerate(pieces, 1):
            rows += piece.rows.num_rows
            is_last = number == len(pieces)
            end = len(texts) if is_last else good[rows - 1] + 1 if rows else 0
            here = tuple(reject for reject, at in zip(rejects, bad, strict=True) if ends <= at < end)
            made.append((Piece(piece.rows, here), end - ends))
            ends = end
        return made

    def _made(self, text: bytes, beside: Any) -> list[bytes]:
        """Return what becomes of one record, as JSON."""
        if not text.startswith(b"{"):
            text = VALUE + text + b"}"
        texts = [text]
        if self.remake is not None:
            try:
                rows = self.remake(decode_object(text), beside)
            except UnreadableError:
                rows = None
            texts = texts if rows is None else [dump(dict(row)).encode() for row in rows]
        added = dict(self.beside)
        if self.options.keep_responses:
            added[RESPONSE] = text.decode("utf-8", "replace")
        return [_with(one, added) for one in texts] if added else texts

    def _table(self, page: Page) -> Iterator[Batch]:
        """Yield the rows of a page of CSV."""
        from lakesmith.sources.files.formats.base import Tail
        from lakesmith.sources.files.formats.text.csv import FORMAT
        from lakesmith.sources.files.options import FileStreamOptions
        from lakesmith.sources.files.reading.tape import LooseTape

        if not page.body.size:
            yield Batch(EMPTY)
            return
        said: dict[str, Any] = {"delimiter": self.options.delimiter} if self.options.delimiter else {}
        options = FileStreamOptions(files="answer.csv", format="csv", **said)
        with page.body.open() as file, page.body.open() as head:
            for stretch in FORMAT.read(Tail(self.origin, head, options), LooseTape(file)):
                rows = shaped(self._beside(stretch.rows), self.options)
                yield Batch(rows, stretch.rejects, page.count, stretch.counted)

    def _beside(self, rows: pa.RecordBatch) -> pa.RecordBatch:
        """Return rows of a table with the columns that each of them gets."""
        for name, value in self.beside.items():
            rows = rows.append_column(name, pa.array([value] * rows.num_rows))
        return rows


def _with(text: bytes, added: Mapping[str, Any]) -> bytes:
    """Return a record with more fields, before its own, which stay as they are written."""
    head = json.dumps(added, ensure_ascii=False).encode("utf-8", "replace")[:-1]
    rest = text[1:].lstrip()
    return head + (b"" if rest.startswith(b"}") else b",") + rest
