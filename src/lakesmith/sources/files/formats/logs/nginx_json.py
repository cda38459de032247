r"""Logs of nginx in JSON: one object per line, whose keys are variables of nginx (`"status": "$status"`).

Variables that are known become typed columns, under the names that other logs have; numbers may stand in quotes. Any other key keeps
its name: text is text whose type is learned, numbers and truth values are themselves, nested values are JSON text.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, BinaryIO

import polars as pl
import pyarrow as pa

from lakesmith.sources.files.formats.base import RECORD_LIMIT, Sight, Stretch, Tail
from lakesmith.sources.files.formats.logs.kinds import RAW, RAW_OPEN, Kind
from lakesmith.sources.files.formats.logs.layout import TOO_LONG, Parsed, as_batch, valued
from lakesmith.sources.files.formats.logs.reader import first_lines, read_lines, sight_of
from lakesmith.sources.files.formats.logs.requests import PARTS, split_request
from lakesmith.sources.files.formats.logs.variables import NGINX
from lakesmith.sources.files.reading.tape import Tape

if TYPE_CHECKING:
    from lakesmith.sources.files.options import FileStreamOptions

NO_OBJECT = "the line is no JSON object"
TWICE = "a key stands twice in the JSON object"
HEX = re.compile(r"\\x(?=[0-9A-Fa-f]{2})")
EXACT = 2**53
LONG = 2**63
KNOWN = dict(NGINX)
Record = dict[str, Any]


class _TwiceError(ValueError):
    """A key that stands twice."""


class JsonLinesParser:
    """Reads JSON objects, one per line."""

    has_directives = False
    notes: Mapping[str, str] = {}
    empty = pa.RecordBatch.from_pylist([], schema=pa.schema([]))

    def parse(self, lines: pl.DataFrame) -> Parsed:
        """Return what becomes of numbered lines."""
        records: list[tuple[int, str, Record]] = []
        bad: list[tuple[int, str]] = []
        for number, line in lines.iter_rows():
            record = _record(line)
            if isinstance(record, str):
                bad.append((number, record))
            else:
                records.append((number, line, record))
        if not records:
            return Parsed(self.empty, tuple(bad))
        rows, faulty = _rows(records)
        return Parsed(rows, tuple(sorted([*bad, *faulty])))


class NginxJsonFormat:
    """Reads JSON logs of nginx. Blank lines are not records."""

    def read(self, tail: Tail, tape: Tape) -> Iterator[Stretch]:
        """Yield the lines from where the tape stands to its end; a last line without its end is read once it is whole."""
        return read_lines(JsonLinesParser(), tail, tape, ends_open=True)  # an object that was cut is none

    def look(self, head: BinaryIO, options: FileStreamOptions, name: str) -> Sight:  # noqa: ARG002 - nothing to set
        """Return the columns, and whether the first lines are in the format."""
        lines = first_lines(head)
        parsed = JsonLinesParser().parse(lines)
        return sight_of(dict.fromkeys(parsed.rows.schema.names), len(parsed.bad), lines.height)

    def fitting(self, lines: pl.DataFrame, options: FileStreamOptions) -> int:  # noqa: ARG002 - nothing to set
        """Return how many lines are objects with variables of nginx."""
        records = [_record(line) for line in lines["line"] if line.startswith("{")]
        return sum(isinstance(record, dict) and not KNOWN.keys().isdisjoint(record) for record in records)


def _record(line: str) -> Record | str:
    """Return the object of a line, or the reason why it has none."""
    if len(line) > RECORD_LIMIT:
        return TOO_LONG
    try:
        record = _load(line)
    except _TwiceError:
        return TWICE
    except (ValueError, RecursionError):
        try:
            record = _load(HEX.sub(r"\\\\x", line))  # without escape=json nginx writes \x22, which JSON does not know
        except _TwiceError:
            return TWICE
        except (ValueError, RecursionError):
            return NO_OBJECT
    return record if isinstance(record, dict) else NO_OBJECT


def _load(line: str) -> Any:
    return json.loads(line, object_pairs_hook=_distinct, parse_constant=_refuse, parse_float=_number)


def _distinct(pairs: list[tuple[str, Any]]) -> Record:
    record = dict(pairs)
    if len(record) != len(pairs):
        raise _TwiceError
    return record


def _refuse(name: str) -> Any:
    raise ValueError(name)


def _number(text: str) -> float | str:
    """Return a number; one that no double can hold stays text."""
    value = float(text)
    return value if math.isfinite(value) else text


def _rows(records: Sequence[tuple[int, str, Record]]) -> tuple[pa.RecordBatch, list[tuple[int, str]]]:
    keys = list(dict.fromkeys(key for _, _, record in records for key in record))
    names, kinds = _named(keys)
    known: dict[str, list[str | None]] = {}
    others: dict[str, tuple[pa.Field[pa.DataType], list[Any]]] = {}
    for key in keys:
        values = [record.get(key) for _, _, record in records]
        if key in kinds:
            known[names[key]] = [_text(value) for value in values]
        else:
            others[names[key]] = _typed(names[key], values)
    start = {"number": [number for number, _, _ in records], "line": [line for _, line, _ in records]}
    frame = pl.DataFrame({**start, **known}, schema_overrides=dict.fromkeys(known, pl.String))
    columns = {names[key]: kind for key, kind in kinds.items()}
    frame, columns = _with_parts(frame, columns, names.values())
    read = valued(frame.with_columns(pl.lit(value=True).alias("fits")), columns)
    good = read["reason"].is_null()
    fields = [kind.field(name) for name, kind in columns.items()]
    batch = as_batch(read.filter(good), pa.schema(fields))
    kept = pa.array(good.to_list(), pa.bool_())
    arrays = [pa.array(values, field.type).filter(kept) for field, values in others.values()]
    schema = pa.schema([*batch.schema, *(field for field, _ in others.values())])
    faulty = list(read.filter(~good).select("number", "reason").iter_rows())
    return pa.RecordBatch.from_arrays([*batch.columns, *arrays], schema=schema), faulty


def _named(keys: Sequence[str]) -> tuple[dict[str, str], dict[str, Kind]]:
    """Return the column of each key, and the kinds of those that are known; where two mean the same, the first in the table wins."""
    names: dict[str, str] = {}
    kinds: dict[str, Kind] = {}
    taken: set[str] = set()
    for key in (key for key in KNOWN if key in keys):
        column, kind = KNOWN[key]
        names[key] = column if column not in taken else key
        kinds[key] = kind
        taken.add(names[key])
    for key in keys:
        if key not in names:
            name, number = key, 2
            while name in taken:
                name, number = f"{key}_{number}", number + 1
            names[key] = name
            taken.add(name)
    return names, kinds


def _with_parts(frame: pl.DataFrame, columns: dict[str, Kind], taken: Any) -> tuple[pl.DataFrame, dict[str, Kind]]:
    """Add the parts of the request line that have no key of their own."""
    parts = [name for name in PARTS if name not in set(taken)] if "request" in columns else []
    if not parts:
        return frame, columns
    found = split_request(frame.select("request"))[parts]
    return frame.with_columns(found), {**columns, **dict.fromkeys(parts, RAW)}


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)


def _typed(name: str, values: list[Any]) -> tuple[pa.Field[pa.DataType], list[Any]]:
    """Return the narrowest type that holds all values; text where they differ."""
    types = {type(value) for value in values if value is not None}
    if types == {bool}:
        return pa.field(name, pa.bool_()), values
    if types == {int} and all(value is None or -LONG <= value < LONG for value in values):
        return pa.field(name, pa.int64()), values
    if types and types <= {int, float} and all(not isinstance(value, int) or abs(value) <= EXACT for value in values):
        return pa.field(name, pa.float64()), values
    return RAW_OPEN.field(name), [_text(value) for value in values]


FORMAT = NginxJsonFormat()
