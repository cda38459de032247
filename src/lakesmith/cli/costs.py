"""`lakesmith costs`."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import click

from lakesmith.cli.output import Output, common, json_option, output_for, project_option, target_option

if TYPE_CHECKING:
    from lakesmith.monitor.exports.costs import Line

BY = ("table", "run", "owner", "day")
DAY = click.DateTime(["%Y-%m-%d"])
MEGABYTE = 1_000_000
CENTS, SMALL = 2, 6
"""Digits of an amount from 1 on, and of a smaller one."""


@click.command("costs")
@click.option("--by", type=click.Choice(BY), default="table", show_default=True, help="What to add up by.")
@click.option("--since", type=DAY, default=None, help="The first day (UTC) on which runs ended; 30 days when left out.")
@click.option("--until", type=DAY, default=None, help="The last day; today when left out.")
@click.option("--csv", "as_csv", is_flag=True, help="Print every single charge as CSV, by the column names of FOCUS.")
@common(project_option, target_option, json_option)
def command(by: str, as_json: bool, as_csv: bool, **given: Any) -> int:  # noqa: FBT001
    """Say what runs used up and what that costs, by the prices in `monitor.prices`.

    Failures, retries and idle time have lines of their own: they are never spread over tables.
    """
    from lakesmith.api import exporting
    from lakesmith.api.incidents import opened
    from lakesmith.api.storing import store_in_use

    shop = opened(given["folder"], given["target"])
    days = exporting.days_of(_day(given["since"]), _day(given["until"]), shop.host.clock.now())
    with store_in_use(shop) as store:
        if as_csv:
            for line in exporting.cost_sheet(shop, store, days):
                click.echo(line, nl=False)
            return 0
        found = exporting.costs(shop, store, by, days)
    output = output_for(as_json=as_json)
    output.table("costs", [_row(by, line) for line in found], empty="No run that ended in these days used up anything.")
    _total(found, output)
    output.facts({"by": by, "since": str(days[0]), "until": str(days[1]), "lines": [_facts(one) for one in found]})
    output.close()
    return 0


def _day(given: datetime | None) -> date | None:
    return None if given is None else given.date()


def _row(by: str, line: Line) -> dict[str, Any]:
    rates = {currency: line.per_million(amount) for currency, amount in line.amounts.items()}
    return {
        by: line.name if line.kind == "work" else f"({line.name})",
        "cpu_s": round(float(line.cpu_s), 1),
        "waited_s": round(float(line.waiting_s), 1) if line.kind == "idle" else None,
        "read_mb": round(line.bytes_read / MEGABYTE, 1),
        "written_mb": round(line.bytes_written / MEGABYTE, 1),
        "rows": line.rows,
        "cost": _money(line.amounts),
        "per_million_rows": _money({name: rate for name, rate in rates.items() if rate is not None}),
    }


def _money(amounts: dict[str, Decimal]) -> str | None:
    return (
        " + ".join(f"{amount:,.{_digits(amount)}f} {currency}" for currency, amount in sorted(amounts.items())) or None
    )


def _digits(amount: Decimal) -> int:
    return CENTS if amount == 0 or abs(amount) >= 1 else SMALL


def _total(found: list[Line], output: Output) -> None:
    total: dict[str, Decimal] = {}
    for line in found:
        for currency, amount in line.amounts.items():
            total[currency] = total.get(currency, Decimal(0)) + amount
    if total:
        output.say(f"\nAltogether: {_money(total)}.")
    if any(line.unpriced for line in found):
        output.say("\nSome of it has no price: `monitor.prices` in lakesmith.yml says what things cost.", mood="quiet")


def _facts(line: Line) -> dict[str, Any]:
    rates = {currency: line.per_million(amount) for currency, amount in line.amounts.items()}
    return {
        "name": line.name,
        "kind": line.kind,
        "cpu_s": float(line.cpu_s),
        "waiting_s": float(line.waiting_s),
        "bytes_read": line.bytes_read,
        "bytes_written": line.bytes_written,
        "rows": line.rows,
        "amounts": {currency: float(amount) for currency, amount in line.amounts.items()},
        "per_million_rows": {currency: float(rate) for currency, rate in rates.items() if rate is not None},
        "is_priced": not line.unpriced,
    }
