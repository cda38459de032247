"""The part `mongodb` of the proof: histories by the seed until enough was done, and mutants of the source."""

from __future__ import annotations

import contextlib
import importlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lakesmith.testing.torture import victims
from lakesmith.testing.torture.crew import Told, work
from lakesmith.testing.torture.mongodb.history import History, Playing, Theme, play
from lakesmith.testing.torture.mongodb.reading import MODULE
from lakesmith.testing.torture.mongodb.server import TortureServer, serving
from lakesmith.testing.torture.mutants import Patches

if TYPE_CHECKING:
    from lakesmith.testing.torture.campaigns import Budget, Found, Say

NEEDED = (
    "bson.json_util",
    "lakesmith.run.reconciling",
    "lakesmith.sources.mongodb.planning.plan",
    "lakesmith.sources.mongodb.reading.crew",
    "lakesmith.sources.mongodb.reading.reader",
    "lakesmith.sources.mongodb.source",
    "lakesmith.testing.torture.ordeals",
    "pymongo",
    "pymongo.synchronous.mongo_client",
)
CREW = "lakesmith.sources.mongodb.reading.crew"
SEEDS_PER_MUTANT = 8
MUTANT_STEPS = 320
TOLD = 40
"""How many of the last lines of a broken story are told."""


@dataclass(frozen=True, slots=True)
class Task:
    """Histories of one seed after the other, with a mutant or with the source as it is; `steps` in each."""

    seeds: Sequence[int]
    steps: int
    mutant: str = ""


def torture_mongodb(budget: Budget, place: Path, say: Say) -> Found:
    """Play histories, and try the mutants if the budget has any for them."""
    from lakesmith.testing.torture.campaigns import Found, reported
    from lakesmith.testing.torture.mongodb.mutants import MUTANTS

    import_everything()
    place.mkdir(parents=True, exist_ok=True)
    first = budget.first_seed
    tasks = [Task((seed,), budget.market_steps) for seed in range(first, first + budget.markets)]
    tasks += [Task(range(SEEDS_PER_MUTANT), MUTANT_STEPS, name) for name in MUTANTS if budget.mutant_seeds]
    found, done, mutants = Found(), Counter[str](), {}
    with (
        _summed_up(f"seeds {first} to {first + budget.markets - 1}", done, say),
        _readers_of_ours(),
        serving(min(budget.workers, len(tasks))) as servers,
    ):
        told_by_all = work(tasks, _doing(servers, place), workers=budget.workers)
        for told in reported("histories of MongoDB", told_by_all, len(tasks), say):
            if told["mutant"]:
                mutants[told["mutant"]] = told["caught"]
                say(f"  {told['mutant']}: {told['caught'].splitlines()[0] if told['caught'] else 'NOT CAUGHT'}")
                continue
            done.update(told["figures"])
            say(
                f"  seed {told['seed']}: {told['figures']['operations']} operations, {told['figures']['drift']} of drift; {done['operations']:,} and {done['drift']:,} so far"
            )
            found.broken += told["broken"]
            found.kinds.update(told["kinds"])
    found.broken += [f"mutant {name!r} was not caught" for name, caught in mutants.items() if not caught]
    found.figures = {
        "mongodb": dict(sorted(done.items())),
        "seeds": [first, first + budget.markets - 1],
        "mutants": {name: bool(caught) for name, caught in mutants.items()},
    }
    return found


@contextlib.contextmanager
def _readers_of_ours() -> Iterator[None]:
    """Let loads read by processes that the torture can do something to."""
    patches = Patches()
    patches.put_only(importlib.import_module(CREW), "MODULE", lambda _old: MODULE)
    try:
        yield
    finally:
        patches.undo()


@contextlib.contextmanager
def _summed_up(what: str, done: Counter[str], say: Say) -> Iterator[None]:
    """Say at the end what was done, kills and restarts among it, also where it is interrupted."""
    try:
        yield
    finally:
        say(f"{what}: {dict(sorted(done.items()))}")


def replay(seed: int, place: Path, steps: int | None = None) -> str:
    """Return the story of a seed."""
    import_everything()
    with _readers_of_ours(), serving(1) as [server]:
        return _story(play(server, seed, place, Playing(steps) if steps else None), whole=True)


def import_everything() -> None:
    """Import what victims need, before anything is forked."""
    victims.import_everything()
    for name in NEEDED:
        importlib.import_module(name)


def _doing(servers: Sequence[TortureServer], place: Path) -> Callable[[Task, int], Told]:
    """Return what a worker does with a task, on the server of its own."""

    def do(task: Task, worker: int) -> Told:
        """Play the histories of one task."""
        home = place / f"worker-{worker}"
        if task.mutant:
            return {"mutant": task.mutant, "caught": _catch(task, servers[worker], home), "broken": []}
        history = play(servers[worker], task.seeds[0], home, Playing(task.steps))
        broken = history.broken
        return {
            "mutant": "",
            "seed": history.seed,
            "figures": {**_figures(history), **history.figures},
            "broken": [_story(history)] if broken else [],
            "kinds": {broken.kind: 1} if broken else {},
        }

    return do


def _catch(task: Task, server: TortureServer, home: Path) -> str:
    """Return how a mutant is caught, empty if it is not."""
    from lakesmith.testing.torture.mongodb.mutants import THEMES, applied

    how = Playing(task.steps, 1, THEMES.get(task.mutant, Theme()))
    with applied(task.mutant):
        for seed in task.seeds:
            history = play(server, seed, home, how)
            if (
                history.broken is not None and history.broken.kind != "failed"
            ):  # which only says that the mutant cannot run
                return f"seed {seed}: {history.broken}"
    return ""


def _figures(history: History) -> dict[str, Any]:
    steps = {f"step {name}": count for name, count in history.market.steps.items()}
    return {"histories": 1, "operations": history.done, "drift": history.drift, **steps}


def _story(history: History, *, whole: bool = False) -> str:
    market = history.market
    head = f"mongodb, seed {history.seed}, cursor {market.path} of type {market.cursor.name}, `_id`s {'/'.join(market.id_kinds)}: {history.broken or 'all laws hold'}"
    return "\n".join([head, *(market.story if whole else market.story[-TOLD:])])
