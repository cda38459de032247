"""What rooms tell the recorder. Events are facts about a run; nothing depends on anybody listening."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from lakesmith.model.loads import Load
from lakesmith.model.watching import Glance


@dataclass(frozen=True, slots=True)
class RunStarted:
    """A run began. `lease_until`: without a renewal by then the run counts as lost."""

    run_id: str
    at: datetime
    project: str
    target: str
    command: str
    selection: str
    trigger: str
    version: str
    config_hash: str
    host: str
    pid: int
    lease_until: datetime


@dataclass(frozen=True, slots=True)
class RunRenewed:
    """A run is still alive."""

    run_id: str
    at: datetime
    lease_until: datetime


@dataclass(frozen=True, slots=True)
class RunFinished:
    """A run ended: succeeded, warned, failed, stopped or nothing_new. `message` is one sentence."""

    run_id: str
    at: datetime
    state: str
    message: str = ""


@dataclass(frozen=True, slots=True)
class StepStarted:
    """A step began."""

    run_id: str
    step: str
    kind: str
    at: datetime


@dataclass(frozen=True, slots=True)
class StepProgress:
    """How far a step is: rows and bytes so far, and how many bytes there are (None: unknown). Shown, not stored."""

    run_id: str
    step: str
    rows: int
    done_bytes: int
    total_bytes: int | None
    note: str = ""


@dataclass(frozen=True, slots=True)
class StepFinished:
    """A step ended: succeeded, warned, failed, skipped or stopped. `facts` are small numbers for people (models, files, rows)."""

    run_id: str
    step: str
    kind: str
    at: datetime
    state: str
    seconds: float
    message: str = ""
    facts: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LoadFinished:
    """A stream was loaded, or not; the load says all it knows."""

    run_id: str
    step: str
    at: datetime
    load: Load


@dataclass(frozen=True, slots=True)
class TableSeen:
    """A table that others load was looked at; no row of it was moved."""

    run_id: str
    at: datetime
    glance: Glance


@dataclass(frozen=True, slots=True)
class CheckFinished:
    """A dbt test ran. `status` is pass, warn, fail, error or skipped; `failures` counts the rows that broke it."""

    run_id: str
    at: datetime
    check_id: str
    relation: str
    column: str
    status: str
    severity: str
    failures: int
    seconds: float
    message: str = ""


@dataclass(frozen=True, slots=True)
class ModelFinished:
    """A dbt model was built. `rows` is None where dbt does not say."""

    run_id: str
    at: datetime
    model: str
    relation: str
    status: str
    seconds: float
    rows: int | None = None
    message: str = ""


@dataclass(frozen=True, slots=True)
class DatasetPublished:
    """A data set was written out."""

    run_id: str
    at: datetime
    publisher: str
    dataset: str
    path: str
    rows: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class ErrorSeen:
    """An error of a step, without any row value or secret in it."""

    run_id: str
    step: str
    at: datetime
    kind: str
    remedy: str
    what: str
    where: str
    fix: str


Event = (
    RunStarted
    | RunRenewed
    | RunFinished
    | StepStarted
    | StepProgress
    | StepFinished
    | LoadFinished
    | TableSeen
    | CheckFinished
    | ModelFinished
    | DatasetPublished
    | ErrorSeen
)
