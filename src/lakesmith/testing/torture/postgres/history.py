"""One history: a town lives, loads run in victims that may die at any step, and bronze is compared in full after each of them."""

# ruff: noqa: S608 - our own words

from __future__ import annotations

import os
import signal
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lakesmith.host import crash
from lakesmith.testing.torture.laws import BrokenError
from lakesmith.testing.torture.postgres.doings import DDL, ROWS, UPKEEP, alter, attach, live
from lakesmith.testing.torture.postgres.promise import Promise, Sight, look
from lakesmith.testing.torture.postgres.town import Town, settled
from lakesmith.testing.torture.postgres.versions import Chronicle, Versions
from lakesmith.testing.torture.postgres.watched import Errand, Returning, read_bronze
from lakesmith.testing.torture.servers import playing
from lakesmith.testing.torture.servers.loading import MODES, Order
from lakesmith.testing.torture.servers.playing import PASSES, POINTS, Playing, drawn
from lakesmith.testing.torture.servers.talking import converse

if TYPE_CHECKING:
    from lakesmith.testing.torture.postgres.server import TortureServer

MIDST = ("run.load.committed", "lake.commit.landed", "run.load.split_read", "lake.stage.closed")
"""Where a load dies that is to leave a part of a generation aside, if it was at the second split or a later one."""
RETURNING = ("", "", "", "lake.rollback.prepared", "lake.rollback.landed")
"""Where a rollback dies; mostly nowhere."""
RETURNS = 0.1
"""The share of loads that are cut off, with a rollback before the next one."""
MOST_KEPT = 5
"""How many versions of `replace` are remembered, to go back to."""
MOST_BETWEEN = 80
"""How many things happen between two loads at most, besides those during a load; more in a long history."""
GROUP_BYTES = (1, *[1 << 30] * 6)
"""Now and then a commit at the end of every split."""


@dataclass(slots=True)
class Trouble:
    """What goes wrong during one load: the crash point that it dies at, or at which chunk what is done to it."""

    point: str = ""
    chunk: int = -1
    what: str = ""
    alters: bool = False
    """Whether somebody alters the table between the snapshot and the plan."""
    met: bool = False


@dataclass(frozen=True, slots=True)
class Theme:
    """What happens in a history more often than dice would have it: before each load, and between each snapshot and its plan.

    `returns`: wherever there is something to go back to, a load is cut off, and a rollback comes before the next one.
    """

    before: tuple[str, ...] = ()
    altering: str = ""
    returns: bool = False


