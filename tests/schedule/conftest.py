from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from lakesmith.host import Host
from lakesmith.monitor.store import RunStore
from lakesmith.monitor.ticking import Ticks
from lakesmith.schedule.loop import Scheduler
from lakesmith.schedule.starting import Ending


@dataclass
class HandClock:
    """A clock that goes on when a test says so."""

    at: datetime = datetime(2026, 11, 22, 6, 0, tzinfo=UTC)

    def now(self):
        return self.at

    def steady_s(self):
        return self.at.timestamp()


@dataclass
class Puppet:
    """A run that ends when a test says so."""

    ending: Ending | None = None
    stopped: bool = False

    def ended(self):
        return self.ending

    def ask_to_stop(self):
        self.stopped = True


@dataclass
class Stage:
    """A scheduler with its clock and runs in a test's hands."""

    store: RunStore
    clock: HandClock = field(default_factory=HandClock)
    begun: list = field(default_factory=list)
    told: list = field(default_factory=list)
    scheduler: Scheduler | None = None

    def open(self, *duties):
        """Begin, or begin anew as another process does."""
        host = Host(clock=self.clock)
        self.scheduler = Scheduler(duties, Ticks(self.store, "local"), self, host, self.told.append)
        return self

    def start(self, pipeline, _words, nominal_at, cause):
        puppet = Puppet()
        self.begun.append((pipeline, f"{nominal_at:%H:%M}", cause[0], puppet))
        return puppet

    @property
    def starts(self):
        return [begun[:3] for begun in self.begun]

    def to(self, clock):
        """Let the time come, and take a turn."""
        hour, minute = map(int, clock.split(":"))
        self.clock.at = self.clock.at.replace(hour=hour, minute=minute, second=0)
        self.scheduler.turn()

    def later(self, **span):
        self.clock.at += timedelta(**span)
        self.scheduler.turn()

    def end(self, state="succeeded", *, message="", may_pass=False, run_id="r1"):
        """Let the newest run end, and take a turn."""
        self.begun[-1][3].ending = Ending(state, run_id, message, 1.0, may_pass)
        self.scheduler.turn()

    def record(self):
        """Return what is on record: pipeline, start, state."""
        from sqlalchemy import select

        from lakesmith.monitor import tables

        with self.store.engine.connect() as connection:
            rows = connection.execute(select(tables.tick).order_by(tables.tick.c.nominal_at)).mappings()
            return [(row["pipeline"], row["nominal_at"][11:16], row["state"]) for row in rows]


@pytest.fixture
def stage(tmp_path):
    store = RunStore.at(tmp_path / "runs.db", host=Host())
    yield Stage(store)
    store.close()
