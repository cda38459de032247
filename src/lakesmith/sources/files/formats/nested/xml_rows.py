"""Rows of XML as Arrow columns: all elements at one path are taken together, which costs a fraction of going row by row."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, chain, repeat
from typing import Any
from xml.etree.ElementTree import Element

import pyarrow as pa

from lakesmith.model.streams import TEXT_KEY
from lakesmith.sources.files.formats.nested.json_kinds import without_columns
from lakesmith.sources.files.formats.nested.xml_tree import NIL, TEXT, TRUE, Names, Shape, markup

Texts = list[str | None]


@dataclass(slots=True)
class Below:
    """The children of one name of some elements: which of those each of them belongs to, in order."""

    owners: Sequence[int]
    elements: list[Element]
    found: Found | None = None


@dataclass(slots=True)
class Found:
    """What some elements at one path hold. `own` are their texts, None where they have children instead, or nothing but attributes.

    `nil` are the places of those that say that they are nil, `not_nil` of others that say something about it.
    """

    count: int
    own: Texts
    attributes: dict[str, dict[int, str]] = field(default_factory=dict)
    below: dict[str, Below] = field(default_factory=dict)
    nil: list[int] = field(default_factory=list)
    not_nil: list[int] = field(default_factory=list)


def batch_of(rows: Sequence[Element], shape: Shape, names: Names) -> pa.RecordBatch:
    """Return rows as Arrow columns, and take in what they hold into `shape`; texts right below a row are marked as such."""
    found = gather(rows, shape, names)
    shape.settle()
    arrays, fields = [], []
    for name, part in shape.parts.items():
        kind = part.type
        arrays.append(_part(name, part, found))
        fields.append(pa.field(name, kind, metadata={TEXT_KEY: b"1"} if kind == pa.string() else None))
    if not fields:
        return without_columns(len(rows))
    return pa.RecordBatch.from_arrays(arrays, schema=pa.schema(fields))


def gather(elements: Sequence[Element], shape: Shape, names: Names) -> Found:
    """Return what elements at one path hold, and take it in into their shape."""
    found = Found(len(elements), [element.text or "" for element in elements])
    _gather_attributes(elements, found, names)
    for name in found.attributes:
        shape.is_struct = True
        shape.part(f"@{name}")
    sizes = list(map(len, elements))
    if any(sizes):
        _gather_children(elements, sizes, found, names)
    for name, below in found.below.items():
        shape.is_struct = True
        part = shape.part(name)
        part.is_list = part.is_list or _is_repeated(below.owners)
        below.found = gather(below.elements, part, names)
    shape.has_text = shape.has_text or _has_text(found)
    return found


def _is_repeated(owners: Sequence[int]) -> bool:
    return not isinstance(owners, range) and len(set(owners)) < len(owners)


def _has_text(found: Found) -> bool:
    """Whether there is text: blanks count where they stand beside attributes only."""
    if any(map(str.strip, filter(None, set(found.own)))):
        return True
    beside = {at for values in found.attributes.values() for at in values}.union(found.not_nil)
    return any(found.own[at] for at in beside)


def _gather_attributes(elements: Sequence[Element], found: Found, names: Names) -> None:
    """Take the attributes; an element that has only these has no text of its own."""
    own = found.own
    known: dict[str, dict[int, str]] = {}  # those whose name in the file is that of the column
    some = [(at, items) for at, items in enumerate(map(Element.items, elements)) if items]
    for at, items in some:
        for name, text in items:
            column = known.get(name)
            if column is None:
                if ":" in name or name == "xmlns":
                    _gather_odd(elements[at], at, found, names)
                    break
                column = known[name] = found.attributes.setdefault(name, {})
            column[at] = text
        else:
            if not own[at] and not len(elements[at]):
                own[at] = None


def _gather_odd(element: Element, at: int, found: Found, names: Names) -> None:
    """Take the attributes of an element some of which have prefixes, or are none."""
    attributes = names.of(element.attrib)
    said = attributes.pop(NIL, None)
    for name, text in attributes.items():
        found.attributes.setdefault(name, {})[at] = text
    found.not_nil += [at] if said is not None else []
    if (attributes or said is not None) and not element.text and not len(element):
        found.own[at] = None
        if said in TRUE:
            found.nil.append(at)


def _gather_children(elements: Sequence[Element], sizes: list[int], found: Found, names: Names) -> None:
    """Take the children; elements that mix them with text have text instead."""
    children = list(chain.from_iterable(elements))
    texts = {child.tail for child in children}.union(
        element.text for element, size in zip(elements, sizes, strict=True) if size
    )
    mixed = _mixed(elements, sizes, found, names) if any(text and text.strip() for text in texts) else set()
    found.own = [
        None if size and at not in mixed else text for at, (text, size) in enumerate(zip(found.own, sizes, strict=True))
    ]
    if mixed:
        sizes = [0 if at in mixed else size for at, size in enumerate(sizes)]
        children = [child for element, size in zip(elements, sizes, strict=True) if size for child in element]
    if not _gather_alike(children, sizes, found):
        _gather_by_name(children, sizes, found)


def _gather_alike(children: list[Element], sizes: list[int], found: Found) -> bool:
    """Take children that have the same names in the same order in all elements, if they do, without a look at each."""
    size, count = sizes[0], len(sizes)
    tags = [child.tag for child in children[:size]]
    if not size or len(set(tags)) < size or size * count != len(children) or sizes.count(size) < count:
        return False
    if [child.tag for child in children] != tags * count:
        return False
    found.below = {tag: Below(range(count), children[at::size]) for at, tag in enumerate(tags)}
    return True


def _gather_by_name(children: list[Element], sizes: list[int], found: Found) -> None:
    owners = chain.from_iterable(map(repeat, range(len(sizes)), sizes))
    take: dict[str, tuple[Callable[[int], None], Callable[[Element], None]]] = {}
    for owner, child in zip(owners, children, strict=True):
        tag = child.tag
        if tag not in take:
            places: list[int] = []
            below = found.below[tag] = Below(places, [])
            take[tag] = (places.append, below.elements.append)
        own, keep = take[tag]
        own(owner)
        keep(child)


def _mixed(elements: Sequence[Element], sizes: list[int], found: Found, names: Names) -> set[int]:
    """Return the places of elements that mix text and elements, and take their content as text."""
    mixed = set()
    for at, (element, size) in enumerate(zip(elements, sizes, strict=True)):
        texts = (element.text, *(child.tail for child in element)) if size else ()
        if any(text and text.strip() for text in texts):
            mixed.add(at)
            found.own[at] = markup(element, names).strip()
    return mixed


def _array(found: Found, shape: Shape) -> pa.Array[Any]:
    """Return one value for each of the elements."""
    kind: Any = shape.one
    if not pa.types.is_struct(kind):
        texts = found.own if None not in found.own else [text or "" for text in found.own]
        for at in found.nil:
            texts[at] = None
        return pa.array(texts, pa.string())
    parts = [_part(name, part, found) for name, part in shape.parts.items()]
    mask = None
    if found.nil:
        nil = set(found.nil)
        mask = pa.array([at in nil for at in range(found.count)])
    return pa.StructArray.from_arrays(parts, fields=list(kind), mask=mask)


def _part(name: str, shape: Shape, found: Found) -> pa.Array[Any]:
    """Return one part of each of the elements, null where they do not have it."""
    if name == TEXT:
        return pa.array(found.own, pa.string())
    values = found.attributes.get(name[1:]) if name.startswith("@") else None
    if values is not None:
        return pa.array(map(values.get, range(found.count)), pa.string(), size=found.count)
    below = found.below.get(name)
    if below is None or below.found is None:
        kind: Any = shape.type
        nothing: pa.Array[Any] = pa.nulls(found.count, kind)
        return nothing
    array = _array(below.found, shape)
    return _listed(array, below.owners, found.count) if shape.is_list else _placed(array, below.owners, found.count)


def _placed(array: pa.Array[Any], owners: Sequence[int], count: int) -> pa.Array[Any]:
    """Return the values at the places of their owners."""
    if len(owners) == count:
        return array
    places: list[int | None] = [None] * count
    for at, owner in enumerate(owners):
        places[owner] = at
    return array.take(pa.array(places, pa.int32()))


def _listed(array: pa.Array[Any], owners: Sequence[int], count: int) -> pa.Array[Any]:
    """Return the values of each owner as a list, null where there are none."""
    sizes = [0] * count
    for owner in owners:
        sizes[owner] += 1
    ends = accumulate(sizes, initial=0)
    starts = [start if size else None for start, size in zip(ends, sizes, strict=False)]
    return pa.ListArray.from_arrays(pa.array([*starts, len(owners)], pa.int32()), array)
