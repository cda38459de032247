"""`lakesmith status`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from lakesmith.cli.output import Output, common, json_option, output_for, project_option, target_option

if TYPE_CHECKING:
    from lakesmith.api.existing import TableNews
    from lakesmith.api.standing import Standing, Standings
    from lakesmith.monitor.judging.values import Judgement
    from lakesmith.monitor.reading import CheckRecord, History

RUNS = 5
MOODS = {"good": "good", "warn": "warn", "bad": "bad", "unknown": "warn"}
WORDS = {"learning": "quiet", "unknown": "quiet", **MOODS}
SHORT_ID = 13
"""So many characters of a run's id are its time to the millisecond; `lakesmith logs` understands them."""
LONGEST_NAME = 34
MOST_LINES = 30
"""Tables that are well are listed up to so many; scripts see all."""
RULES_SHOWN = 6


@click.command("status")
@common(project_option, target_option, json_option)
def command(as_json: bool, **given: Any) -> int:  # noqa: FBT001
    """Say what came in, how fresh and how healthy everything is, since when, and what nobody can see yet."""
    import lakesmith

    output = output_for(as_json=as_json)
    project = lakesmith.open(given["folder"], target=given["target"])
    history = project.history()
    found = project.standings()
    mood, headline, checks = project.health(found.judged)
    output.say(headline, mood=MOODS[mood])
    output.say(f"{found.safety}\n", mood="quiet")
    output.facts({"state": mood, "headline": headline, "safety": found.safety})
    _standings(found, output)
    _blind(found, output)
    _runs(history, output)
    _loads(history, output)
    _tables(project.tables_of_others(), output)
    _checks(checks, output)
    output.close()
    return 0


def _standings(found: Standings, output: Output) -> None:
    output.say("Tables: rows of the last 24 hours, health (load, freshness, checks)", mood="head")
    for group in found.groups:
        output.say(f"{group.subject}: {group.reason}", mood=WORDS[group.verdict])
    names = max((len(one.subject) for one in found.tables), default=0)
    width = min(names, LONGEST_NAME)
    well = 0
    for one in found.tables:
        well += one.health.verdict not in ("bad", "warn")
        if well <= MOST_LINES:
            output.say(_line(one, width), mood=WORDS[one.health.verdict])
    if well > MOST_LINES:
        output.say(f"and {well - MOST_LINES:,} more that nothing is known to be wrong with", mood="quiet")
    if found.counts:
        output.say(", ".join(f"{count:,} {verdict}" for verdict, count in found.counts.items()), mood="quiet")
    else:
        output.say("No table is known yet.", mood="quiet")
    rows = [_facts(one) for one in found.tables]
    output.facts({"standings": rows, "counts": found.counts, "groups": [_judged(one) for one in found.groups]})


def _line(one: Standing, width: int) -> str:
    """Return a table's line, and below it what is wrong; what is not known is said once for all of them.

    The letters are those of the three parts: G good, W warn, B bad, L learning, ? unknown.
    """
    from lakesmith.monitor.judging.health import letters

    rows = "–" if one.rows is None else f"{one.rows:,}"
    line = f"{one.subject:<{width}}  {rows:>13}  {one.health.verdict:<8}  {letters(one.health)}"
    if one.health.verdict not in ("bad", "warn"):
        return line
    since = f" (since {one.since:%d %b %H:%M} UTC)" if one.since else ""
    return f"{line}\n    {one.reason}{since}"


def _facts(one: Standing) -> dict[str, Any]:
    health = one.health
    return {
        "table": one.subject,
        "rows_last_24_h": one.rows,
        "health": health.verdict,
        "load": health.load,
        "freshness": health.freshness,
        "checks": health.checks,
        "since_utc": one.since,
        "reasons": [_judged(reason) for reason in health.reasons],
    }


def _judged(one: Judgement) -> dict[str, Any]:
    return {"table": one.subject, "column": one.column, "rule": one.rule, "verdict": one.verdict, "reason": one.reason}


def _blind(found: Standings, output: Output) -> None:
    """Say once what rules cannot see, and until when: the same sentence of many tables is one line."""
    lines = [*_together(found.blind), *_together(found.unseen)]
    if lines:
        output.say("\nNot seen", mood="head")
    for line in lines[:RULES_SHOWN]:
        output.say(line, mood="quiet")
    output.facts({"blind": [_judged(one) for one in found.blind], "unseen": [_judged(one) for one in found.unseen]})


def _together(judgements: Sequence[Judgement]) -> list[str]:
    said: dict[tuple[str, str], list[str]] = {}
    for one in judgements:
        said.setdefault((one.rule, one.reason), []).append(one.subject)
    lines = []
    for (rule, reason), subjects in sorted(said.items(), key=lambda item: -len(item[1])):
        whose = subjects[0] if len(set(subjects)) == 1 else f"{len(set(subjects)):,} tables"
        lines.append(f"{rule.replace('_', ' ')} of {whose}: {reason}")
    return lines


def _runs(history: History, output: Output) -> None:
    output.say("\nRuns", mood="head")
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
    from lakesmith.monitor.judging.results import short

    passed = sum(check.status == "pass" for check in checks)
    output.say("\nTests", mood="head")
    output.say(f"{passed} of {len(checks)} pass." if checks else "No test has run yet: state unknown.")
    rows = [
        {"test": short(check.check_id), "on": check.relation, "status": check.status, "rows": check.failures}
        for check in checks
        if check.status != "pass"
    ]
    output.table("tests_not_passing", rows, sentence=_test_sentence)
    output.facts({"tests_passing": passed, "tests": len(checks)})