@dataclass(slots=True)
class History(playing.History):
    """The history of a town: what was promised of each stream, and what its table had been when readers saw it."""

    theme: Theme
    town: Town
    promises: dict[str, Promise] = field(default_factory=dict)
    sights: dict[str, Sight] = field(default_factory=dict)
    """By snapshot, those of the load that runs."""
    under: dict[str, str] = field(default_factory=dict)
    """The snapshot that each stream was planned in last."""
    settled: set[str] = field(default_factory=set)
    """Streams of which this load has told how it ended."""
    rebuild: set[str] = field(default_factory=set)
    tried: dict[str, list[Mapping[int, str]]] = field(default_factory=dict)
    """By stream, what its columns were called in each try of this load that was not refused for a reason."""
    states: dict[str, list[Promise]] = field(default_factory=dict)
    """By stream, the promises that bronze kept when it was compared last: several where they differ in nothing that it shows."""
    chronicles: dict[str, Chronicle] = field(default_factory=dict)
    versions: dict[int, list[Promise]] = field(default_factory=dict)
    """By snapshot, the promises that `replace` kept when readers saw it first, oldest first: later builds may rename its columns."""
    chunks: int = 0
    trouble: Trouble = field(default_factory=Trouble)

    def act(self) -> None:
        """Let things happen and loads run, and compare after each of them.

        Raises:
            BrokenError: If a law is broken.
        """
        self.promises = {mode: Promise(mode, self.town.cursor) for mode in MODES}
        self.states = {mode: [promise] for mode, promise in self.promises.items()}
        self.chronicles = {mode: Chronicle(mode) for mode in MODES}
        while self.town.done < self.steps:
            for _step in range(self.town.chance.randint(5, min(self.steps, max(MOST_BETWEEN, self.steps // 8)))):
                live(self.town)
            for name in self.theme.before:
                alter(self.town, name, {**DDL, **ROWS}[name][1])
            if len(self.versions) > 1 and (self.theme.returns or self.town.chance.random() < RETURNS):
                self._return()
            else:
                self._load(Trouble(alters=True) if self.theme.altering else self._draw())
        for session in tuple(self.town.open):
            self.town.end(session)
        self._load(Trouble())

    @property
    def scene(self) -> Town:
        """The town."""
        return self.town

    @property
    def head(self) -> str:
        """Its cursor."""
        return f"cursor {self.town.cursor.type}"

    @property
    def reshaped(self) -> int:
        """How many operations changed the table itself."""
        return sum(self.town.steps[name] for name in DDL)

    def _draw(self) -> Trouble:
        chance = self.town.chance
        fate = chance.random()
        if fate < 0.3:  # noqa: PLR2004 - shares of loads
            return Trouble(point=f"{chance.choice(POINTS)}:{chance.choice(PASSES)}")
        if fate < 0.5:  # noqa: PLR2004
            what = chance.choice(("kill", "kill", "end readers", "end readers", "end all sessions", "restart", "crash"))
            return Trouble(chunk=chance.randint(0, 12), what=what)
        return Trouble(alters=fate < 0.58)  # noqa: PLR2004

    def _return(self) -> None:
        """Let a load be cut off while `replace` builds a generation aside, take that stream back, and load again without trouble."""
        chance = self.town.chance
        self._load(Trouble(point=f"{chance.choice(MIDST)}:{chance.choice((1, 2, 2, 3, 4))}"), group_bytes=1)
        self.figures["rolled back over a build"] += self.chronicles["replace"].last.is_building
        to = None if chance.random() < 0.5 else chance.choice(list(self.versions)[:-1])  # noqa: PLR2004 - half of them
        if not self._roll_back(to, chance.choice(RETURNING)):
            self._roll_back(to, "")
        for _step in range(chance.randint(1, 12)):
            live(self.town)
        for name in self.theme.before:
            alter(self.town, name, {**DDL, **ROWS}[name][1])
        self._load(Trouble())

    def _roll_back(self, to: int | None, point: str) -> bool:
        """Take `replace` back, by somebody who may die at that, and compare; return whether it landed."""
        chronicle, told = self.chronicles["replace"], list[int]()
        errand = Returning(self.home, "replace", to)
        self.town.tell(f"ROLLBACK to {to or 'the version before'} {point}")
        armed = {crash.ARMED: point} if point else {}
        end = converse(errand.run, self.home, lambda _child, said: told.append(said["to"]), armed)
        if not end.went_well and not end.was_killed:
            raise BrokenError("failed", f"a rollback ended with {end.complaint or end}")
        bronze = self._read()
        now = Versions.of_json(bronze["replace"]["versions"])
        has_landed = now.head != chronicle.last.head
        if end.went_well and not has_landed:
            raise BrokenError("lost", "a rollback went through, and readers see what they saw before")
        if has_landed:
            chronicle.came_back(now)
            self.states["replace"] = list(self.versions[told[0]])
            self.promises["replace"] = self.states["replace"][0]
            self.figures["rolled back"] += 1
        self.tried = {mode: [] for mode in MODES}
        self._compare(bronze, was_killed=False)
        return has_landed

    def _load(self, trouble: Trouble, group_bytes: int = 0) -> None:
        """Load once, with trouble, and compare; `group_bytes` is drawn if it is not given."""
        town = self.town
        self.trouble, self.chunks = trouble, 0
        self.sights, self.under, self.settled = {}, {}, set()
        self.tried = {mode: [] for mode in MODES}
        order = Order(self.home, group_bytes or town.chance.choice(GROUP_BYTES), tuple(sorted(self.rebuild)))
        errand = Errand(
            order, town.url, town.table, town.key, town.stamp, town.cursor.look_back, town.chance.choice((1, 2, 3))
        )
        town.tell(f"LOAD {trouble}, rebuild {sorted(self.rebuild)}")
        end = converse(errand.run, self.home, self._hear, {crash.ARMED: trouble.point} if trouble.point else {})
        self.ended(end)
        self._compare(self._read(), was_killed=end.was_killed)

    def _hear(self, child: int, said: Mapping[str, Any]) -> None:
        """Look when there is a snapshot; else do something now and then while the load runs."""
        town, name = self.town, said.get("name", "")
        match said["at"]:
            case "snapshot":
                self.under[said["stream"]] = name
                if name not in self.sights and self._is_alive(said["key"], name):
                    town.tell(f"  snapshot {name}, {len(self.sights[name].rows)} rows")
                    self._alter()
                if name in self.sights:
                    self.tried[said["stream"]].append(self.sights[name].names)
            case "planned":
                self._meddle(0.5)
            case "chunk":
                self.chunks += 1
                if self.chunks == self.trouble.chunk + 1:
                    self._trouble(child)
                self._meddle(0.15)
            case "refused":
                self._refused(said)
            case _:
                town.tell(f"  {dict(said)}")
                self._loaded(said)

    def _is_alive(self, key: str, name: str) -> bool:
        """Look at the table in a snapshot; whether the snapshot is still there, as it must be where nobody ended it."""
        import psycopg

        try:
            with self.town.connect() as session:
                self.sights[name] = look(session, key, self.town.table)
        except psycopg.Error:
            if not self.trouble.met:
                raise
            return False
        return True

    def _alter(self) -> None:
        """Alter the table after the snapshot was taken and before it was planned in."""
        if self.trouble.alters and not self.trouble.met:
            self.trouble.met = True
            table = {**DDL, **{name: one for name, one in UPKEEP.items() if name != "truncate"}}
            table = {name: one for name, one in table.items() if name not in ("rename table", "rename cursor or key")}
            name = self.theme.altering or self.town.chance.choice(sorted(table))
            alter(self.town, name, table[name][1])

    def _meddle(self, likely: float) -> None:
        """Let rows change while they are read: the load has a lock on the table that lets nothing else happen."""
        while self.town.chance.random() < likely:
            if self.town.open and self.town.chance.random() < 0.2:  # noqa: PLR2004 - late commits
                self.town.end(self.town.chance.choice(self.town.open))
            if self.town.away and self.town.chance.random() < 0.1 and attach(self.town):  # noqa: PLR2004 - now and then
                self.trouble.met = True
            name = drawn(self.town.chance, ROWS)
            for sql in ROWS[name][1](self.town):
                self.town.execute(name, sql)
            likely *= 0.8

    def _trouble(self, child: int) -> None:
        """Do what was drawn to the load."""
        town, trouble = self.town, self.trouble
        trouble.met = True
        town.tell(f"  TROUBLE {trouble.what}")
        self.figures[trouble.what] += 1
        match trouble.what:
            case "kill":
                os.kill(child, signal.SIGKILL)
            case "restart" | "crash":
                town.server.stop(signal.SIGINT if trouble.what == "restart" else signal.SIGQUIT)
                town.server.start()
                town.come_back()
            case what:
                busy = "" if what == "end all sessions" else "and state <> 'idle in transaction' "
                town.main.execute(
                    "select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = current_database() "
                    f"and application_name = 'lakesmith' {busy}".encode()
                )

    def _refused(self, said: Mapping[str, Any]) -> None:
        """Judge an error: it must be one that the laws or the trouble call for."""
        name, error = said["stream"], said["error"]
        self.town.tell(f"  {name} refused: {error}: {said['said']}")
        self.figures[f"refused by {error}"] += 1
        if self.trouble.met and error == "RetriableError":
            return
        promised = self._after(name)
        if promised != error:
            told = promised if isinstance(promised, str) else "nothing"
            raise BrokenError("refused", f"{name} was refused by {error} ({said['said']}), but {told} is in the way")
        self.settled.add(name)
        self.tried[name].pop()  # what is refused has brought nothing; a try before it may have
        self.rebuild.add(name)

    def _after(self, name: str) -> Promise | str:
        town, sight = self.town, self.sights[self.under[name]]
        stamp = town.stamp if town.stamp in sight.names.values() else sight.names[3]
        key = town.key if town.key in sight.names.values() else sight.names[1]
        return self.promises[name].after(sight, stamp, key, rebuild=name in self.rebuild)

    def _loaded(self, said: Mapping[str, Any]) -> None:
        """Judge a load that went through by what it says of itself."""
        name = said["stream"]
        promised = self._after(name)
        if isinstance(promised, str):
            raise BrokenError("lost", f"{name} went through, but had to be refused by {promised}")
        wanted = "succeeded" if promised.moves else "nothing_new"
        if said["state"] != wanted or said["quarantined"] or not said["holds"]:
            raise BrokenError("other", f"{name} ended with {dict(said)}, wanted is {wanted}")
        if said["written"] != promised.new and not said["resumed"]:
            raise BrokenError(
                "lost" if said["written"] < promised.new else "doubled",
                f"{name} wrote {said['written']} rows, not {promised.new}",
            )
        self.promises[name], self.states[name], self.tried[name] = promised, [promised], []
        self.settled.add(name)
        self.rebuild.discard(name)
        self.figures["resumed"] += bool(said["resumed"] and promised.moves and name == "replace")

    def _read(self) -> dict[str, Any]:
        """Return what there is of each stream in bronze."""
        bronze: dict[str, Any] = {}

        def hear(_child: int, said: Mapping[str, Any]) -> None:
            """Take one stream's rows and versions."""
            bronze[said["stream"]] = said

        end = converse(lambda wire: read_bronze(self.home, MODES, wire), self.home, hear)
        if not end.went_well:
            raise BrokenError("unreadable", end.complaint)
        return bronze

    def _compare(self, bronze: Mapping[str, Any], *, was_killed: bool) -> None:
        """Compare all of bronze with the promises; what a victim took into its grave landed as a whole, or not at all."""
        self.figures["comparisons"] += 1
        self.figures["rows compared"] += sum(len(said["rows"] or ()) for said in bronze.values())
        for name in MODES:
            self.chronicles[name].look(Versions.of_json(bronze[name]["versions"]))
            for names in self.tried[name]:
                states = self.states[name]
                states += [state for state in (one.under(names) for one in states) if state not in states]
            after = None
            if name not in self.settled and was_killed and self.under.get(name) in self.sights:
                after = self._after(name)
            self._settle(name, after if isinstance(after, Promise) else None, bronze[name]["rows"])
        seen = self.chronicles["replace"].last.head
        if seen is not None:
            self.versions.setdefault(seen, list(self.states["replace"]))  # whoever goes back finds it as it was made
            self.versions = dict(list(self.versions.items())[-MOST_KEPT:])

    def _settle(self, name: str, after: Promise | None, rows: Any) -> None:
        """Find the promises that bronze keeps: that of a load `after` which its victim told nothing, or those before it.

        Raises:
            BrokenError: If it keeps none.
        """
        kept, broken = [], None
        for promise in [*self.states[name], *([after] if after is not None and after.moves else [])]:
            try:
                promise.check(rows)
            except BrokenError as error:
                broken = broken or error
            else:
                kept.append(promise)
        if broken is not None and not kept:
            raise broken
        self.states[name] = kept
        if after is not None and after in kept and after != self.promises[name]:
            self.figures["landed before the kill"] += 1
            self.promises[name] = after
            self.rebuild.discard(name)


def play(server: TortureServer, seed: int, home: Path, how: Playing) -> History:
    """Play the history of a seed on a server, in a folder of its own."""
    with settled(server, seed, how.number) as town:
        history = History(seed, home, how.steps, how.theme or Theme(), town)
        history.play()
    return history
