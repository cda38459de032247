"""Rows and small parts that several pages of the console share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lakesmith.pages.html import Markup, join, tag
from lakesmith.pages.links import incident_link, run_link, table_link
from lakesmith.pages.parts import SHAPES, clipped, mark, minute, span, table, when, words
from lakesmith.pages.timelines import letter, mood_of
from lakesmith.pages.values import BAD, GOOD, UNKNOWN, WARN
from lakesmith.pages.views.common import (
    ChangeLine,
    ErrorLine,
    Health,
    IncidentLine,
    JudgementLine,
    LoadLine,
    RunLine,
    Wanted,
)
from lakesmith.pages.views.details import LogLine
from lakesmith.pages.views.listings import TableLine

LAWS = {"holds": GOOD, "unproven": WARN, "broken": BAD, "not_done": BAD}
SEVERITIES = {"error": BAD, "warn": WARN}
STATES = ("bad", "warn", "unknown", "learning", "good")


def chips(health: Health) -> Markup:
    """Return health as three letters: L for the load, F for freshness, C for checks, each with the shape of its verdict."""
    parts = (("L", "load", health.load), ("F", "freshness", health.freshness), ("C", "checks", health.checks))
    shown = (
        tag(
            "span",
            f"{sign}{SHAPES.get(verdict, SHAPES[UNKNOWN])[0]}",
            class_=f"chip {verdict}",
            title=f"{name}: {verdict}",
        )
        for sign, name, verdict in parts
    )
    spoken = ", ".join(f"{name} {verdict}" for _, name, verdict in parts)
    return tag("span", tag("span", *shown, aria_hidden="true"), tag("span", spoken, class_="unseen"), class_="chips")


def run_state(run: RunLine) -> Markup:
    """Return a run's state in colour, letter and word."""
    return tag(
        "span",
        tag("b", letter(run.state), aria_hidden="true"),
        f" {words(run.state)}",
        class_=f"mark {mood_of(run.state)}",
    )


def runs_table(runs: Sequence[RunLine], caption: str) -> Markup:
    """Return runs as a table."""
    columns = ("run", "began (UTC)", "state", "took", "pipeline", "by", "loads", "rows written", "quarantined", "")
    rows = [
        (
            run_link(run.run_id),
            when(run.started_at),
            run_state(run),
            span(run.seconds),
            run.pipeline,
            f"{run.command}, {run.trigger}",
            _count(run.loads),
            _count(run.rows_written),
            _count(run.rows_quarantined),
            clipped(run.message),
        )
        for run in runs
    ]
    return table(columns, rows, numeric=(False, False, False, True, False, False, True, True, True), caption=caption)


def loads_table(loads: Sequence[LoadLine], *, of_run: bool) -> Markup:
    """Return loads under the row law, by stream or by run."""
    columns = (
        "stream" if of_run else "run",
        "loaded (UTC)",
        "read",
        "= written",
        "+ quarantined",
        "+ filtered",
        "law",
        "took",
        "mode",
    )
    rows = [
        (
            table_link(load.stream) if of_run else run_link(load.run_id),
            when(load.finished_at),
            *(f"{count:,}" for count in (load.read, load.written, load.quarantined, load.filtered)),
            mark(LAWS.get(load.law, UNKNOWN), words(load.state if load.law == "not_done" else load.law)),
            span(load.seconds),
            ", ".join(filter(None, (load.mode, load.reason))),
        )
        for load in loads
    ]
    numeric = (False, False, True, True, True, True, False, True, False)
    return table(columns, rows, numeric=numeric, caption="Loads")


def incident_list(incidents: Sequence[IncidentLine], now_s: Mapping[str, float]) -> Markup:
    """Return incidents, a line each; `now_s` maps an id to how long it has been open."""
    return tag("ul", *(_incident(one, now_s.get(one.incident_id)) for one in incidents), class_="list")


def _incident(one: IncidentLine, open_s: float | None) -> Markup:
    mood = GOOD if one.state == "resolved" else SEVERITIES.get(one.severity, UNKNOWN)
    state = words(one.state) + (f" as {words(one.resolution)}" if one.resolution else "")
    hits = f"{one.hits:,} table{'' if one.hits == 1 else 's'} hit" if one.hits else "no table hit"
    seen = f"seen {one.occurrences:,} times" if one.occurrences > 1 else "seen once"
    owner = f"owner {one.owner}" if one.owner else "no owner"
    age = f"open for {span(open_s)}" if open_s is not None else f"open until {minute(one.resolved_at)}"
    return tag(
        "li",
        tag(
            "div",
            mark(mood, state),
            " ",
            tag("span", incident_link(one.incident_id, f"{one.title[:1].upper()}{one.title[1:]}"), class_="what"),
        ),
        tag(
            "div",
            f"{clipped(one.subject, 120)} · since {minute(one.opened_at)}, {age} · {hits} · {seen} · {owner}",
            class_="rest",
        ),
    )


