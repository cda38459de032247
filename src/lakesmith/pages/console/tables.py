"""Tables: how each is, how many rows it got, how old it is, who owns it; and one of them with its throughput."""

from __future__ import annotations

from lakesmith.pages.console.lines import (
    changes_table,
    chips,
    counts,
    empty,
    facts,
    incident_list,
    judgements_table,
    loads_table,
    tables_rows,
    ways,
)
from lakesmith.pages.console.runs import choice
from lakesmith.pages.console.sources import TABLE_COLUMNS, TABLE_NUMBERS
from lakesmith.pages.frame import Chrome, document, heading
from lakesmith.pages.html import Markup, tag
from lakesmith.pages.links import address
from lakesmith.pages.parts import section, table
from lakesmith.pages.plots import throughput
from lakesmith.pages.timelines import strip
from lakesmith.pages.views.details import Table
from lakesmith.pages.views.listings import Tables

SORTS = {
    "table": "name",
    "health": "health",
    "rows, 24 h": "rows",
    "quarantined": "quarantined",
    "loaded (UTC)": "age",
    "owner": "owner",
}


def render(tables: Tables, chrome: Chrome) -> str:
    """Return the list."""
    columns = [_column(name, tables) for name in TABLE_COLUMNS]
    rows = tables_rows(tables.tables)
    shown = tables.wanted.shown
    some = f"{shown:,} of {tables.wanted.total:,} tables." if tables.wanted.total not in (None, shown) else ""
    return document(
        "Tables",
        tables.place,
        chrome,
        heading(tables.headline, None),
        counts(tables.verdicts),
        _wish(tables),
        tag("p", some, class_="lead") if some else "",
        table(columns, rows, numeric=TABLE_NUMBERS, caption="Tables") if rows else empty("There is no such table."),
        ways(tables.wanted),
    )


def _column(name: str, tables: Tables) -> object:
    key = SORTS.get(name)
    if key is None:
        return name
    href = address("/tables", sort=key, verdict=tables.verdict, find=tables.find)
    now = " ↓" if key == tables.sort else ""
    spoken = tag("span", ", sorted by this" if now else ", sort by this", class_="unseen")
    return tag("a", f"{name}{now}", spoken, href=href)


def _wish(tables: Tables) -> Markup:
    box = tag("input", type="search", name="find", value=tables.find, maxlength=120)
    return tag(
        "form",
        tag("label", "Name holds", Markup(box.replace("</input>", ""))),
        choice("verdict", "Health", tables.verdict, ("bad", "warn", "unknown", "learning", "good"), "any health"),
        choice("sort", "Order", tables.sort, ("health", "name", "rows", "age", "quarantined", "owner"), "worst first"),
        tag("button", "Show", type="submit"),
        method="get",
        action="/tables",
        class_="wish",
        role="search",
        aria_label="Filter tables",
    )


def render_one(one: Table, chrome: Chrome) -> str:
    """Return the page of one table."""
    eyebrow = tag("span", f"Table {one.name} · owner {one.owner or 'nobody'} · ", chips(one.health))
    open_s = {
        line.incident_id: (one.place.as_of - line.opened_at).total_seconds()
        for line in one.incidents
        if not line.resolved_at
    }
    return document(
        f"Table {one.name}",
        one.place,
        chrome,
        heading(one.headline, one.health.verdict, eyebrow),
        section("Incidents", "", incident_list(one.incidents, open_s), id_="incidents") if one.incidents else "",
        section(f"The newest {len(one.strip)} runs", "", strip(one.strip), id_="strip") if one.strip else "",
        section("Throughput", "", throughput(one.throughput), id_="throughput"),
        section(
            "Why this health",
            "The newest judgement of every rule; a rule that has not looked is not listed, and its part stays unknown.",
            judgements_table(one.judgements, "Judgements")
            if one.judgements
            else empty("No rule has judged this table yet: unknown."),
            id_="judgements",
        ),
        section(
            "Loads",
            "",
            loads_table(one.loads, of_run=False) if one.loads else empty("No load is on record."),
            id_="loads",
        ),
        section(
            "Schema changes",
            "",
            changes_table(one.changes) if one.changes else empty("Its shape has not changed."),
            id_="changes",
        ),
        section("What it is", "", facts(one.facts), id_="facts") if any(one.facts.values()) else "",
    )
