"""Values of the pages about one thing: a run, a source, a table, an incident."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from lakesmith.pages.views.common import (
    ChangeLine,
    ErrorLine,
    Health,
    IncidentLine,
    JudgementLine,
    LoadLine,
    Place,
    RunLine,
    Throughput,
)
from lakesmith.pages.views.listings import OtherLine, SourceLine, TableLine


@dataclass(frozen=True, slots=True)
class StepLine:
    """One step of a run."""

    step: str
    kind: str
    state: str
    started_at: datetime
    finished_at: datetime | None
    seconds: float | None
    attempt: int | None
    cpu_s: float | None
    peak_rss_bytes: int | None
    message: str


@dataclass(frozen=True, slots=True)
class CheckLine:
    """One test that did not pass."""

    name: str
    relation: str
    status: str
    severity: str
    failures: int
    message: str


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line of a run's log, in words."""

    at: str
    text: str


@dataclass(frozen=True, slots=True)
class Run:
    """One run: what it did, step by step, and what it wrote down. `facts` are its identity, by name."""

    place: Place
    run: RunLine
    headline: str
    mood: str
    facts: Mapping[str, str]
    steps: Sequence[StepLine]
    loads: Sequence[LoadLine]
    errors: Sequence[ErrorLine]
    checks: Sequence[CheckLine]
    checks_passed: int
    log: Sequence[LogLine]
    log_left_out: int
    incidents: Sequence[IncidentLine]


@dataclass(frozen=True, slots=True)
class Source:
    """One source: its state, its tables (`others`: those that others load), and how much came from it."""

    place: Place
    source: SourceLine
    tables: Sequence[TableLine]
    others: Sequence[OtherLine]
    throughput: Throughput
    errors: Sequence[ErrorLine]
    changes: Sequence[ChangeLine]


@dataclass(frozen=True, slots=True)
class Table:
    """One table: health with its reasons, throughput, the newest runs that touched it, and how its shape changed."""

    place: Place
    name: str
    owner: str
    tags: Sequence[str]
    health: Health
    headline: str
    facts: Mapping[str, str]
    throughput: Throughput
    strip: Sequence[RunLine]
    judgements: Sequence[JudgementLine]
    loads: Sequence[LoadLine]
    changes: Sequence[ChangeLine]
    incidents: Sequence[IncidentLine]


@dataclass(frozen=True, slots=True)
class Changed:
    """What was different between the last good run and the first bad one. `kind`: code, config, version, libraries, host, schema, volume."""

    kind: str
    text: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Hit:
    """Something an incident touches. `role`: cause or hit; `rule`: what says so."""

    subject: str
    role: str
    rule: str
    since: datetime
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Below:
    """What is made from the tables of an incident: how many models and marts, some of their names, and who reads them."""

    models: int
    marts: int
    names: Sequence[str]
    exposures: Sequence[str]
    publications: Sequence[str]
    owners: Sequence[str]


@dataclass(frozen=True, slots=True)
class Happening:
    """One entry of an incident's own history."""

    at: datetime
    kind: str
    actor: str
    text: str


@dataclass(frozen=True, slots=True)
class Incident:
    """One incident in the order a person needs it: what, what changed, why, is data safe, who is hit, seen before, what to do.

    `what` and `reasons` are what was seen; `downstream` None: not known; `before`: how often the cause was there, empty the first time.
    """

    place: Place
    line: IncidentLine
    sentence: str
    first_run: RunLine | None
    last_run: RunLine | None
    last_good_run: RunLine | None
    changed: Sequence[Changed]
    is_change_known: bool
    error: ErrorLine | None
    what: str
    reasons: Sequence[str]
    data_safe: str
    data_safe_words: str
    hits: Sequence[Hit]
    downstream: Below | None
    before: str
    seen_before: Sequence[IncidentLine]
    commands: Sequence[tuple[str, str]]
    log: Sequence[LogLine]
    history: Sequence[Happening]
