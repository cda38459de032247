"""Whether the data is safe, and what to do: from the rule of an incident and what its loads did. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from lakesmith.monitor.incidents import naming
from lakesmith.monitor.incidents.values import CHECK, DELIVERY, FAULT, LOST, MODEL, WARN, Incident
from lakesmith.monitor.judging.values import FRESHNESS_RULES

NOTHING_WRITTEN, COMMITTED, NOT_MOVED, UNKNOWN = "nothing_written", "written_and_committed", "not_moved", "unknown"
PUBLISHED = "published"
SAFE: Mapping[str, str] = {
    NOTHING_WRITTEN: "Nothing half-done is visible: a failed load shows none of its rows. Readers keep what they had.",
    COMMITTED: "The rows are written and committed, and readers of bronze see them.",
    PUBLISHED: "A test that warns holds nothing back: readers see these rows.",
    NOT_MOVED: "No row was moved. Readers keep the last good version.",
    UNKNOWN: "It is not known what the last load did. The next run finds out by itself, and loads nothing twice.",
}
"""What each word means, as a sentence."""

LOADS = ("load:", "run")
MODEL_PARTS = 3


def safety(incident: Incident, loads: Sequence[Mapping[str, Any]]) -> str:
    """Return whether the data is safe, as a word of `SAFE`.

    Args:
        incident: What it is about.
        loads: The loads of its first bad run, of its own subjects, as rows of the record.
    """
    committed = any(load["snapshot_id"] is not None for load in loads)
    if incident.rule == CHECK and incident.severity == WARN:
        return PUBLISHED
    if incident.rule in (CHECK, MODEL, DELIVERY, *FRESHNESS_RULES, "late"):
        return NOT_MOVED
    if incident.rule == LOST or naming.word(str(incident.facts.get("error_class", ""))) == "commit_unknown":
        return UNKNOWN
    if incident.rule == FAULT:
        if committed:
            return COMMITTED
        steps = [str(step) for step in incident.facts.get("steps", ())]
        return NOTHING_WRITTEN if any(step.startswith(LOADS) for step in steps) else NOT_MOVED
    return COMMITTED if committed else UNKNOWN


def advice(incident: Incident, sources: Collection[str]) -> list[dict[str, str]]:
    """Return what to do, first things first: a sentence each, with the command that does it, or an empty one.

    Args:
        incident: What it is about.
        sources: The names of the project's sources.
    """
    told: list[tuple[str, str]] = []
    fix = naming.without_persons(str(incident.facts.get("fix", "")))
    if fix:
        told.append((fix, ""))
    told += _commands(incident, sources)
    if incident.last_run_id:
        told.append(("read what the run wrote down", f"lakesmith logs {incident.last_run_id}"))
    told.append(("say that you see to it", f"lakesmith incidents acknowledge {incident.incident_id}"))
    return [{"text": text, "command": command} for text, command in told]


def _commands(incident: Incident, sources: Collection[str]) -> list[tuple[str, str]]:
    subject, rule = incident.subject, incident.rule
    if rule == CHECK:
        name = _name(incident)
        return [
            ("look at the rows", f"lakesmith dbt show --select {name}"),
            ("test again", f"lakesmith dbt test --select {name}"),
        ]
    if rule == MODEL:
        name = _name(incident)
        return [
            ("build it again", f"lakesmith dbt build --select {name}"),
            ("run what it needs", f"lakesmith run --select +{name}"),
        ]
    if rule == DELIVERY:
        name = subject.rpartition(".")[2]
        return [
            ("try the channel", f"lakesmith alerts test {name}"),
            ("see what was tried", "lakesmith alerts deliveries"),
        ]
    selected = _selected(subject, sources)
    again = ("run it again", f"lakesmith run --select {selected}" if selected else "lakesmith run")
    if rule in (FAULT, LOST, "load", "late", *FRESHNESS_RULES):
        return [again]
    if naming.is_group(subject) or subject.partition(".")[0] not in sources:
        return [("see what was loaded", "lakesmith status"), again]
    return [
        ("see its versions", f"lakesmith history {subject}"),
        ("take the table back, if the rows are wrong", f"lakesmith rollback {subject}"),
        again,
    ]


def _name(incident: Incident) -> str:
    parts = (incident.parts[0].subject if incident.parts else incident.subject).split(".")
    return parts[2] if len(parts) >= MODEL_PARTS else parts[-1]


def _selected(subject: str, sources: Collection[str]) -> str:
    """Return what `--select` takes for a subject, empty for all or for what is no table."""
    if subject.startswith("publish:") or "." not in subject or " " in subject:
        return ""
    source, _, name = subject.partition(".")
    if source not in sources:
        return "" if name == "*" else f"+{name}"
    return f"source:{source}" if name == "*" else f"source:{subject}"
