"""What a message says, on one screen: the facts of incidents and never a value of a row. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lakesmith.monitor.alerts.values import ALL_WELL, DIGEST, REPEAT, TEST, UPDATE, Note
from lakesmith.monitor.incidents import naming
from lakesmith.monitor.incidents.changes import NOTHING
from lakesmith.monitor.incidents.values import ERROR, Incident
from lakesmith.monitor.incidents.wording import counted, day_and_time, lasted
from lakesmith.monitor.writing import stamp

LISTED = 10
CHANGES, TODO, NAMES = 4, 3, 4
_BEFORE = {UPDATE: "Update: ", REPEAT: "Still open: "}


@dataclass(frozen=True, slots=True)
class Scene:
    """Of which project and target a message tells, when, and where the console is (empty: nobody said)."""

    project: str
    target: str
    now: datetime
    address: str = ""

    def link(self, incident_id: str = "") -> str:
        """Return where to look: a page of the console, or a command."""
        if self.address:
            return f"{self.address.rstrip('/')}/incidents{f'/{incident_id}' if incident_id else ''}"
        return f"lakesmith incidents{f' show {incident_id}' if incident_id else ''}"


def note_of(kind: str, incidents: Sequence[Incident], scene: Scene) -> Note:
    """Return the message about some incidents."""
    severity = ERROR if any(one.severity == ERROR and one.is_open for one in incidents) else "warn"
    severity = "resolved" if all(not one.is_open for one in incidents) else severity
    if len(incidents) == 1:
        one = incidents[0]
        headline, lines, link = _headline(one, kind), lines_of(one), scene.link(one.incident_id)
    else:
        headline, lines, link = _many(kind, incidents, scene), _list(kind, incidents), scene.link()
    facts = tuple(_facts(one, scene) for one in incidents)
    return Note(kind, severity, headline, lines, facts, link, scene.project, scene.target, stamp(scene.now))


def trial_note(scene: Scene, channel: str) -> Note:
    """Return the message of `lakesmith alerts test`."""
    headline = f"TEST: {scene.project} can reach you over {channel}; nothing is wrong"
    lines = (("Why", "Somebody ran `lakesmith alerts test` to see whether messages arrive."),)
    return Note(TEST, "test", headline, lines, (), scene.link(), scene.project, scene.target, stamp(scene.now))


def daily_note(scene: Scene, incidents: Sequence[Incident], facts: Mapping[str, int]) -> Note:
    """Return the message of the day: all is well, or what is not. `facts` are counts by what they count."""
    lines = tuple((name, f"{count:,}") for name, count in facts.items())
    if incidents:
        headline = f"{scene.project}: {counted(len(incidents), 'incident')} open"
        lines += _list(DIGEST, incidents)
    else:
        headline = f"{scene.project}: all is well; no incident is open, and somebody is watching"
    severity = "warn" if incidents else "good"
    listed = tuple(_facts(one, scene) for one in incidents[:LISTED])
    return Note(
        ALL_WELL, severity, headline, lines, listed, scene.link(), scene.project, scene.target, stamp(scene.now)
    )


def _headline(incident: Incident, kind: str) -> str:
    if not incident.is_open and incident.resolved_at:
        span = lasted(incident.resolved_at - incident.began_at)
        return f"{incident.subject}: good again after {span}: {incident.title}"
    return f"{_BEFORE.get(kind, '')}{incident.subject}: {incident.title}, since {day_and_time(incident.began_at)}"


def lines_of(incident: Incident) -> tuple[tuple[str, str], ...]:
    """Return what is known of an incident as pairs of a word and a text, what changed first."""
    facts = incident.facts
    if not incident.is_open:
        lines = [("Resolved", f"{incident.resolution.replace('_', ' ')} by {incident.resolved_by}: {incident.note}")]
    else:
        lines = [
            ("Changed", _changed(facts)),
            ("Data", str(facts.get("safe") or "It is not known whether the data is safe.")),
            ("Hit", _hit(incident)),
            ("Before", _before(facts)),
            *(("Do", _step(step)) for step in list(facts.get("todo") or ())[:TODO]),
            ("Owner", incident.owner),
        ]
    return tuple((word, text) for word, text in lines if text)


def _changed(facts: Mapping[str, Any]) -> str:
    changes, good = facts.get("changes"), facts.get("last_good")
    if changes is None or not good:
        return "There is no good run to compare with."
    since = f"Since the last good run ({day_and_time(datetime.fromisoformat(good['started_at']))}): "
    if not changes:
        return since + NOTHING + "."
    more = f"; and {len(changes) - CHANGES} more" if len(changes) > CHANGES else ""
    return since + "; ".join(str(one["text"]) for one in changes[:CHANGES]) + more + "."


def _hit(incident: Incident) -> str:
    below = incident.facts.get("downstream")
    tables = {one.subject for one in incident.touched if one.role == "hit" or len(incident.parts) > 1}
    told = [counted(len(tables), "table or step", "tables and steps")] if tables else []
    if below is None:
        return ", ".join([*told, "what is downstream is not known"])
    told.append(f"{counted(below['models'], 'model')} downstream")
    if below["marts"]:
        told.append(f"{counted(below['marts'], 'mart')} ({_names(below['names'], below['marts'])})")
    named = [word for word in ("publications", "exposures", "owners") if below[word]]
    told += [f"{word} {_names(below[word], len(below[word]))}" for word in named]
    return ", ".join(told)


def _names(names: Sequence[str], count: int) -> str:
    shown = ", ".join(names[:NAMES])
    return f"{shown} and {count - NAMES} more" if count > NAMES else shown


def _before(facts: Mapping[str, Any]) -> str:
    before = facts.get("seen_before")
    if not before:
        return ""
    note = f": {before['note']}" if before.get("note") else ""
    last = str(before.get("resolution") or "").replace("_", " ")
    return f"Seen {counted(int(before['times']), 'time')} before, last resolved as {last}{note}"


def _step(step: Mapping[str, str]) -> str:
    return f"{step['text']}: {step['command']}" if step["command"] else step["text"]


def _many(kind: str, incidents: Sequence[Incident], scene: Scene) -> str:
    first = min(one.opened_at for one in incidents)
    still = sum(one.is_open for one in incidents)
    what = f"{counted(still, 'incident')} open" if still else f"{counted(len(incidents), 'incident')} resolved"
    over = f", {len(incidents) - still} resolved" if still and still < len(incidents) else ""
    subjects = list(dict.fromkeys(one.subject for one in incidents))
    at_once = " at once" if kind == DIGEST else ""
    before = _BEFORE.get(kind, "")
    return f"{before}{_names(subjects, len(subjects))}: {what}{at_once}{over} in {scene.project}, since {day_and_time(first)}"


def _list(kind: str, incidents: Sequence[Incident]) -> tuple[tuple[str, str], ...]:
    lines = [("open" if one.is_open else "over", f"{one.subject}: {one.title}") for one in incidents[:LISTED]]
    if len(incidents) > LISTED:
        lines.append(("more", counted(len(incidents) - LISTED, "incident")))
    if kind == DIGEST:
        by = Counter(one.subject.partition(".")[0] for one in incidents).most_common(LISTED)
        lines.append(("where", ", ".join(f"{name} {count}" for name, count in by)))
    return tuple(lines)


def _facts(incident: Incident, scene: Scene) -> dict[str, Any]:
    """Return an incident as programs read it."""
    below = incident.facts.get("downstream")
    return {
        "incident_id": incident.incident_id,
        "state": incident.state,
        "severity": incident.severity,
        "rule": incident.rule,
        "subject": incident.subject,
        "title": naming.without_persons(incident.title),
        "owner": incident.owner,
        "opened_at": stamp(incident.opened_at),
        "resolved_at": stamp(incident.resolved_at) if incident.resolved_at else None,
        "resolution": incident.resolution or None,
        "occurrences": incident.occurrences,
        "data_safe": incident.data_safe,
        "subjects": [one.subject for one in incident.touched][:100],
        "downstream": None if below is None else {key: below[key] for key in ("models", "marts")},
        "link": scene.link(incident.incident_id),
    }
