"""The values of fields as Arrow columns of one type each; what has no place in its column is extended JSON in one beside it."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from pyarrow import RecordBatch

from lakesmith.model.streams import DOC_KEY, JSON_KEY
from lakesmith.sources.mongodb.decoding import layout as bson
from lakesmith.sources.mongodb.decoding.arrow import Array, pa, pc
from lakesmith.sources.mongodb.decoding.fields import AS_SENT, REST, TEXT, Field, Parts, Values, spread
from lakesmith.sources.mongodb.decoding.values import KINDS, Texts, text_of, validity

EXACT = 2**53
SUFFIX = "__json"
_BESIDE_DOC = "Values of {} that its type cannot hold, as MongoDB Extended JSON."
_REST_DOC = "The fields that have no column of their own, as one object of MongoDB Extended JSON."
_AS_SENT_DOC = (
    "The whole document as MongoDB Extended JSON, where its columns do not tell all of it: a name stands twice in one object "
    "(the columns have the last value), or the names of an array do not count (it is shown as an object)."
)
_CODES = {"list": (bson.ARRAY,), "struct": (bson.OBJECT,), **{kind: tuple(codes) for kind, codes in KINDS.items()}}


@dataclass(frozen=True, slots=True)
class Clash:
    """A field of documents that has values of several kinds: the kind by row, for those rows that have any."""

    kinds: Mapping[int, str]


@dataclass(frozen=True, slots=True)
class _Column:
    """An array (None: no value has a type), and the values that are not in it."""

    array: Array | None
    texts: Texts


_NOTHING = _Column(None, {})


@dataclass(frozen=True, slots=True)
class _Space:
    """How many rows there are, and whether they are documents: others cannot be parted by kinds.

    `tells`: what has no place in a column is told; of elements of an array it only matters which they are.
    """

    size: int
    is_top: bool
    tells: bool = True


class Builder:
    """Builds columns from the values of one block.

    `clashes` are the fields met on the way whose values are of several kinds, other than parts of the elements of arrays.
    """

    def __init__(self, block: bytes) -> None:
        self._block = block
        self.clashes: list[Clash] = []

    def batch(self, parts: Parts, size: int, as_sent: Texts) -> RecordBatch:
        """Return `size` documents as a batch; `as_sent` are those that are told as a whole, too, by row.

        Raises:
            BrokenError: If a value is not what its type says.
        """
        fields, arrays = self._columns(parts, _Space(size, is_top=True))
        if as_sent:
            fields.append(pa.field(AS_SENT, pa.string(), metadata={DOC_KEY: _AS_SENT_DOC.encode()}))
            arrays.append(_json(as_sent, size))
        if not arrays:
            return RecordBatch.from_struct_array(_bare(size, range(size)))
        return RecordBatch.from_arrays(arrays, schema=pa.schema(fields))

    def _columns(self, parts: Parts, space: _Space) -> tuple[list[Any], list[Array]]:
        """Return fields and arrays of an object; what stands beside fields comes behind all of them."""
        fields: list[Any] = []
        arrays: list[Array] = []
        beside: list[tuple[str, dict[bytes, bytes], Texts]] = []
        for one in parts:
            made = self._column(one, space) if one.by_code else _NOTHING
            if made.array is not None:
                fields.append(pa.field(one.name, made.array.type))
                arrays.append(made.array)
            if made.texts:
                metadata = {DOC_KEY: _BESIDE_DOC.format(one.name).encode(), JSON_KEY: one.name.encode()}
                beside.append((one.name + SUFFIX, metadata, made.texts))
        if parts.rest.rows:
            beside.append((REST, {DOC_KEY: _REST_DOC.encode()}, _objects(parts.rest)))
        names = {one.name for one in fields}
        for name, metadata, texts in beside:
            fields.append(pa.field(_free(name, names), pa.string(), metadata=metadata))
            arrays.append(_json(texts, space.size))
        return fields, arrays

    def _column(self, one: Field, space: _Space) -> _Column:
        """Return the values of a field: those of the kind that most of them have, and the others as text."""
        found = one.by_code.get(TEXT)
        texts: Texts = {} if found is None else dict(found.pairs())
        arrays = {kind: self._array(one, kind, space, texts) for kind in _CODES}
        made = {kind: array for kind, array in arrays.items() if array is not None}
        codes = {kind: _CODES[kind] for kind in made}
        if "long" in made and "double" in made and _is_exact(made["long"]):
            codes["double"] += codes.pop("long")
            made["double"] = pc.coalesce(made["double"], made.pop("long").cast(pa.float64()))
        if not made:
            return _Column(pa.nulls(space.size) if bson.NULL in one.by_code and not texts else None, texts)
        if len(made) == 1:
            return _Column(next(iter(made.values())), texts)
        if space.is_top:
            self.clashes.append(Clash({row: kind for kind in made for row in _rows(one, codes[kind])}))
        main = max(made, key=lambda kind: len(made[kind]) - made[kind].null_count)
        for code in (code for kind in made if kind != main for code in codes[kind] if code in one.by_code):
            if space.tells:
                texts.update((row, text_of(code, value, self._block)) for row, value in one.by_code[code].pairs())
            else:
                texts.update((row, "") for row, _ in one.by_code[code].pairs())
        return _Column(made[main], texts)

    def _array(self, one: Field, kind: str, space: _Space, texts: Texts) -> Array | None:
        """Return the values of one kind, None if there are none; those that have no place go into `texts`."""
        merged: Array | None = None
        for code in _CODES[kind]:
            values = one.by_code.get(code)
            if values is None or not values.rows:
                continue
            if code == bson.OBJECT:
                return self._structs(one, values, space)
            if code == bson.ARRAY:
                return self._lists(one, values, space, texts)
            made, told = KINDS[kind][code](values, space.size)
            texts.update(told)
            merged = made if merged is None else pc.coalesce(merged, made)
        return merged

    def _structs(self, one: Field, values: Values, space: _Space) -> Array:
        told = _Space(space.size, space.is_top)
        fields, arrays = self._columns(one.parts, told) if one.parts is not None else ([], [])
        if not arrays:
            return _bare(space.size, values.rows)
        bits = validity(values.rows, space.size)
        return pa.Array.from_buffers(pa.struct(fields), space.size, [bits], children=arrays)

    def _lists(self, one: Field, values: Values, space: _Space, texts: Texts) -> Array | None:
        """Return arrays as lists; those whose elements are of several kinds, or have no type, go into `texts`."""
        inner = _NOTHING
        if one.element is not None and one.elements:
            inner = self._column(one.element, _Space(one.elements, is_top=False, tells=False))
        elements = inner.array if inner.array is not None else pa.nulls(one.elements)
        rows, counts = values.rows, values.counts
        if inner.texts and one.element is not None:
            if space.is_top:
                self.clashes.append(_clash_of_lists(values, one.element))
            rows, counts, elements = self._without_odd(values, inner.texts, elements, texts, tells=space.tells)
            if not rows:
                return None
        offsets = pa.array([0, *accumulate(spread(rows, counts, space.size, 0))], pa.int32())
        buffers = [validity(rows, space.size), offsets.buffers()[1]]
        return pa.Array.from_buffers(pa.list_(elements.type), space.size, buffers, children=[elements])

    def _without_odd(
        self, values: Values, odd: Texts, elements: Array, texts: Texts, *, tells: bool
    ) -> tuple[list[int], list[int], Array]:
        """Return rows, lengths and elements of the lists all of whose elements have a place; the others go into `texts`."""
        rows, counts, kept, start = [], [], [], 0
        ends = list(accumulate(values.counts))
        bad = {bisect_right(ends, index) for index in odd}
        for number, (row, count, value) in enumerate(zip(values.rows, values.counts, values.values, strict=True)):
            if number in bad:
                texts[row] = text_of(bson.ARRAY, value, self._block) if tells else ""
            else:
                rows.append(row)
                counts.append(count)
                kept.append(elements[start : start + count])
            start += count
        whole = pa.concat_arrays(kept) if kept else elements[:0]
        return rows, counts, whole


def _clash_of_lists(values: Values, element: Field) -> Clash:
    """Return what the lists of a field hold, but for those that hold several kinds: no other list goes together with them."""
    kinds, marks = list(_CODES), bytearray(sum(values.counts))
    for number, codes in enumerate(_CODES.values(), 1):
        for index in _rows(element, codes):
            marks[index] = number
    found, start = {}, 0
    for row, count in zip(values.rows, values.counts, strict=True):
        held = set(marks[start : start + count]) - {0}
        if len(held) == 1:
            found[row] = f"list of {kinds[held.pop() - 1]}"
        start += count
    return Clash(found)


def _rows(one: Field, codes: Collection[int]) -> list[int]:
    return [row for code in codes if code in one.by_code for row in one.by_code[code].rows]


def _json(texts: Texts, size: int) -> Array:
    return pa.array([texts.get(row) for row in range(size)], pa.string())


def _objects(rest: Values) -> Texts:
    """Return the members of each row as one object."""
    members: dict[int, list[str]] = {}
    for row, member in zip(rest.rows, rest.values, strict=True):
        members.setdefault(row, []).append(member)
    return {row: f"{{{', '.join(parts)}}}" for row, parts in members.items()}


def _free(name: str, names: set[str]) -> str:
    """Return `name`, longer where a field is really called so, and take it."""
    while name in names:
        name += SUFFIX
    names.add(name)
    return name


def _bare(size: int, rows: Collection[int]) -> Array:
    """Return objects without any part."""
    return pa.Array.from_buffers(pa.struct([]), size, [validity(rows, size)], children=[])


def _is_exact(whole: Array) -> bool:
    """Whether doubles hold these whole numbers."""
    found = pc.min_max(whole).as_py()
    return found["min"] is None or (found["min"] >= -EXACT and found["max"] <= EXACT)
