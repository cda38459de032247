"""What `lakesmith up` is: scheduler, watchman and console in one process. Each goes on when another one has trouble."""

from __future__ import annotations

import os
import platform
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import lakesmith
from lakesmith.about import __version__
from lakesmith.errors import LakesmithError, RunInProgressError
from lakesmith.host import Host, locks
from lakesmith.monitor.ticking import Beat, Ticks, beat
from lakesmith.schedule.duties import duties_of
from lakesmith.schedule.loop import Scheduler
from lakesmith.schedule.starting import Starter

if TYPE_CHECKING:
    from lakesmith.api import Project
    from lakesmith.monitor.store import RunStore

TURN_S = 0.5
BEAT_S = 20.0
JUDGE_S = 60.0
ANNOUNCE_S = 10.0
LAST_WAIT_S = 60.0

Tell = Callable[[str], None]


@dataclass(slots=True)
class Service:
    """Runs one project on one target by its schedule until somebody asks to stop. `tell` gets sentences for people."""

    project: Project
    tell: Tell
    host: Host = field(default_factory=Host)

    def run(self) -> None:
        """Do it; return once the run under way, if any, has come to a safe point.

        Raises:
            RunInProgressError: If another process does the same for this project and target.
        """
        paths, target = self.project.config.paths, self.project.target
        alone = _alone(paths.state / f"up-{target}.lock", self.host)
        with alone, self.host.stop.listening(), self.project.record() as store:
            starter = Starter(self.project.root, target, paths.state / "up")
            duties = duties_of(self.project.config)
            scheduler = Scheduler(duties, Ticks(store, target), starter, self.host, self.tell)
            watchman = threading.Thread(target=self._watch, args=(store,), name="watchman", daemon=True)
            watchman.start()
            self._schedule(scheduler)
            watchman.join(timeout=2.0)

    def _schedule(self, scheduler: Scheduler) -> None:
        seen = _fingerprint(self.project.root)
        while not self.host.stop.requested:
            now = _fingerprint(self.project.root)
            if now != seen:
                seen = now
                self._reload(scheduler)
            try:
                scheduler.turn()
            except Exception as error:  # noqa: BLE001 - a boundary: the scheduler goes on whatever one turn meets
                self.tell(f"the scheduler met {type(error).__name__} and goes on")
            self.host.stop.pause(TURN_S)
        if scheduler.stop():
            self.tell("stopping: the run under way ends at its next safe point")
            ended = threading.Event()
            for _ in range(int(LAST_WAIT_S / TURN_S)):
                scheduler.turn()
                if scheduler.job is None:
                    return
                ended.wait(TURN_S)

    def _reload(self, scheduler: Scheduler) -> None:
        """Take over a project file that has changed; a broken one is told, and the old one stays in force."""
        try:
            self.project = lakesmith.open(self.project.root, target=self.project.target)
        except LakesmithError as error:
            self.tell(f"the project file has changed and cannot be used, the old one stays in force: {error.what}")
            return
        scheduler.replace(duties_of(self.project.config))
        self.tell("the project file has changed: its schedule is in force")

    def _watch(self, store: RunStore) -> None:
        """Judge, settle incidents, send what is due and say that somebody is alive, until the end."""
        began, last = self.host.clock.now(), {"beat": float("-inf"), "judge": float("-inf"), "announce": float("-inf")}
        duties: tuple[tuple[str, float, Callable[[], object]], ...] = (
            ("beat", BEAT_S, lambda: self._beat(store, began)),
            ("judge", JUDGE_S, lambda: self.project.watch(store)),
            ("announce", ANNOUNCE_S, lambda: self.project.announce(store)),
        )
        complaints: dict[str, str] = {}
        while not self.host.stop.requested:
            for name, every, do in duties:
                steady = self.host.clock.steady_s()
                if steady - last[name] < every:
                    continue
                last[name] = steady
                try:
                    do()
                    complaints.pop(name, None)
                except Exception as error:  # noqa: BLE001 - a boundary: the watchman goes on, and says once what he met
                    if complaints.get(name) != type(error).__name__:
                        complaints[name] = type(error).__name__
                        self.tell(f"the watchman could not {name}: {type(error).__name__}")
            self.host.stop.pause(1.0)

    def _beat(self, store: RunStore, began: datetime) -> None:
        me = Beat(f"up {self.project.target}", began, "", __version__, platform.node(), os.getpid())
        beat(store, me, self.host.clock.now())


@contextmanager
def _alone(path: Path, host: Host) -> Iterator[None]:
    since = f"{host.clock.now():%Y-%m-%d %H:%M:%S} UTC"
    try:
        with locks.hold(path, {"command": "lakesmith up", "pid": os.getpid(), "since": since}):
            yield
    except RunInProgressError as error:
        raise RunInProgressError(
            f"Another scheduler is at work here: {locks.describe(path)}.",
            where=error.where,
            fix="one is enough for a project and target; stop the other one first",
        ) from None


def _fingerprint(root: Path) -> tuple[tuple[str, int, int], ...]:
    """Return what tells that a project's files have changed: names, sizes and times."""
    files = (root / "lakesmith.yml", root / ".env", *sorted((root / "sources").glob("*.yml")))
    found = []
    for file in files:
        try:
            said = file.stat()
        except OSError:
            continue
        found.append((str(file), said.st_size, said.st_mtime_ns))
    return tuple(found)
