"""System: what the platform says of itself: who is alive, which runs were lost, what is blind, which messages did not get out."""

from __future__ import annotations

from lakesmith.pages.console.lines import empty, facts, judgements_table, runs_table
from lakesmith.pages.frame import Chrome, document, heading
from lakesmith.pages.html import Markup
from lakesmith.pages.parts import clipped, mark, minute, section, table, when, words
from lakesmith.pages.values import BAD, GOOD, UNKNOWN, WARN
from lakesmith.pages.views.listings import System

DELIVERIES = {"sent": GOOD, "queued": WARN, "waiting": WARN, "failed": BAD, "given_up": BAD}
TICKS = {"started": GOOD, "missed": BAD, "skipped": WARN, "failed": BAD}


def render(system: System, chrome: Chrome) -> str:
    """Return the page."""
    sealed = f"{system.seals:,}, the newest of {minute(system.sealed_at)}" if system.seals else "none yet"
    return document(
        "System",
        system.place,
        chrome,
        heading(system.headline, system.mood),
        section(
            "Lost runs",
            "Their process ended without a word.",
            runs_table(system.lost, "Lost runs") if system.lost else empty("No run was lost within thirty days."),
            id_="lost",
        ),
        section(
            "Running now",
            "",
            runs_table(system.running, "Running now") if system.running else empty("No run is going on."),
            id_="running",
        ),
        _heartbeats(system),
        _blind(system),
        _deliveries(system),
        _ticks(system),
        _actions(system),
        section(
            "Record and versions",
            "",
            facts({"record of runs": system.store, "sealed runs": sealed, **system.versions}),
            id_="versions",
        ),
    )


def _heartbeats(system: System) -> Markup:
    rows = [
        (
            one.component,
            mark(one.verdict, "alive" if one.verdict == GOOD else "silent"),
            when(one.seen_at),
            when(one.started_at),
            one.version,
            one.host,
            clipped(one.detail, 160),
        )
        for one in system.heartbeats
    ]
    columns = ("part", "", "last heard (UTC)", "since (UTC)", "version", "host", "")
    nothing = "No part of the platform runs on its own here: runs are started by hand, or by somebody else's clock."
    return section(
        "Heartbeats", "", table(columns, rows, caption="Heartbeats") if rows else empty(nothing), id_="heartbeats"
    )


def _blind(system: System) -> Markup:
    lead = (
        f"{system.blind_total:,} rules cannot judge yet; the first {len(system.blind):,} are shown."
        if system.blind_total > len(system.blind)
        else ""
    )
    shown = (
        judgements_table(system.blind, "Blind or learning")
        if system.blind
        else empty("No rule that has looked is blind or learning.")
    )
    return section("Blind or still learning", lead, shown, id_="blind")


def _deliveries(system: System) -> Markup:
    rows = [
        (
            when(one.queued_at),
            one.route,
            one.channel,
            words(one.kind),
            mark(DELIVERIES.get(one.state, UNKNOWN), words(one.state)),
            f"{one.attempts:,}",
            when(one.sent_at),
            clipped(one.fault, 200),
        )
        for one in system.deliveries
    ]
    columns = ("queued (UTC)", "route", "channel", "what", "state", "attempts", "sent (UTC)", "fault")
    numeric = (False, False, False, False, False, True)
    return section(
        "Messages",
        "",
        table(columns, rows, numeric=numeric, caption="Messages") if rows else empty("No message was due."),
        id_="messages",
    )


def _ticks(system: System) -> Markup:
    rows = [
        (
            one.pipeline,
            when(one.nominal_at),
            mark(TICKS.get(one.state, UNKNOWN), words(one.state)),
            clipped(one.reason, 240),
        )
        for one in system.ticks
    ]
    shown = (
        table(("pipeline", "was due (UTC)", "", "why"), rows, caption="Starts")
        if rows
        else empty("Every start that was due happened, or none is scheduled here.")
    )
    return section("Starts that did not simply happen", "", shown, id_="ticks")


def _actions(system: System) -> Markup:
    rows = [
        (when(one.at), one.actor, one.via, one.verb, clipped(one.target, 160), one.outcome) for one in system.actions
    ]
    columns = ("time (UTC)", "who", "by", "did", "to", "outcome")
    return section(
        "What people did",
        "",
        table(columns, rows, caption="Actions") if rows else empty("Nobody has done anything that is recorded."),
        id_="actions",
    )
