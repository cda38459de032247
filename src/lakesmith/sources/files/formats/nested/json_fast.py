"""Records of JSON by Arrow's own reader, where it can be proven that nothing is lost by that; nothing else is accepted.

Arrow refuses whatever is no JSON, a key that stands twice and a column of several types. It takes texts for times, whole numbers for
doubles where a column holds both, and any number of digits: these are looked for here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import json as arrow_json

from lakesmith.sources.files.formats.nested.json_values import (
    DOUBLE_DIGITS,
    LONGEST_KEY,
    MAX_DEPTH,
    SMALLEST_NORMAL,
    is_too_deep,
)

NUL = b"\0"
EXACT = 2.0**53
BRACKETS = b"[]{}\n"
NO_BRACKETS = bytes(set(range(256)) - set(BRACKETS))
SAFE_BRACKETS = 1000
"""How many brackets a record may have before it is looked at whether they lie in each other: Arrow's reader crashes at some 10,000."""

LETTER = b"d"
NUMERIC = bytes(LETTER[0] if chr(at) in "0123456789." else ord(" ") for at in range(256))
LONG_RUN = LETTER * (DOUBLE_DIGITS + 2)  # more digits than a double keeps, and a point
BEFORE_NUMBER = b":,[ \t\r\n"
TINY = re.compile(rb"[0-9][eE]-[0-9]{3}")


class FastParser:
    """Reads records that all have one shape. What it met before makes the next attempt the first."""

    def __init__(self) -> None:
        self.known = pa.schema([])
        self._met = self.known

    def parse(self, data: bytes, records: int) -> pa.RecordBatch | None:
        """Return the rows of `data`, UTF-8 in which each record ends with a line end; None where that is not proven to be exact."""
        if not _is_plain(data, records):
            return None
        rows = self._read(data, self.known) if len(self.known) else None
        if rows is None:
            rows = self._read(data, _texts_of(self.known))
        rows = None if rows is None else self._mended(data, rows)
        if (
            rows is None
            or rows.num_rows != records
            or not all(map(_is_usual, rows.schema))
            or not _is_exact(rows, data)
        ):
            return None
        self.remember(rows.schema)
        return rows

    def remember(self, schema: pa.Schema) -> None:
        """Take in the types of rows, also of those that somebody else has read."""
        if schema is self._met:
            return
        self._met = schema
        known = {item.name: item.type for item in self.known}
        for item in schema:
            told = _told(item.type)
            if told is not None:
                known[item.name] = _newest(known.get(item.name), told)
        self.known = pa.schema(list(known.items()))

    def _read(self, data: bytes, schema: pa.Schema) -> pa.RecordBatch | None:
        try:
            table = arrow_json.read_json(
                pa.BufferReader(data),  # type: ignore[arg-type]  # the stubs forget Arrow's own buffers
                read_options=arrow_json.ReadOptions(use_threads=False, block_size=len(data) + 1),
                parse_options=arrow_json.ParseOptions(explicit_schema=schema, unexpected_field_behavior="infer"),
            )
        except (pa.ArrowInvalid, UnicodeDecodeError):
            return None
        batches = table.combine_chunks().to_batches()
        return batches[0] if batches else None

    def _mended(self, data: bytes, rows: pa.RecordBatch) -> pa.RecordBatch | None:
        """Read the same again where texts were taken for times, or values were lost.

        Where a list begins with null before its type was met, Arrow's reader forgets the null; told the type, it does not.
        """
        plain = pa.schema([(item.name, _plain(item.type)) for item in rows.schema])
        if plain.equals(rows.schema) and _is_whole(rows):
            return rows
        again = self._read(data, plain)
        return again if again is not None and _is_whole(again) else None


def _is_whole(rows: pa.RecordBatch) -> bool:
    """Whether all lists and structs have as many values as they say."""
    try:
        rows.validate()
    except pa.ArrowInvalid:
        return False
    return True


def _is_plain(data: bytes, records: int) -> bool:
    """Whether `data` is text, each record of it begins a line, and none is nested so deep that Arrow's reader would crash."""
    if NUL in data or not data.startswith(b"{") or data.count(b"\n{") + 1 != records:
        return False
    if not data.isascii():
        try:
            data.decode()
        except UnicodeDecodeError:
            return False
    brackets = data.translate(None, NO_BRACKETS)
    if len(brackets) <= SAFE_BRACKETS:
        return True
    if max(map(len, brackets.split(b"\n"))) <= SAFE_BRACKETS:
        return True
    return not any(is_too_deep(line) for line in data.split(b"\n"))


