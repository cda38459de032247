"""`lakesmith tables`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from lakesmith.cli.output import Output, common, json_option, output_for, project_option, target_option
from lakesmith.cli.seeing import found, show

if TYPE_CHECKING:
    from lakesmith.pages.views.details import Table
    from lakesmith.pages.views.listings import TableLine, Tables

SORTS = ("health", "name", "rows", "age", "quarantined", "owner")
VERDICTS = ("bad", "warn", "unknown", "learning", "good")
LETTERS = {"good": "+", "warn": "!", "bad": "x", "learning": "~", "unknown": "?"}


@click.command("tables")
@click.argument("table", required=False)
@click.option("--sort", type=click.Choice(SORTS), default="health", show_default=True, help="In which order.")
@click.option("--verdict", type=click.Choice(VERDICTS), default=None, help="Only tables that are so.")
@click.option("--find", default=None, help="Only tables whose name holds this.")
@click.option("--start", default=0, type=click.IntRange(min=0), help="How many to leave out at the beginning.")
@common(project_option, target_option, json_option)
def command(table: str | None, as_json: bool, **given: Any) -> int:  # noqa: FBT001
    """Say how every table is and how many rows it got, or, of TABLE, why it is so, its loads and its throughput."""
    from lakesmith.pages.links import key_of

    output = output_for(as_json=as_json)
    with show(given) as (_, viewing):
        if table is None:
            wishes = {"verdict": given["verdict"] or "", "find": given["find"] or ""}
            _list(viewing.tables(sort=given["sort"], start=given["start"], **wishes), output)
        else:
            _one(found(viewing.table(key_of(table)), table, "table"), output)
    output.close()
    return 0


def rows_of(tables: Sequence[TableLine]) -> list[dict[str, Any]]:
    """Return what a terminal shows of tables: + well, ! look, x broken, ~ learning, ? unknown for load, freshness and checks."""
    return [
        {
            "table": one.name,
            "L F C": " ".join(
                LETTERS.get(part, "?") for part in (one.health.load, one.health.freshness, one.health.checks)
            ),
            "rows_24h": one.rows_day,
            "loaded_utc": f"{one.loaded_at:%m-%d %H:%M}" if one.loaded_at else None,
            "why": one.health.reason,
        }
        for one in tables
    ]


def _list(view: Tables, output: Output) -> None:
    from lakesmith.api.viewing.twins import as_facts

    output.say(f"{view.headline}.\n")
    output.table("tables", rows_of(view.tables), empty="There is no such table.")
    if view.wanted.total and view.wanted.total > view.wanted.shown:
        output.say(
            f"\n{view.wanted.shown:,} of {view.wanted.total:,}: --start, --find and --verdict show others.",
            mood="quiet",
        )
    output.facts(as_facts(view))


def _one(view: Table, output: Output) -> None:
    from lakesmith.api.viewing.twins import as_facts

    output.say(f"{view.headline}\n")
    judged = [{"rule": one.rule, "verdict": one.verdict, "why": one.reason} for one in view.judgements]
    output.table("judgements", judged, empty="No rule has judged it yet: unknown.")
    output.say("")
    for plot in view.throughput.plots:
        output.say(f"{plot.title}: {plot.takeaway}")
    output.say("")
    loads = [
        {
            "loaded_utc": f"{one.finished_at:%m-%d %H:%M}",
            "read": one.read,
            "written": one.written,
            "quarantined": one.quarantined,
            "filtered": one.filtered,
            "law": one.law,
        }
        for one in view.loads
    ]
    output.table("loads", loads, empty="No load is on record.")
    output.facts(as_facts(view))
