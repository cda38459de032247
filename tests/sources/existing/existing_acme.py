"""A project over a real PostgreSQL in which somebody else loads, and a clock that a run moves while it waits."""

from __future__ import annotations

import shutil
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import lakesmith
from lakesmith.api.project import Project
from lakesmith.host import Host
from lakesmith.host.patience import Patience
from lakesmith.project.connectors import ENGINES, PUBLISHERS, SOURCES, Connectors
from lakesmith.project.load import load_project
from lakesmith.run.workshop import Workshop
from lakesmith.sources.existing import ExistingSource

MORNING = datetime(2026, 3, 3, 6, tzinfo=UTC)
EMPTY = Path(lakesmith.__file__).parent / "project/templates/empty"


class SetClock:
    """A clock that shows what it is told."""

    def __init__(self) -> None:
        self.time = MORNING

    def now(self) -> datetime:
        return self.time

    def steady_s(self) -> float:
        return self.time.timestamp()


class Hurry(Patience):
    """Moves the clock instead of waiting, and lets the other tool work meanwhile, in a thread of its own."""

    def __init__(self, clock: SetClock) -> None:
        self.clock = clock
        self.waits_s: list[float] = []
        self.meanwhile = lambda: None

    def wait(self, seconds, stop) -> None:
        stop.check()
        self.waits_s.append(seconds)
        self.clock.time += timedelta(seconds=seconds)
        other = threading.Thread(target=self.meanwhile)
        other.start()
        other.join()


class Acme:
    """A project folder, and what people and tools do with it."""

    def __init__(self, root: Path, text: str) -> None:
        self.root = root
        shutil.copytree(EMPTY, root)
        shutil.rmtree(root / "models", ignore_errors=True)
        (root / "models").mkdir()
        self.clock = SetClock()
        self.patience = Hurry(self.clock)
        self.describe(text)

    def describe(self, text: str) -> None:
        (self.root / "lakesmith.yml").write_text(text)

    def model(self, name: str, sql: str) -> None:
        file = self.root / "models" / f"{name}.sql"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(sql)

    def open(self, target: str | None = None) -> Project:
        host = Host(clock=self.clock, patience=self.patience)
        config = load_project(self.root, host=host, connectors=installed())
        return Project(Workshop(config, config.target(target), host, installed()))


def installed() -> Connectors:
    """Return the plug-ins of this installation, and the source under test whether or not it is registered yet."""
    found = Connectors.installed()
    return Connectors(
        {
            group: dict(found.entries[group]) | ({"existing": ExistingSource} if group == SOURCES else {})
            for group in (SOURCES, ENGINES, PUBLISHERS)
        }
    )
