"""The source's own words, or JSON, for values that a column's type cannot hold: told apart from the columns, and put where misfits go."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from pyarrow import RecordBatch

from lakesmith.model.streams import JSON_KEY, WORDS_KEY
from lakesmith.shape.arrow import Array, pc
from lakesmith.shape.place import Placed, either


@dataclass(frozen=True, slots=True)
class Words:
    """Words for the values of one column; `is_json`: they are JSON of values that no type of a lake holds."""

    texts: Array
    is_json: bool = False


def split_words(batch: RecordBatch) -> tuple[RecordBatch, Mapping[str, Words]]:
    """Return the columns of a batch, and the words for their values by source name."""
    words, kept = {}, []
    for at, item in enumerate(batch.schema):
        metadata = item.metadata or {}
        if WORDS_KEY in metadata:
            words[item.name] = Words(batch.column(at))
        elif JSON_KEY in metadata:
            words[metadata[JSON_KEY].decode()] = Words(batch.column(at), is_json=True)
        else:
            kept.append(at)
    return (batch.select(kept), words) if words else (batch, words)


def said_of(text: str, row: int, words: Mapping[str, Words]) -> str:
    """Return a row as JSON with the words for its values, `row` being its number in the batch."""
    told = {name: (one.texts[row].as_py(), one.is_json) for name, one in words.items() if one.texts[row].is_valid}
    said = {name: json.loads(word) if is_json else word for name, (word, is_json) in told.items()}
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
