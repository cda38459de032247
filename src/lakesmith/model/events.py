"""What rooms tell the recorder. Events are facts about a run; nothing depends on anybody listening."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from lakesmith.model.loads import Load
from lakesmith.model.watching import Glance

LEASE = timedelta(seconds=60)
"""A run that says nothing for so long counts as lost."""


@dataclass(frozen=True, slots=True)
class Cause:
    """Why there is a run. `trigger`: cli, schedule, catch_up, retry, console, airflow or api; empty where nobody said.

    `detail` is one sentence, `nominal_at` the time a schedule meant it to start at, `requested_by` the person or the machine's user,
    `pipeline` the part of the project that runs, empty for all of it. `attempt` counts starts of the same work, from 1 on.
    """

    trigger: str = ""
    detail: str = ""
    nominal_at: datetime | None = None
    requested_by: str = ""
    pipeline: str = ""
    attempt: int = 1


@dataclass(frozen=True, slots=True)
class RunStarted:
    """A run began. `lease_until`: without a renewal by then the run counts as lost.

    `code_version` is the commit of the project folder, empty outside of git; `code_dirty` says whether files were changed since, None
    where nobody knows. `versions` are those of the libraries that decide what is made, `boot_id` tells the machine's starts apart.
    """

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
    cause: Cause = field(default_factory=Cause)
    code_version: str = ""
    code_dirty: bool | None = None
    versions: dict[str, str] = field(default_factory=dict)
    boot_id: str = ""


@dataclass(frozen=True, slots=True)
class RunRenewed:
    """A run is still alive."""

    run_id: str
    at: datetime
    lease_until: datetime


@dataclass(frozen=True, slots=True)
class RunFinished:
    """A run ended: succeeded, warned, failed, stopped or nothing_new. `message` is one sentence.

    `cpu_s` are seconds of processors, of the process and the children it waited for; `peak_rss_bytes` the most memory that it or one
    of them held. None where nobody measured.
    """

    run_id: str
    at: datetime
    state: str
    message: str = ""
    cpu_s: float | None = None
    peak_rss_bytes: int | None = None


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
    """A step ended: succeeded, warned, failed, skipped or stopped. `facts` are small numbers for people (models, files, rows).

    `attempt` is that of the run; `cpu_s` and `peak_rss_bytes` are those of `RunFinished`, for the time of the step.
    """

    run_id: str
    step: str
    kind: str
    at: datetime
    state: str
    seconds: float
    message: str = ""
    facts: dict[str, float] = field(default_factory=dict)
    attempt: int = 1
    cpu_s: float | None = None
    peak_rss_bytes: int | None = None


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
    """An error of a step, without any row value or secret in it.

    `causes` are the names of the exceptions it came from, the nearest first: they tell more than a sentence does of what to do.
    """

    run_id: str
    step: str
    at: datetime
    kind: str
    remedy: str
    what: str
    where: str
    fix: str
    causes: tuple[str, ...] = ()


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
