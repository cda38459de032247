"""Records of quarantine parsed again by today's settings: lines of files as text, rows that `shape` had refused as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from io import BytesIO
from itertools import groupby
from pathlib import Path
from typing import Any

import pyarrow as pa

from lakesmith.host.files import storage_errors
from lakesmith.model.loads import QuarantinedRow
from lakesmith.model.streams import TEXT_KEY, Replay, StreamSpec
from lakesmith.sources.files.formats import combined, csv, load_format
from lakesmith.sources.files.formats.base import Stretch, Tail
from lakesmith.sources.files.formats.dialect import dialect_of, header_of
from lakesmith.sources.files.marks import beginning, read_mark
from lakesmith.sources.files.options import FileStreamOptions
from lakesmith.sources.files.tape import Tape

NOTHING = pa.RecordBatch.from_pylist([], schema=pa.schema([]))
READ_AGAIN = frozenset({csv.CUT_REASON, csv.OPEN_REASON, combined.CUT_REASON})
"""What stands at the end of a file is read again once the file has grown: a replay would bring it twice."""

GONE = "the file is not there any more, so its columns are not known"
CHANGED = "the file begins with another line than when the record was read, so its columns are not known"
NO_FORMAT = "the name of the file does not tell its format: set `format:`"
HEADED = frozenset({"csv"})
"""Formats whose records say nothing without the beginning of their file."""

Numbered = tuple[int, QuarantinedRow]


class _CannotTellError(Exception):
    """Why the text of a file's records cannot be parsed again."""


@dataclass(frozen=True, slots=True)
class _Family:
    """What records have in common that are parsed together: their file, and for rows their names in order."""

    origin: str
    names: tuple[str, ...] | None


def replay(root: Path, stream: StreamSpec, records: Sequence[QuarantinedRow]) -> Iterator[Replay]:
    """Yield what becomes of every record: rows, or the reason why it still cannot become one.

    Args:
        root: The folder of the source.
        stream: The stream, with today's settings.
        records: What to parse again.

    Raises:
        StorageUnavailableError: If a file that is there cannot be read.
    """
    numbered = [(_family(record), number, record) for number, record in enumerate(records)]
    for family, group in groupby(numbered, key=lambda entry: entry[0]):
        members = [(number, record) for _, number, record in group]
        if family.names is not None:
            yield _rows_again(family, members)
        else:
            yield from _texts_again(root, stream, family.origin, members)


def _family(record: QuarantinedRow) -> _Family:
    if record.column is None:
        return _Family(record.where.rpartition(":")[0], None)
    origin = record.where.rpartition(", row " if ", row " in record.where else ":")[0]
    return _Family(origin, tuple(json.loads(record.raw)))


def _rows_again(family: _Family, members: Sequence[Numbered]) -> Replay:
    """Return rows that `shape` had refused, as text: every value is read by its column's type again."""
    values = [json.loads(record.raw) for _, record in members]
    names = family.names or ()
    arrays = [pa.array([_text(row[name]) for row in values], pa.string()) for name in names]
    schema = pa.schema([pa.field(name, pa.string(), metadata={TEXT_KEY: b"1"}) for name in names])
    rows = pa.RecordBatch.from_arrays(arrays, schema=schema)
    return Replay(rows, tuple(number for number, _ in members), counted=len(members), origin=family.origin)


def _text(value: Any) -> str | None:
    return value if value is None or isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _texts_again(root: Path, stream: StreamSpec, origin: str, members: Sequence[Numbered]) -> Iterator[Replay]:
    for number, record in members:
        try:
            stretches = _parse(root / origin, stream.options, record)
        except _CannotTellError as why:
            yield Replay(NOTHING, (), kept=((number, str(why)),), origin=origin)
            continue
        for stretch in stretches:
            rejects = tuple((number, replace(told, where=record.where, mark=record.mark)) for told in stretch.rejects)
            yield Replay(stretch.rows, (number,) * stretch.rows.num_rows, rejects, (), stretch.records, origin)


def _parse(path: Path, options: FileStreamOptions, record: QuarantinedRow) -> list[Stretch]:
    """Read one record as if nothing else were in its file."""
    format_ = options.format_of(path.name)
    if record.reason in READ_AGAIN or format_ is None:
        raise _CannotTellError(record.reason if format_ else NO_FORMAT)
    encoding, digest = read_mark(record.mark)
    content = record.raw.encode(encoding or options.encoding, "surrogateescape") + b"\n"
    if format_ not in HEADED:
        return _read(format_, Tail(path.name, BytesIO(content), options), content)
    if not path.is_file():
        raise _CannotTellError(GONE)
    with storage_errors(path), path.open("rb") as head:
        if digest and beginning(head) != digest:
            raise _CannotTellError(CHANGED)
        dialect = dialect_of(head, options, path.name)
        header = header_of(head, dialect, named=options.header)
        if header is None:
            raise _CannotTellError(CHANGED)
        head.seek(0)
        before = head.read(header.end)
        tail = Tail(path.name, head, options, notes={"delimiter": dialect.delimiter})
        return _read(format_, tail, before + content)


def _read(format_: str, tail: Tail, content: bytes) -> list[Stretch]:
    return list(load_format(format_).read(tail, Tape(BytesIO(content), len(content))))
