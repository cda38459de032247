"""Records of JSON as Arrow batches: blocks that have one shape at once, the others cut where a column changes its kind.

An Arrow column has one type per batch. Where records of a block do not go together, the block is halved until its parts do, or are
small; a small part is read record by record and cut before each record that has another kind of value in a column, so that every
value arrives with its own type and `shape` finds the column it belongs into. Where kinds alternate so often that this would make
more than `MOST_CUTS` batches of a small part, the values of such a column are text in that part: JSON for what is not text already.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any, Protocol, cast

import pyarrow as pa

from lakesmith.model.streams import Reject
from lakesmith.sources.files.formats.base import RECORD_LIMIT, reject
from lakesmith.sources.files.formats.nested.json_fast import FastParser
from lakesmith.sources.files.formats.nested.json_kinds import Kind, batch_of, has_text, kind_of, merged, mixed
from lakesmith.sources.files.formats.nested.json_values import UnreadableError, decode_object

SMALL = 64 * 1024
MOST_CUTS = 16
TOO_LONG = f"the record is longer than {RECORD_LIMIT // 1024 // 1024} MB"
EMPTY = pa.RecordBatch.from_pylist([], schema=pa.schema([]))


class Records(Protocol):
    """Records one behind the other, counted by whoever cut them."""

    @property
    def count(self) -> int:
        """How many they are."""
        ...

    @property
    def data(self) -> bytes:
        """All of them, each with a line end behind it."""
        ...

    def halves(self) -> tuple[Records, Records] | None:
        """Return the first and the second half of them; None where one of these would be empty."""
        ...

    def items(self) -> Iterator[tuple[int, bytes]]:
        """Yield each record with the number of the line it begins in."""
        ...


@dataclass(frozen=True, slots=True)
class Piece:
    """Records that make one batch, with those that could not become rows."""

    rows: pa.RecordBatch
    rejects: tuple[Reject, ...] = ()


class RecordReader:
    """Reads the records of one file, block by block."""

    def __init__(self, name: str, encoding: str = "utf-8") -> None:
        self._name, self._encoding = name, encoding
        self._fast = FastParser()
        self.as_text: dict[str, None] = {}
        """Columns in which values of several kinds were told as text, in the order they were met."""

    def read(self, records: Records) -> list[Piece]:
        """Return what the records hold, in their order; at least one piece."""
        return _joined(list(self._pieces(records))) or [Piece(EMPTY)]

    def _pieces(self, records: Records) -> Iterator[Piece]:
        if not records.count:
            return
        data = self._as_utf8(records.data)
        rows = self._fast.parse(data, records.count) if data is not None and _is_short(data) else None
        if rows is not None:
            yield Piece(rows)
            return
        halves = records.halves() if len(records.data) > SMALL else None
        if halves is None:
            yield from self._one_by_one(records)
            return
        for half in halves:
            yield from self._pieces(half)

    def _as_utf8(self, data: bytes) -> bytes | None:
        if self._encoding == "utf-8":
            return data
        try:
            return data.decode(self._encoding).encode()
        except UnicodeDecodeError:
            return None

    def _one_by_one(self, records: Records) -> Iterator[Piece]:
        rows: list[dict[str, Any]] = []
        rejects: list[Reject] = []
        for line, raw in records.items():
            try:
                if len(raw) > RECORD_LIMIT:
                    raise UnreadableError(TOO_LONG)  # noqa: TRY301 - a reason like those of the decoder
                rows.append(decode_object(raw, self._encoding))
            except UnreadableError as why:
                rejects.append(reject(str(why), self._name, line, raw, self._encoding))
        batches = self._batches(rows) or [EMPTY]
        yield Piece(batches[0], tuple(rejects))
        for batch in batches[1:]:
            yield Piece(batch)

    def _batches(self, rows: Sequence[Mapping[str, Any]]) -> list[pa.RecordBatch]:
        runs = _runs(rows)
        for kind, _ in runs:
            self._fast.remember(batch_of((), kind).schema)
            self.as_text.update(dict.fromkeys(name for name, part in kind.items() if has_text(part)))
        return [batch_of(members, kind) for kind, members in runs]


def _is_short(data: bytes) -> bool:
    """Whether no record is over the limit."""
    return len(data) <= RECORD_LIMIT or max(map(len, data.split(b"\n"))) <= RECORD_LIMIT


Run = tuple[dict[str, Kind], list[Mapping[str, Any]]]


def _runs(rows: Sequence[Mapping[str, Any]]) -> list[Run]:
    """Cut records before each one that does not go together with those before it; not at all where that would be too often."""
    kinds: list[dict[str, Kind]] = [{name: kind_of(value) for name, value in row.items()} for row in rows]
    runs: list[Run] = []
    for row, kind in zip(rows, kinds, strict=True):
        together = merged(runs[-1][0], kind) if runs else None
        if together is not None:
            runs[-1] = (cast("dict[str, Kind]", together), runs[-1][1])
            runs[-1][1].append(row)
        else:
            runs.append((kind, [row]))
    if len(runs) <= MOST_CUTS:
        return runs
    whole = reduce(mixed, kinds[1:], cast("Kind", kinds[0]))
    return [(cast("dict[str, Kind]", whole), list(rows))]


def _joined(pieces: Sequence[Piece]) -> list[Piece]:
    """Return as few pieces as can be: one batch of those that stand beside each other and have the same types where they have any."""
    joined: list[Piece] = []
    for piece in pieces:
        together = _together(joined[-1].rows, piece.rows) if joined else None
        if together is None:
            joined.append(piece)
        else:
            joined[-1] = Piece(together, (*joined[-1].rejects, *piece.rejects))
    return joined


def _together(one: pa.RecordBatch, other: pa.RecordBatch) -> pa.RecordBatch | None:
    if not one.num_rows or not other.num_rows:
        return one if one.num_rows else other
    if not one.num_columns or not other.num_columns:
        return None
    tables = [pa.Table.from_batches([batch]) for batch in (one, other)]
    try:
        whole = pa.concat_tables(tables, promote_options="default").combine_chunks()
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        return None
    return whole.to_batches()[0]
