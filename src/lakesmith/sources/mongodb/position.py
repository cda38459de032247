"""What a position says of a collection: which one it is, how far its cursor was read, and what is done of a plan."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from lakesmith.model.streams import Position, canonical

MOST_HELD = 100_000
"""Of how many documents a position keeps the fingerprints; of more of them it keeps their sum."""
HALF = 16
_WRAP = 1 << 64


@dataclass(frozen=True, slots=True)
class Held:
    """What tells the documents of a cursor's window apart that the lake holds.

    `marks` are their fingerprints, sorted: 16 hexadecimal digits of `_id` and cursor, 16 of the whole document as it was sent. Where
    there are more than `MOST_HELD`, they are left out, and `count` and `sum` of all are what is known.
    """

    marks: tuple[str, ...] = ()
    count: int = 0
    sum: int = 0

    @classmethod
    def of(cls, marks: Sequence[str]) -> Held:
        """Return what is kept of fingerprints."""
        total = sum(int(mark[HALF:], 16) for mark in marks) % _WRAP
        return cls(tuple(sorted(marks)) if len(marks) <= MOST_HELD else (), len(marks), total)

    @classmethod
    def listed(cls, plain: Mapping[str, Any]) -> Held:
        """Return what is written as plain JSON."""
        return cls(tuple(plain["marks"]), plain["count"], plain["sum"])

    def __add__(self, other: Held) -> Held:
        if self.is_whole and other.is_whole:
            return Held.of(tuple({*self.marks, *other.marks}))
        return Held((), self.count + other.count, (self.sum + other.sum) % _WRAP)

    @property
    def is_whole(self) -> bool:
        """Whether all fingerprints are there."""
        return len(self.marks) == self.count


@dataclass(frozen=True, slots=True)
class CursorPlace:
    """How far a cursor was read: all documents up to the value `last` of a type's `bracket`; empty if there was none yet.

    `lower` is where the window of the next load begins, `held` what the lake holds of it. `filter` and `shown` are hashes of the
    filter and of the fields that are read: other ones make other fingerprints. `salt` is what fingerprints begin with where some
    values are masked. `ids` are the brackets of the `_id`s that came.
    """

    field: str
    bracket: str = ""
    last: str = ""
    lower: str = ""
    filter: str = ""
    shown: str = ""
    salt: str = ""
    ids: tuple[str, ...] = ()
    held: Held = dataclasses.field(default_factory=Held)

    @classmethod
    def of(cls, plain: Mapping[str, Any]) -> CursorPlace:
        """Return what is written as plain JSON."""
        return cls(**{**plain, "ids": tuple(plain["ids"]), "held": Held.listed(plain["held"])})


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a plan: the `_id`s from `low` on and below `high`, as positions keep values, empty without a bound.

    `ids` says of which types these are: empty for all, in MongoDB's order of them; "objectId" for these alone, "others" for all others.
    `above`, `since` and `upto` bound the cursor: greater than, not less than, and not greater than these values; `below` less than.
    `is_marked`: the fingerprints of its documents are kept from the plan's `lower` on; `is_window`: some of them may be held.
    """

    low: str = ""
    high: str = ""
    ids: str = ""
    above: str = ""
    since: str = ""
    upto: str = ""
    below: str = ""
    is_marked: bool = False
    is_window: bool = False

    def listed(self) -> dict[str, Any]:
        """Return it as plain JSON, without what says nothing."""
        return {name: value for name, value in asdict(self).items() if value}


@dataclass(frozen=True, slots=True)
class Plan:
    """What a load with a cursor reads, how much of it is `done`, and where the cursor is at its end, with what came until then.

    `late` is what came from before the window of that end: it is forgotten when the plan is done.
    """

    id: str
    parts: tuple[Part, ...]
    end: CursorPlace
    done: int = 0
    late: Held = dataclasses.field(default_factory=Held)

    @classmethod
    def of(cls, plain: Mapping[str, Any]) -> Plan:
        """Return what is written as plain JSON."""
        return cls(
            plain["id"],
            tuple(Part(**one) for one in plain["parts"]),
            CursorPlace.of(plain["end"]),
            plain["done"],
            Held.listed(plain["late"]),
        )

    def listed(self) -> dict[str, Any]:
        """Return it as plain JSON."""
        return {
            "id": self.id,
            "parts": [part.listed() for part in self.parts],
            "end": asdict(self.end),
            "done": self.done,
            "late": asdict(self.late),
        }


@dataclass(frozen=True, slots=True)
class Whole:
    """A plan of all documents without a cursor: its name, how many of its splits are done, and of how many."""

    plan: str
    done: int
    count: int


@dataclass(frozen=True, slots=True)
class Place:
    """All that a position says. `uuid` is the collection's own, empty for a view. `plan` is one that is not read to its end."""

    database: str
    collection: str
    uuid: str = ""
    cursor: CursorPlace | None = None
    plan: Plan | None = None
    whole: Whole | None = None

    def encode(self) -> Position:
        """Return it as canonical JSON."""
        told: dict[str, Any] = {"database": self.database, "collection": self.collection, "uuid": self.uuid}
        told |= {"cursor": asdict(self.cursor)} if self.cursor else {}
        told |= {"plan": self.plan.listed()} if self.plan else {}
        told |= {"whole": asdict(self.whole)} if self.whole else {}
        return canonical(told)

    @classmethod
    def decode(cls, position: Position | None) -> Place | None:
        """Return what a position says, None if nothing was read yet."""
        plain: Mapping[str, Any] = json.loads(position or b"{}")
        if not plain:
            return None
        cursor, plan, whole = plain.get("cursor"), plain.get("plan"), plain.get("whole")
        return cls(
            plain["database"],
            plain["collection"],
            plain["uuid"],
            CursorPlace.of(cursor) if cursor else None,
            Plan.of(plan) if plan else None,
            Whole(**whole) if whole else None,
        )

    def after(self, held: Held, ids: Sequence[str], late: Held) -> Place:
        """Return the place after the next part of its plan, which left `held` and met these brackets of `_id`s."""
        plan = self.plan
        if plan is None:
            return self
        met = tuple(sorted({*plan.end.ids, *ids}))
        moved = replace(
            plan, done=plan.done + 1, late=plan.late + late, end=replace(plan.end, held=plan.end.held + held, ids=met)
        )
        if moved.done == len(moved.parts):
            return replace(self, plan=None, cursor=moved.end)
        return replace(self, plan=moved)
