"""Records of quarantine parsed again by today's settings: lines of files as text, rows that `shape` had refused as JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from io import BytesIO
from itertools import groupby
from typing import Any, BinaryIO

import pyarrow as pa

from lakesmith.errors import SourceDataError
from lakesmith.model.loads import QuarantinedRow
from lakesmith.model.streams import TEXT_KEY, Replay, StreamSpec
from lakesmith.sources.files.deliveries.broken import TRIED_AGAIN
from lakesmith.sources.files.formats import FORMATS, load_format
from lakesmith.sources.files.formats.base import READ_AGAIN, Replays, Stretch, Tail
from lakesmith.sources.files.options import FileStreamOptions
from lakesmith.sources.files.places.place import Place
from lakesmith.sources.files.reading.contents import Content
from lakesmith.sources.files.reading.marks import Mark, beginning
from lakesmith.sources.files.reading.origins import opened_origin
from lakesmith.sources.files.reading.tape import Tape

NOTHING = pa.RecordBatch.from_pylist([], schema=pa.schema([]))
GONE = "the file is not there any more, so its columns are not known"
CHANGED = "the file begins with another line than when the record was read, so its columns are not known"
NO_FORMAT = "the name of the file does not tell its format: set `format:`"
DELIVER = "records of this format cannot be read without their file: mend it, and deliver it again"

LINE = re.compile(r":\d+\Z")

Numbered = tuple[int, QuarantinedRow]


class _CannotTellError(Exception):
    """Why the text of a file's records cannot be parsed again."""


@dataclass(frozen=True, slots=True)
class _Family:
    """What records have in common that are parsed together: their file, and for rows their names in order."""

    origin: str
    names: tuple[str, ...] | None


def replay(place: Place, stream: StreamSpec, records: Sequence[QuarantinedRow]) -> Iterator[Replay]:
    """Yield what becomes of every record: rows, or the reason why it still cannot become one.

    Args:
        place: The folder of the source.
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
            yield from _texts_again(place, stream, family.origin, members)


def _family(record: QuarantinedRow) -> _Family:
    if record.column is None:
        return _Family(LINE.sub("", record.where), None)
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


def _texts_again(place: Place, stream: StreamSpec, origin: str, members: Sequence[Numbered]) -> Iterator[Replay]:
    options: FileStreamOptions = stream.options
    with ExitStack() as stack:
        again = _Again(stack, place, origin, options)
        for number, record in members:
            mark = Mark.read(record.mark, options)
            try:
                stretches = again.parse(record, mark)
            except _CannotTellError as why:
                yield Replay(NOTHING, (), kept=((number, str(why)),), origin=origin)
                continue
            for stretch in stretches:
                rejects = tuple(
                    (number, replace(told, where=record.where, mark=str(mark.now(told)))) for told in stretch.rejects
                )
                yield Replay(stretch.rows, (number,) * stretch.rows.num_rows, rejects, (), stretch.records, origin)


class _Again:
    """Reads records of one file, each as if nothing else were in it. The file itself is opened where a format needs its beginning."""

    def __init__(self, stack: ExitStack, place: Place, origin: str, options: FileStreamOptions) -> None:
        self._stack, self._place, self._origin, self._options = stack, place, origin, options
        self._content: Content | None = None
        self._is_opened = False

    def parse(self, record: QuarantinedRow, mark: Mark) -> list[Stretch]:
        """Return what a record becomes."""
        format_ = self._options.format_within(self._origin)
        if record.where == self._origin:
            raise _CannotTellError(TRIED_AGAIN)
        if record.reason in READ_AGAIN:
            raise _CannotTellError(record.reason)
        if format_ not in FORMATS:
            raise _CannotTellError(NO_FORMAT)
        try:
            raw = record.raw.encode(mark.encoding, "surrogateescape")
            stretches = self._read(format_, raw, mark)
        except UnicodeEncodeError as error:  # it was no text then, and cannot be had back as bytes
            raise _CannotTellError(record.reason) from error
        except SourceDataError as error:
            raise _CannotTellError(error.what) from error
        if not any(stretch.records for stretch in stretches):
            raise _CannotTellError(record.reason)
        return stretches

    def _read(self, format_: str, raw: bytes, mark: Mark) -> list[Stretch]:
        known, reader = FORMATS[format_], load_format(format_)
        if isinstance(reader, Replays):
            head = self._head(mark) if known.headed else BytesIO(raw)
            return list(reader.again(raw, Tail(self._origin, head, self._options)))
        if known.headed or not known.grows:
            raise _CannotTellError(DELIVER)
        content = raw + b"\n"
        tail = Tail(self._origin, BytesIO(content), self._options)
        return list(reader.read(tail, Tape(BytesIO(content), len(content))))

    def _head(self, mark: Mark) -> BinaryIO:
        if not self._is_opened:
            self._is_opened = True
            self._content = self._stack.enter_context(opened_origin(self._place, self._origin, self._options))
        if self._content is None:
            raise _CannotTellError(GONE)
        if mark.digest and beginning(self._content.head) != mark.digest:
            raise _CannotTellError(CHANGED)
        return self._content.head
