"""`lakesmith status`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from lakesmith.cli.output import Output, common, json_option, output_for, project_option, target_option

if TYPE_CHECKING:
    from lakesmith.api.existing import TableNews
    from lakesmith.monitor.reading import CheckRecord, History

RUNS = 5
MOODS = {"good": "good", "warn": "warn", "bad": "bad", "unknown": "warn"}
SHORT_ID = 13
"""So many characters of a run's id are its time to the millisecond; `lakesmith logs` understands them."""


@click.command("status")
@common(project_option, target_option, json_option)
def command(as_json: bool, **given: Any) -> int:  # noqa: FBT001
    """Say how fresh and how healthy everything is."""
    import lakesmith

    output = output_for(as_json=as_json)
    project = lakesmith.open(given["folder"], target=given["target"])
    history = project.history()
    mood, headline, checks = project.health()
    output.say(f"{headline}\n", mood=MOODS[mood])
    output.facts({"state": mood, "headline": headline})
    _runs(history, output)
    _loads(history, output)
    _tables(project.tables_of_others(), output)
    _checks(checks, output)
    output.close()
    return 0


def _runs(history: History, output: Output) -> None:
    output.say("Runs", mood="head")
    rows = [
        {
            "began_utc": run.started_at,
            "state": run.state,
            "seconds": (run.finished_at - run.started_at).total_seconds() if run.finished_at else None,
            "target": run.target,
            "message": run.message,
            "run": run.run_id,
        }
        for run in history.runs(RUNS)
    ]
    output.table("runs", rows, empty="Nothing has run yet: state unknown.", sentence=_run_sentence)


def _run_sentence(row: Mapping[str, Any]) -> str:
    took = f"{row['seconds']:,.1f} s" if row["seconds"] is not None else "–"
    short = row["run"][:SHORT_ID]
    return f"{row['began_utc']:%Y-%m-%d %H:%M:%S} UTC  {row['state'].replace('_', ' '):<11} {took:>9}  {short}  {row['target']}: {row['message']}"


def _test_sentence(row: Mapping[str, Any]) -> str:
    on = f", on {row['on']}" if row["on"] else ""
    rows = "1 row" if row["rows"] == 1 else f"{row['rows']:,} rows"
    return f" {row['status']:<6} {row['test']}: {rows}{on}"


def _loads(history: History, output: Output) -> None:
    output.say("\nNewest load of each stream", mood="head")
    rows = [
        {
            "stream": load.stream,
            "at_utc": load.finished_at,
            "read": load.rows_read,
            "written": load.rows_written,
            "quarantined": load.rows_quarantined,
            "filtered": load.rows_filtered,
            "law": ("holds" if load.law_holds else "broken") if load.proven else "unproven",
        }
        for load in history.newest_loads()
    ]
    output.table("loads", rows, empty="No load is on record.")


def _tables(tables: Sequence[TableNews], output: Output) -> None:
    if not tables:
        return
    output.say("\nTables that others load", mood="head")
    rows = [
        {
            "table": table.stream,
            "state": table.state,
            "rows": table.rows,
            "loaded_utc": table.loaded_at,
            "seen_utc": table.seen_at,
            "message": table.text,
        }
        for table in tables
    ]
    output.table("tables_of_others", rows)


def _checks(checks: Sequence[CheckRecord], output: Output) -> None:
    passed = sum(check.status == "pass" for check in checks)
    output.say("\nTests", mood="head")
    output.say(f"{passed} of {len(checks)} pass." if checks else "No test has run yet: state unknown.")
    rows = [
        {"test": check.check_id.split(".")[2], "on": check.relation, "status": check.status, "rows": check.failures}
        for check in checks
        if check.status != "pass"
    ]
    output.table("tests_not_passing", rows, sentence=_test_sentence)
    output.facts({"tests_passing": passed, "tests": len(checks)})
