"""A file in blocks of whole records, in bounded memory whatever its records look like."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass

from lakesmith.sources.files.formats.base import RAW_LIMIT, RECORD_LIMIT
from lakesmith.sources.files.formats.lexer import Cut, Lexer
from lakesmith.sources.files.tape import Tape

BLOCK = 2 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Sizes:
    """How many bytes are read at a time, and how long a record may be."""

    block: int = BLOCK
    record: int = RECORD_LIMIT


@dataclass(frozen=True, slots=True)
class Block:
    """Whole records of a file.

    `end` is the offset behind them, `digest` the hash of the file up to there, `records` how many the lexer counts, `line` the number of their first line, `lines` the line
    ends before `end`.

    `rest`, in the last block only, is what follows the last line end of the file, and `rest_digest` the hash with it. `oversized`, if not None, is the beginning of a
    record over the limit that was passed over; such a block has no data.
    """

    data: bytes
    end: int
    digest: str
    records: int
    line: int
    lines: int
    rest: bytes = b""
    rest_digest: str = ""
    oversized: bytes | None = None


class BlockReader:
    """Cuts what a tape hands out into blocks."""

    def __init__(self, tape: Tape, lexer: Lexer, line: int, sizes: Sizes | None = None) -> None:
        self._tape, self._lexer, self._lines = tape, lexer, line - 1
        self._sizes = sizes or Sizes()

    def __iter__(self) -> Iterator[Block]:
        buffer = b""
        while buffer or not self._tape.at_end:
            buffer += self._tape.read(self._sizes.block)
            cut = self._lexer.cut(buffer, final=self._tape.at_end)
            buffer = buffer[len(cut.data) :]
            if self._tape.at_end and len(buffer) <= self._sizes.record:
                yield self._block(cut, buffer)
                return
            if cut.data:
                yield self._block(cut, buffer, is_last=False)
            if len(buffer) > self._sizes.record:
                buffer = yield from self._pass_over(buffer)

    def _block(self, cut: Cut, behind: bytes, *, is_last: bool = True) -> Block:
        line, end = self._lines + 1, self._tape.position - len(behind)
        self._lines += cut.lines
        digest = self._tape.digest(end)
        if not is_last:
            return Block(cut.data, end, digest, cut.records, line, self._lines)
        return Block(
            cut.data, end, digest, cut.records, line, self._lines, behind, self._tape.digest(self._tape.position)
        )

    def _pass_over(self, buffer: bytes) -> Generator[Block, None, bytes]:
        """Yield a block for a record over the limit, and return what follows it, without keeping the record."""
        raw, line = buffer[:RAW_LIMIT], self._lines + 1
        end = 0
        while not end and not self._tape.at_end:
            half = b"\r" if buffer.endswith(b"\r") else b""  # a \n may follow
            passed = buffer.removesuffix(half)
            self._lines += self._lexer.lines(passed)
            self._tape.digest(self._tape.position)
            buffer = self._lexer.fold(passed) + half + self._tape.read(self._sizes.block)
            end = self._lexer.first_end(buffer, final=self._tape.at_end)
        end = end or len(buffer)
        self._lines += self._lexer.lines(buffer[:end])
        offset = self._tape.position - len(buffer) + end
        yield Block(b"", offset, self._tape.digest(offset), 1, line, self._lines, oversized=raw)
        return buffer[end:]
