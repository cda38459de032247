"""Quarantine and drift: what could not be accepted and why, what was left out on purpose, and how sources changed their shape."""

from __future__ import annotations

from collections.abc import Sequence

from lakesmith.pages.console.lines import changes_table, empty
from lakesmith.pages.frame import Chrome, document, heading
from lakesmith.pages.html import Markup, tag
from lakesmith.pages.links import run_link, table_link
from lakesmith.pages.parts import clipped, section, table, when
from lakesmith.pages.views.listings import Quarantine, ReasonLine


def render(value: Quarantine, chrome: Chrome) -> str:
    """Return the page."""
    cut = "Only the newest loads with such records are counted." if value.is_cut else ""
    lead = tag(
        "p",
        f"Loads since {value.since:%Y-%m-%d}. ",
        cut,
        " The records themselves: ",
        tag("code", "lakesmith quarantine show"),
        ".",
        class_="lead",
    )
    changes = changes_table(value.changes) if value.changes else empty("No source has changed its shape.")
    return document(
        "Quarantine and drift",
        value.place,
        chrome,
        heading(value.headline, None),
        lead,
        section(
            "Quarantined",
            "",
            _reasons(value.quarantined, "Why quarantined", "Every record became a row."),
            id_="quarantined",
        ),
        section(
            "Filtered",
            "Left out because the project says so.",
            _reasons(value.filtered, "Why filtered", "Nothing was left out."),
            id_="filtered",
        ),
        section("Drift", "", changes, id_="drift"),
    )


def _reasons(reasons: Sequence[ReasonLine], caption: str, nothing: str) -> Markup:
    if not reasons:
        return empty(nothing)
    rows = [
        (
            table_link(one.stream),
            clipped(one.reason, 200),
            f"{one.rows:,}",
            f"{one.loads:,}",
            when(one.last_at),
            run_link(one.run_id),
        )
        for one in reasons
    ]
    columns = ("table", "reason", "rows", "loads", "last (UTC)", "in run")
    return table(columns, rows, numeric=(False, False, True, True, False, False), caption=caption)
