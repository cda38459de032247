"""The parts of the proof: histories, kills, mutants. Each takes a budget, tells how it goes, and returns what it found."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lakesmith.testing.torture import victims
from lakesmith.testing.torture.crew import Told, work
from lakesmith.testing.torture.kills import kill_at, kill_at_random, points_of
from lakesmith.testing.torture.ordeals import Ordeal

PER_TASK = 25
"""Histories that a worker plays before it tells."""
SEEDS_PER_MUTANT = 600


@dataclass(frozen=True, slots=True)
class Budget:
    """How much is done; with `every` n only each nth kill at a crash point is made, with `second_every` each nth second one."""

    histories: int = 10_000
    first_seed: int = 0
    random_kills: int = 1_000
    every: int = 1
    second_every: int = 1
    mutant_seeds: int = SEEDS_PER_MUTANT
    fault_times: int | None = None
    towns: int = 55
    """Histories of a PostgreSQL server, each of about so many operations:"""
    town_steps: int = 420
    markets: int = 24
    """Histories of a MongoDB server, each of about so many operations:"""
    market_steps: int = 800
    workers: int = 2


QUICK = Budget(
    histories=200, random_kills=10, every=15, second_every=25, mutant_seeds=0, fault_times=1, towns=2, markets=2
)


@dataclass(slots=True)
class Found:
    """What one part did, by name, and what is broken: texts that tell how to see it again."""

    figures: dict[str, Any] = field(default_factory=dict)
    broken: list[str] = field(default_factory=list)
    kinds: Counter[str] = field(default_factory=Counter)


Say = Callable[[str], None]


def play_histories(budget: Budget, say: Say) -> Found:
    """Play seeded histories; a failure is shrunk and told as a story."""
    found, first_seed = Found(), budget.first_seed
    ends = range(first_seed, first_seed + budget.histories, PER_TASK)
    tasks = [(start, min(start + PER_TASK, first_seed + budget.histories)) for start in ends]
    done = landed = 0
    steps: Counter[str] = Counter()
    for told in reported("histories", work(tasks, _play, workers=budget.workers), len(tasks), say):
        done, landed = done + told["played"], landed + told["landed"]
        steps.update(told["steps"])
        found.broken += told["broken"]
        found.kinds.update(told["kinds"])
    found.figures = {
        "histories": done,
        "commits": landed,
        "steps": dict(sorted(steps.items())),
        "seeds": [first_seed, first_seed + budget.histories - 1],
    }
    return found


def _play(task: tuple[int, int], _worker: int) -> Told:
    from lakesmith.testing.torture.history import play
    from lakesmith.testing.torture.story import write_story
    from lakesmith.testing.torture.world import pausing

    told: Told = {"played": 0, "landed": 0, "broken": [], "kinds": {}, "steps": {}}
    steps: Counter[str] = Counter()
    kinds: Counter[str] = Counter()
    with pausing():
        for seed in range(*task):
            story = write_story(seed)
            history = play(story)
            told["played"] += 1
            told["landed"] += history.landed
            steps.update(step.kind for step in story.steps)
            if history.broken is not None:
                kinds[history.broken.kind] += 1
                told["broken"].append(explain(seed))
    return {**told, "steps": steps, "kinds": kinds}


def explain(seed: int) -> str:
    """Return the story of a seed, made as short as it can be while it still breaks the same law; to be called while `pausing`."""
    from lakesmith.testing.torture.history import play
    from lakesmith.testing.torture.story import Story, shrink, write_story

    whole = play(write_story(seed))
    if whole.broken is None:
        return "\n".join([f"seed {seed}: all laws hold", *whole.told])
    kind = whole.broken.kind

    def breaks(story: Story) -> bool:
        """Whether a story breaks the same law."""
        broken = play(story).broken
        return broken is not None and broken.kind == kind

    short = play(shrink(whole.story, breaks))
    head = f"seed {seed}, mode {short.story.mode}, keeps {short.story.keep} snapshots: {short.broken}"
    return "\n".join([head, *short.told])


def catch_mutants(budget: Budget, say: Say, place: Path) -> Found:
    """Play histories with each mutant in place, until one is caught; in processes of their own, so that no mutant stays."""
    from lakesmith.testing.torture.mutants import MUTANTS

    found, caught = Found(), {}
    names = list(MUTANTS)

    def try_one(name: str, worker: int) -> Told:
        """Try one mutant in a child."""
        answer = place / f"mutant-{worker}.txt"
        answer.unlink(missing_ok=True)
        end = victims.run(lambda: answer.write_text(_catch(name, budget.mutant_seeds)), place)
        return {"mutant": name, "how": answer.read_text() if end.went_well else end.complaint, "well": end.went_well}

    place.mkdir(parents=True, exist_ok=True)
    for told in reported("mutants", work(names, try_one, workers=budget.workers), len(names), say):
        if not told["well"]:
            found.broken.append(f"mutant {told['mutant']} could not be tried: {told['how']}")
        caught[told["mutant"]] = bool(told["how"]) and told["well"]
        say(f"  {told['mutant']}: {told['how'].splitlines()[0] if told['how'] else 'NOT CAUGHT'}")
    found.figures = {"mutants": {name: caught[name] for name in names}}
    found.broken += [f"mutant {name!r} was not caught: the proof is too weak" for name in names if not caught[name]]
    return found


def _catch(name: str, seeds: int) -> str:
    """Return how a mutant is caught, empty if it is not."""
    from lakesmith.testing.torture.history import play
    from lakesmith.testing.torture.mutants import DIRECTED, THEMES, applied
    from lakesmith.testing.torture.story import write_story
    from lakesmith.testing.torture.world import pausing

    with applied(name), pausing():
        for number, story in enumerate(DIRECTED.get(name, ())):
            history = play(story)
            if history.broken is not None:
                return f"directed story {number}: {history.broken}"
        for seed in range(seeds):
            history = play(write_story(seed, theme=THEMES.get(name)))
            if history.broken is not None:
                return f"seed {seed}: {history.broken}"
    return ""


def kill_everywhere(budget: Budget, ordeals: Sequence[Ordeal], place: Path, say: Say) -> Found:
    """Kill at every crash point of every ordeal, and a second time at every point that the recovery passes."""
    found = Found()
    points: set[str] = set()
    place.mkdir(parents=True, exist_ok=True)
    every = [(ordeal, point) for ordeal in ordeals for point in points_of(ordeal, place / "points")]
    tasks = every[:: budget.every]
    points.update(point.partition(":")[0] for _ordeal, point in every)

    def kill(task: tuple[Ordeal, str], worker: int) -> Told:
        """Kill at one point."""
        return kill_at(*task, place / f"worker-{worker}", twice=lambda number: number % budget.second_every == 0)

    first = second = 0
    for told in reported("kills at crash points", work(tasks, kill, workers=budget.workers), len(tasks), say):
        first, second = first + told["kills"], second + told["second"]
        points.update(point.partition(":")[0] for point in told["passed"])
        _take(found, told)
    found.figures = {"points": sorted(points), "first": first, "second": second}
    return found


def kill_randomly(budget: Budget, ordeals: Sequence[Ordeal], place: Path, say: Say, *, seed: int = 0) -> Found:
    """Kill at random times, again and again, while tables grow."""
    found, kills = Found(), 0
    per = 20
    place.mkdir(parents=True, exist_ok=True)
    counts = [min(per, budget.random_kills - at) for at in range(0, budget.random_kills, per)]
    tasks = [(ordeals[number % len(ordeals)], count, seed + number) for number, count in enumerate(counts)]

    def kill(task: tuple[Ordeal, int, int], worker: int) -> Told:
        """Kill some times."""
        return kill_at_random(*task, place / f"worker-{worker}")

    for told in reported("kills at random times", work(tasks, kill, workers=budget.workers), len(tasks), say):
        kills += told["kills"]
        _take(found, told)
    found.figures = {"random": kills, "seeds": [seed, seed + len(tasks) - 1]}
    return found


def kill_files(budget: Budget, place: Path, say: Say) -> Found:
    """Kill loads of every kind of file, of files in a bucket, and of documents."""
    from lakesmith.testing.torture import file_kills

    found = Found()
    place.mkdir(parents=True, exist_ok=True)
    with file_kills.plans(place, budget.every) as plans:

        def kill(plan: file_kills.Plan, worker: int) -> Told:
            """Do one plan."""
            return file_kills.do(plan, place / f"worker-{worker}")

        done = list(reported("files that are loaded", work(plans, kill, workers=budget.workers), len(plans), say))
    for told in done:
        _take(found, told)
    found.figures = file_kills.figures(done)
    return found


def make_trouble_everywhere(budget: Budget, place: Path, say: Say) -> dict[str, str]:
    """Make every kind of trouble in every mode; return what is broken by kind, empty where nothing is."""
    from lakesmith.testing.torture.faults import FAULTS, make_trouble

    place.mkdir(parents=True, exist_ok=True)
    modes = ("append", "replace") if budget.fault_times is None else ("append",)
    tasks = [(name, mode) for name in FAULTS for mode in modes]

    def trouble(task: tuple[str, str], worker: int) -> Told:
        """Make one kind of trouble."""
        return {"name": task[0], "broken": make_trouble(*task, place / f"worker-{worker}", times=budget.fault_times)}

    broken = dict.fromkeys(FAULTS, "")
    for told in reported("kinds of trouble", work(tasks, trouble, workers=budget.workers), len(tasks), say):
        broken[told["name"]] += told["broken"]
    return broken


def _take(found: Found, told: Told) -> None:
    for text in told["broken"]:
        found.broken.append(text)
        found.kinds[
            next((kind for kind in ("lost", "doubled", "unreadable") if f"BrokenError: {kind}" in text), "other")
        ] += 1


def reported(what: str, results: Iterable[Told], count: int, say: Say) -> Iterator[Told]:
    """Pass results on, and tell every few seconds how many there are and how fast they come."""
    began = said = time.perf_counter()
    for number, told in enumerate(results, 1):
        yield told
        for text in [told["broken"]] if isinstance(told.get("broken"), str) else told.get("broken", ()):
            if text:
                say(f"BROKEN {text.splitlines()[0]}")
        now = time.perf_counter()
        if now - said > 15 or number == count:  # noqa: PLR2004 - seconds
            said = now
            say(f"{what}: {number} of {count} tasks, {number / (now - began):.1f} a second")
