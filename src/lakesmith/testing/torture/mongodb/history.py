"""One history: a market lives, loads run in victims that may die at any step, and bronze is compared in full after each of them."""

from __future__ import annotations

import contextlib
import json
import os
import pickle
import select
import shutil
import signal
import socket
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lakesmith.host import crash
from lakesmith.testing.torture import victims
from lakesmith.testing.torture.laws import BrokenError
from lakesmith.testing.torture.mongodb import meddling
from lakesmith.testing.torture.mongodb.doings import DRIFT, ROWS, UPKEEP, live, one_of
from lakesmith.testing.torture.mongodb.market import Market, opened
from lakesmith.testing.torture.mongodb.promise import Promise, Sight
from lakesmith.testing.torture.mongodb.server import TortureServer
from lakesmith.testing.torture.mongodb.watched import BRONZE, Errand, bronze_of

MODES = ("replace", "append", "dedupe")
POINTS = (
    "run.load.begun",
    "run.load.split_read",
    "run.load.before_commit",
    "run.load.committed",
    "run.load.before_swap",
    "run.load.swapped",
    "lake.stage.rows_written",
    "lake.stage.closed",
    "lake.commit.prepared",
    "lake.commit.metadata_written",
    "lake.commit.landed",
    "lake.swap.landed",
    "run.reconcile.committed",
)
"""Where a victim dies."""
TROUBLES = (
    "kill",
    "kill at a time",
    "kill readers",
    "kill readers",
    "kill a cursor",
    "kill a cursor",
    "crash",
    "restart",
)
STEPS = 800
MOST_BETWEEN = 330
"""How many things happen between two loads at most, besides those during a load; more in a long history."""
GROUP_BYTES = (1, 1 << 30, 1 << 30)
"""Now and then a commit at the end of every split."""
ENDED_BY = {"SourceMissingError", "SourceDataError", "ConnectorOptionsError", "RetriableError", "EmptiedError"}
"""What a load may be refused by where somebody drops, renames or makes anew the collection while it reads."""


@dataclass(slots=True)
class Trouble:
    """What goes wrong during one load: the crash point that it dies at, or at which chunk or after how long what is done to it."""

    point: str = ""
    chunk: int = -1
    what: str = ""
    after_s: float = 0.0
    alters: bool = False
    """Whether somebody drops or renames the collection while it is read."""
    is_quiet: bool = False
    """Whether nobody writes while it reads."""
    met: bool = False


@dataclass(frozen=True, slots=True)
class Theme:
    """What happens in a history more often than dice would have it.

    `before` each load; the `points` that loads die at; `kills` their readers; a commit after every split if `splits`. `ids` are the
    kinds of `_id`s there are.
    """

    before: tuple[str, ...] = ()
    points: tuple[str, ...] = ()
    what: str = ""
    splits: bool = False
    ids: tuple[str, ...] = ()


