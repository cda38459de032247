"""What pages show, as plain frozen values gathered by somebody else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

GOOD, WARN, BAD, UNKNOWN = "good", "warn", "bad", "unknown"


@dataclass(frozen=True, slots=True)
class Chart:
    """One picture of a data set. `kind` is columns (over time), line or bars (ranked); one value per label and series.

    `unit` follows a value in words ("EUR"); `series` maps a name to one number per label, None where there is none.
    """

    kind: str
    title: str
    labels: Sequence[str]
    series: Mapping[str, Sequence[float | None]]
    unit: str = ""


@dataclass(frozen=True, slots=True)
class MartView:
    """A published table: its first rows as text, how many there are, and its charts."""

    name: str
    description: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    numeric: Sequence[bool]
    total: int
    built_at: str
    charts: Sequence[Chart] = ()


@dataclass(frozen=True, slots=True)
class LoadView:
    """One load of a stream under the row law."""

    stream: str
    at: datetime
    state: str
    read: int
    written: int
    quarantined: int
    filtered: int
    proven: bool
    holds: bool
    rows_per_s: float | None
    note: str = ""


@dataclass(frozen=True, slots=True)
class NoticeView:
    """What a source said besides its records, when it was last said."""

    at: datetime
    stream: str
    text: str


@dataclass(frozen=True, slots=True)
class TableView:
    """A table that others load. `state`: fresh, late, unknown or unwatched; None is unknown; times are UTC."""

    name: str
    state: str
    text: str
    rows: int | None
    loaded_at: datetime | None
    seen_at: datetime | None


@dataclass(frozen=True, slots=True)
class RejectView:
    """One reason why records of a stream wait in quarantine, and where one of them was read."""

    stream: str
    reason: str
    count: int
    where: str


@dataclass(frozen=True, slots=True)
class DriftView:
    """One change of a source's shape."""

    at: datetime
    stream: str
    column: str
    sentence: str
    outcome: str


@dataclass(frozen=True, slots=True)
class CheckView:
    """One test that did not pass."""

    name: str
    relation: str
    status: str
    failures: int
    message: str


@dataclass(frozen=True, slots=True)
class NodeView:
    """A thing in the lineage picture; `layer` is bronze, silver, gold or marts; `mood` one of the four."""

    name: str
    layer: str
    mood: str = GOOD


@dataclass(frozen=True, slots=True)
class RunView:
    """One run for the strip of runs."""

    at: datetime
    state: str
    seconds: float | None
    message: str


@dataclass(frozen=True, slots=True)
class Today:
    """Everything the first page shows. `headline` is one sentence; `mood` goes with it; times are UTC."""

    project: str
    target: str
    version: str
    as_of: datetime
    headline: str
    mood: str
    ready: Sequence[tuple[str, str]] = ()
    marts: Sequence[MartView] = ()
    loads: Sequence[LoadView] = ()
    notices: Sequence[NoticeView] = ()
    tables: Sequence[TableView] = ()
    rejects: Sequence[RejectView] = ()
    waiting: int = 0
    drift: Sequence[DriftView] = ()
    checks: Sequence[CheckView] = ()
    passed: int = 0
    nodes: Sequence[NodeView] = ()
    edges: Sequence[tuple[str, str]] = ()
    runs: Sequence[RunView] = ()
    unwatched: Sequence[str] = field(default_factory=tuple)
