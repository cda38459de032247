"""Documents taken apart by patterns, column by column into fields."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, compress, count
from typing import Any

from lakesmith.sources.mongodb.decoding import layout as bson
from lakesmith.sources.mongodb.decoding.arrow import pa, pc
from lakesmith.sources.mongodb.decoding.extended_json import value_text
from lakesmith.sources.mongodb.decoding.fields import TEXT, Field, Values
from lakesmith.sources.mongodb.decoding.layout import BrokenError
from lakesmith.sources.mongodb.decoding.patterns import Elements, Step

Column = Sequence[Any]

_BESIDE = {bson.OBJECT: 4, bson.ARRAY: 5}
"""How many bytes a length counts beside the content that is captured."""

_ONE = pa.scalar(1, pa.int32())
_numbers: list[bytes] = []


@dataclass(frozen=True, slots=True)
class Raw:
    """Objects or arrays in bytes, put together only where somebody asks."""

    lengths: Sequence[bytes]
    contents: Sequence[bytes]
    end: bytes

    def __iter__(self) -> Iterator[bytes]:
        return (length + content + self.end for length, content in zip(self.lengths, self.contents, strict=True))

    def __len__(self) -> int:
        return len(self.lengths)


def fill(steps: Sequence[Step], columns: Sequence[Column], size: int) -> None:
    """Add captured columns of `size` rows to their fields.

    Raises:
        BrokenError: If a length or the names of an array are not as they were taken to be: the rows have to be read otherwise.
    """
    for step in steps:
        marks: Column = columns[step.at]
        rows: Sequence[int] = range(size)
        if not all(marks):  # nothing was captured: None, or empty bytes by `findall`
            marks = [mark or None for mark in marks]
            rows = [row for row, mark in enumerate(marks) if mark]
            if not rows:
                continue
        if step.kind == bson.STRING:
            _add_texts(step.field, rows, marks, columns[step.at + 1], size)
        elif step.kind in _BESIDE:
            _add_nested(step, rows, marks, columns[step.at + 1])
        else:
            _add(step, rows, marks, size)


def _add_texts(field: Field, rows: Sequence[int], lengths: Column, texts: Column, size: int) -> None:
    """Add texts, which are an array from the start."""
    if len(rows) < size:
        texts = [text if length else None for length, text in zip(lengths, texts, strict=True)]
        lengths = list(filter(None, lengths))
    made = pa.array(texts, pa.binary())
    told = pa.Array.from_buffers(pa.int32(), len(rows), [None, pa.py_buffer(b"".join(lengths))])
    found = pc.binary_length(made.drop_null() if len(rows) < size else made)
    if not pc.add(found, _ONE).equals(told):
        raise BrokenError("a text is not as long as it was taken to be")
    field.by_code[bson.STRING] = Values(rows, [], [], texts, made)


def _add_nested(step: Step, rows: Sequence[int], lengths: Column, contents: Column) -> None:
    """Add objects or arrays, whose parts and elements have columns of their own."""
    if len(rows) < len(lengths):
        contents = list(compress(contents, lengths))
        lengths = list(filter(None, lengths))
    extra = _BESIDE[step.kind]
    if array("i", b"".join(lengths)) != array("i", map(extra.__add__, map(len, contents))):
        raise BrokenError("an object is not as long as it was taken to be")
    if step.kind == bson.OBJECT:
        step.field.by_code[step.code] = Values(rows, Raw(lengths, contents, b""))
    else:
        counts = _fill_elements(step.field, step.inner, contents)
        step.field.by_code[step.code] = Values(rows, Raw(lengths, contents, b"\0"), counts)


def _add(step: Step, rows: Sequence[int], marks: Column, size: int) -> None:
    """Add values of one piece, none of which is empty."""
    values = marks if len(rows) == size else list(filter(None, marks))
    known = step.field.by_code.get(step.code)
    if step.code == TEXT:
        values = [value_text(value, step.kind, 0) for value in values]
    if known is not None:
        pairs = sorted([*zip(known.rows, known.values, strict=True), *zip(rows, values, strict=True)])
        rows, values = [row for row, _ in pairs], [value for _, value in pairs]
    dense = marks if known is None and step.code != TEXT else None
    step.field.by_code[step.code] = Values(rows, values, [], dense)


def _fill_elements(field: Field, inner: Elements | None, bodies: Sequence[bytes]) -> list[int]:
    """Add the elements of arrays; return how many each has."""
    joined = b"".join(bodies)
    if not joined:
        return [0] * len(bodies)
    if inner is None or field.element is None:
        raise BrokenError("an array has elements")
    columns = _taken_apart(inner, joined)
    numbers = columns[0]
    starts = list(compress(count(), map(b"0".__eq__, numbers)))
    lengths = [stop - start for start, stop in zip(starts, [*starts[1:], len(numbers)], strict=True)]
    while len(_numbers) < max(lengths):
        _numbers.append(b"%d" % len(_numbers))
    if list(chain.from_iterable(_numbers[:length] for length in lengths)) != numbers:
        raise BrokenError("the names of an array do not count")
    counts = lengths
    if not all(bodies):
        full = iter(lengths)
        counts = [next(full, 0) if body else 0 for body in bodies]
    if len(counts) != len(bodies) or sum(counts) != len(numbers):
        raise BrokenError("the names of an array do not count")
    field.elements = len(numbers)
    fill(inner.steps, columns, len(numbers))
    return counts


def _taken_apart(inner: Elements, joined: bytes) -> list[list[Any]]:
    """Return the captured groups of elements that lie one behind the other, by group.

    `split` gives what lies between the matches, which is nothing, and their groups in one list: no tuple for each element.
    """
    found = inner.pattern.split(joined)
    width = inner.pattern.groups + 1
    if any(found[::width]):
        raise BrokenError("there is something between the elements of an array")
    return [found[at::width] for at in range(1, width)]
