r"""Web-server logs in the common and combined formats: one line per request, typed columns.

`-` and `""` mean no value. Escapes that the server wrote (`\"`, `\x16`) stay as they are; bytes that are no UTF-8 are shown the
same way. A request that is not HTTP keeps its text in `request`, without method and path.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO

import polars as pl
import pyarrow as pa

from lakesmith.model.streams import Reject
from lakesmith.sources.files.formats.base import RECORD_LIMIT, Sight, Stretch, Tail, reject
from lakesmith.sources.files.formats.blocks import Block, BlockReader
from lakesmith.sources.files.formats.lexer import Lexer, is_blank
from lakesmith.sources.files.options import FileStreamOptions

if TYPE_CHECKING:
    from lakesmith.sources.files.tape import Tape

# written so that no character can be read in two ways: the engine then needs one pass (five times faster)
QUOTED = r'"(?P<{}>(?:[^"\\]|\\.)*)"'
LINE = (
    r"^(?P<client_ip>[^ ]+) (?P<identity>[^ ]+) (?P<user_name>[^ ]+) "
    r"\[(?P<requested_at>[0-9]{2}/[A-Z][a-z]{2}/[0-9]{4}:[0-9]{2}:[0-9]{2}:[0-9]{2} [+-][0-9]{4})\] "
    + QUOTED.format("request")
    + r" (?P<status>[0-9]{3}) (?P<bytes>[0-9]{1,18}|-)"
    + f"(?: {QUOTED.format('referrer')} {QUOTED.format('user_agent')})?$"
)
LINE_WITH_BLANKS_IN_USER = LINE.replace("(?P<user_name>[^ ]+)", "(?P<user_name>[^ ].*?)")
REQUEST = (
    r"^(?P<method>[A-Za-z][A-Za-z0-9!#$%&'*+.^_`|~-]*) (?P<target>[^ ].*?) (?P<protocol>HTTP/[0-9]+(?:\.[0-9]+)?)$"
)
OLD_REQUEST = r"^(?P<method>GET) (?P<target>/[^ ]*)$"
TIME = "%d/%b/%Y:%H:%M:%S %z"
NO_FORMAT = "the line is not in the common or combined log format"
NO_TIME = "the line has a time that does not exist"
CUT_REASON = "the file ends in the middle of a record"
TOO_LONG = f"the line is longer than {RECORD_LIMIT // 1024 // 1024} MB"

COLUMNS: dict[str, pa.DataType] = {
    "client_ip": pa.string(),
    "identity": pa.string(),
    "user_name": pa.string(),
    "requested_at": pa.timestamp("us", tz="UTC"),
    "request": pa.string(),
    "method": pa.string(),
    "path": pa.string(),
    "query": pa.string(),
    "protocol": pa.string(),
    "status": pa.int64(),
    "bytes": pa.int64(),
    "referrer": pa.string(),
    "user_agent": pa.string(),
}
SCHEMA = pa.schema(COLUMNS)
EMPTY = pa.RecordBatch.from_pylist([], schema=SCHEMA)
LEXER = Lexer(b"", b"", bare_cr=False)


class CombinedFormat:
    """Reads common and combined logs. Blank lines are not records."""

    def read(self, tail: Tail, tape: Tape) -> Iterator[Stretch]:
        """Yield the lines from where the tape stands to its end; a last line without its end is read once it is whole."""
        for block in BlockReader(tape, LEXER, tail.line):
            if block.oversized is None:
                yield _read_block(tail.name, block)
            else:
                fault = reject(TOO_LONG, tail.name, block.line, block.oversized)
                yield Stretch(EMPTY, (fault,), block.records, block.end, block.digest, block.lines)

    def look(self, head: BinaryIO, options: FileStreamOptions, name: str) -> Sight:  # noqa: ARG002 - nothing to set
        """Return whether the first lines are in the format."""
        lines = _lines_of(head.read(64 * 1024))[:-1] or [""]
        frame = _parse(pl.DataFrame({"line": [text for text in lines if text]}, schema={"line": pl.String}))
        bad = frame["requested_at"].null_count()
        doubt = f"{bad} of the first {frame.height} lines are not in the format" if bad else ""
        return Sight(
            f"columns {', '.join(SCHEMA.names)}", doubt, "set `format:`, if the file is something else" if doubt else ""
        )


def _read_block(name: str, block: Block) -> Stretch:
    rest = block.rest if not is_blank(block.rest) else b""
    frame = _numbered(block.data + rest, block.line)
    parsed = _parse(frame)
    is_cut = rest != b"" and parsed["requested_at"][-1] is None
    rejects = tuple(_rejects(name, parsed, is_cut=is_cut))
    rows = _as_batch(parsed.filter(pl.col("requested_at").is_not_null()))
    end, digest = (block.end, block.digest) if is_cut or not rest else (block.end + len(rest), block.rest_digest)
    return Stretch(rows, rejects, block.records + bool(rest), end, digest, block.lines)


def _lines_of(data: bytes) -> list[str]:
    text = data.decode("utf-8", "backslashreplace").replace("\0", "\\x00")
    return [line.removesuffix("\r") for line in text.split("\n")]


def _numbered(data: bytes, line: int) -> pl.DataFrame:
    frame = pl.DataFrame({"line": _lines_of(data)}, schema={"line": pl.String})
    return frame.with_row_index("number", offset=line).filter(pl.col("line") != "")


def _parse(frame: pl.DataFrame) -> pl.DataFrame:
    """Return the lines with a column for each part; `requested_at` is null where a line is not in the format."""
    parts = frame.with_columns(_groups("line", LINE, pl.col("line").str.len_bytes() <= RECORD_LIMIT).alias("quick"))
    is_other = _field("quick", "client_ip").is_null() & (pl.col("line").str.len_bytes() <= RECORD_LIMIT)
    parts = parts.with_columns(_groups("line", LINE_WITH_BLANKS_IN_USER, is_other).alias("slow"))
    parts = parts.with_columns(pl.when(is_other).then("slow").otherwise("quick").alias("part")).drop("quick", "slow")
    parts = parts.with_columns(_field("part", "client_ip").is_not_null().alias("fits"))
    split = parts.unnest("part").with_columns(
        pl.col("request").str.extract_groups(REQUEST).alias("new"),
        pl.col("request").str.extract_groups(OLD_REQUEST).alias("old"),
        pl.col("requested_at").str.to_datetime(TIME, time_unit="us", time_zone="UTC", strict=False),
    )
    target = pl.coalesce(_field("new", "target"), _field("old", "target"))
    return split.with_columns(
        *(_without_dash(name) for name in ("identity", "user_name", "referrer", "user_agent", "request")),
        pl.coalesce(_field("new", "method"), _field("old", "method")).alias("method"),
        _field("new", "protocol").alias("protocol"),
        target.str.extract(r"^([^?]*)").alias("path"),
        target.str.extract(r"\?(.*)$").alias("query"),
        pl.col("status").cast(pl.Int64),
        _without_dash("bytes").cast(pl.Int64),
    )


def _groups(column: str, pattern: str, where: pl.Expr) -> pl.Expr:
    return pl.when(where).then(pl.col(column)).str.extract_groups(pattern)


def _field(struct: str, name: str) -> pl.Expr:
    return pl.col(struct).struct.field(name)


def _without_dash(name: str) -> pl.Expr:
    return pl.when(~pl.col(name).is_in(["-", ""])).then(pl.col(name)).alias(name)


def _rejects(name: str, parsed: pl.DataFrame, *, is_cut: bool) -> Iterator[Reject]:
    bad = parsed.filter(pl.col("requested_at").is_null())
    last = parsed.height and parsed["number"][-1]
    for number, line, fits in bad.select("number", "line", "fits").iter_rows():
        is_long = len(line) > RECORD_LIMIT
        reason = CUT_REASON if is_cut and number == last else TOO_LONG if is_long else NO_TIME if fits else NO_FORMAT
        yield reject(reason, name, number, line.encode())


def _as_batch(frame: pl.DataFrame) -> pa.RecordBatch:
    table = frame.select(SCHEMA.names).to_arrow().cast(SCHEMA)
    return pa.RecordBatch.from_arrays([column.combine_chunks() for column in table.columns], schema=SCHEMA)


FORMAT = CombinedFormat()
