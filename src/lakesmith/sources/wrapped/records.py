"""Records as Arrow batches, by the reader of JSON that files have; what their JSON Schema says of times and numbers holds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from lakesmith.model.streams import Reject
from lakesmith.sources.files.formats.nested.json_records import RecordReader
from lakesmith.sources.files.formats.nested.json_values import dump
from lakesmith.sources.wrapped.schemas import Wanted

EXACT = 2**53


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows of one shape, with those that could not become rows."""

    rows: pa.RecordBatch
    rejects: tuple[Reject, ...]


class Rows:
    """Collects records of one stream, and gives them as batches."""

    def __init__(self, name: str, wanted: Mapping[str, Wanted]) -> None:
        self._reader = RecordReader(name)
        self.wanted = wanted
        self._texts: list[tuple[int, bytes]] = []
        self.bytes = 0

    def add(self, line: int, values: Mapping[str, Any]) -> None:
        """Take a record, which stood in the line of that number."""
        text = dump(values).encode("utf-8", "surrogatepass")
        self._texts.append((line, text))
        self.bytes += len(text)

    def take(self) -> list[Batch]:
        """Return what was collected, and forget it."""
        texts, self._texts, self.bytes = self._texts, [], 0
        if not texts:
            return []
        pieces = self._reader.read(_Texts(texts))
        return [Batch(typed(piece.rows, self.wanted), piece.rejects) for piece in pieces]


@dataclass(frozen=True, slots=True)
class _Texts:
    """Records as the reader of JSON wants them."""

    texts: Sequence[tuple[int, bytes]]

    @property
    def count(self) -> int:
        return len(self.texts)

    @property
    def data(self) -> bytes:
        return b"\n".join(text for _, text in self.texts) + b"\n"

    def halves(self) -> tuple[_Texts, _Texts] | None:
        middle = len(self.texts) // 2
        return (_Texts(self.texts[:middle]), _Texts(self.texts[middle:])) if middle else None

    def items(self) -> Iterator[tuple[int, bytes]]:
        return iter(self.texts)


def typed(rows: pa.RecordBatch, wanted: Mapping[str, Wanted]) -> pa.RecordBatch:
    """Return rows whose columns have the types that are wanted, where every value has it; a column with others stays as it is."""
    arrays = [_typed(column, wanted.get(name)) for name, column in zip(rows.schema.names, rows.columns, strict=True)]
    if not arrays:
        return rows
    return pa.RecordBatch.from_arrays(arrays, names=rows.schema.names)


def _typed(column: Any, wanted: Wanted | None) -> Any:
    if wanted == "number" and pa.types.is_int64(column.type):
        ends: Any = pc.min_max(column)
        fits = (ends["min"].as_py() or 0) >= -EXACT and (ends["max"].as_py() or 0) <= EXACT
        return column.cast(pa.float64()) if fits else column
    if wanted is None or wanted == "number" or not pa.types.is_string(column.type):
        return column
    try:
        return _timed(column, wanted)
    except pa.ArrowInvalid:
        return column


def _timed(column: Any, wanted: Wanted) -> Any:
    kind = _TIMES[wanted]
    if wanted == "timestamptz" and not pc.any(pc.match_substring_regex(column, ZONE)).as_py():
        return column.cast(pa.timestamp("us")).cast(kind)  # by custom such times are UTC
    return column.cast(kind)


ZONE = r"(?:Z|z|[+-][0-9]{2}:?[0-9]{2})$"
_TIMES: dict[str, Any] = {
    "date": pa.date32(),
    "timestamp": pa.timestamp("us"),
    "timestamptz": pa.timestamp("us", "UTC"),
}
