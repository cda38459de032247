"""CSV: blocks of whole records go through Arrow's parser; only where that finds something irregular is each record looked at."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import BinaryIO

import pyarrow as pa
from pyarrow import csv as arrow_csv

from lakesmith.model.streams import TEXT_KEY, Reject
from lakesmith.sources.files.formats.base import RECORD_LIMIT, Sight, Stretch, Tail, reject
from lakesmith.sources.files.formats.blocks import Block, BlockReader
from lakesmith.sources.files.formats.dialect import UTF8_BOM, Dialect, Header, dialect_of, header_of
from lakesmith.sources.files.formats.lexer import Lexer, is_blank
from lakesmith.sources.files.formats.look import look_at_csv
from lakesmith.sources.files.options import FileStreamOptions
from lakesmith.sources.files.tape import Tape

CUT_REASON = "the file ends in the middle of a record"
OPEN_REASON = "unterminated quote: the file ends inside a quoted field"
NUL = b"\0"
SMALL = 32 * 1024  # bytes around an irregular record that are looked at record by record


class Parser:
    """Turns the bytes of whole records into Arrow columns of text; an empty field without quotes is null, one in quotes is not."""

    def __init__(self, columns: Sequence[str], dialect: Dialect) -> None:
        self._dialect, self._quote = dialect, dialect.quote.encode()
        self.schema = pa.schema([pa.field(name, pa.string(), metadata={TEXT_KEY: b"1"}) for name in columns])
        self._convert = arrow_csv.ConvertOptions(
            column_types=dict.fromkeys(columns, pa.string()),
            strings_can_be_null=True,
            null_values=[""],
            quoted_strings_can_be_null=False,
        )
        self.empty = pa.RecordBatch.from_pylist([], schema=self.schema)

    def parse(self, data: bytes) -> pa.RecordBatch | None:
        """Return the rows of `data`, or None if any record of it is not regular."""
        try:  # without a handler for ragged rows: that one fails silently where such a row is not UTF-8
            text = self._as_utf8(data)
            # Arrow takes the mark for one wherever a buffer begins; behind a blank line it is the value it is
            return self._as_batch(self._read(b"\n" + text if text.startswith(UTF8_BOM) else text))
        except (pa.ArrowInvalid, UnicodeDecodeError):
            return None

    def _as_utf8(self, data: bytes) -> bytes:
        return (
            data
            if self._dialect.encoding == "utf-8" or data.isascii()
            else data.decode(self._dialect.encoding).encode()
        )

    def _read(self, data: bytes) -> pa.Table:
        return arrow_csv.read_csv(
            pa.BufferReader(data),  # type: ignore[arg-type]  # the stubs forget Arrow's own buffers
            read_options=arrow_csv.ReadOptions(
                column_names=self.schema.names, use_threads=False, block_size=len(data) + 1
            ),
            parse_options=arrow_csv.ParseOptions(
                delimiter=self._dialect.delimiter,
                quote_char=self._dialect.quote or False,
                newlines_in_values=bool(self._quote) and self._quote in data,
            ),
            convert_options=self._convert,
        )

    def _as_batch(self, table: pa.Table) -> pa.RecordBatch:
        columns = [column.combine_chunks() for column in table.columns]
        return pa.RecordBatch.from_arrays(columns, schema=self.schema)


@dataclass(frozen=True, slots=True)
class Faults:
    """Says what is wrong with a record, if anything."""

    dialect: Dialect
    lexer: Lexer
    width: int

    def of(self, record: bytes) -> str | None:
        """Return the reason why `record` cannot become a row, or None."""
        if len(record) > RECORD_LIMIT:
            return f"the record is longer than {RECORD_LIMIT // 1024 // 1024} MB"
        if NUL in record:
            return "the record holds a NUL character"
        found = self.lexer.fields(record.rstrip(b"\r\n"))
        if found != self.width:
            return f"too {'few' if found < self.width else 'many'} fields: {found} instead of {self.width}"
        return None if self._is_text(record) else f"the record is not valid {self.dialect.encoding}"

    def _is_text(self, record: bytes) -> bool:
        try:
            record.decode(self.dialect.encoding)
        except UnicodeDecodeError:
            return False
        return True


class CsvTail:
    """The unread part of one CSV file."""

    def __init__(self, tail: Tail, dialect: Dialect, header: Header) -> None:
        self._tail, self._lexer = tail, dialect.lexer
        self._notes = {"delimiter": dialect.delimiter}
        self._parser = Parser(header.columns, dialect)
        self._faults = Faults(dialect, self._lexer, len(header.columns))

    def read(self, tape: Tape, line: int) -> Iterator[Stretch]:
        """Yield the records from where the tape stands."""
        waiting: Future[Stretch] | None = None
        with ThreadPoolExecutor(1) as pool:  # Arrow parses one block while the next is cut
            for block in BlockReader(tape, self._lexer, line):
                stretch = pool.submit(self._stretch_of, block)
                if waiting is not None:
                    yield waiting.result()
                waiting = stretch
            if waiting is not None:
                yield waiting.result()

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
        reason = self._why_cut(rest)
        if reason is None:
            rows, rejects = self._rows(block.data + rest, block.line)
            return self._stretch(block, rows, rejects, counted, rest)
        rows, rejects = self._rows(block.data, block.line)
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

    def _rows(self, data: bytes, line: int) -> tuple[pa.RecordBatch, tuple[Reject, ...]]:
        if is_blank(data):
            return self._parser.empty, ()
        rows = self._parser.parse(data) if NUL not in data and len(data) <= RECORD_LIMIT else None
        if rows is not None:
            return rows, ()
        half = self._lexer.cut(data[: len(data) // 2], final=False) if len(data) > SMALL else None
        if half is None or not half.data:
            return self._rows_one_by_one(data, line)
        first, before = self._rows(half.data, line)
        second, after = self._rows(data[len(half.data) :], line + half.lines)
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
