"""`lakesmith demo`: a made-up company, three days, one of them bad, and the truth to compare with."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lakesmith.errors import UsageError

if TYPE_CHECKING:
    from lakesmith.cli.demo_stage import Stage
    from lakesmith.simulate import Company

TEMPLATE = "b2b-sales"
SUBSCRIPTIONS = "subscriptions"
SALES_MARKETING = "sales-marketing"
KILL_AT = "run.load.before_commit:2"
BAD_DAY = 3
DAILY_ROWS = 2_000


@click.command("demo")
@click.argument("folder", default="lakesmith-demo", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--template",
    type=click.Choice([TEMPLATE, SUBSCRIPTIONS, SALES_MARKETING]),
    default=TEMPLATE,
    show_default=True,
    help="Which company; subscriptions has a PostgreSQL server, which is started for it, sales-marketing a MongoDB and five APIs.",
)
@click.option("--live", is_flag=True, help="With subscriptions: then go on, batch by batch, until Ctrl-C.")
@click.option("--every", "every_s", default=5.0, show_default=True, help="With --live: seconds between batches.")
@click.option("--scale", default=1.0, show_default=True, help="How many times the usual number of rows.")
@click.option("--seed", default=7, show_default=True, help="Another number, another company.")
def command(folder: Path, template: str, live: bool, every_s: float, scale: float, seed: int) -> int:  # noqa: FBT001 - click's way
    """Make a company in FOLDER, live through its first days, and write the page. Nothing leaves this machine."""
    from lakesmith.cli.demo_stage import Stage
    from lakesmith.cli.output import TerminalOutput

    stage = Stage(folder, TerminalOutput())
    if template == SUBSCRIPTIONS:
        from lakesmith.cli.demo_subscriptions import play
        from lakesmith.simulate.subscriptions import Subscriptions

        return play(stage, Subscriptions(seed=seed, scale=scale), every_s=every_s if live else None)
    if live:
        raise UsageError(
            "Only a company with a database goes on by itself.",
            where="--live",
            fix=f"add --template {SUBSCRIPTIONS}",
        )
    if template == SALES_MARKETING:
        from lakesmith.cli.demo_sales_marketing import play as play_sales_marketing
        from lakesmith.simulate.sales_marketing import SalesMarketing

        return play_sales_marketing(stage, SalesMarketing(seed=seed, scale=scale))
    from lakesmith.simulate import Company

    return _play(stage, Company(seed=seed, scale=scale))


def _play(stage: Stage, company: Company) -> int:
    from lakesmith.host import SystemClock

    clock = SystemClock()
    began = clock.steady_s()
    demo = Demo(stage, company)
    stage.make(TEMPLATE)
    proven = [demo.day(1), demo.day(2), demo.bad_day(BAD_DAY), demo.resend(BAD_DAY)]
    demo.goodbye(clock.steady_s() - began)
    return 0 if all(proven) else 1


class Demo:
    """The demo in progress."""

    def __init__(self, stage: Stage, company: Company) -> None:
        self.stage, self.company = stage, company

    def day(self, number: int) -> bool:
        """Deliver an ordinary day and run; return whether every mart equals the truth."""
        extra = ", and four tables that come once" if number == 1 else ""
        rows = f"{round(DAILY_ROWS * self.company.scale):,}"
        self.stage.title(f"Day {number}: {rows} leads, {rows} company rows, a web-server log{extra}")
        self._deliver(number)
        self._run(number)
        return self._prove(number)

    def bad_day(self, number: int) -> bool:
        """Deliver a day on which everything goes wrong: a new column, a file cut short, and the run is killed half-way."""
        self.stage.title(
            f"Day {number} misbehaves: leads bring a new column, the company file was cut short in its upload"
        )
        self._deliver(number, cut_short=True)
        self.stage.killed_run(KILL_AT)
        self._run(number)
        return self._prove(number, cut_short=frozenset({number}))

    def resend(self, number: int) -> bool:
        """Deliver the cut file in full; only its tail is read."""
        self.stage.title("The partner sends the company file again, in full: only what was missing is read")
        self._deliver(number)
        self._run(number)
        return self._prove(number)

    def goodbye(self, seconds: float) -> None:
        """Say where to look."""
        folder, say = self.stage.folder, self.stage.output.say
        self.stage.title(f"Done in {seconds:.0f} s")
        say(f" The page       {self.stage.page}")
        say(f" The console    http://localhost:8686 once `lakesmith ui --project {folder}` serves it")
        say(f" Look around    cd {folder} && lakesmith status")
        say('                lakesmith query "select * from marts.mart_daily_metrics order by day desc limit 5"')
        say("                lakesmith quarantine show")

    def _deliver(self, number: int, *, cut_short: bool = False) -> None:
        from lakesmith.simulate import deliver

        deliver(self.company, self.stage.folder, number, cut_short=cut_short)

    def _run(self, number: int) -> None:
        if self.stage.run(self.company.start + timedelta(days=number - 1)).state == "stopped":
            raise KeyboardInterrupt

    def _prove(self, through: int, *, cut_short: frozenset[int] = frozenset()) -> bool:
        from lakesmith.simulate import MART_COLUMNS, truth

        return self.stage.prove(truth(self.company, through, cut_short=cut_short), MART_COLUMNS)
