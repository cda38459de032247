"""A file in blocks of whole records, in bounded memory whatever its records look like."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass

from lakesmith.sources.files.formats.base import RAW_LIMIT, RECORD_LIMIT
from lakesmith.sources.files.formats.text.lexer import Cut, Lexer, is_blank
from lakesmith.sources.files.formats.text.transcoding import Feed, Straight, Transcoded
from lakesmith.sources.files.reading.tape import Tape

BLOCK = 2 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Sizes:
    """How many bytes are read at a time, how long a record may be, and how many records at the end are not records but a footer."""

    block: int = BLOCK
    record: int = RECORD_LIMIT
    footer: int = 0


@dataclass(frozen=True, slots=True)
class Block:
    """Whole records of a file.

    `end` is the offset behind them, `digest` the hash of the file up to there, `records` how many the lexer counts, `line` the number of their first line, `lines` the line
    ends before `end`.

    `rest`, in the last block only, is what follows the last line end of the file, and `rest_end` and `rest_digest` are offset and hash with it. `oversized`, if not None, is
    the beginning of a record over the limit that was passed over; such a block has no data.
    """

    data: bytes
    end: int
    digest: str
    records: int
    line: int
    lines: int
    rest: bytes = b""
    rest_end: int = 0
    rest_digest: str = ""
    oversized: bytes | None = None


class BlockReader:
    """Cuts what a tape hands out into blocks."""

    def __init__(self, tape: Tape | Transcoded, lexer: Lexer, line: int, sizes: Sizes | None = None) -> None:
        self._feed: Feed = Straight(tape) if isinstance(tape, Tape) else tape
        self._lexer, self._lines = lexer, line - 1
        self._sizes = sizes or Sizes()

    def __iter__(self) -> Iterator[Block]:
        buffer = b""
        while buffer or not self._feed.at_end:
            buffer += self._feed.read(self._sizes.block)
            at_end = self._feed.at_end
            cut = self._lexer.cut(buffer, final=at_end)
            if self._sizes.footer:
                cut = self._without_footer(cut, buffer)
            buffer = buffer[len(cut.data) :]
            if at_end and (len(buffer) <= self._sizes.record or self._sizes.footer):
                yield self._block(cut, buffer)
                return
            if cut.data:
                yield self._block(cut, buffer, is_last=False)
            if len(buffer) > self._sizes.record and not (cut.data and self._sizes.footer):
                buffer = yield from self._pass_over(buffer)

    def _block(self, cut: Cut, behind: bytes, *, is_last: bool = True) -> Block:
        line = self._lines + 1
        self._lines += cut.lines
        end, digest = self._feed.reached(len(behind))
        if not is_last or self._sizes.footer:
            return Block(cut.data, end, digest, cut.records, line, self._lines)
        return Block(cut.data, end, digest, cut.records, line, self._lines, behind, *self._feed.reached(0))

    def _without_footer(self, cut: Cut, buffer: bytes) -> Cut:
        """Return the cut without as many of its last records as may be the footer; what follows the last line end is one, too."""
        starts = [0]
        filled: list[int] = []
        for _, record in self._lexer.records(buffer, 1):
            if not is_blank(self._lexer.without_comments(record)):
                filled.append(starts[-1])
            starts.append(starts[-1] + len(record))
        end = min(filled[-self._sizes.footer] if len(filled) > self._sizes.footer else 0, len(cut.data))
        data = cut.data[:end]
        return Cut(data, self._lexer.count(self._lexer.mask(data)), self._lexer.lines(data))

    def _pass_over(self, buffer: bytes) -> Generator[Block, None, bytes]:
        """Yield a block for a record over the limit, and return what follows it, without keeping the record."""
        raw, line = buffer[:RAW_LIMIT], self._lines + 1
        end = 0
        while not end and not self._feed.at_end:
            half = b"\r" if buffer.endswith(b"\r") else b""  # a \n may follow
            passed = buffer.removesuffix(half)
            self._lines += self._lexer.lines(passed)
            self._feed.reached(len(half))
            buffer = self._lexer.fold(passed) + half + self._feed.read(self._sizes.block)
            end = self._lexer.first_end(buffer, final=self._feed.at_end)
        end = end or len(buffer)
        self._lines += self._lexer.lines(buffer[:end])
        offset, digest = self._feed.reached(len(buffer) - end)
        yield Block(b"", offset, digest, 1, line, self._lines, oversized=raw)
        return buffer[end:]
