"""One table in a world of its own: clock, store, catalog, source, and the programs that work on it."""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, ClassVar, cast

from pyiceberg.table import update as updating

from lakesmith.host import Host, crash
from lakesmith.lake.commits import expiry
from lakesmith.lake.layout import Layout
from lakesmith.lake.services import Services
from lakesmith.lake.table import Table
from lakesmith.lake.upkeep import guards
from lakesmith.lake.upkeep.collect import collect
from lakesmith.lake.upkeep.planning import Rules
from lakesmith.lake.upkeep.tending import tend
from lakesmith.model.streams import StreamId, StreamSpec
from lakesmith.run import load as loading
from lakesmith.run.routes import Rebuild
from lakesmith.testing.torture.actors import Actor, acting, pause
from lakesmith.testing.torture.catalog import Fault, Line, MemoryCatalog, MemoryPointers
from lakesmith.testing.torture.feed import Feed
from lakesmith.testing.torture.laws import Witness
from lakesmith.testing.torture.manifests import remembering
from lakesmith.testing.torture.memory import ROOT, FakeClock, MemoryStore, SeededIds
from lakesmith.testing.torture.oracle import Oracle

STREAM = StreamId("app", "orders")
KEY = (STREAM.source, STREAM.name)
EACH_SPLIT = 1
DUE_FILES = 3
METADATA_KEPT = 8


@dataclass(slots=True)
class World:
    """Everything a history plays with. `known_ordinal` is what the run store remembers of the table."""

    seed: int
    mode: str
    filler: int = 0
    keep: int = 50
    group_bytes: int = EACH_SPLIT
    clock: FakeClock = field(default_factory=FakeClock)
    line: Line = field(default_factory=Line)
    programs: list[Actor] = field(default_factory=list)
    known_ordinal: int = 0
    feed: Feed = field(init=False)
    store: MemoryStore = field(init=False)
    catalog: MemoryCatalog = field(init=False)
    witness: Witness = field(init=False)
    table: Table = field(init=False)
    _skew: timedelta = timedelta(0)

    def __post_init__(self) -> None:
        """Put the parts together."""
        _set(expiry, "KEEP", self.keep)
        MachineTime.clock, MachineTime.fixed = self.clock, None
        layout = Layout(ROOT)
        self.feed = Feed(self.mode, filler=self.filler)
        self.store = MemoryStore(self.store_time)
        self.catalog = MemoryCatalog(self.line, self.store)
        pointers = MemoryPointers(self.line, self.store)
        host = Host(clock=self.clock, ids=SeededIds(self.seed))
        services = Services(layout, self.store, pointers, lambda: cast("Any", self.catalog), host)
        self.table = Table(STREAM, services)
        self.witness = Witness(Oracle(self.store.objects.__getitem__, layout.own), self.feed)

    def store_time(self) -> Any:
        """Return the time of the store, which never goes back."""
        return self.clock.time + self._skew

    def jump(self, seconds: float) -> None:
        """Move the clock of the machine; the store's own clock goes on."""
        self.clock.time += timedelta(seconds=seconds)
        if seconds < 0:
            self._skew -= timedelta(seconds=seconds)

    def start(self, name: str, act: Callable[[], Any], faults: tuple[Fault, ...] = ()) -> Actor:
        """Begin a program, which stands at its beginning until it is resumed."""
        actor = Actor(f"{name} {len(self.programs) + 1}", act)
        self.line.faults[actor.name] = deque(faults)
        self.programs.append(actor)
        return actor

    def load(self, rebuild: Rebuild | None = None) -> Any:
        """Load what there is, as a run does."""
        keeps = self.mode == "history"
        key = ("key",) if keeps else ("id",) if self.mode == "dedupe" else ()
        spec = StreamSpec(STREAM, mode="replace" if keeps else self.mode, key=key, history=keeps)
        job = loading.LoadJob(
            spec,
            cast("Any", self.feed),
            self.table,
            self.table.services.host,
            "config",
            known_ordinal=self.known_ordinal,
            group_bytes=self.group_bytes,
            sample_bytes=self.group_bytes,
            rebuild=rebuild,
        )
        return loading.load_stream(job)

    def rebuild(self) -> Any:
        """Load everything from the start."""
        return self.load(Rebuild())

    def tend(self) -> Any:
        """Compact, with files counted as many that are few."""
        return tend(self.table, Rules(due_files=DUE_FILES))

    def collect(self) -> Any:
        """Let the collector pass."""
        return collect(self.table.services, [STREAM], delete=True)

    @property
    def path(self) -> str | None:
        """The table's newest metadata file."""
        found = self.line.pointers.get(KEY)
        return None if found is None else found.removeprefix("file://")

    def end(self) -> None:
        """Kill every program that has not come to its end."""
        for actor in self.programs:
            if not actor.is_done:
                actor.kill()


class MachineTime(datetime):
    """What time it is on the machine of the world that is played."""

    clock: ClassVar[FakeClock] = FakeClock()
    fixed: ClassVar[datetime | None] = None
    """What it shows instead, while somebody else commits."""

    @classmethod
    def now(cls, tz: Any = None) -> Any:  # noqa: ARG003 - the signature of the standard library
        """Return the time."""
        return cls.clock.now() if cls.fixed is None else cls.fixed


@contextlib.contextmanager
def pausing() -> Iterator[None]:
    """Make every crash point of the product a place where a program may pause; for this process, while it plays histories."""
    before = crash.point, getattr(loading, "point", None), vars(updating)["datetime"]
    usual = expiry.KEEP, guards.METADATA_KEPT
    _set(guards, "METADATA_KEPT", METADATA_KEPT)

    def stop_here(name: str) -> None:
        """Pass a crash point."""
        if acting() is not None:
            pause(name)

    _set(updating, "datetime", MachineTime)  # PyIceberg stamps what brings no snapshot with the machine's clock
    _set(crash, "point", stop_here)
    for module in _users(before[1]):
        _set(module, "point", stop_here)
    try:
        with remembering():
            yield
    finally:
        _set(expiry, "KEEP", usual[0])
        _set(guards, "METADATA_KEPT", usual[1])
        _set(updating, "datetime", before[2])
        _set(crash, "point", before[0])
        for module in _users(stop_here):
            _set(module, "point", before[0])


def _users(point: Any) -> list[Any]:
    """Return the modules of the product that hold the function under its own name."""
    import sys

    return [
        module
        for name, module in list(sys.modules.items())
        if name.startswith("lakesmith.") and name != "lakesmith.host.crash" and getattr(module, "point", None) is point
    ]


def _set(module: Any, name: str, value: Any) -> None:
    setattr(module, name, value)
