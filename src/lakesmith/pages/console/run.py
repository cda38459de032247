"""One run: how it ended, its steps over time, its loads under the row law, its errors, the end of its log."""

from __future__ import annotations

from datetime import timedelta

from lakesmith.pages.console.lines import errors_list, facts, incident_list, loads_table, log
from lakesmith.pages.frame import Chrome, document, heading
from lakesmith.pages.html import Markup, tag
from lakesmith.pages.links import table_link
from lakesmith.pages.parts import clipped, mark, section, size, span, table, when, words
from lakesmith.pages.timelines import gantt, mood_of
from lakesmith.pages.today import STATUS_MOODS
from lakesmith.pages.values import UNKNOWN
from lakesmith.pages.views.details import Run


def render(run: Run, chrome: Chrome) -> str:
    """Return the page."""
    return document(
        f"Run {run.run.run_id[:13]}",
        run.place,
        chrome,
        heading(run.headline, run.mood, f"Run {run.run.run_id}"),
        _incidents(run),
        section("Errors", "", errors_list(run.errors), id_="errors") if run.errors else "",
        _steps(run),
        section(
            "Loads",
            "Every record a source counted is in bronze, in quarantine, or left out for a stated reason.",
            loads_table(run.loads, of_run=True),
            id_="loads",
        )
        if run.loads
        else section("Loads", "This run moved no stream.", id_="loads"),
        _checks(run),
        section("What it was", "", facts(run.facts), id_="facts"),
        section("End of the log", "", log(run.log, run.log_left_out, run.run.run_id), id_="log"),
    )


def _incidents(run: Run) -> Markup:
    if not run.incidents:
        return Markup()
    open_s = {
        one.incident_id: (run.place.as_of - one.opened_at).total_seconds()
        for one in run.incidents
        if not one.resolved_at
    }
    return section("Incidents", "", incident_list(run.incidents, open_s), id_="incidents")


def _steps(run: Run) -> Markup:
    if not run.steps:
        return section("Steps", "No step is on record.", id_="steps")
    last = max(step.finished_at or step.started_at for step in run.steps)
    end = max(run.run.finished_at or last, last, run.run.started_at + timedelta(milliseconds=1))
    rows = [
        (
            step.step,
            mark(mood_of(step.state), words(step.state)),
            when(step.started_at),
            span(step.seconds),
            span(step.cpu_s),
            size(step.peak_rss_bytes),
            clipped(step.message),
        )
        for step in run.steps
    ]
    columns = ("step", "state", "began (UTC)", "took", "CPU", "memory", "")
    behind = table(columns, rows, numeric=(False, False, False, True, True, True), caption="Steps")
    drawn = gantt(run.steps, run.run.started_at, end)
    return section("Steps", "", drawn, tag("details", tag("summary", "Steps as a table"), behind), id_="steps")


def _checks(run: Run) -> Markup:
    if not run.checks and not run.checks_passed:
        return section("Tests", "This run made no test.", id_="tests")
    rows = [
        (
            clipped(one.name, 160),
            table_link(one.relation),
            mark(STATUS_MOODS.get(one.status, UNKNOWN), one.status),
            f"{one.failures:,}",
        )
        for one in run.checks
    ]
    shown = table(
        ("test", "on", "", "rows"), rows, numeric=(False, False, False, True), caption="Tests that do not pass"
    )
    return section(
        "Tests", f"{run.checks_passed:,} pass, {len(run.checks):,} do not.", shown if rows else "", id_="tests"
    )
