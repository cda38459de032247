"""CSV: blocks of whole records go through Arrow's parser; only where that finds something irregular is each record looked at."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import BinaryIO

import pyarrow as pa

from lakesmith.model.streams import Reject
from lakesmith.sources.files.formats.base import RECORD_LIMIT, Sight, Stretch, Tail, reject
from lakesmith.sources.files.formats.blocks import Block, BlockReader
from lakesmith.sources.files.formats.dialect import Dialect, Header, dialect_of, header_of
from lakesmith.sources.files.formats.lexer import is_blank
from lakesmith.sources.files.formats.look import look_at_csv
from lakesmith.sources.files.formats.parser import Parser
from lakesmith.sources.files.formats.sieve import NUL, Faults, Sieve
from lakesmith.sources.files.options import FileStreamOptions
from lakesmith.sources.files.tape import Tape

CUT_REASON = "the file ends in the middle of a record"
OPEN_REASON = "unterminated quote: the file ends inside a quoted field"
SMALL = 32 * 1024  # bytes around an irregular record that are looked at record by record
AHEAD = 2  # blocks that are parsed while the rows of another are in use


class CsvTail:
    """The unread part of one CSV file."""

    def __init__(self, tail: Tail, dialect: Dialect, header: Header) -> None:
        self._tail, self._lexer = tail, dialect.lexer
        self._notes = {"delimiter": dialect.delimiter}
        self._parser = Parser(header.columns, dialect)
        self._faults = Faults(dialect, self._lexer, len(header.columns))
        self._sieve = Sieve(self._parser, self._faults)

    def read(self, tape: Tape, line: int) -> Iterator[Stretch]:
        """Yield the records from where the tape stands."""
        blocks = iter(BlockReader(tape, self._lexer, line))
        waiting: deque[Future[Stretch]] = deque()
        with ThreadPoolExecutor(2, thread_name_prefix="lakesmith-csv") as pool:  # one cuts and hashes, one parses
            cut = pool.submit(next, blocks, None)
            while (block := cut.result()) is not None:
                cut = pool.submit(next, blocks, None)
                waiting.append(pool.submit(self._stretch_of, block))
                if len(waiting) > AHEAD:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()

    def _stretch_of(self, block: Block) -> Stretch:
        if block.oversized is None:
            return self._whole(block)
        fault = self._reject(
            f"the record is longer than {RECORD_LIMIT // 1024 // 1024} MB", block.line, block.oversized
        )
        return self._stretch(block, self._parser.empty, (fault,), block.records)

    def _whole(self, block: Block) -> Stretch:
        rest = block.rest if not is_blank(block.rest) else b""
        counted = block.records + bool(rest)
        # as many lines as records: no line is blank, and no line end lies in quotes; nor does one in the last record, which has no end
        inner_ends = block.records != block.lines - block.line + 1 or self._lexer.lines(rest) > 0
        reason = self._why_cut(rest)
        if reason is None:
            rows, rejects = self._rows(block.data + rest, block.line, inner_ends=inner_ends)
            return self._stretch(block, rows, rejects, counted, rest)
        rows, rejects = self._rows(block.data, block.line, inner_ends=inner_ends)
        return self._stretch(block, rows, (*rejects, self._reject(reason, block.lines + 1, rest)), counted)

    def _why_cut(self, rest: bytes) -> str | None:
        """Return why the end of the file is no whole record, or None if it is one, or if there is nothing."""
        if not rest:
            return None
        if self._lexer.is_open(rest):
            return OPEN_REASON
        reason = self._faults.of(rest)
        is_cut = reason is not None and reason.startswith(("too few", "the record is not valid"))
        return CUT_REASON if is_cut else None

    def _rows(self, data: bytes, line: int, *, inner_ends: bool) -> tuple[pa.RecordBatch, tuple[Reject, ...]]:
        if is_blank(data):
            return self._parser.empty, ()
        is_small = len(data) <= RECORD_LIMIT
        rows = self._parser.parse(data, inner_ends=inner_ends) if is_small and NUL not in data else None
        if rows is not None:
            return rows, ()
        sifted = self._sieve.sift(data, inner_ends=inner_ends) if is_small else None
        if sifted is not None:
            found = sifted.irregular.items()
            return sifted.rows, tuple(self._reject(reason, line + at, raw) for at, (reason, raw) in found)
        half = self._lexer.cut(data[: len(data) // 2], final=False) if len(data) > SMALL else None
        if half is None or not half.data:
            return self._rows_one_by_one(data, line)
        first, before = self._rows(half.data, line, inner_ends=inner_ends)
        second, after = self._rows(data[len(half.data) :], line + half.lines, inner_ends=inner_ends)
        return pa.concat_batches([first, second]), (*before, *after)  # type: ignore[attr-defined]

    def _rows_one_by_one(self, data: bytes, line: int) -> tuple[pa.RecordBatch, tuple[Reject, ...]]:
        good: list[bytes] = []
        rejects: list[Reject] = []
        for number, record in self._lexer.records(data, line):
            reason = self._faults.of(record) if not is_blank(record) else None
            if reason is None:
                good.append(record)
            else:
                rejects.append(self._reject(reason, number, record))
        kept = b"".join(good)
        rows = self._parser.parse(kept) if not is_blank(kept) else self._parser.empty
        # None: the parser refuses what the lexer accepts. Counted stands against it, so the row law stops the load.
        return rows if rows is not None else self._parser.empty, tuple(rejects)

    def _reject(self, reason: str, line: int, raw: bytes) -> Reject:
        return reject(reason, self._tail.name, line, raw, self._tail.options.encoding)

    def _stretch(
        self, block: Block, rows: pa.RecordBatch, rejects: tuple[Reject, ...], counted: int, rest: bytes = b""
    ) -> Stretch:
        end, lines = block.end + len(rest), block.lines + self._lexer.lines(rest)
        digest = block.rest_digest if rest else block.digest
        return Stretch(rows, rejects, counted, end, digest, lines, notes=self._notes)


class CsvFormat:
    """Reads CSV. Blank lines are not records."""

    def read(self, tail: Tail, tape: Tape) -> Iterator[Stretch]:
        """Yield the records from where the tape stands to its end; nothing while the header is not whole."""
        dialect = self._dialect(tail)
        header = header_of(tail.head, dialect, named=tail.options.header)
        if header is None:
            return
        line = tail.line
        if tape.position < header.end:
            tape.skip_to(header.end)
            line = header.lines + 1
        if tape.at_end:
            parser = Parser(header.columns, dialect)
            yield Stretch(
                parser.empty,
                (),
                0,
                tape.position,
                tape.digest(tape.position),
                line - 1,
                notes={"delimiter": dialect.delimiter},
            )
            return
        yield from CsvTail(tail, dialect, header).read(tape, line)

    def look(self, head: BinaryIO, options: FileStreamOptions, name: str) -> Sight:
        """Return the columns, delimiter and encoding of a file."""
        return look_at_csv(head, options, name)

    def _dialect(self, tail: Tail) -> Dialect:
        known = tail.notes.get("delimiter")
        if known is None or tail.options.delimiter is not None:
            return dialect_of(tail.head, tail.options, tail.name)
        return Dialect(known, tail.options.quote, tail.options.encoding)


FORMAT = CsvFormat()
