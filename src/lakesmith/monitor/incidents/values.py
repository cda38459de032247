"""What is seen going wrong, the causes it comes down to, and the incidents that are kept of them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from lakesmith.monitor.judging.values import Judgement

OPEN, ACKNOWLEDGED, RESOLVED = "open", "acknowledged", "resolved"
ERROR, WARN = "error", "warn"
RESOLUTIONS = ("fixed_at_source", "code_fix", "config", "false_positive", "expected_change", "duplicate")
CAUSE, HIT = "cause", "hit"
"""The roles of a subject: what has to be good again, and what suffers from it."""

FAULT, LOST, CHECK, MODEL, DELIVERY = "fault", "lost_run", "check", "model", "delivery"
"""The rules of incidents that no judgement made; all others bear the rule of a judgement."""

OURSELVES = "lakesmith"
"""Who acts when no person does."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One error of one step. `subject` is what the step works on: a stream, `source.*`, a publication, or the step itself."""

    run_id: str
    step: str
    subject: str
    seen_at: datetime
    kind: str
    remedy: str
    what: str
    where: str
    fix: str
    error_class: str = ""
    origin: str = ""
    fingerprint: str = ""

    @property
    def source(self) -> str:
        """The source it is about, empty where it is about none."""
        is_source = self.step.startswith(("load:", "discover:"))
        return self.subject.partition(".")[0] if is_source else ""


@dataclass(frozen=True, slots=True)
class Failing:
    """A test, or a model, that failed: its id, the relation it is about, and one sentence without any value of a row."""

    run_id: str
    unique_id: str
    relation: str
    severity: str
    seen_at: datetime
    what: str
    rule: str = CHECK


@dataclass(frozen=True, slots=True)
class LostRun:
    """A run whose process ended without a word. `subjects` had begun or were to begin; empty: nobody knows which."""

    run_id: str
    started_at: datetime
    seen_at: datetime
    pipeline: str
    subjects: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Hit:
    """Something that suffers from a cause, or is part of it; `column` is empty for a table as a whole."""

    subject: str
    rule: str
    since: datetime
    column: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Seen:
    """All that one look found wrong."""

    faults: tuple[Fault, ...] = ()
    failing: tuple[Failing, ...] = ()
    lost: tuple[LostRun, ...] = ()
    judgements: tuple[Judgement, ...] = ()


@dataclass(frozen=True, slots=True)
class Cause:
    """One thing to see to. `parts` have to be good again before it is over; `hits` suffer from it.

    `bucket` names the span or the run it was seen in: the same cause in the same bucket is no new failure.
    """

    key: str
    rule: str
    subject: str
    title: str
    severity: str
    seen_at: datetime
    bucket: str
    parts: tuple[Hit, ...]
    hits: tuple[Hit, ...] = ()
    run_id: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """The key as the store keeps it."""
        return hashlib.sha256(self.key.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Touched:
    """A subject of an incident. `until` is when it was good again, None while it is not."""

    subject: str
    role: str
    rule: str
    since: datetime
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Happened:
    """One line of an incident's story."""

    at: datetime
    kind: str
    actor: str
    detail: str


@dataclass(frozen=True, slots=True)
class Incident:
    """One cause that needs a person. `facts` is what is known of it, see `docs/incidents.md`; no value of a row is in it."""

    incident_id: str
    target: str
    cause: str
    rule: str
    subject: str
    title: str
    severity: str
    state: str
    owner: str
    opened_at: datetime
    last_seen_at: datetime
    occurrences: int
    acknowledged_at: datetime | None
    acknowledged_by: str
    resolved_at: datetime | None
    resolved_by: str
    resolution: str
    note: str
    first_run_id: str | None
    last_run_id: str | None
    last_good_run_id: str | None
    data_safe: str
    is_downstream_known: bool
    facts: Mapping[str, Any]
    touched: tuple[Touched, ...] = ()

    @property
    def began_at(self) -> datetime:
        """When it was opened, the last time."""
        again = self.facts.get("reopened_at")
        return datetime.fromisoformat(str(again)) if again else self.opened_at

    @property
    def is_open(self) -> bool:
        """Whether it still needs somebody."""
        return self.state != RESOLVED

    @property
    def parts(self) -> tuple[Touched, ...]:
        """What it is about."""
        return tuple(one for one in self.touched if one.role == CAUSE)

    @property
    def hits(self) -> tuple[Touched, ...]:
        """What suffers from it."""
        return tuple(one for one in self.touched if one.role == HIT)