@dataclass(slots=True)
class History:
    """The history of a seed, as far as it was played: what was done, and what is broken."""

    seed: int
    market: Market
    home: Path
    steps: int = STEPS
    theme: Theme = Theme()
    promises: dict[str, Promise] = field(default_factory=dict)
    sights: dict[str, Sight] = field(default_factory=dict)
    rebuild: set[str] = field(default_factory=set)
    rebuilt: set[str] = field(default_factory=set)
    """Streams that this load was told to load anew."""
    begun: int = 0
    """The moment at which this load began."""
    compared: int = 0
    chunks: int = 0
    altered: bool = False
    trouble: Trouble = field(default_factory=Trouble)
    figures: Counter[str] = field(default_factory=Counter)
    broken: BrokenError | None = None

    def play(self) -> None:
        """Play all of it, to the first law that is broken."""
        market = self.market
        self.promises = {mode: Promise(mode, market.cursor) for mode in MODES}
        try:
            while self.done < self.steps:
                for _step in range(market.chance.randint(20, min(self.steps, max(MOST_BETWEEN, self.steps // 4)))):
                    live(market)
                for name in self.theme.before:
                    {**ROWS, **DRIFT, **UPKEEP}[name][1](market)
                self._load(self._draw())
            self._load(Trouble(is_quiet=True), reconciles=True)
        except BrokenError as error:
            self.broken = error
            market.tell(f"BROKEN {error}")

    @property
    def done(self) -> int:
        """How many operations were done."""
        return sum(count for name, count in self.market.steps.items() if name != "refused")

    @property
    def drift(self) -> int:
        """How many of them changed the shape of documents, or the collection itself."""
        return sum(self.market.steps[name] for name in (*DRIFT, "rename collection", "make anew"))

    def _draw(self) -> Trouble:
        chance, theme = self.market.chance, self.theme
        if theme.points:
            return Trouble(point=chance.choice(theme.points))
        if theme.what:
            return Trouble(chunk=chance.randint(0, 6), what=theme.what)
        fate = chance.random()
        if fate < 0.25:  # noqa: PLR2004 - shares of loads
            return Trouble(point=f"{chance.choice(POINTS)}:{chance.choice((1, 1, 1, 2, 2, 3, 5, 8))}")
        if fate < 0.55:  # noqa: PLR2004
            return Trouble(chunk=chance.randint(0, 14), what=chance.choice(TROUBLES), after_s=chance.uniform(0.05, 3))
        return Trouble(alters=fate < 0.62, chunk=chance.randint(0, 9))  # noqa: PLR2004

    def _load(self, trouble: Trouble, *, reconciles: bool | None = None) -> None:
        """Load once, with trouble, and compare; keys are compared too if it `reconciles`, now and then if that is not said."""
        market, chance = self.market, self.market.chance
        self.trouble, self.chunks, self.altered = trouble, 0, False
        self.sights, self.rebuilt = {mode: Sight() for mode in MODES}, set(self.rebuild)
        self.begun = self.compared = market.look()
        errand = Errand(
            self.home, market.url, market.table, market.path, market.cursor.look_back,
            1 if self.theme.splits else chance.choice(GROUP_BYTES), chance.choice((1, 1, 2, 3)), chance.choice((6, 12, 40)),
            chance.choice((2, 16, 64)), tuple(sorted(self.rebuild)), chance.random() < 0.2 if reconciles is None else reconciles,  # noqa: PLR2004 - a fifth
        )  # fmt: skip
        market.tell(
            f"LOAD {trouble}, {errand.group_bytes} bytes, {errand.workers} workers, rebuild {sorted(self.rebuild)}"
        )
        told = meddling.Told(self.home / "kill-a-cursor")
        env = {crash.ARMED: trouble.point} if trouble.point else {}
        end = self._run(errand.run, self._hear, {**env, **told.environment()})
        told.file.unlink(missing_ok=True)
        self.figures["loads"] += 1
        self.figures["killed"] += end.was_killed
        if not end.went_well and not end.was_killed:
            raise BrokenError("failed", f"a load ended with {end.complaint or end}")
        market.look()
        self._compare()

    def _run(
        self,
        act: Callable[[socket.socket], object],
        hear: Callable[[int, Mapping[str, Any]], None],
        env: Mapping[str, str],
    ) -> victims.End:
        """Run a victim, and answer what it says."""
        mine, its = socket.socketpair()

        def act_alone() -> None:
            """Act, on the other end of the line."""
            mine.close()
            act(its)

        child = victims.start(act_alone, self.home, env)
        its.close()
        is_timed, begun = self.trouble.what == "kill at a time" and bool(env), time.monotonic()
        try:
            with mine, contextlib.suppress(BrokenPipeError, ConnectionResetError), mine.makefile("rw") as wire:
                while True:
                    left = max(0.0, begun + self.trouble.after_s - time.monotonic()) if is_timed else None
                    if not select.select([mine], [], [], left)[0]:
                        os.kill(child, signal.SIGKILL)
                        is_timed, self.trouble.met = False, True
                        self.figures["kill at a time"] += 1
                        continue
                    line = wire.readline()
                    if not line:
                        break
                    hear(child, json.loads(line))
                    wire.write("go\n")
                    wire.flush()
        except BaseException:
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
            victims.wait(child, self.home)
            raise
        return victims.wait(child, self.home)

    def _hear(self, child: int, said: Mapping[str, Any]) -> None:
        """Look at the server at each step of a load, and do something to it now and then."""
        market, sight = self.market, self.sights[said["stream"]]
        match said["at"]:
            case "planning":
                sight.planned.append(market.look())
            case "planned":
                self.figures["splits"] += said["splits"]
                self._meddle(0.5)
            case "chunk":
                self.chunks += 1
                if self.chunks == self.trouble.chunk + 1:
                    self._trouble(child)
                self._meddle(0.1)
            case "reconciling":
                self.compared = market.look()
            case "reconciled":
                sight.compared, sight.ended = (self.compared, market.look()), None
                self.figures["keys compared"] += said["keys"]
                market.tell(f"  {dict(said)}")
            case "unreconciled":
                self._unreconciled(said, sight)
            case "refused":
                self._refused(said, sight)
            case _:
                market.tell(f"  {dict(said)}")
                sight.ended, sight.loaded = market.look(), said
                self.rebuild.discard(said["stream"])

    def _meddle(self, likely: float) -> None:
        """Let documents change while they are read."""
        market, did = self.market, False
        likely = 0.0 if self.trouble.is_quiet else likely
        while market.chance.random() < likely:
            one_of(market, ROWS if market.chance.random() < 0.95 else DRIFT)  # noqa: PLR2004 - mostly
            market.look()
            likely, did = likely * 0.85, True
        if did:
            market.tell("  (while it reads)")

    def _trouble(self, child: int) -> None:
        """Do what was drawn to the load."""
        trouble, server = self.trouble, self.market.server
        if trouble.alters:
            self.altered = trouble.met = True
            one_of(self.market, {name: one for name, one in UPKEEP.items() if "index" not in name})
            self.market.look()
            return
        if not trouble.what or trouble.what == "kill at a time":
            return
        trouble.met = True
        self.market.tell(f"  TROUBLE {trouble.what}")
        self.figures[trouble.what] += 1
        match trouble.what:
            case "kill":
                os.kill(child, signal.SIGKILL)
            case "kill readers":
                self.figures["readers killed"] += meddling.kill_children(child)
            case "kill a cursor":
                (self.home / "kill-a-cursor").touch()
            case what:
                server.stop(signal.SIGKILL if what == "crash" else signal.SIGTERM)
                server.start()
                self.market.come_back()
                self.market.look()

    def _refused(self, said: Mapping[str, Any], sight: Sight) -> None:
        """Judge an error: it must be one that the laws or the trouble call for."""
        market, name, error = self.market, said["stream"], said["error"]
        market.tell(f"  {name} refused: {error}: {said['said']}")
        self.figures[f"refused by {error}"] += 1
        now, promise = market.look(), self.promises[name]
        is_anew = name in self.rebuilt
        since = promise.since if promise.since is not None and not is_anew else self.begun
        is_another = (promise.is_another(market, now) and not is_anew) or len(market.was_called(since, now)) > 1
        is_empty = not any(one.was_there(self.begun, now) for some in market.versions.values() for one in some)
        may = (
            (error == "RetriableError" and self.trouble.met)
            or (error in ENDED_BY and self.altered)
            or (error in {"SourceDataError", "ConnectorOptionsError"} and is_another)
            or (error == "EmptiedError" and name == "replace" and is_empty and bool(promise.rows))
        )
        if not may:
            raise BrokenError("refused", f"{name} was refused by {error} ({said['said']}), and nothing is in the way")
        if error in {"SourceDataError", "ConnectorOptionsError"} and name != "replace":
            self.rebuild.add(name)
        sight.tries += 1

    def _unreconciled(self, said: Mapping[str, Any], sight: Sight) -> None:
        self.market.tell(f"  {dict(said)}")
        if (
            sight.loaded is not None
            and sight.loaded["state"] != "nothing_new"
            and not self.trouble.met
            and not self.altered
        ):
            raise BrokenError("refused", f"keys were not compared: {said['error']} ({said['said']})")

    def _compare(self) -> None:
        """Compare all of bronze with the promises; what a victim took into its grave landed as a whole, or not at all."""
        end = self._run(lambda wire: bronze_of(self.home, MODES, wire), lambda _child, _said: None, {})
        if not end.went_well:
            raise BrokenError("unreadable", end.complaint)
        found = pickle.loads((self.home / BRONZE).read_bytes())  # noqa: S301 - our own
        self.figures["comparisons"] += 1
        for name in MODES:
            head, rows = found[name]
            self.figures["rows compared"] += len(rows)
            self.promises[name].check(self.market, head, rows, self.sights[name], rebuilds=name in self.rebuilt)


@dataclass(frozen=True, slots=True)
class Playing:
    """How a history is played; `number` tells its database from another one of the same seed."""

    steps: int = STEPS
    number: int = 0
    theme: Theme = Theme()


def play(server: TortureServer, seed: int, place: Path, how: Playing | None = None) -> History:
    """Play the history of a seed on a server."""
    how = how or Playing()
    home = place / f"market-{seed}-{how.number}"
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    with opened(server, seed, how.number, how.theme.ids) as market:
        history = History(seed, market, home, how.steps, how.theme)
        history.play()
    shutil.rmtree(home, ignore_errors=True)
    return history