def changes_table(changes: Sequence[ChangeLine]) -> Markup:
    """Return changes of shape as a table: both sides, and what was done."""
    rows = [
        (
            when(change.seen_at),
            table_link(change.stream),
            tag("code", clipped(change.column, 120)),
            words(change.kind),
            clipped(" → ".join(side for side in (change.before, change.after) if side), 120),
            f"{change.outcome} ({change.policy})",
            run_link(change.run_id),
        )
        for change in changes
    ]
    return table(
        ("seen (UTC)", "table", "column", "what", "from → to", "done", "run"), rows, caption="Changes of shape"
    )


def judgements_table(judgements: Sequence[JudgementLine], caption: str) -> Markup:
    """Return judgements as a table."""
    rows = [
        (
            table_link(one.subject),
            tag("code", one.column) if one.column else "",
            words(one.rule),
            mark(one.verdict, one.verdict),
            clipped(one.reason),
            when(one.judged_at),
        )
        for one in judgements
    ]
    return table(("table", "column", "rule", "verdict", "why", "judged (UTC)"), rows, caption=caption)


def errors_list(errors: Sequence[ErrorLine]) -> Markup:
    """Return errors with class, origin and cure."""
    return tag("ul", *(_error(error) for error in errors), class_="list")


def _error(error: ErrorLine) -> Markup:
    kind = ", ".join(
        part
        for part in (
            words(error.error_class) or error.kind,
            f"from the {error.origin}" if error.origin else "",
            {True: "can work when tried again", False: "will not go away by itself", None: ""}[error.retryable],
        )
        if part
    )
    return tag(
        "li",
        tag("div", clipped(error.what, 800), class_="what"),
        tag("div", f"{kind} · step {error.step} · {minute(error.seen_at)} · ", run_link(error.run_id), class_="rest"),
        tag("div", f"Where: {clipped(error.where, 600)}", class_="rest") if error.where else "",
        tag("div", f"Fix: {clipped(error.fix, 600)}") if error.fix else "",
    )


def log(lines: Sequence[LogLine], left_out: int, run_id: str) -> Markup:
    """Return the end of a run's log."""
    if not lines:
        return tag("p", "There is no log of this run here.", class_="empty")
    text = "\n".join(f"{line.at}  {line.text}" for line in lines)
    more = join((f"{left_out:,} earlier lines: ", tag("code", f"lakesmith logs {run_id[:13]}"))) if left_out else ""
    box = tag("pre", text, class_="log", tabindex=0, role="region", aria_label="End of the log")
    return join((tag("p", more, class_="lead") if more else "", box))


def facts(values: Mapping[str, object]) -> Markup:
    """Return names and values side by side."""
    return tag(
        "dl", *(join((tag("dt", name), tag("dd", value))) for name, value in values.items() if value), class_="plainly"
    )


def counts(verdicts: Mapping[str, int], path: str = "/tables") -> Markup:
    """Return how many tables are in each state, worst first, each a way to those tables."""
    names = {"bad": "broken", "warn": "to look at", "unknown": "unknown", "learning": "learning", "good": "well"}
    shown = (
        tag("li", tag("a", mark(state, f"{verdicts[state]:,} {names[state]}"), href=f"{path}?verdict={state}"))
        for state in STATES
        if verdicts.get(state)
    )
    return tag("ul", *shown, class_="counts")


def tables_rows(tables: Sequence[TableLine]) -> list[tuple[object, ...]]:
    """Return the cells of tables, a row each."""
    return [
        (
            table_link(one.name),
            mark(one.health.verdict, "broken" if one.health.verdict == "bad" else None),
            chips(one.health),
            _count(one.rows_day),
            f"{one.lower:,.0f} to {one.upper:,.0f}" if one.lower is not None and one.upper is not None else "–",
            _count(one.quarantined_day),
            when(one.loaded_at),
            one.owner or "–",
            join(
                (
                    clipped(one.health.reason, 200),
                    " ",
                    incident_link(one.incident_id, "Incident") if one.incident_id else "",
                )
            ),
        )
        for one in tables
    ]


def ways(wanted: Wanted) -> Markup:
    """Return the ways to the pages of a list beside this one."""
    newer = tag("a", "← before these", href=wanted.newer, rel="prev") if wanted.newer else ""
    older = tag("a", "after these →", href=wanted.older, rel="next") if wanted.older else ""
    if not newer and not older:
        return Markup()
    return tag("nav", newer, older, class_="ways", aria_label="More of this list")


def empty(text: str) -> Markup:
    """Return a sentence in place of a list that has nothing in it."""
    return tag("p", text, class_="empty")


def _count(value: int | None) -> str:
    return "–" if value is None else f"{value:,}"
