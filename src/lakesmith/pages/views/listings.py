"""Values of the pages that list: Today, Runs, Sources, Tables, Incidents, Quarantine and drift, System."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from lakesmith.pages.views.common import (
    ChangeLine,
    Health,
    IncidentLine,
    JudgementLine,
    Place,
    Plot,
    RunLine,
    Timeline,
    Wanted,
)


@dataclass(frozen=True, slots=True)
class OtherLine:
    """A table that others load: what was seen of it last, and what that says now."""

    table: str
    verdict: str
    state: str
    rows: int | None
    loaded_at: datetime | None
    seen_at: datetime | None
    reason: str


@dataclass(frozen=True, slots=True)
class FreshLine:
    """How old a table is against what is promised, in seconds."""

    table: str
    verdict: str
    lag_s: float | None
    limit_s: float | None
    reason: str


@dataclass(frozen=True, slots=True)
class MuteLine:
    """A mute that is in force."""

    matches: str
    reason: str
    actor: str
    until: datetime


@dataclass(frozen=True, slots=True)
class Front:
    """Today: one sentence, its mood, what needs a person, and what is on its way."""

    place: Place
    headline: str
    mood: str
    verdicts: Mapping[str, int]
    incidents: Sequence[IncidentLine]
    more_incidents: int
    freshness: Sequence[FreshLine]
    timeline: Timeline
    plots: Sequence[Plot]
    changes: Sequence[ChangeLine]
    mutes: Sequence[MuteLine]
    learning: Sequence[JudgementLine]
    learning_total: int
    unwatched: Sequence[str]
    unlooked: int


@dataclass(frozen=True, slots=True)
class StepRow:
    """One step through the runs of a grid: its state in each, None where it was no part of the run."""

    step: str
    states: Sequence[str | None]


@dataclass(frozen=True, slots=True)
class Runs:
    """The runs of a target, newest first, and a grid of the newest ones (oldest first) by their steps."""

    place: Place
    timeline: Timeline
    grid_runs: Sequence[RunLine]
    grid: Sequence[StepRow]
    grid_left_out: int
    runs: Sequence[RunLine]
    wanted: Wanted
    pipelines: Sequence[str]
    state: str
    pipeline: str


@dataclass(frozen=True, slots=True)
class SourceLine:
    """One source and the state it is in, as a word: connected, late, broken, first_load, never_loaded, watched or unknown."""

    name: str
    kind: str
    state: str
    reason: str
    streams: int
    last_success_at: datetime | None
    rows_day: int
    errors_week: int
    changes_month: int
    health: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Sources:
    """All sources of the project."""

    place: Place
    sources: Sequence[SourceLine]


@dataclass(frozen=True, slots=True)
class TableLine:
    """One table. `rows_day` counts the rows written in the last 24 hours; `lower` and `upper` are what is expected of a day."""

    name: str
    layer: str
    owner: str
    health: Health
    rows_day: int | None
    lower: float | None
    upper: float | None
    loaded_at: datetime | None
    quarantined_day: int | None
    incident_id: str


@dataclass(frozen=True, slots=True)
class Tables:
    """All tables, in the order asked for."""

    place: Place
    headline: str
    verdicts: Mapping[str, int]
    tables: Sequence[TableLine]
    wanted: Wanted
    sort: str
    verdict: str
    find: str


@dataclass(frozen=True, slots=True)
class Incidents:
    """Incidents, open ones first; `state` is what was asked for: open or all."""

    place: Place
    headline: str
    incidents: Sequence[IncidentLine]
    wanted: Wanted
    state: str


@dataclass(frozen=True, slots=True)
class ReasonLine:
    """Why records of a stream went to quarantine or were left out, and how many; never the record itself."""

    stream: str
    reason: str
    rows: int
    loads: int
    last_at: datetime
    run_id: str


@dataclass(frozen=True, slots=True)
class Quarantine:
    """What could not be accepted since a day, what was left out on purpose, and how sources changed their shape."""

    place: Place
    since: datetime
    headline: str
    quarantined: Sequence[ReasonLine]
    filtered: Sequence[ReasonLine]
    changes: Sequence[ChangeLine]
    is_cut: bool


@dataclass(frozen=True, slots=True)
class HeartbeatLine:
    """A part of the platform that says it is alive. `verdict` is good while it was heard of lately."""

    component: str
    verdict: str
    seen_at: datetime
    started_at: datetime
    version: str
    host: str
    detail: str


@dataclass(frozen=True, slots=True)
class DeliveryLine:
    """One message about incidents; never its text."""

    queued_at: datetime
    route: str
    channel: str
    kind: str
    state: str
    attempts: int
    sent_at: datetime | None
    fault: str


@dataclass(frozen=True, slots=True)
class ActionLine:
    """What a person did."""

    at: datetime
    actor: str
    via: str
    verb: str
    target: str
    outcome: str


@dataclass(frozen=True, slots=True)
class TickLine:
    """A start that was due and did not simply happen."""

    pipeline: str
    nominal_at: datetime
    state: str
    reason: str


@dataclass(frozen=True, slots=True)
class System:
    """What the platform says of itself."""

    place: Place
    headline: str
    mood: str
    store: str
    seals: int
    sealed_at: datetime | None
    versions: Mapping[str, str]
    heartbeats: Sequence[HeartbeatLine]
    lost: Sequence[RunLine]
    running: Sequence[RunLine]
    blind: Sequence[JudgementLine]
    blind_total: int
    deliveries: Sequence[DeliveryLine]
    ticks: Sequence[TickLine]
    actions: Sequence[ActionLine]