def _is_usual(item: Any, depth: int = 1) -> bool:
    """Whether nothing in a column is nested deeper than it may be, or has a name that is none."""
    kind = item.type
    is_struct, is_list = pa.types.is_struct(kind), pa.types.is_list(kind)
    if len(item.name) > LONGEST_KEY or (depth >= MAX_DEPTH and (is_struct or is_list)):
        return False
    if is_struct:
        return all(_is_usual(part, depth + 1) for part in kind)
    return not is_list or _is_usual(kind.value_field, depth + 1)


def _is_exact(rows: pa.RecordBatch, data: bytes) -> bool:
    doubles = [leaf for column in rows.columns for leaf in _doubles(column)]
    if not doubles:
        return True
    return all(map(_is_moderate, doubles)) and TINY.search(data) is None and not _has_long_number(data)


def _is_moderate(values: Any) -> bool:
    """Whether no value is so great that a whole number may have been rounded, nor so small that digits are gone."""
    sizes = pc.abs(values)
    greatest = pc.max(sizes).as_py()
    if greatest is None:
        return True
    tiny = pc.and_(pc.less(sizes, pa.scalar(SMALLEST_NORMAL)), pc.greater(sizes, pa.scalar(0.0)))
    return bool(greatest < EXACT) and not pc.any(tiny).as_py()


def _has_long_number(data: bytes) -> bool:
    """Whether a number with a point has more digits than a double keeps."""
    runs = data.translate(NUMERIC)
    start = runs.find(LONG_RUN)
    while start >= 0:
        rest = runs.find(b" ", start)
        token = data[start : rest if rest >= 0 else len(data)]
        before = data[start - 1 : start]
        before = data[start - 2 : start - 1] if before == b"-" else before
        if before in BEFORE_NUMBER and b"." in token and len(token.replace(b".", b"").strip(b"0")) > DOUBLE_DIGITS:
            return True
        start = runs.find(LONG_RUN, start + len(token))
    return False


def _doubles(values: Any) -> Iterator[Any]:
    kind = values.type
    if pa.types.is_float64(kind):
        yield values
    elif pa.types.is_struct(kind):
        for part in values.flatten():
            yield from _doubles(part)
    elif pa.types.is_list(kind):
        yield from _doubles(values.flatten())


def _plain(kind: Any) -> pa.DataType:
    """Return a type with text for times."""
    if pa.types.is_timestamp(kind):
        return pa.string()
    if pa.types.is_struct(kind):
        return pa.struct([(part.name, _plain(part.type)) for part in kind])
    return pa.list_(_plain(kind.value_type)) if pa.types.is_list(kind) else kind


def _only_texts(kind: Any) -> pa.DataType | None:
    if pa.types.is_struct(kind):
        parts = [(part.name, _only_texts(part.type)) for part in kind]
        texts = [(name, part) for name, part in parts if part is not None]
        return pa.struct(texts) if texts else None
    if pa.types.is_list(kind):
        element = _only_texts(kind.value_type)
        return None if element is None else pa.list_(element)
    return kind if pa.types.is_string(kind) else None


def _texts_of(schema: pa.Schema) -> pa.Schema:
    """Return only what is text in a schema: all that Arrow need be told, for the rest it finds out."""
    kinds = [(item.name, _only_texts(item.type)) for item in schema]
    return pa.schema([(name, kind) for name, kind in kinds if kind is not None])


def _told(kind: Any) -> pa.DataType | None:
    """Return a type without the parts that do not say what their values are, None where nothing is left."""
    if pa.types.is_list(kind):
        element = _told(kind.value_type)
        return None if element is None else pa.list_(element)
    if pa.types.is_struct(kind):
        parts = [(part.name, _told(part.type)) for part in kind]
        told = [(name, part) for name, part in parts if part is not None]
        return pa.struct(told) if told else None
    return None if pa.types.is_null(kind) or pa.types.is_decimal(kind) else kind


def _newest(known: Any, met: Any) -> pa.DataType:
    """Return the type to try next: the one met last, with the parts that it did not have."""
    if known is not None and pa.types.is_struct(known) and pa.types.is_struct(met):
        parts = {part.name: part.type for part in known}
        for part in met:
            parts[part.name] = _newest(parts.get(part.name), part.type)
        return pa.struct(list(parts.items()))
    if known is not None and pa.types.is_list(known) and pa.types.is_list(met):
        return pa.list_(_newest(known.value_type, met.value_type))
    return met  # type: ignore[no-any-return]
