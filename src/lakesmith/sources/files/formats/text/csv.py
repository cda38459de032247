"""CSV: blocks of whole records go through Arrow's parser; only where that finds something irregular is each record looked at."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from io import BytesIO
from typing import BinaryIO

import pyarrow as pa

from lakesmith.model.streams import Reject
from lakesmith.sources.files.formats.base import (
    CUT_REASON,
    OPEN_REASON,
    RAW_LIMIT,
    RECORD_LIMIT,
    Sight,
    Stretch,
    Tail,
    reject,
)
from lakesmith.sources.files.formats.blocks import Block, BlockReader, Sizes
from lakesmith.sources.files.formats.text.binary import check_is_text, refuse_binary
from lakesmith.sources.files.formats.text.dialect import Layout, layout_of
from lakesmith.sources.files.formats.text.header import Header, header_of
from lakesmith.sources.files.formats.text.lexer import is_blank
from lakesmith.sources.files.formats.text.look import look_at_csv
from lakesmith.sources.files.formats.text.parser import Parser
from lakesmith.sources.files.formats.text.sieve import NUL, Faults, Sieve
from lakesmith.sources.files.formats.text.transcoding import Transcoded, shown
from lakesmith.sources.files.options import FileStreamOptions
from lakesmith.sources.files.reading.tape import Tape

UNREADABLE = "the record cannot be parsed"
SMALL = 32 * 1024  # bytes around an irregular record that are looked at record by record
AHEAD = 2  # blocks that are parsed while the rows of another are in use


class CsvTail:
    """The unread part of one CSV file."""

    def __init__(self, tail: Tail, layout: Layout, header: Header) -> None:
        self._tail, self._dialect, self._lexer = tail, layout.dialect, layout.dialect.lexer
        self._notes = layout.as_notes()
        self._parser = Parser(header.columns, self._dialect, tail.options.null_values)
        self._faults = Faults(self._dialect, self._lexer, len(header.columns))
        self._sieve = Sieve(self._parser, self._faults)
        self._fills = tail.options.ragged == "fill"

    def read(self, tape: Tape, line: int) -> Iterator[Stretch]:
        """Yield the records from where the tape stands."""
        text = tape if self._dialect.is_direct else Transcoded(tape, self._dialect.encoding)
        blocks = iter(BlockReader(text, self._lexer, line, Sizes(footer=self._tail.options.skip_footer)))
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
        data, rest = self._lexer.without_comments(block.data), self._lexer.without_comments(block.rest)
        rest = rest if not is_blank(rest) else b""
        counted = block.records + bool(rest)
        # as many lines as records: no line is blank, and no line end lies in quotes; nor does one in the last record, which has no end
        inner_ends = block.records != block.lines - block.line + 1 or self._lexer.lines(rest) > 0
        reason = self._why_cut(rest)
        if reason is None:
            rows, rejects = self._rows(data + rest, block.line, inner_ends=inner_ends)
            return self._stretch(block, rows, rejects, counted, rest)
        rows, rejects = self._rows(data, block.line, inner_ends=inner_ends)
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
        sifted = self._sieve.sift(data, inner_ends=inner_ends) if is_small and not self._fills else None
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
        good: list[tuple[int, bytes]] = []
        rejects: list[Reject] = []
        for number, record in self._lexer.records(data, line):
            if is_blank(record):
                continue
            whole = self._filled(record) if self._fills else record
            reason = self._faults.of(whole)
            if reason is None:
                good.append((number, whole))
            else:
                rejects.append(self._reject(reason, number, record))
        rows = self._parser.parse(b"".join(record for _, record in good)) if good else self._parser.empty
        if rows is not None and rows.num_rows == len(good):
            return rows, tuple(rejects)
        return self._rows_each(good, rejects)

    def _rows_each(
        self, records: Sequence[tuple[int, bytes]], rejects: Sequence[Reject]
    ) -> tuple[pa.RecordBatch, tuple[Reject, ...]]:
        """Parse records apart from each other, where the parser does not see the records that the lexer sees."""
        good, bad = [self._parser.empty], [*rejects]
        for number, record in records:
            row = self._parser.parse(record)
            if row is not None and row.num_rows == 1:
                good.append(row)
            else:
                bad.append(self._reject(UNREADABLE, number, record))
        return pa.concat_batches(good), tuple(bad)  # type: ignore[attr-defined]

    def _filled(self, record: bytes) -> bytes:
        """Return a record with as many empty fields at its end as it has too few."""
        fields = record.rstrip(b"\r\n")
        missing = self._faults.width - self._lexer.fields(fields)
        return fields + self._lexer.delimiter * missing + b"\n" if missing > 0 else record

    def _reject(self, reason: str, line: int, raw: bytes) -> Reject:
        encoding = self._dialect.encoding
        if self._dialect.is_direct:
            return replace(reject(reason, self._tail.name, line, raw, encoding), mark=encoding)
        text = shown(raw[:RAW_LIMIT]).rstrip("\r\n")
        return Reject(reason, f"{self._tail.name}:{line}", text, cut=len(raw) >= RAW_LIMIT, mark=encoding)

    def _stretch(
        self, block: Block, rows: pa.RecordBatch, rejects: tuple[Reject, ...], counted: int, rest: bytes = b""
    ) -> Stretch:
        end, digest = (block.rest_end, block.rest_digest) if rest else (block.end, block.digest)
        lines = block.lines + self._lexer.lines(rest)
        return Stretch(rows, rejects, counted, end, digest, lines, notes=self._notes)


class CsvFormat:
    """Reads CSV. Blank lines are not records."""

    def read(self, tail: Tail, tape: Tape) -> Iterator[Stretch]:
        """Yield the records from where the tape stands to its end; nothing while the header is not whole.

        Raises:
            SourceDataError: If the file is no text.
        """
        if not tape.position:
            refuse_binary(tail)
        layout = layout_of(tail.head, tail.options, tail.name, tail.notes)
        header = header_of(tail.head, layout, tail.name)
        if header is None:
            return
        line = tail.line
        if tape.position < header.end:
            tape.skip_to(header.end)
            line = header.lines + 1
        if not tape.at_end:
            yield from CsvTail(tail, layout, header).read(tape, line)
            return
        empty = Parser(header.columns, layout.dialect).empty
        digest, notes = tape.digest(tape.position), layout.as_notes(is_known=False)
        yield Stretch(empty, (), 0, tape.position, digest, line - 1, notes=notes)

    def again(self, raw: bytes, tail: Tail) -> Iterator[Stretch]:
        """Yield what one record becomes by today's settings; the columns are those of the file."""
        layout = layout_of(tail.head, tail.options, tail.name)
        header = header_of(tail.head, layout, tail.name)
        if header is None:
            return
        content = raw + "\n".encode(layout.dialect.encoding)
        today = replace(tail, options=tail.options.model_copy(update={"skip_footer": 0}))
        yield from CsvTail(today, layout, header).read(Tape(BytesIO(content), len(content)), 1)

    def look(self, head: BinaryIO, options: FileStreamOptions, name: str) -> Sight:
        """Return how a file is written, what of that was found out, and its columns."""
        check_is_text(head, options, name)
        return look_at_csv(head, options, name)


FORMAT = CsvFormat()
