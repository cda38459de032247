"""`lakesmith demo`: a made-up company, three days, one of them bad, and the truth to compare with."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lakesmith.errors import UsageError

if TYPE_CHECKING:
    from lakesmith.cli.output import TerminalOutput
    from lakesmith.simulate import Company

TEMPLATE = "b2b-sales"
KILL_AT = "run.load.before_commit:2"
BAD_DAY = 3
DAILY_ROWS = 2_000


@click.command("demo")
@click.argument("folder", default="lakesmith-demo", type=click.Path(file_okay=False, path_type=Path))
@click.option("--scale", default=1.0, show_default=True, help="How many times the usual number of rows.")
@click.option("--seed", default=7, show_default=True, help="Another number, another company.")
def command(folder: Path, scale: float, seed: int) -> int:
    """Make a company in FOLDER, live through three of its days, and write the page. Nothing leaves this machine."""
    from lakesmith.cli.output import TerminalOutput
    from lakesmith.host import SystemClock
    from lakesmith.simulate import Company

    clock = SystemClock()
    began = clock.steady_s()
    output = TerminalOutput()
    demo = Demo(folder, Company(seed=seed, scale=scale), output)
    demo.make()
    proven = [demo.day(1), demo.day(2), demo.bad_day(BAD_DAY), demo.resend(BAD_DAY)]
    demo.goodbye(clock.steady_s() - began)
    return 0 if all(proven) else 1


class Demo:
    """The demo in progress."""

    def __init__(self, folder: Path, company: Company, output: TerminalOutput) -> None:
        self.folder, self.company, self.output = folder, company, output

    def make(self) -> None:
        """Make the project.

        Raises:
            UsageError: If the folder has something in it.
        """
        from lakesmith.project import Connectors, ProjectPaths, init_project, write_schema

        if self.folder.exists() and any(self.folder.iterdir()):
            raise UsageError(
                "The demo needs an empty folder.",
                where=str(self.folder),
                fix="name another one: lakesmith demo NAME, or remove this one",
            )
        init_project(self.folder, template=TEMPLATE, here=False)
        write_schema(ProjectPaths(self.folder), Connectors.installed())
        self._title(f"A project in {self.folder}, from the template {TEMPLATE}")

    def day(self, number: int) -> bool:
        """Deliver an ordinary day and run; return whether every mart equals the truth."""
        extra = ", and four tables that come once" if number == 1 else ""
        rows = f"{round(DAILY_ROWS * self.company.scale):,}"
        self._title(f"Day {number}: {rows} leads, {rows} company rows, a web-server log{extra}")
        self._deliver(number)
        self._run(number)
        return self._prove(number)

    def bad_day(self, number: int) -> bool:
        """Deliver a day on which everything goes wrong: a new column, a file cut short, and the run is killed half-way."""
        self._title(f"Day {number} misbehaves: leads bring a new column, the company file was cut short in its upload")
        self._deliver(number, cut_short=True)
        self.output.say(" … and the run is killed in the middle of a load (kill -9).", mood="quiet")
        self._killed_run()
        self.output.say(" The same command again: what was committed stays, the rest is loaded.", mood="quiet")
        self._run(number)
        return self._prove(number, cut_short=frozenset({number}))

    def resend(self, number: int) -> bool:
        """Deliver the cut file in full; only its tail is read."""
        self._title("The partner sends the company file again, in full: only what was missing is read")
        self._deliver(number)
        self._run(number)
        return self._prove(number)

    def goodbye(self, seconds: float) -> None:
        """Say where to look."""
        page = self.folder / "warehouse" / "report" / "index.html"
        self._title(f"Done in {seconds:.0f} s")
        self.output.say(f" The page       {page}")
        self.output.say(f" Look around    cd {self.folder} && lakesmith status")
        self.output.say(
            '                lakesmith query "select * from marts.mart_daily_metrics order by day desc limit 5"'
        )
        self.output.say("                lakesmith quarantine show")

    def _title(self, text: str) -> None:
        self.output.say(f"\n{text}", mood="head")

    def _deliver(self, number: int, *, cut_short: bool = False) -> None:
        from lakesmith.simulate import deliver

        deliver(self.company, self.folder, number, cut_short=cut_short)

    def _run(self, number: int) -> None:
        import lakesmith
        from lakesmith.cli.progress import Progress
        from lakesmith.cli.run import report

        project = lakesmith.open(self.folder)
        on = self.company.start + timedelta(days=number - 1)
        with Progress(self.output.console) as progress:
            result = project.run(on=on, recorders=(progress,))
        if not result.ok:
            report(project, result, self.output)
            raise SystemExit(1)

    def _killed_run(self) -> None:
        env = {**os.environ, "LAKESMITH_CRASH": KILL_AT}
        killed = subprocess.run(
            [sys.executable, "-m", "lakesmith", "run", "--project", str(self.folder)], env=env, check=False
        )
        self.output.say(f" ✕ killed by signal {-killed.returncode}.", mood="warn")

    def _prove(self, through: int, *, cut_short: frozenset[int] = frozenset()) -> bool:
        import lakesmith
        from lakesmith.simulate.proof import prove

        project = lakesmith.open(self.folder)

        def read(mart: str, columns: tuple[str, ...]) -> Iterator[tuple[object, ...]]:
            """Yield the rows of a published mart."""
            for batch in project.table(mart).to_arrow().select(list(columns)).to_batches():
                yield from zip(*(column.to_pylist() for column in batch.columns), strict=True)

        proofs = prove(self.company, through, read, cut_short=cut_short)
        wrong = [proof for proof in proofs if not proof.holds]
        if wrong:
            names = ", ".join(f"{proof.mart} ({proof.missing:,} missing, {proof.wrong:,} wrong)" for proof in wrong)
            self.output.say(f" ✕ differs from the simulator's truth: {names}", mood="bad")
            return False
        rows = sum(proof.rows for proof in proofs)
        self.output.say(
            f" ✓ {len(proofs)} marts, {rows:,} rows: equal to the simulator's truth, value by value.", mood="good"
        )
        return True
