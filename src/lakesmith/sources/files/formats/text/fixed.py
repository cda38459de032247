"""Fixed width: every column has its place in the line; lines are cut up by Polars, a block at a time.

Values are trimmed; one of blanks only is null. A line must reach into its last column, for editors take blanks off the end of lines
(with `ragged: fill` it may end anywhere). Where nobody chose columns out of the line, no character may lie outside all of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO
from itertools import pairwise
from typing import BinaryIO

import polars as pl
import pyarrow as pa

from lakesmith.model.streams import TEXT_KEY, Reject
from lakesmith.sources.files.formats.base import CUT_REASON, RAW_LIMIT, RECORD_LIMIT, Sight, Stretch, Tail, reject
from lakesmith.sources.files.formats.blocks import Block, BlockReader, Sizes
from lakesmith.sources.files.formats.text.binary import check_is_text, refuse_binary
from lakesmith.sources.files.formats.text.encodings import is_direct
from lakesmith.sources.files.formats.text.lexer import is_blank
from lakesmith.sources.files.formats.text.spans import LEXER, Plan, Span, plan_of
from lakesmith.sources.files.formats.text.transcoding import Transcoded, shown
from lakesmith.sources.files.options import FileStreamOptions
from lakesmith.sources.files.reading.tape import Tape

TOO_LONG = f"the record is longer than {RECORD_LIMIT // 1024 // 1024} MB"
HOLDS_NUL = "the record holds a NUL character"
SHOWN_COLUMNS = 12
SEVERAL_BLANKS = "  "


class FixedTail:
    """The unread part of one file of fixed width."""

    def __init__(self, tail: Tail, plan: Plan) -> None:
        self._tail, self._plan, self._notes = tail, plan, plan.as_notes()
        self._is_direct = is_direct(plan.encoding)
        self._inner = plan.encoding if self._is_direct else "utf-8"
        self.schema = pa.schema([pa.field(span.name, pa.string(), metadata={TEXT_KEY: b"1"}) for span in plan.spans])
        self.empty = pa.RecordBatch.from_pylist([], schema=self.schema)

    def read(self, tape: Tape, line: int) -> Iterator[Stretch]:
        """Yield the records from where the tape stands."""
        text = tape if self._is_direct else Transcoded(tape, self._plan.encoding)
        for block in BlockReader(text, LEXER, line, Sizes(footer=self._tail.options.skip_footer)):
            if block.oversized is None:
                yield self._stretch(block)
            else:
                fault = self._reject(TOO_LONG, block.line, block.oversized)
                yield Stretch(
                    self.empty, (fault,), block.records, block.end, block.digest, block.lines, notes=self._notes
                )

    def _stretch(self, block: Block) -> Stretch:
        rest = block.rest if not is_blank(block.rest) else b""
        lines = (block.data + rest).split(b"\n")
        frame, bad = self._sorted_out(lines, block.line)
        is_cut = False
        if rest and bad and bad[-1][0] == block.lines + 1 and bad[-1][1].startswith("too few"):
            bad[-1], is_cut = (bad[-1][0], CUT_REASON, bad[-1][2]), True
        rejects = tuple(self._reject(reason, number, raw) for number, reason, raw in bad)
        end, digest = (block.rest_end, block.rest_digest) if rest and not is_cut else (block.end, block.digest)
        rows = self._rows(frame)
        return Stretch(rows, rejects, block.records + bool(rest), end, digest, block.lines, notes=self._notes)

    def _sorted_out(self, lines: list[bytes], first: int) -> tuple[pl.DataFrame, list[tuple[int, str, bytes]]]:
        """Return the good lines, and number, reason and bytes of the others."""
        texts = self._texts(lines)
        frame = pl.DataFrame({"line": texts}, schema={"line": pl.String}).with_row_index("number")
        frame = frame.filter(pl.col("line").is_null() | (pl.col("line") != ""))
        reasons = [pl.when(condition).then(pl.lit(reason)) for condition, reason in self._conditions()]
        judged = frame.with_columns(pl.coalesce(reasons).alias("reason"))
        faults = judged.filter(pl.col("reason").is_not_null()).select("number", "reason")
        bad = [(first + number, reason, lines[number]) for number, reason in faults.iter_rows()]
        return judged.filter(pl.col("reason").is_null()), bad

    def _conditions(self) -> Iterator[tuple[pl.Expr, str]]:
        line, spans = pl.col("line"), self._plan.spans
        yield line.is_null(), f"the record is not valid {self._plan.encoding}"
        yield line.str.contains("\0", literal=True), HOLDS_NUL
        last = max(span.start for span in spans)
        if self._tail.options.ragged != "fill":
            yield line.str.len_chars() <= last, f"too few characters: the last column begins at {last + 1}"
        if self._plan.covers:
            places = [Span("", 0, 0), *sorted(spans, key=lambda span: span.start)]
            for left, right in pairwise(places):
                between = right.start - (left.end or 0)
                if between > 0:
                    outside = line.str.slice(left.end or 0, between).str.strip_chars(" ") != ""
                    yield outside, f"text outside the columns, before `{right.name}` at {right.start + 1}"
            if places[-1].end is not None:
                yield (
                    line.str.slice(places[-1].end).str.strip_chars(" ") != "",
                    "too many characters: text behind the last column",
                )

    def _texts(self, lines: list[bytes]) -> list[str | None]:
        """Return the text of lines without their ends; None where the bytes are no text."""
        try:
            whole = b"\n".join(lines).decode(self._inner)
        except UnicodeDecodeError:
            return [_text(line, self._inner) for line in lines]
        return [line.removesuffix("\r") for line in whole.split("\n")]

    def _rows(self, frame: pl.DataFrame) -> pa.RecordBatch:
        if not frame.height:
            return self.empty
        nulls = ["", *self._tail.options.null_values]
        cut = [pl.col("line").str.slice(span.start, span.width).str.strip_chars(" ") for span in self._plan.spans]
        named = [pl.when(~value.is_in(nulls)).then(value).alias(str(at)) for at, value in enumerate(cut)]
        table = frame.select(named).to_arrow()
        columns = [column.cast(pa.string()).combine_chunks() for column in table.columns]
        return pa.RecordBatch.from_arrays(columns, schema=self.schema)

    def _reject(self, reason: str, line: int, raw: bytes) -> Reject:
        encoding = self._plan.encoding
        if self._is_direct:
            return replace(reject(reason, self._tail.name, line, raw, encoding), mark=encoding)
        text = shown(raw[:RAW_LIMIT]).rstrip("\r\n")
        return Reject(reason, f"{self._tail.name}:{line}", text, cut=len(raw) >= RAW_LIMIT, mark=encoding)


class FixedFormat:
    """Reads files of fixed width. Blank lines are not records."""

    def read(self, tail: Tail, tape: Tape) -> Iterator[Stretch]:
        """Yield the records from where the tape stands to its end; nothing while the header is not whole.

        Raises:
            SourceDataError: If the file is no text.
        """
        if not tape.position:
            refuse_binary(tail)
        plan = plan_of(tail.head, tail.options, tail.name, tail.notes)
        if plan is None:
            return
        line = tail.line
        if tape.position < plan.end:
            tape.skip_to(plan.end)
            line = plan.lines + 1
        yield from FixedTail(tail, plan).read(tape, line)

    def again(self, raw: bytes, tail: Tail) -> Iterator[Stretch]:
        """Yield what one record becomes by today's settings; the columns are those of the file."""
        plan = plan_of(tail.head, tail.options, tail.name)
        if plan is not None:
            content = raw + "\n".encode(plan.encoding)
            today = replace(tail, options=tail.options.model_copy(update={"skip_footer": 0}))
            yield from FixedTail(today, plan).read(Tape(BytesIO(content), len(content)), 1)

    def look(self, head: BinaryIO, options: FileStreamOptions, name: str) -> Sight:
        """Return the columns of a file and where they lie."""
        check_is_text(head, options, name)
        plan = plan_of(head, options, name)
        if plan is None:
            return Sight("no whole header and record yet")
        places = [f"{span.name} [{span.start + 1}, {span.width or 'to the end'}]" for span in plan.spans]
        more = f", … ({len(places)} in all)" if len(places) > SHOWN_COLUMNS else ""
        pins = [setting for key, setting in (("spans", "`fields:`"), ("encoding", "`encoding:`")) if key in plan.found]
        pin = f" (found out; {' and '.join(pins)} would pin it)" if pins else ""
        text = f"encoding {plan.encoding}, columns {', '.join(places[:SHOWN_COLUMNS])}{more}{pin}"
        merged = [span.name for span in plan.spans if SEVERAL_BLANKS in span.name]
        if not merged or "spans" not in plan.found:
            return Sight(text)
        doubt = f"no place is blank in all lines between the names in `{merged[0]}`, which may be several columns"
        return Sight(text, doubt, "set `fields:` or `widths:`")


def _text(line: bytes, encoding: str) -> str | None:
    try:
        return line.decode(encoding).removesuffix("\r")
    except UnicodeDecodeError:
        return None


FORMAT = FixedFormat()
