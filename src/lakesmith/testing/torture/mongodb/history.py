"""One history: a market lives, loads run in victims that may die at any step, and bronze is compared in full after each of them."""

from __future__ import annotations

import os
import pickle
import signal
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lakesmith.host import crash
from lakesmith.testing.torture.laws import BrokenError
from lakesmith.testing.torture.mongodb import meddling
from lakesmith.testing.torture.mongodb.doings import DRIFT, ROWS, UPKEEP, live, one_of
from lakesmith.testing.torture.mongodb.market import Market, opened
from lakesmith.testing.torture.mongodb.promise import Promise, Sight
from lakesmith.testing.torture.mongodb.themes import Theme, Trouble
from lakesmith.testing.torture.mongodb.watched import BRONZE, Errand, bronze_of
from lakesmith.testing.torture.servers import playing
from lakesmith.testing.torture.servers.loading import MODES, Order
from lakesmith.testing.torture.servers.playing import PASSES, POINTS, Playing
from lakesmith.testing.torture.servers.talking import Alarm, converse

if TYPE_CHECKING:
    from pathlib import Path

    from lakesmith.testing.torture.mongodb.server import TortureServer

RECONCILED = "run.reconcile.committed"
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
GROUP_BYTES = (1, 1 << 30, 1 << 30)
"""Now and then a commit at the end of every split."""
SPLIT_KB, BATCH_KB = (4, 8, 24), (2, 8, 32, 64)
ENDED_BY = {"SourceMissingError", "SourceDataError", "ConnectorOptionsError", "RetriableError", "EmptiedError"}
"""What a load may be refused by where somebody drops, renames or makes anew the collection while it reads."""


@dataclass(slots=True)
class History(playing.History):
    """The history of a market: what was promised of each stream, and how the load goes that runs."""

    theme: Theme
    market: Market
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

    def act(self) -> None:
        """Let things happen and loads run, and compare after each of them.

        Raises:
            BrokenError: If a law is broken.
        """
        market = self.market
        self.promises = {mode: Promise(mode, market.cursor) for mode in MODES}
        while market.done < self.steps:
            for _step in range(
                market.chance.randint(min(20, self.steps), min(self.steps, max(self.theme.between, self.steps // 4)))
            ):
                live(market)
            self._prepare()
            self._load(self._draw())
        self._prepare()
        self._load(Trouble(is_quiet=True), reconciles=True)

    @property
    def scene(self) -> Market:
        """The market."""
        return self.market

    @property
    def head(self) -> str:
        """Its cursor and its `_id`s."""
        market = self.market
        return f"cursor {market.path} of type {market.cursor.name}, `_id`s {'/'.join(market.id_kinds)}"

    @property
    def reshaped(self) -> int:
        """How many operations changed the shape of documents, or the collection itself."""
        return sum(self.market.steps[name] for name in (*DRIFT, "rename collection", "make anew"))

    def _prepare(self) -> None:
        """Let happen what the theme has happen before each load."""
        for name in self.theme.before:
            {**ROWS, **DRIFT, **UPKEEP}[name][1](self.market)

    def _draw(self) -> Trouble:
        chance, theme = self.market.chance, self.theme
        if theme.points:
            stream, point = chance.choice(theme.points)
            return Trouble(point=point, stream=stream)
        if theme.what:
            return Trouble(chunk=chance.randint(0, 6), what=theme.what)
        fate = chance.random()
        if fate < 0.25:  # noqa: PLR2004 - shares of loads
            return Trouble(
                point=f"{chance.choice((*POINTS, RECONCILED))}:{chance.choice(PASSES)}",
                stream=chance.choice(("", *MODES[1:])),
            )
        if fate < 0.55:  # noqa: PLR2004
            return Trouble(chunk=chance.randint(0, 14), what=chance.choice(TROUBLES), after_s=chance.uniform(0.05, 3))
        return Trouble(alters=fate < 0.62, chunk=chance.randint(0, 9))  # noqa: PLR2004

    def _load(self, trouble: Trouble, *, reconciles: bool | None = None) -> None:
        """Load once, with trouble, and compare; keys are compared too if it `reconciles`, now and then if that is not said."""
        market, chance = self.market, self.market.chance
        self.trouble, self.chunks, self.altered = trouble, 0, False
        self.sights, self.rebuilt = {mode: Sight() for mode in MODES}, set(self.rebuild)
        self.begun = self.compared = market.look()
        order = Order(
            self.home,
            1 if self.theme.splits else chance.choice(GROUP_BYTES),
            tuple(sorted(self.rebuild)),
            (trouble.stream, trouble.point) if trouble.stream else None,
        )
        errand = Errand(
            order, market.url, market.table, market.path, market.cursor.look_back,
            chance.choice((1, 1, 2, 3)), chance.choice(SPLIT_KB), chance.choice(BATCH_KB),
            chance.random() < 0.2 if reconciles is None else reconciles,  # noqa: PLR2004 - a fifth
        )  # fmt: skip
        market.tell(f"LOAD {trouble}, {errand}")
        told = meddling.Told(self.home / "kill-a-cursor")
        armed = {crash.ARMED: trouble.point} if trouble.point and not trouble.stream else {}
        alarm = Alarm(trouble.after_s, self._ring) if trouble.what == "kill at a time" else None
        end = converse(errand.run, self.home, self._hear, {**armed, **told.environment()}, alarm)
        told.file.unlink(missing_ok=True)
        self.ended(end)
        market.look()
        self._compare()

    def _ring(self, child: int) -> None:
        """Kill a load at a time."""
        os.kill(child, signal.SIGKILL)
        self.trouble.met = True
        self.figures["kill at a time"] += 1

    def _hear(self, child: int, said: Mapping[str, Any]) -> None:
        """Look at the server at each step of a load, and do something to it now and then."""
        market, sight = self.market, self.sights[said["stream"]]
        match said["at"]:
            case "planning":
                sight.planned.append(market.look())
                market.boundary = market.moment
            case "planned":
                self.figures["splits"] += said["splits"]
                for name in self.theme.within:
                    ROWS[name][1](market)
                    market.look()
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
                self.figures["readers killed"] += meddling.kill_readers(child)
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
        end = converse(lambda wire: bronze_of(self.home, MODES, wire), self.home, lambda _child, _said: None)
        if not end.went_well:
            raise BrokenError("unreadable", end.complaint)
        found = pickle.loads((self.home / BRONZE).read_bytes())  # noqa: S301 - our own
        self.figures["comparisons"] += 1
        for name in MODES:
            head, rows = found[name]
            self.figures["rows compared"] += len(rows)
            self.promises[name].check(self.market, head, rows, self.sights[name], rebuilds=name in self.rebuilt)


def play(server: TortureServer, seed: int, home: Path, how: Playing) -> History:
    """Play the history of a seed on a server, in a folder of its own."""
    theme = how.theme or Theme()
    with opened(server, seed, how.number, theme) as market:
        history = History(seed, home, how.steps, theme, market)
        history.play()
    return history
