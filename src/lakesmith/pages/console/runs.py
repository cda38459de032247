"""Runs: when they ran, how their steps ended, and all of them as a list."""

from __future__ import annotations

from collections.abc import Sequence

from lakesmith.pages.console.lines import empty, runs_table, ways
from lakesmith.pages.frame import Chrome, document, heading
from lakesmith.pages.html import Markup, tag
from lakesmith.pages.parts import section, words
from lakesmith.pages.timelines import grid, strip, timeline
from lakesmith.pages.views.listings import Runs

STATES = ("succeeded", "nothing_new", "warned", "failed", "lost", "stopped", "running")


def render(runs: Runs, chrome: Chrome) -> str:
    """Return the page."""
    asked = " ".join(filter(None, (words(runs.state), f"of {runs.pipeline}" if runs.pipeline else "")))
    return document(
        "Runs",
        runs.place,
        chrome,
        heading(f"Runs {asked}".rstrip(), None),
        _wish(runs),
        section("Last 24 hours, next 6", "", timeline(runs.timeline), id_="timeline"),
        _grid(runs),
        section(
            "All runs, newest first",
            "",
            runs_table(runs.runs, "Runs") if runs.runs else empty("There is no such run."),
            ways(runs.wanted),
            id_="list",
        ),
    )


def choice(name: str, label: str, chosen: str, options: Sequence[str], every: str) -> Markup:
    """Return a list to choose from, with its label."""
    shown = [tag("option", every, value="")]
    shown += [tag("option", words(one), value=one, selected="selected" if one == chosen else None) for one in options]
    return tag("label", label, tag("select", *shown, name=name))


def _wish(runs: Runs) -> Markup:
    return tag(
        "form",
        choice("state", "State", runs.state, STATES, "any state"),
        choice("pipeline", "Pipeline", runs.pipeline, runs.pipelines, "any pipeline"),
        tag("button", "Show", type="submit"),
        method="get",
        action="/runs",
        class_="wish",
        role="search",
        aria_label="Filter runs",
    )


def _grid(runs: Runs) -> Markup:
    if not runs.grid_runs:
        return Markup()
    left = f"{runs.grid_left_out:,} more steps are not drawn." if runs.grid_left_out else ""
    title = f"The newest {len(runs.grid_runs)} runs by step"
    drawn = grid(runs.grid_runs, runs.grid) if runs.grid else strip(runs.grid_runs)
    return section(title, left, drawn, id_="grid")
