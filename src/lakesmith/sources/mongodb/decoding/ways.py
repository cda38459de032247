"""The patterns that a decoder has learned from the documents it met, and which documents they fit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lakesmith.sources.mongodb.decoding.fields import Parts
from lakesmith.sources.mongodb.decoding.inspecting import tidied
from lakesmith.sources.mongodb.decoding.layout import BrokenError
from lakesmith.sources.mongodb.decoding.matching import Column, fill
from lakesmith.sources.mongodb.decoding.patterns import Elements, compiled
from lakesmith.sources.mongodb.decoding.shapes import Learner

MOST_SHAPES = 4
SAMPLE = 300
WORTH_LEARNING = 16
"""How many documents have to be unlike all that is known before there is something to learn."""

PATIENCE, HOPELESS = 12, 6
"""How often nothing may be gained by learning before it is given up, and how often a shape counts that was too wide."""

Place = tuple[int, int]


@dataclass(slots=True)
class _Way:
    learner: Learner
    pattern: Elements


@dataclass(frozen=True, slots=True)
class Matched:
    """Documents that a pattern fits, taken apart."""

    places: list[Place]
    columns: list[Column]
    pattern: Elements

    def only(self, rows: Sequence[int]) -> Matched:
        """Return some of the documents."""
        columns: list[Column] = [[column[row] for row in rows] for column in self.columns]
        return Matched([self.places[row] for row in rows], columns, self.pattern)

    def fill(self, parts: Parts) -> None:  # noqa: ARG002 - the steps know their fields
        """Add the values to the fields, which must have none.

        Raises:
            BrokenError: If the documents have to be read otherwise.
        """
        fill(self.pattern.steps, self.columns, len(self.places))


class Ways:
    """Learns patterns, a few at most."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._ways: list[_Way] = []
        self._patience = PATIENCE

    def match(self, block: bytes, places: Sequence[Place]) -> tuple[list[Matched], list[Place]]:
        """Return the documents that patterns fit, by pattern, and those that none fits, in their order."""
        matched, left = self._matched(block, places)
        while len(left) >= WORTH_LEARNING and self._patience > 0 and self._learn(block, left):
            before = len(left)
            matched, left = self._matched(block, places)
            if before - len(left) < before // 4:
                self._patience -= 1
        return matched, left

    def _matched(self, block: bytes, places: Sequence[Place]) -> tuple[list[Matched], list[Place]]:
        matched, left = [], list(places)
        for way in self._ways:
            found, left = _split(way.pattern, block, left)
            if found is not None:
                matched.append(found)
        return matched, left

    def _learn(self, block: bytes, places: Sequence[Place]) -> bool:
        """Learn from a sample of documents; whether there is anything new."""
        sample = [block[start:end] for start, end in places[:: max(1, len(places) // SAMPLE)]]
        learners = [way.learner for way in self._ways]
        for document in sorted(filter(_is_tidy, sample), key=len, reverse=True):
            if not any(learner.learn(document, self._parts) for learner in learners) and len(learners) < MOST_SHAPES:
                learner = Learner()
                if learner.learn(document, self._parts):
                    learners.append(learner)
        lost = [learner for learner in learners if not learner.is_worthwhile]
        learners = [learner for learner in learners if learner.is_worthwhile]
        self._patience -= HOPELESS * len(lost)
        changed = [learner for learner in learners if learner.is_changed]
        ways = {id(way.learner): way for way in self._ways}
        self._ways = [
            _Way(learner, compiled(learner.shape)) if learner.is_changed else ways[id(learner)] for learner in learners
        ]
        for learner in learners:
            learner.is_changed = False
        if not changed:
            self._patience -= 1
        return bool(changed)


def _split(pattern: Elements, block: bytes, places: Sequence[Place]) -> tuple[Matched | None, list[Place]]:
    match = pattern.pattern.fullmatch
    found = [match(block, start, end) for start, end in places]
    groups = [one.groups() for one in found if one is not None]
    if not groups:
        return None, list(places)
    if len(groups) == len(places):
        return Matched(list(places), list(zip(*groups, strict=True)), pattern), []
    fit = [place for place, one in zip(places, found, strict=True) if one is not None]
    left = [place for place, one in zip(places, found, strict=True) if one is None]
    return Matched(fit, list(zip(*groups, strict=True)), pattern), left


def _is_tidy(document: bytes) -> bool:
    try:
        return tidied(document) == document
    except BrokenError:
        return False
