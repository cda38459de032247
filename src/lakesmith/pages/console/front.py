"""Today: is everything well, and if not, what is the one cause."""

from __future__ import annotations

from lakesmith.pages.console.lines import changes_table, counts, empty, incident_list
from lakesmith.pages.frame import Chrome, document, heading
from lakesmith.pages.html import Markup, tag
from lakesmith.pages.links import table_link
from lakesmith.pages.parts import clipped, mark, minute, section, span, table
from lakesmith.pages.plots import plot
from lakesmith.pages.timelines import timeline
from lakesmith.pages.views.listings import FreshLine, Front

BAR, BAR_HEIGHT, SMALL = 130, 10, 330


def render(front: Front, chrome: Chrome) -> str:
    """Return the page."""
    return document(
        "Today",
        front.place,
        chrome,
        heading(front.headline, front.mood),
        counts(front.verdicts),
        tag("div", _incidents(front), _freshness(front), class_="pair"),
        section("Last 24 hours, next 6", "", timeline(front.timeline), id_="timeline"),
        _plots(front) if front.plots else "",
        _changes(front),
        tag("div", _learning(front), _mutes(front), class_="halves"),
    )


def _incidents(front: Front) -> Markup:
    if not front.incidents:
        return section("Incidents", "", empty("No incident is open."), id_="incidents")
    open_s = {one.incident_id: (front.place.as_of - one.opened_at).total_seconds() for one in front.incidents}
    more = (
        tag("p", tag("a", f"{front.more_incidents:,} more open incidents", href="/incidents"))
        if front.more_incidents
        else ""
    )
    return section("Incidents", "", incident_list(front.incidents, open_s), more, id_="incidents")


def _freshness(front: Front) -> Markup:
    if not front.freshness:
        return section(
            "Freshness", "", empty("No table's age has been judged yet, so none is known to be fresh."), id_="freshness"
        )
    rows = [
        (table_link(one.table), mark(one.verdict, _lag_words(one)), _bar(one), span(one.limit_s))
        for one in front.freshness
    ]
    board = table(("table", "age", "", "promised"), rows, numeric=(False, False, False, True), caption="Freshness")
    return section("Freshness", "The oldest against what is promised.", board, id_="freshness")


def _lag_words(one: FreshLine) -> str:
    return span(one.lag_s) if one.lag_s is not None else one.verdict


def _bar(one: FreshLine) -> Markup:
    """Return the age as a share of twice what is promised; the line in the middle is the promise."""
    if one.lag_s is None or not one.limit_s:
        return Markup("–")
    width = round(min(one.lag_s / one.limit_s / 2, 1.0) * BAR, 1)
    return tag(
        "svg",
        tag("rect", x=0, y=2, width=BAR, height=6, rx=3, class_="track"),
        tag("rect", x=0, y=2, width=max(width, 2), height=6, rx=3, class_=one.verdict),
        tag("line", x1=BAR / 2, x2=BAR / 2, y1=0, y2=BAR_HEIGHT, class_="change"),
        viewBox=f"0 0 {BAR} {BAR_HEIGHT}",
        class_="lag",
        role="img",
        aria_label=f"{span(one.lag_s)} of {span(one.limit_s)}",
    )


def _plots(front: Front) -> Markup:
    figures = (plot(one, one.points[0], one.points[-1], width=SMALL) for one in front.plots if one.points)
    return section("By the hour", "", tag("div", *figures, class_="plots four"), id_="plots")


def _changes(front: Front) -> Markup:
    if not front.changes:
        return section("Schema changes since yesterday", "", empty("No source has changed its shape."), id_="changes")
    return section("Schema changes since yesterday", "", changes_table(front.changes), id_="changes")


def _learning(front: Front) -> Markup:
    parts: list[Markup] = []
    if front.unlooked:
        verb = "table has" if front.unlooked == 1 else "tables have"
        parts.append(
            tag("li", f"{front.unlooked:,} {verb} not been judged at all: nothing is known, nothing is green.")
        )
    parts += [tag("li", text) for text in front.unwatched]
    parts += [tag("li", table_link(one.subject), f", {one.rule}: {clipped(one.reason, 160)}") for one in front.learning]
    if front.learning_total > len(front.learning):
        parts.append(
            tag("li", tag("a", f"all {front.learning_total:,} that are blind or learning", href="/system#blind"))
        )
    body = tag("ul", *parts, class_="list") if parts else empty("Every rule has looked at every table it is for.")
    return section("Not watched, or still learning", "", body, id_="unwatched")


def _mutes(front: Front) -> Markup:
    if not front.mutes:
        return section("Mutes", "", empty("Nothing is muted."), id_="mutes")
    lines = (
        tag(
            "li",
            tag("span", clipped(one.matches, 160), class_="what"),
            tag("div", f"until {minute(one.until)}, by {one.actor}: {clipped(one.reason, 200)}", class_="rest"),
        )
        for one in front.mutes
    )
    return section("Mutes", "Soonest to end first.", tag("ul", *lines, class_="list"), id_="mutes")
