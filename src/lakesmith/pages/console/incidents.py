"""Incidents: what needs a person; and one of them in the order a person needs it."""

from __future__ import annotations

from collections.abc import Sequence

from lakesmith.pages.console.lines import SEVERITIES, empty, errors_list, incident_list, log, run_state, ways
from lakesmith.pages.frame import Chrome, document, heading
from lakesmith.pages.html import Markup, join, tag
from lakesmith.pages.links import run_link, table_link
from lakesmith.pages.parts import clipped, mark, minute, section, table, when, words
from lakesmith.pages.values import GOOD, UNKNOWN, WARN
from lakesmith.pages.views.common import RunLine
from lakesmith.pages.views.details import Incident
from lakesmith.pages.views.listings import Incidents

SAFE = {
    "nothing_written": GOOD,
    "not_moved": GOOD,
    "written_and_committed": WARN,
    "published": WARN,
    "unknown": UNKNOWN,
}
SHOWN_HITS = 40


def render(incidents: Incidents, chrome: Chrome) -> str:
    """Return the list."""
    now = incidents.place.as_of
    open_s = {
        one.incident_id: (now - one.opened_at).total_seconds() for one in incidents.incidents if not one.resolved_at
    }
    other = ("all", "Show resolved ones as well") if incidents.state == "open" else ("open", "Show open ones only")
    return document(
        "Incidents",
        incidents.place,
        chrome,
        heading(incidents.headline, None),
        tag("p", tag("a", other[1], href=f"/incidents?state={other[0]}")),
        incident_list(incidents.incidents, open_s) if incidents.incidents else empty("No incident is open."),
        ways(incidents.wanted),
    )


def render_one(incident: Incident, chrome: Chrome) -> str:
    """Return the page of one incident."""
    line = incident.line
    mood = GOOD if line.state == "resolved" else SEVERITIES.get(line.severity, UNKNOWN)
    eyebrow = (
        f"Incident {line.incident_id[:13]} · {words(line.state)} · {line.severity} · owner {line.owner or 'nobody'}"
    )
    return document(
        f"Incident {clipped(line.title, 60)}",
        incident.place,
        chrome,
        heading(incident.sentence, mood, eyebrow),
        _runs(incident),
        _changed(incident),
        _cause(incident),
        section(
            "Is the data safe?",
            "",
            tag(
                "p",
                mark(SAFE.get(incident.data_safe, UNKNOWN), words(incident.data_safe)),
                " ",
                incident.data_safe_words,
            ),
            id_="safe",
        ),
        _downstream(incident),
        _seen_before(incident),
        _what_to_do(incident.commands),
        section("End of the log", "", log(incident.log, 0, line.incident_id), id_="log") if incident.log else "",
        _history(incident),
    )


def _runs(incident: Incident) -> Markup:
    parts = [
        join(
            (
                tag("dt", name),
                tag("dd", run_link(run.run_id), " ", run_state(run), f" · {minute(run.started_at)} · {run.pipeline}"),
            )
        )
        for name, run in _named(incident)
    ]
    return tag("dl", *parts, class_="plainly") if parts else Markup()


def _named(incident: Incident) -> list[tuple[str, RunLine]]:
    newest = incident.last_run if incident.last_run != incident.first_run else None
    named = (
        ("First bad run", incident.first_run),
        ("Newest bad run", newest),
        ("Last good run", incident.last_good_run),
    )
    return [(name, run) for name, run in named if run is not None]


def _changed(incident: Incident) -> Markup:
    title = "What changed since the last good run"
    if not incident.is_change_known:
        return section(title, "", empty("No good run is on record to compare with."), id_="changed")
    if not incident.changed:
        return section(
            title,
            "",
            empty("Nothing that is recorded: code, project file, libraries, schema, host and size are the same."),
            id_="changed",
        )
    rows = [
        (words(one.kind), clipped(one.text), clipped(one.before, 120), clipped(one.after, 120))
        for one in incident.changed
    ]
    return section(
        title,
        "",
        tag("div", table(("what", "", "before", "after"), rows, caption=title), class_="changed"),
        id_="changed",
    )


def _cause(incident: Incident) -> Markup:
    if incident.error is not None:
        return section("Cause", "", errors_list((incident.error,)), id_="cause")
    what = clipped(f"{incident.what[:1].upper()}{incident.what[1:]}", 800)
    said = tag(
        "p", f"The rule “{words(incident.line.rule)}” on ", table_link(incident.line.subject), ".", class_="rest"
    )
    seen = tag("ul", *(tag("li", clipped(one, 800)) for one in incident.reasons)) if incident.reasons else ""
    return section("Cause", "", tag("p", f"{what}.", class_="what") if what else "", seen, said, id_="cause")


def _downstream(incident: Incident) -> Markup:
    whole = incident.line.subject  # `shop.*` hit beside each of its tables says nothing more
    hits = [hit for hit in incident.hits if hit.role == "cause" or hit.subject != whole]
    roles = {role: [hit.subject for hit in hits if hit.role == role] for role in ("cause", "hit")}
    groups = [("Where it began", roles["cause"]), ("Hit as well", roles["hit"])]
    below = incident.downstream
    if below is None:
        known = "What is downstream is not known: dbt has written no manifest here."
        return section("Who is hit", known, *(_group(name, hits) for name, hits in groups if hits), id_="downstream")
    known = f"{below.models:,} downstream {'model' if below.models == 1 else 'models'}, {below.marts:,} of them {'a mart' if below.marts == 1 else 'marts'}."
    others = (("Publications", below.publications), ("Read by", below.exposures), ("Owners", below.owners))
    return section(
        "Who is hit",
        known if below.models else "No model is downstream.",
        *(_group(name, hits) for name, hits in groups if hits),
        _group("Downstream", below.names, below.marts or below.models) if below.names else "",
        *(tag("p", tag("strong", f"{name}: "), ", ".join(names)) for name, names in others if names),
        id_="downstream",
    )


def _group(name: str, subjects: Sequence[str], total: int = 0) -> Markup:
    count = max(total, len(subjects))
    shown = join((table_link(subject) for subject in subjects[:SHOWN_HITS]), ", ")
    more = (
        f" and {count - SHOWN_HITS:,} more"
        if len(subjects) > SHOWN_HITS
        else f" and {count - len(subjects):,} more"
        if count > len(subjects)
        else ""
    )
    return tag("p", tag("strong", f"{name} ({count:,}): "), shown, more)


def _seen_before(incident: Incident) -> Markup:
    before = incident.seen_before
    if not before and not incident.before:
        return section("Seen before?", "", empty("No, this cause is new."), id_="before")
    return section("Seen before?", incident.before, incident_list(before, {}) if before else "", id_="before")


def _what_to_do(commands: Sequence[tuple[str, str]]) -> Markup:
    lines = (tag("li", tag("span", what), tag("code", command) if command else "") for what, command in commands)
    return section("What to do", "", tag("ul", *lines, class_="do"), id_="do")


def _history(incident: Incident) -> Markup:
    rows = [(when(one.at), words(one.kind), one.actor or "–", clipped(one.text)) for one in incident.history]
    return (
        section(
            "Its history",
            "",
            table(("time (UTC)", "what", "who", ""), rows, caption="History of the incident"),
            id_="history",
        )
        if rows
        else Markup()
    )
