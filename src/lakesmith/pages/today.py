"""The first page: can the numbers be trusted, and what are they."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import resources

from lakesmith.pages.charts import chart
from lakesmith.pages.html import Markup, join, number, tag
from lakesmith.pages.lineage import lineage
from lakesmith.pages.parts import RUN_MOODS, SHAPES, mark, minute, section, table
from lakesmith.pages.values import BAD, GOOD, UNKNOWN, WARN, LoadView, MartView, NoticeView, TableView, Today

TABLE_MOODS = {"fresh": GOOD, "late": WARN}
STATUS_MOODS = {"warn": WARN, "fail": BAD, "error": BAD, "skipped": UNKNOWN}


def render(today: Today) -> str:
    """Return the page as one HTML document."""
    style = resources.files("lakesmith.pages").joinpath("style.css").read_text("utf-8")
    head = join(
        (
            Markup('<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'),
            tag("title", f"{today.project}: today"),
            Markup(f"<style>{style}</style>"),
        )
    )
    sections = (
        _header(today),
        _marts(today.marts),
        _loads(today.loads, today.notices),
        _tables(today.tables),
        _trust(today),
        _lineage(today),
        _runs(today),
        _footer(today),
    )
    return f'<!doctype html>\n<html lang="en"><head>{head}</head><body><main>{join(sections)}</main></body></html>\n'


def _header(today: Today) -> Markup:
    tiles = (tag("div", tag("dt", name), tag("dd", value)) for name, value in today.ready)
    return tag(
        "header",
        tag("p", tag("strong", today.project), f" · target {today.target}", class_="eyebrow"),
        tag("h1", tag("span", SHAPES[today.mood][0], class_=f"seal {today.mood}"), today.headline),
        tag("dl", *tiles, class_="tiles"),
    )


def _marts(marts: Sequence[MartView]) -> Markup:
    if not marts:
        return section("Marts", "Nothing has been published yet.", id_="marts")
    return section("Marts", "", tag("div", *(_mart(mart) for mart in marts), class_="cards"), id_="marts")


def _mart(mart: MartView) -> Markup:
    shown = f"{len(mart.rows):,} of {mart.total:,} rows" if len(mart.rows) < mart.total else f"{mart.total:,} rows"
    return tag(
        "article",
        tag("h3", mart.name),
        tag("p", mart.description, class_="note"),
        *(chart(value) for value in mart.charts),
        tag("details", tag("summary", f"Table: {shown}"), table(mart.columns, mart.rows, numeric=mart.numeric)),
        tag("p", f"as of {mart.built_at}", class_="asof"),
    )


def _loads(loads: Sequence[LoadView], notices: Sequence[NoticeView]) -> Markup:
    columns = ("stream", "loaded (UTC)", "read", "= written", "+ quarantined", "+ filtered", "law", "rows/s", "")
    lead = "Every record a source counted is in bronze, in quarantine, or left out for a stated reason."
    rows = [_load_row(load) for load in loads]
    numbers = (False, False, True, True, True, True, False, True, False)
    said = table(("said (UTC)", "stream", "notice"), [(minute(n.at), n.stream, n.text) for n in notices])
    return section("Loads", lead, table(columns, rows, numeric=numbers), said if notices else "", id_="loads")


def _load_row(load: LoadView) -> tuple[object, ...]:
    law = (
        mark(GOOD, "holds")
        if load.holds and load.proven
        else mark(WARN, "unproven")
        if load.holds
        else mark(BAD, "broken")
    )
    if load.state not in ("succeeded", "nothing_new"):
        law = mark(BAD, load.state)
    counts = (f"{n:,}" for n in (load.read, load.written, load.quarantined, load.filtered))
    return (load.stream, minute(load.at), *counts, law, number(load.rows_per_s), load.note)


def _tables(tables: Sequence[TableView]) -> Markup:
    if not tables:
        return Markup()
    rows = [
        (
            one.name,
            mark(TABLE_MOODS.get(one.state, UNKNOWN), one.state),
            "unknown" if one.rows is None else f"{one.rows:,}",
            minute(one.loaded_at) if one.loaded_at else "unknown",
            minute(one.seen_at) if one.seen_at else "never",
            one.text,
        )
        for one in tables
    ]
    columns = ("table", "", "rows", "loaded (UTC)", "seen (UTC)", "")
    lead = "Others load these tables; they are watched, and models are built only on those that are fresh, or of which nothing is promised."
    numbers = (False, False, True, False, False, False)
    return section("Tables that others load", lead, table(columns, rows, numeric=numbers), id_="tables")


def _trust(today: Today) -> Markup:
    """Quarantine, drift and tests, side by side."""
    rejects = table(
        ("stream", "reason", "rows", "for example at"),
        [(r.stream, r.reason, f"{r.count:,}", tag("span", r.where, class_="where")) for r in today.rejects],
        numeric=(False, False, True, False),
    )
    drift = table(
        ("seen (UTC)", "stream", "column", "what", "done"),
        [(minute(d.at), d.stream, tag("code", d.column), d.sentence, d.outcome) for d in today.drift],
    )
    checks = table(
        ("test", "on", "", "rows"),
        [
            (c.name, c.relation, mark(STATUS_MOODS.get(c.status, UNKNOWN), c.status), f"{c.failures:,}")
            for c in today.checks
        ],
        numeric=(False, False, False, True),
    )
    tests = (
        f"{today.passed:,} pass, {len(today.checks):,} do not."
        if today.passed or today.checks
        else "No test has run yet."
    )
    waiting = (
        join((f"{today.waiting:,} records wait: ", tag("code", "lakesmith quarantine show"), "."))
        if today.waiting
        else "No record waits."
    )
    return join(
        (
            section("Quarantine", waiting, rejects if today.rejects else "", id_="quarantine"),
            section(
                "Drift",
                "" if today.drift else "No source has changed its shape.",
                drift if today.drift else "",
                id_="drift",
            ),
            section("Tests", tests, checks if today.checks else "", id_="tests"),
        )
    )


def _lineage(today: Today) -> Markup:
    if not today.nodes:
        return Markup()
    return section("Lineage", "", tag("div", lineage(today.nodes, today.edges), class_="scroll"), id_="lineage")


def _runs(today: Today) -> Markup:
    if not today.runs:
        return Markup()
    cells = (
        tag(
            "li",
            SHAPES[RUN_MOODS.get(run.state, UNKNOWN)][0],
            class_=RUN_MOODS.get(run.state, UNKNOWN),
            title=f"{minute(run.at)}: {run.state.replace('_', ' ')}{f', {run.seconds:.1f} s' if run.seconds is not None else ''}",
        )
        for run in reversed(today.runs)
    )
    columns = ("began (UTC)", "ended as", "seconds", "")
    rows = [
        (
            minute(run.at),
            mark(RUN_MOODS.get(run.state, UNKNOWN), run.state.replace("_", " ")),
            "–" if run.seconds is None else f"{run.seconds:,.1f}",
            run.message,
        )
        for run in today.runs[:12]
    ]
    strip = tag("ol", *cells, class_="strip")
    return section("Runs", "", strip, table(columns, rows, numeric=(False, False, True, False)), id_="runs")


def _footer(today: Today) -> Markup:
    unwatched = f" Not watched: {', '.join(today.unwatched)}." if today.unwatched else ""
    return tag(
        "footer",
        f"As of {minute(today.as_of)} UTC, written by Lakesmith {today.version}. This page needs no network.{unwatched}",
    )
