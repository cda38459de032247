"""Kills of loads of every kind of file: the first ones where files matter, and a random part of the second ones."""

from __future__ import annotations

import contextlib
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from lakesmith.testing.torture.arrivals import ARRIVALS
from lakesmith.testing.torture.bucket import may_serve, serve
from lakesmith.testing.torture.crew import Told
from lakesmith.testing.torture.deliveries import EVERYWHERE, SAMPLED
from lakesmith.testing.torture.far import FarLoads
from lakesmith.testing.torture.kills import Grave, kill_at_random, kill_from_start
from lakesmith.testing.torture.ordeals import Ordeal
from lakesmith.testing.torture.papers import Papers
from lakesmith.testing.torture.parts import GROWING_PARTS

POINTS = ("run.load.", "lake.stage.", "sources.")
"""How the names of crash points begin at which it matters what is loaded."""
SAMPLE = 0.3
"""The part of the points at which loads of those modes are killed that CSV proves anyway."""
SECOND = 0.1
"""The part of the points of a recovery at which it is killed as well."""
PAPERS = Papers(), Papers("dedupe")
PAPER_KILLS = 15


@dataclass(frozen=True, slots=True)
class Plan:
    """An ordeal and how much of it is done: the parts of its first and second kills, and how many come at random times instead."""

    ordeal: Ordeal
    first: float = 1.0
    second: float = SECOND
    at_random: int = 0

    @property
    def format(self) -> str:
        """What its kills are counted under."""
        return self.ordeal.name.partition(",")[0]


@contextlib.contextmanager
def plans(place: Path, every: int) -> Iterator[list[Plan]]:
    """Return what is to be done while a bucket is there; with `every` beyond 1 a part of the ordeals, with few kills each."""
    with contextlib.ExitStack() as stack:
        found = [Plan(ordeal) for ordeal in EVERYWHERE + ARRIVALS] + [Plan(ordeal, SAMPLE) for ordeal in SAMPLED]
        found += [Plan(ordeal, 1.0 if ordeal.mode == "append" else SAMPLE) for ordeal in GROWING_PARTS]
        if may_serve():
            port = stack.enter_context(serve(place))
            found += [Plan(FarLoads(mode, later=True, port=port), SAMPLE) for mode in ("append", "dedupe", "replace")]
        found += [Plan(ordeal, at_random=PAPER_KILLS) for ordeal in PAPERS]
        yield [_reduced(plan, every) for plan in found[:: max(1, every // 3)]]


def _reduced(plan: Plan, every: int) -> Plan:
    return replace(plan, first=plan.first / every, at_random=-(-plan.at_random // every))


def do(plan: Plan, place: Path) -> Told:
    """Do one plan in a folder of its own; tell how many were killed, what is broken, and which points were passed."""
    told: Told = {"format": plan.format, "first": 0, "second": 0, "random": 0, "passed": [], "broken": []}
    if plan.at_random:
        done = kill_at_random(plan.ordeal, plan.at_random, len(plan.ordeal.name), place)
        return {**told, "random": done["kills"], "broken": done["broken"]}
    grave = Grave(plan.ordeal, place)
    grave.prepare()
    points = grave.points()
    told["passed"] = points
    for point in _chosen([point for point in points if point.startswith(POINTS)], plan):
        grave.restore("start")
        chance = random.Random(f"{plan.ordeal.name} {point}")  # noqa: S311 - repeatable on purpose
        done = kill_from_start(grave, point, partial(_is_drawn, chance, plan.second))
        told["first"] += done["kills"]
        told["second"] += done["second"]
        told["broken"] += done["broken"]
        told["passed"] += done["passed"]
    return {**told, "passed": sorted({point.partition(":")[0] for point in told["passed"]})}


def _is_drawn(chance: random.Random, share: float, _number: int) -> bool:
    return chance.random() < share


def _chosen(points: Sequence[str], plan: Plan) -> list[str]:
    """Return the points of first kills: all, or a part that is drawn, one at least."""
    count = max(1, round(len(points) * plan.first))
    drawn = random.Random(plan.ordeal.name).sample(range(len(points)), count)  # noqa: S311 - repeatable on purpose
    return [points[at] for at in sorted(drawn)]


def figures(told: Sequence[Told]) -> dict[str, Any]:
    """Return what was done as figures: kills by what was loaded, of each kind, and the points that were passed."""
    kills: dict[str, Counter[str]] = {}
    for one in told:
        kills.setdefault(one["format"], Counter()).update({kind: one[kind] for kind in ("first", "second", "random")})
    total = sum(kills.values(), Counter[str]())
    return {
        "kills": {name: dict(counted) for name, counted in sorted(kills.items())},
        "points": sorted({point for one in told for point in one["passed"]}),
        **{kind: total[kind] for kind in ("first", "second", "random")},
    }
