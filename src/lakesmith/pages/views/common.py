"""Values that several pages of the console show. Times are aware UTC; None is unknown; rows are counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Place:
    """Which project and target a page is about, when it was true, and by which version of Lakesmith."""

    project: str
    target: str
    as_of: datetime
    version: str


@dataclass(frozen=True, slots=True)
class RunLine:
    """One run. `state`: running, succeeded, warned, failed, stopped, nothing_new or lost; counts are None in short listings."""

    run_id: str
    pipeline: str
    started_at: datetime
    finished_at: datetime | None
    state: str
    message: str
    command: str
    trigger: str
    loads: int | None = None
    rows_written: int | None = None
    rows_quarantined: int | None = None

    @property
    def seconds(self) -> float | None:
        """How long it took; None while it runs, and for a run that was lost."""
        return (self.finished_at - self.started_at).total_seconds() if self.finished_at else None


@dataclass(frozen=True, slots=True)
class Lane:
    """The runs of one pipeline on the timeline, oldest first, and when it starts next."""

    pipeline: str
    runs: Sequence[RunLine]
    next_starts: Sequence[datetime] = ()


@dataclass(frozen=True, slots=True)
class Timeline:
    """Lanes between two times; `now` lies between them. `left_out` counts pipelines that are not drawn."""

    start: datetime
    now: datetime
    end: datetime
    lanes: Sequence[Lane]
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class LoadLine:
    """One load under the row law: read = written + quarantined + filtered. `law`: holds, unproven, broken or not_done."""

    run_id: str
    stream: str
    finished_at: datetime
    state: str
    mode: str
    reason: str
    read: int
    written: int
    quarantined: int
    filtered: int
    law: str
    seconds: float
    size_bytes: int
    files: int


@dataclass(frozen=True, slots=True)
class Health:
    """What is thought of a table: the worst of load, freshness and checks; `reason` is the sentence of what is worst."""

    verdict: str = "unknown"
    load: str = "unknown"
    freshness: str = "unknown"
    checks: str = "unknown"
    reason: str = ""


@dataclass(frozen=True, slots=True)
class IncidentLine:
    """One incident. `hits` counts the tables it touches, those it began with included; runs, tests and groups are none."""

    incident_id: str
    title: str
    subject: str
    rule: str
    severity: str
    state: str
    owner: str
    opened_at: datetime
    last_seen_at: datetime
    resolved_at: datetime | None
    resolution: str
    occurrences: int
    hits: int


@dataclass(frozen=True, slots=True)
class ChangeLine:
    """One change of a source's shape."""

    seen_at: datetime
    stream: str
    column: str
    kind: str
    before: str
    after: str
    policy: str
    outcome: str
    run_id: str


@dataclass(frozen=True, slots=True)
class JudgementLine:
    """What one rule thinks of a table or a column; numbers are in the rule's own unit."""

    subject: str
    column: str
    rule: str
    verdict: str
    judged_at: datetime
    reason: str
    value: float | None = None
    expected: float | None = None
    lower: float | None = None
    upper: float | None = None
    trained_on: int = 0


@dataclass(frozen=True, slots=True)
class ErrorLine:
    """One error of one step, with its cure."""

    run_id: str
    step: str
    seen_at: datetime
    kind: str
    error_class: str
    origin: str
    retryable: bool | None
    what: str
    where: str
    fix: str
    fingerprint: str = ""


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that changed at a time: `kind` is code, config, versions or schema."""

    at: datetime
    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Plot:
    """A picture over time. `takeaway` says in one sentence what it shows; every series has one number per point, None where there is none.

    `bars` are stacked, `lines` drawn over them; `band` is what was expected, low and high; `limits` are promised values.
    """

    name: str
    title: str
    takeaway: str
    unit: str
    points: Sequence[datetime]
    bars: Mapping[str, Sequence[float | None]] = field(default_factory=dict)
    lines: Mapping[str, Sequence[float | None]] = field(default_factory=dict)
    band: Sequence[tuple[float, float] | None] = ()
    limits: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Throughput:
    """All pictures of a source or a table, on one axis of time, with what changed on it."""

    start: datetime
    end: datetime
    marks: Sequence[Mark]
    plots: Sequence[Plot]


@dataclass(frozen=True, slots=True)
class Wanted:
    """A page of a long list: how many there are in all if known, and the addresses of the pages beside it (None: there is none)."""

    shown: int
    total: int | None
    newer: str | None = None
    older: str | None = None
