"""What a table's metadata says of its versions and of what is built aside, and the laws of their numbers; read without the code under test."""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lakesmith.testing.torture.laws import BrokenError
from lakesmith.testing.torture.oracle import CHECKPOINT, ancestors, clock_faults, head

BUILD = "lakesmith_build"
FRESH = "lakesmith.fresh"
"""What the first commit of a generation that is built aside bears."""

Number = tuple[int, int]
"""A commit's ordinal and generation."""


@dataclass(frozen=True, slots=True)
class Versions:
    """The snapshot that readers see, the numbers of the commits that led to it and of those that are built aside, oldest first."""

    head: int | None = None
    seen: tuple[Number, ...] = ()
    aside: tuple[Number, ...] = ()
    faults: tuple[str, ...] = ()
    """What is wrong with the order of times."""

    @property
    def newest(self) -> Number:
        """The number of the commit in force."""
        return self.seen[-1] if self.seen else (0, 0)

    @property
    def highest(self) -> int:
        """The highest ordinal that was given."""
        return max((ordinal for ordinal, _generation in (*self.seen, *self.aside)), default=0)

    @property
    def is_building(self) -> bool:
        """Whether a part of a generation waits aside that was begun on what readers see."""
        return bool(self.aside) and self.aside[0][0] > self.newest[0]

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return {"head": self.head, "seen": self.seen, "aside": self.aside, "faults": self.faults}

    @classmethod
    def of_json(cls, said: Mapping[str, Any]) -> Versions:
        """Return what `as_json` returned."""
        seen, aside = (tuple((ordinal, generation) for ordinal, generation in said[name]) for name in ("seen", "aside"))
        return cls(said["head"], seen, aside, tuple(said["faults"]))


def versions_in(metadata: dict[str, Any]) -> Versions:
    """Return the versions that a table's metadata knows."""
    seen = ancestors(metadata, head(metadata))
    known = {snapshot["snapshot-id"] for snapshot in seen}
    build = (metadata.get("refs") or {}).get(BUILD)
    aside: list[dict[str, Any]] = []
    for snapshot in ancestors(metadata, build["snapshot-id"]) if build else ():
        if snapshot["snapshot-id"] in known:
            break
        aside.append(snapshot)
        if FRESH in snapshot["summary"]:
            break
    return Versions(head(metadata), _numbers(seen), _numbers(aside), tuple(clock_faults(metadata)))


def _numbers(newest_first: list[dict[str, Any]]) -> tuple[Number, ...]:
    said = [json.loads(one["summary"][CHECKPOINT]) for one in reversed(newest_first) if CHECKPOINT in one["summary"]]
    told = [one.get("outline", one) for one in said]  # of a large checkpoint the rest lies aside
    return tuple((int(one["ordinal"]), int(one["generation"])) for one in told)


@dataclass(slots=True)
class Chronicle:
    """What was known of a stream's versions when it was looked at last; each look has to go on from there."""

    mode: str
    last: Versions = field(default_factory=Versions)

    def look(self, now: Versions) -> None:
        """Check the numbers of a table, by themselves and against what was known.

        Raises:
            BrokenError: If a number is given twice or goes back, or a time does.
        """
        faults = list(now.faults)
        ordinals, generations = zip(*now.seen, strict=True) if now.seen else ((), ())
        if not _rises(ordinals):
            faults.append(f"ordinals in the order of commits are {ordinals}")
        if not (_rises(generations) if self.mode == "replace" else list(generations) == sorted(generations)):
            faults.append(f"generations in the order of commits are {generations}")
        faults += self._aside(now)
        if now.head != self.last.head and self.last.seen and not _is_after(now.newest, self.last.newest):
            faults.append(f"readers saw {self.last.newest}, and then {now.newest}")
        if now.highest < self.last.highest:
            faults.append(f"the highest ordinal was {self.last.highest} and is {now.highest}")
        if faults:
            raise BrokenError("order", f"{self.mode}: {'; '.join(faults)}")
        self.last = now

    def came_back(self, now: Versions) -> None:
        """Check what a rollback left: it is above all that was known, and nothing that waits aside is wanted any more.

        Raises:
            BrokenError: If its ordinal or its generation was given before.
        """
        known = (self.last.newest, *self.last.aside)
        if not all(now.newest[0] > ordinal for ordinal, _generation in known) or not now.newest[1] > known[0][1]:
            raise BrokenError("order", f"{self.mode}: the rollback has {now.newest}, and there were {known}")

    def _aside(self, now: Versions) -> list[str]:
        ordinals = tuple(ordinal for ordinal, _generation in now.aside)
        generations = {generation for _ordinal, generation in now.aside}
        twice = sorted(set(ordinals) & {ordinal for ordinal, _generation in now.seen})
        faults = [f"ordinals {twice} stand aside too"] if twice else []
        if not _rises(ordinals) or len(generations) > 1:
            faults.append(f"aside stand {now.aside}")
        if now.is_building and min(generations) <= now.newest[1]:
            faults.append(f"generation {min(generations)} is built aside, and readers see {now.newest[1]}")
        return faults


def _rises(numbers: tuple[int, ...]) -> bool:
    return all(one < other for one, other in itertools.pairwise(numbers))


def _is_after(now: Number, before: Number) -> bool:
    return now[0] > before[0] and now[1] >= before[1]
