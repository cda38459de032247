"""What is good again, and which incidents are over with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import update

from lakesmith.monitor import tables
from lakesmith.monitor.incidents import naming
from lakesmith.monitor.incidents.values import CAUSE, CHECK, DELIVERY, FAULT, LOST, MODEL, Incident, Touched
from lakesmith.monitor.judging.values import BAD, GOOD, WARN, Judgement
from lakesmith.monitor.writing import stamp

if TYPE_CHECKING:
    from lakesmith.monitor.incidents.lifecycle import Desk

NOT_GOOD = (BAD, WARN)
EVERYTHING, RUN = "everything", "run"
"""How a run of all is called, and the subject that is well where the whole of a run was."""


@dataclass(frozen=True, slots=True)
class Better:
    """What one look found good.

    `steps` are subjects whose steps went well, `passed` the ids of tests and models, `ended` the pipelines of runs that came to an
    end. `gone` says whether a part is no part of the project any more. `resolution` is the reason to note for an end by itself.
    """

    steps: frozenset[str] = frozenset()
    passed: frozenset[str] = frozenset()
    ended: frozenset[str] = frozenset()
    judgements: tuple[Judgement, ...] = ()
    gone: Callable[[Touched], bool] = lambda _part: False
    resolution: Callable[[Incident], str] = lambda _incident: "fixed_at_source"
    by_subject: Mapping[tuple[str, str], Sequence[Judgement]] = field(default_factory=dict)

    @classmethod
    def of(cls, judgements: Sequence[Judgement], **others: object) -> Better:
        """Return what is good among judgements, and elsewhere."""
        found: dict[tuple[str, str], list[Judgement]] = {}
        for judgement in judgements:
            found.setdefault((judgement.subject, judgement.rule), []).append(judgement)
        return cls(judgements=tuple(judgements), by_subject=found, **others)  # type: ignore[arg-type]


def has_recovered(desk: Desk, incident: Incident, better: Better, *, met: bool) -> bool:
    """Note which subjects are good again; whether the incident is over: all it is about is good, and it was not met again."""
    if incident.rule == DELIVERY and not is_gone(incident, better):
        return False
    good = [one for one in incident.touched if one.until is None and _is_good(one, incident, better)]
    if good:
        _note(desk, incident, good)
    open_parts = [one for one in incident.parts if one.until is None and one not in good]
    return not met and not open_parts


def is_gone(incident: Incident, better: Better) -> bool:
    """Whether the project does not ask for anything any more that an incident is about."""
    return bool(incident.parts) and all(better.gone(one) for one in incident.parts)


def _note(desk: Desk, incident: Incident, good: Sequence[Touched]) -> None:
    table = tables.incident_subject
    for one in good:
        mine = (table.c.incident_id == incident.incident_id, table.c.subject == one.subject, table.c.role == one.role)
        desk.connection.execute(update(table).where(*mine).values(until=stamp(_not_before(desk.now, one.since))))


def _not_before(now: datetime, since: datetime) -> datetime:
    return max(now, since)


def _is_good(part: Touched, incident: Incident, better: Better) -> bool:
    if part.role == CAUSE and better.gone(part):
        return True
    if part.rule == FAULT:
        return part.subject in better.steps
    if part.rule in (CHECK, MODEL):
        return part.subject in better.passed
    if part.rule == LOST:
        is_whole = EVERYTHING in better.ended and RUN in better.steps  # a run of all does what any other left undone
        name = part.subject.removeprefix("run of ")
        return name in better.ended or is_whole if part.role == CAUSE else part.subject in better.steps
    return _is_judged_good(part, incident, better)


def _is_judged_good(part: Touched, incident: Incident, better: Better) -> bool:
    mine = better.by_subject.get((part.subject, part.rule), ())
    if any(one.verdict in NOT_GOOD for one in mine):
        return False
    prefix = f"{part.subject}."
    columns = {name.removeprefix(prefix) for name in incident.facts.get("columns", ()) if name.startswith(prefix)}
    if columns and part.role == CAUSE:
        judged = {one.column for one in better.judgements if one.subject == part.subject and one.column}
        left = (
            columns & judged if judged else columns
        )  # a column that a load did not bring is nobody's trouble any more
        return left <= {one.column for one in mine if one.verdict == GOOD}
    if any(one.verdict == GOOD for one in mine):
        return True
    return naming.is_group(part.subject) and _members_good(part, better.judgements)


def _members_good(part: Touched, judgements: Sequence[Judgement]) -> bool:
    """Whether the tables that a group stands for are good, where nobody judges the group itself while it is."""
    members = [one for one in judgements if one.rule == part.rule and naming.within(one.subject, part.subject)]
    return any(one.verdict == GOOD for one in members) and not any(one.verdict in NOT_GOOD for one in members)
