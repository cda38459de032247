"""Sources: every system that is read, and the state it is in; and one of them with all that came from it."""

from __future__ import annotations

from lakesmith.pages.console.lines import changes_table, counts, empty, errors_list, tables_rows
from lakesmith.pages.frame import Chrome, document, heading
from lakesmith.pages.html import Markup
from lakesmith.pages.links import source_link, table_link
from lakesmith.pages.parts import clipped, mark, section, table, when, words
from lakesmith.pages.plots import throughput
from lakesmith.pages.values import BAD, GOOD, UNKNOWN, WARN
from lakesmith.pages.views.details import Source
from lakesmith.pages.views.listings import SourceLine, Sources

STATES = {
    "connected": GOOD,
    "late": WARN,
    "broken": BAD,
    "first_load": WARN,
    "never_loaded": UNKNOWN,
    "watched": GOOD,
    "unwatched": UNKNOWN,
    "unknown": UNKNOWN,
}
TABLE_COLUMNS = (
    "table",
    "health",
    "parts",
    "rows, 24 h",
    "expected a day",
    "quarantined",
    "loaded (UTC)",
    "owner",
    "why",
)
TABLE_NUMBERS = (False, False, False, True, True, True, False, False, False)


def render(sources: Sources, chrome: Chrome) -> str:
    """Return the list."""
    bad = sum(STATES.get(one.state) == BAD for one in sources.sources)
    known = f"{len(sources.sources):,} source{'' if len(sources.sources) == 1 else 's'}"
    rows = [
        (
            source_link(one.name),
            one.kind,
            mark(STATES.get(one.state, UNKNOWN), words(one.state)),
            f"{one.streams:,}",
            when(one.last_success_at),
            f"{one.rows_day:,}",
            f"{one.errors_week:,}",
            f"{one.changes_month:,}",
            clipped(one.reason, 240),
        )
        for one in sources.sources
    ]
    columns = (
        "source",
        "type",
        "state",
        "streams",
        "last success (UTC)",
        "rows, 24 h",
        "errors, 7 d",
        "schema changes, 30 d",
        "",
    )
    numeric = (False, False, False, True, False, True, True, True, False)
    return document(
        "Sources",
        sources.place,
        chrome,
        heading(f"{known}, {bad} broken" if bad else known, None),
        table(columns, rows, numeric=numeric, caption="Sources") if rows else empty("The project has no source."),
    )


def render_one(source: Source, chrome: Chrome) -> str:
    """Return the page of one source."""
    one = source.source
    return document(
        f"Source {one.name}",
        source.place,
        chrome,
        heading(_sentence(one), STATES.get(one.state, UNKNOWN), f"Source {one.name} · {one.kind}"),
        counts(one.health),
        section("Tables", "", _tables(source), id_="tables"),
        section(
            "Throughput", "All streams of the source together, by day.", throughput(source.throughput), id_="throughput"
        )
        if source.tables
        else "",
        section(
            "Newest errors",
            "",
            errors_list(source.errors) if source.errors else empty("No error within seven days."),
            id_="errors",
        ),
        section(
            "Schema changes",
            "",
            changes_table(source.changes) if source.changes else empty("Its shape has not changed within thirty days."),
            id_="changes",
        )
        if source.tables
        else "",
    )


def _tables(source: Source) -> Markup:
    if source.tables:
        return table(TABLE_COLUMNS, tables_rows(source.tables), numeric=TABLE_NUMBERS, caption="Tables")
    rows = [
        (
            table_link(one.table),
            mark(one.verdict, one.state),
            "–" if one.rows is None else f"{one.rows:,}",
            when(one.loaded_at),
            when(one.seen_at),
            clipped(one.reason, 240),
        )
        for one in source.others
    ]
    columns = ("table", "state", "rows", "loaded (UTC)", "seen (UTC)", "why")
    numeric = (False, False, True)
    return table(columns, rows, numeric=numeric, caption="Tables") if rows else empty("No table of it is known yet.")


def _sentence(one: SourceLine) -> str:
    loaded = f", last loaded {one.last_success_at:%d %b %H:%M}" if one.last_success_at else ""
    because = f": {one.reason.removesuffix('.')}" if one.reason else ""
    return clipped(f"{one.name} is {words(one.state)}{because}{loaded}.", 300)
