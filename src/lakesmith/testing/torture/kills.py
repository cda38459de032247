"""Kills victims: at every crash point, at every point that recovery passes, and at random times."""

from __future__ import annotations

import random
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from lakesmith.testing.torture import victims
from lakesmith.testing.torture.crew import Told
from lakesmith.testing.torture.ordeals import Ordeal

ROUNDS = 20
"""Kills at random times of one and the same lake, which grows, before a new one begins."""


@dataclass(frozen=True, slots=True)
class Grave:
    """Where one ordeal is killed: `start` is the state before, `home` where it is played; a lake works in one place only."""

    ordeal: Ordeal
    place: Path

    @property
    def home(self) -> Path:
        """Where victims work."""
        return self.place / "home"

    def prepare(self) -> None:
        """Make the state before.

        Raises:
            RuntimeError: If that failed, though nobody was killed.
        """
        shutil.rmtree(self.place, ignore_errors=True)
        self.home.mkdir(parents=True)
        self._need(victims.run(lambda: self.ordeal.prepare(self.home), self.place))
        self.save("start")

    def save(self, name: str) -> None:
        """Keep the state as it is now."""
        shutil.rmtree(self.place / name, ignore_errors=True)
        shutil.copytree(self.home, self.place / name, symlinks=True)

    def restore(self, name: str) -> None:
        """Go back to a state."""
        shutil.rmtree(self.home)
        shutil.copytree(self.place / name, self.home, symlinks=True)

    def points(self) -> list[str]:
        """Return the crash points of an unharmed pass, from its log."""
        self.restore("start")
        end, points = victims.log_points(self._act, self.place)
        self._need(end)
        return points

    def kill(self, point: str) -> bool:
        """Run until a crash point; return whether the victim died there."""
        return victims.run(self._act, self.place, victims.killed_at(point)).was_killed

    def recover(self) -> tuple[str, list[str]]:
        """Run again, unharmed, and check all contents; return what is broken, if anything, and the points that were passed."""
        end, points = victims.log_points(self._act_and_check, self.place)
        return ("" if end.went_well else end.complaint or f"ended with {end}"), points

    def grow(self, round_: int) -> None:
        """Give the ordeal something new to do."""
        self._need(victims.run(partial(self.ordeal.grow, self.home, round_), self.place))

    def _act(self) -> None:
        self.ordeal.act(self.home)

    def _act_and_check(self) -> None:
        self.ordeal.act(self.home)
        self.ordeal.check(self.home)

    def _need(self, end: victims.End) -> None:
        if not end.went_well:
            raise RuntimeError(f"{self.ordeal.name} failed unharmed: {end.complaint or end}")


def points_of(ordeal: Ordeal, place: Path) -> list[str]:
    """Return the crash points an ordeal passes when nobody is killed."""
    grave = Grave(ordeal, place)
    grave.prepare()
    return grave.points()


def kill_at(ordeal: Ordeal, point: str, place: Path, *, twice: Callable[[int], bool] = lambda _number: True) -> Told:
    """Kill at one point, recover and check; then kill once more at each point that the recovery passes.

    Args:
        ordeal: What is killed.
        point: Where, as `name:n`.
        place: A folder of its own.
        twice: Whether to kill a second time at the point of that number of the recovery.
    """
    grave = Grave(ordeal, place)
    grave.prepare()
    return kill_from_start(grave, point, twice)


def kill_from_start(grave: Grave, point: str, twice: Callable[[int], bool]) -> Told:
    """Do what `kill_at` does in a grave that was prepared; it stands at its start."""
    name = grave.ordeal.name
    told: Told = {"ordeal": name, "point": point, "kills": 0, "second": 0, "broken": [], "passed": []}
    died = grave.kill(point)
    told["kills"] += died
    if not died:
        told["broken"].append(f"{name}: the victim did not die at {point}")
    grave.save("killed")
    broken, points = grave.recover()
    told["passed"] = points
    if broken:
        told["broken"].append(f"{name}: killed at {point}: {broken}")
    for number, second in enumerate(firsts(points)):
        if twice(number):
            grave.restore("killed")
            told["second"] += grave.kill(second)
            broken, _points = grave.recover()
            if broken:
                told["broken"].append(f"{name}: killed at {point}, then at {second}: {broken}")
    return told


def firsts(points: Sequence[str]) -> list[str]:
    """Return the first pass of every point."""
    return list({point.partition(":")[0]: point for point in reversed(points)}.values())[::-1]


def kill_at_random(ordeal: Ordeal, kills: int, seed: int, place: Path) -> Told:
    """Kill at random times while one lake grows; after each round all contents are checked."""
    chance = random.Random(seed)  # noqa: S311 - repeatable on purpose, as far as times are
    grave = Grave(ordeal, place)
    grave.prepare()
    began = time.perf_counter()
    grave.points()
    usual_s = time.perf_counter() - began
    grave.restore("start")
    told: Told = {"ordeal": ordeal.name, "kills": 0, "rounds": 0, "broken": []}
    while told["kills"] < kills:
        while told["kills"] < kills:
            end = victims.run_until(grave._act, place, chance.uniform(0, 1.05 * usual_s))  # noqa: SLF001 - its own module
            told["kills"] += end.was_killed
            if end.complaint or chance.random() < 0.4:  # noqa: PLR2004 - else it is killed again while it recovers
                break
            if end.went_well:
                break
        broken, _points = grave.recover()
        told["rounds"] += 1
        if broken:
            told["broken"].append(f"{ordeal.name}, seed {seed}, round {told['rounds']}: {broken}")
            return told
        grave.grow(told["rounds"])
    return told
