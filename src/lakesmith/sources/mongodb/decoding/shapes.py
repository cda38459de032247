"""What documents of a collection look like, learned from some of them: which names in which order, with which types of values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field as made
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise

from lakesmith.sources.mongodb.decoding import layout as bson
from lakesmith.sources.mongodb.decoding.extended_json import parts_of
from lakesmith.sources.mongodb.decoding.fields import OLD_BINARY, UUID, Budget, Field, Parts
from lakesmith.sources.mongodb.decoding.layout import length_at

MOST_KINDS = 1_500
"""How many kinds of values a shape may know in all its places."""

FEW_KINDS, MOST_TRIED = 40, 5
"""A shape of more kinds than the first is worth it if at most so many of them are tried for each value of a document."""

DEEPEST = 12
SHORTEST_BINARY, LONGEST_BINARY = 5, 64
MOST_LENGTHS = 4
UUID_BYTES = 16
SUBTYPES = {bson.GENERIC: bson.BINARY, bson.OLD_BINARY: OLD_BINARY, bson.UUID: UUID}

_LEARNABLE = {*bson.FIXED, bson.STRING, bson.OBJECT, bson.ARRAY, bson.BINARY}


@dataclass(slots=True)
class Slot:
    """What may stand in one place: types of values, the shape of objects, what stands in arrays, the lengths of binary values."""

    field: Field
    kinds: dict[int, None] = made(default_factory=dict)
    shape: Shape | None = None
    element: Slot | None = None
    lengths: dict[tuple[int, int], None] = made(default_factory=dict)


@dataclass(slots=True)
class Shape:
    """Names in an order that all documents have, each of which may lack any of them."""

    names: list[bytes] = made(default_factory=list)
    slots: dict[bytes, Slot] = made(default_factory=dict)
    before: dict[bytes, set[bytes]] = made(default_factory=dict)

    def take(self, names: Sequence[bytes]) -> bool:
        """Take in the names of one object; whether there is an order for all objects so far and this one."""
        new = [(one, name) for one, name in pairwise(names) if one not in self.before.get(name, ())]
        for name in names:
            self.before.setdefault(name, set())
        for one, name in new:
            self.before[name].add(one)
        places = {name: place for place, name in enumerate(self.names)}
        found = [places.get(name, -1) for name in names]
        if -1 not in found and found == sorted(found):
            return True
        try:
            self.names = list(TopologicalSorter(self.before).static_order())
        except CycleError:
            for one, name in new:
                self.before[name].discard(one)
            self.before = {name: self.before[name] for name in self.names}
            return False
        return True


class Learner:
    """Learns a shape from documents that are whole and tidy. `is_changed` says whether there was something new."""

    def __init__(self) -> None:
        self.shape = Shape()
        self.kinds = 0
        self._learned = self._values = 0
        self.is_changed = False

    def learn(self, document: bytes, parts: Parts) -> bool:
        """Take in what a document looks like; whether that can be done."""
        if self.kinds > MOST_KINDS or not self._is_known_kind(document, 0, self.shape, 1):
            return False
        self._learned += 1
        return self._object(document, 0, self.shape, parts)

    @property
    def is_worthwhile(self) -> bool:
        """Whether documents have so many of the values that the shape knows that it is quicker to try them all."""
        return self.kinds <= FEW_KINDS or self.kinds * self._learned <= MOST_TRIED * self._values

    def _is_known_kind(self, block: bytes, start: int, shape: Shape, depth: int) -> bool:
        """Whether the values of an object have types that patterns know."""
        return all(
            self._may_be(block, kind, at, shape.slots.get(name), depth) for kind, name, at in parts_of(block, start)
        )

    def _may_be(self, block: bytes, kind: int, at: int, slot: Slot | None, depth: int) -> bool:
        if kind not in _LEARNABLE or depth > DEEPEST:
            return False
        if kind == bson.BINARY:
            length = length_at(block, at)[0]
            known = () if slot is None else slot.lengths
            is_new = (block[at + 4], length) not in known
            return _is_plain(block[at + 4], length) and not (is_new and len(known) >= MOST_LENGTHS)
        if kind == bson.OBJECT:
            inner = slot.shape if slot is not None and slot.shape is not None else Shape()
            return self._is_known_kind(block, at, inner, depth + 1)
        if kind == bson.ARRAY:
            element = None if slot is None else slot.element
            return all(self._may_be(block, one, place, element, depth + 1) for one, _, place in parts_of(block, at))
        return True

    def _object(self, block: bytes, start: int, shape: Shape, parts: Parts) -> bool:
        members = parts_of(block, start)
        for _, name, _ in members:
            if name not in shape.slots:
                admitted = parts.fields.get(name) or parts.admit(name)
                if admitted is None:
                    return False
                admitted.is_kept = True
                shape.slots[name] = Slot(admitted)
        if not shape.take([name for _, name, _ in members]):
            return False
        return all(self._value(block, kind, at, shape.slots[name], parts.budget) for kind, name, at in members)

    def _value(self, block: bytes, kind: int, at: int, slot: Slot, budget: Budget) -> bool:
        self._values += 1
        if kind not in slot.kinds:
            slot.kinds[kind] = None
            self._count()
        if kind == bson.OBJECT:
            if slot.shape is None:
                slot.shape = Shape()
            if slot.field.parts is None:
                slot.field.parts = Parts(budget)
            return self._object(block, at, slot.shape, slot.field.parts)
        if kind == bson.ARRAY:
            return self._array(block, at, slot, budget)
        if kind == bson.BINARY:
            pair = (block[at + 4], length_at(block, at)[0])
            if pair not in slot.lengths:
                slot.lengths[pair] = None
                self._count()
        return True

    def _array(self, block: bytes, at: int, slot: Slot, budget: Budget) -> bool:
        if slot.field.element is None:
            slot.field.element = Field("element")
        for kind, _, place in parts_of(block, at):
            if slot.element is None:
                slot.element = Slot(slot.field.element)
            if not self._value(block, kind, place, slot.element, budget):
                return False
        return True

    def _count(self) -> None:
        self.kinds += 1
        self.is_changed = True


def _is_plain(subtype: int, length: int) -> bool:
    """Whether binary values of a subtype and length are all read alike, and none is without content."""
    if subtype == bson.UUID:
        return length == UUID_BYTES
    return subtype in SUBTYPES and SHORTEST_BINARY <= length <= LONGEST_BINARY
