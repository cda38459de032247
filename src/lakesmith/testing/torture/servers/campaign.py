"""A part of the proof with servers: histories by the seed until enough was done, and mutants of the source."""

from __future__ import annotations

import contextlib
import importlib
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lakesmith.testing.torture import victims
from lakesmith.testing.torture.crew import Told, work
from lakesmith.testing.torture.servers.mutants import Mutant, applied
from lakesmith.testing.torture.servers.playing import History, Playing

if TYPE_CHECKING:
    from lakesmith.testing.torture.campaigns import Budget, Found, Say

TOLD = 40
"""How many of the last lines of a broken story are told."""
SHOWN = 200
"""Characters of another law that a mutant broke."""


@dataclass(frozen=True, slots=True)
class Part:
    """One kind of server: how it is run, how a history of it is played in a folder, and how its source may be wrong.

    `needed` is imported before anything is forked. `shape` is what changes of the shape are called. Each mutant has so many seeds.
    """

    name: str
    title: str
    shape: str
    needed: tuple[str, ...]
    serving: Callable[[int], AbstractContextManager[Sequence[Any]]]
    play: Callable[[Any, int, Path, Playing], History]
    mutants: Mapping[str, Mutant]
    mutant_seeds: int
    mutant_steps: int

    def torture(self, budget: Budget, histories: int, steps: int, place: Path, say: Say) -> Found:
        """Play so many histories, and try the mutants if the budget has any for them."""
        from lakesmith.testing.torture.campaigns import Found, reported

        self._import_everything()
        place.mkdir(parents=True, exist_ok=True)
        seeds = range(budget.first_seed, budget.first_seed + histories)
        tasks = [_Task((seed,), steps) for seed in seeds]
        tasks += [
            _Task(range(self.mutant_seeds), self.mutant_steps, name) for name in self.mutants if budget.mutant_seeds
        ]
        found, done, caught = Found(), Counter[str](), dict.fromkeys(self.mutants if budget.mutant_seeds else (), False)
        with (
            _summed_up(f"seeds {seeds.start} to {seeds.stop - 1}", done, say),
            self.serving(min(budget.workers, len(tasks))) as servers,
        ):
            told_by_all = work(tasks, self._doing(servers, place), workers=budget.workers)
            for told in reported(f"histories of {self.title}", told_by_all, len(tasks), say):
                if told["mutant"]:
                    caught[told["mutant"]] = bool(told["caught"])
                    how = told["caught"].splitlines()[0] if told["caught"] else "NOT CAUGHT"
                    say(f"  {told['mutant']}: {how}{''.join(f', but {other[:SHOWN]}' for other in told['others'])}")
                    continue
                done.update(told["figures"])
                say(f"  seed {told['seed']}: {told['figures']['operations']} operations; {_so_far(done, self.shape)}")
                found.broken += told["broken"]
                found.kinds.update(told["kinds"])
        found.broken += [f"mutant {name!r} was not caught" for name, is_caught in caught.items() if not is_caught]
        found.figures = {
            self.name: dict(sorted(done.items())),
            "seeds": [seeds.start, seeds.stop - 1],
            "mutants": caught,
        }
        return found

    def replay(self, seed: int, steps: int, place: Path) -> str:
        """Return the story of a seed."""
        self._import_everything()
        with self.serving(1) as [server]:
            return self._story(self._play(server, seed, place, Playing(steps)), whole=True)

    def _import_everything(self) -> None:
        victims.import_everything()
        for name in self.needed:
            importlib.import_module(name)

    def _doing(self, servers: Sequence[Any], place: Path) -> Callable[[_Task, int], Told]:
        """Return what a worker does with a task, on the server of its own."""

        def do(task: _Task, worker: int) -> Told:
            """Play the histories of one task."""
            home = place / f"worker-{worker}"
            if task.mutant:
                return {"mutant": task.mutant, **self._catch(task, servers[worker], home), "broken": []}
            history = self._play(servers[worker], task.seeds[0], home, Playing(task.steps))
            return {
                "mutant": "",
                "seed": history.seed,
                "figures": history.counted(self.shape),
                "broken": [self._story(history)] if history.broken else [],
                "kinds": {history.broken.kind: 1} if history.broken else {},
            }

        return do

    def _catch(self, task: _Task, server: Any, home: Path) -> Told:
        """Say how a mutant is caught by a law that it is about, and by which others it was not."""
        mutant = self.mutants[task.mutant]
        others: list[str] = []
        with applied(task.mutant, mutant):
            for seed in task.seeds:
                broken = self._play(server, seed, home, Playing(task.steps, 1, mutant.theme)).broken
                if broken is not None and broken.kind in mutant.laws:
                    return {"caught": f"seed {seed}: {broken}", "others": others}
                others += [f"seed {seed}: {broken}"] if broken is not None else []
        return {"caught": "", "others": others}

    def _play(self, server: Any, seed: int, place: Path, how: Playing) -> History:
        home = place / f"{self.name}-{seed}-{how.number}"
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir(parents=True)
        history = self.play(server, seed, home, how)
        shutil.rmtree(home, ignore_errors=True)
        return history

    def _story(self, history: History, *, whole: bool = False) -> str:
        story = history.scene.story
        head = f"{self.name}, seed {history.seed}, {history.head}: {history.broken or 'all laws hold'}"
        return "\n".join([head, *(story if whole else story[-TOLD:])])


@dataclass(frozen=True, slots=True)
class _Task:
    """Histories of one seed after the other, with a mutant or with the source as it is; `steps` in each."""

    seeds: Sequence[int]
    steps: int
    mutant: str = ""


def _so_far(done: Mapping[str, int], shape: str) -> str:
    return f"{done['operations']:,} and {done[shape]:,} of {shape} so far, {done['loads']:,} loads"


@contextlib.contextmanager
def _summed_up(what: str, done: Counter[str], say: Say) -> Iterator[None]:
    """Say at the end what was done, kills and restarts among it, also where it is interrupted."""
    try:
        yield
    finally:
        say(f"{what}: {dict(sorted(done.items()))}")
