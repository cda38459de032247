"""The source's own words for values that a column's type cannot hold: told apart from the columns, and put where misfits go."""

from __future__ import annotations

import json
from collections.abc import Mapping

from pyarrow import RecordBatch

from lakesmith.model.streams import WORDS_KEY
from lakesmith.shape.arrow import Array, pc
from lakesmith.shape.place import Placed, either


def split_words(batch: RecordBatch) -> tuple[RecordBatch, Mapping[str, Array]]:
    """Return the columns of a batch, and the words for their values by source name."""
    last = batch.num_columns
    while last and WORDS_KEY in (batch.schema.field(last - 1).metadata or {}):
        last -= 1
    if last == batch.num_columns:
        return batch, {}
    words = {batch.schema.field(i).name: batch.column(i) for i in range(last, batch.num_columns)}
    return batch.select(range(last)), words


def said_of(text: str, row: int, words: Mapping[str, Array]) -> str:
    """Return a row as JSON with the words for its values, `row` being its number in the batch."""
    said = {name: array[row].as_py() for name, array in words.items() if array[row].is_valid}
    return json.dumps({**json.loads(text), **said}, ensure_ascii=False) if said else text


def beside(values: Placed, words: Placed) -> Placed:
    """Return values with the words for others of the same column, of which no row has both."""
    columns = dict(values.columns)
    for name, (grown, array) in words.columns.items():
        known = columns.get(name)
        columns[name] = (grown, array if known is None else _filled(known[1], array))
    return Placed(columns, either(values.misfits, words.misfits))


def _filled(values: Array, words: Array) -> Array:
    if words.null_count == len(words):
        return values
    return words if values.null_count == len(values) else pc.coalesce(values, words)
