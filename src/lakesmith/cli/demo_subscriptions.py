"""`lakesmith demo --template subscriptions`: a business in PostgreSQL that a generator changes, three days of it, then live."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from lakesmith.host.files import write_atomically

if TYPE_CHECKING:
    from lakesmith.cli.demo_stage import Stage
    from lakesmith.simulate.subscriptions import Generator, Subscriptions

TEMPLATE = "subscriptions"
SERVER = "server"
VARIABLE = "BILLING_URL"
KILL_AT = "run.load.before_commit:4"
DAYS = 3


def play(stage: Stage, business: Subscriptions, *, every_s: float | None) -> int:
    """Play the demo; return the exit code.

    Args:
        stage: Where; with `every_s` its folder may be that of an earlier demo, which goes on.
        business: What the server's database is about; an earlier demo goes on with its own.
        every_s: Seconds from one batch of the live part to the next at least. None: no live part.
    """
    from lakesmith.host import SystemClock
    from lakesmith.simulate.server import DemoServer, check_installed
    from lakesmith.simulate.subscriptions import Generator

    check_installed()
    clock = SystemClock()
    began = clock.steady_s()
    goes_on = every_s is not None and (stage.folder / SERVER).exists()
    if not goes_on:
        stage.make(TEMPLATE)
    with DemoServer(stage.folder.absolute() / SERVER).running() as server:
        _tell(stage.folder / ".env", server.url)
        demo = Demo(stage, Generator.of(server.url) if goes_on else Generator(business, server.url))
        proven = [True]
        if not goes_on:
            stage.title(f"PostgreSQL on port {server.port}, its data in {stage.folder / SERVER}")
            demo.open()
            proven = [demo.day(number) for number in range(1, DAYS + 1)]
            demo.goodbye(clock.steady_s() - began, live=every_s is not None)
        if every_s is not None:
            proven.append(demo.live(every_s))
    return 0 if all(proven) else 1


class Demo:
    """The demo in progress."""

    def __init__(self, stage: Stage, generator: Generator) -> None:
        self.stage, self.generator = stage, generator

    def open(self) -> None:
        """Make the database."""
        self.stage.output.say(
            " Two hundred days of a subscription business go into it, as dirty as such databases are."
        )
        self.generator.make()

    def day(self, number: int) -> bool:
        """Let twelve batches change the database, and run; return whether every mart equals the truth."""
        from lakesmith.simulate.subscriptions import last_tick

        self.stage.title(f"Day {number}: {_TITLES[number]}")
        self._say(
            self.generator.through(last_tick(number)),
            " Twelve batches, two hours apart by the simulated clock, write rows into",
        )
        if number == DAYS:
            self.stage.killed_run(KILL_AT)
        return self._run_and_prove()

    def live(self, every_s: float) -> bool:
        """Change the database batch by batch, and run after each, until somebody asks to stop."""
        self.stage.title(
            f"Live: a batch every {every_s:g} s, a run after each. Ctrl-C ends it, and the server with it."
        )
        proven = True
        with contextlib.suppress(KeyboardInterrupt):
            while True:
                next_s = time.monotonic() + every_s
                written = self.generator.advance()
                self._say(written, f"\nBatch {self.generator.tick()}, {self._when():%Y-%m-%d %H:%M}")
                proven = self._run_and_prove() and proven
                time.sleep(max(0.0, next_s - time.monotonic()))
        self.stage.title("Ended.")
        return proven

    def goodbye(self, seconds: float, *, live: bool) -> None:
        """Say where to look."""
        folder, say = self.stage.folder, self.stage.output.say
        self.stage.title(f"Done in {seconds:.0f} s")
        say(f" The page       {self.stage.page}")
        say(f" The console    http://localhost:8686 once `lakesmith ui --project {folder}` serves it")
        say(f" Look around    cd {folder} && lakesmith status")
        say('                lakesmith query "select * from marts.mart_mrr order by day desc limit 5"')
        if not live:
            say(f" Go on          lakesmith demo {folder} --template {TEMPLATE} --live")

    def _when(self) -> datetime:
        from lakesmith.simulate.subscriptions.spelling import instant

        return instant(self.generator.business.minute(self.generator.tick() or 0))

    def _run_and_prove(self) -> bool:
        from lakesmith.simulate.subscriptions import SUBSCRIPTIONS_MARTS, subscriptions_truth

        today = (self._when() - timedelta(minutes=1)).date()
        if self.stage.run(today).state == "stopped":
            raise KeyboardInterrupt
        loads = self.generator.note_load()
        return self.stage.prove(subscriptions_truth(self.generator.business, loads), SUBSCRIPTIONS_MARTS)

    def _say(self, written: Mapping[str, int], when: str) -> None:
        rows = ", ".join(f"{table} {count:,}" for table, count in written.items() if count)
        self.stage.output.say(f"{when}: {rows or 'nothing'}")


def _tell(dotenv: Path, url: str) -> None:
    """Tell the project where its database is; the password in it is for nobody else."""
    write_atomically(dotenv, f"{VARIABLE}={url}\n")
    dotenv.chmod(0o600)


_TITLES: Mapping[int, str] = {
    1: "everything is read for the first time",
    2: "a plan gets another name, another one a price; the developers add a column without a word",
    3: "only what changed, and what came late; the run is killed half-way",
}
