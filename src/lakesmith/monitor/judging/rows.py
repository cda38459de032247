"""The facts that are judged, as values, and how they stand in the run store."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from lakesmith.monitor.judging.columns import Profile
from lakesmith.monitor.judging.conservation import Moved
from lakesmith.monitor.judging.values import Judgement
from lakesmith.monitor.writing import stamp

WELL = ("succeeded", "warned", "nothing_new")


@dataclass(frozen=True, slots=True)
class Hour:
    """What came into a table within an hour (`at`, UTC), by the reason of the loads; `level` is the table's rows after them, if known."""

    stream: str
    at: datetime
    reason: str
    rows: int
    level: int | None


@dataclass(frozen=True, slots=True)
class Tried:
    """A run in the eyes of the tables it was about. `state` lost: its lease ran out. `nominal_at` is when a schedule meant it to be."""

    run_id: str
    state: str
    began_at: datetime
    ended_at: datetime | None
    nominal_at: datetime | None
    selection: str
    pipeline: str
    command: str

    @property
    def is_good(self) -> bool:
        """Whether all of it went well."""
        return self.state in WELL

    @property
    def meant_at(self) -> datetime:
        """When it was meant to be: by its schedule, else when it began."""
        return self.nominal_at or self.began_at


@dataclass(frozen=True, slots=True)
class Loaded(Moved):
    """The newest load of a table, which may have failed."""

    state: str = ""
    newest_event_at: datetime | None = None
    lost_before: bool = False


def judgement_of(row: Mapping[str, Any]) -> Judgement:
    """Return a row of the store as a judgement."""
    return Judgement(
        row["subject"],
        row["rule"],
        row["verdict"],
        row["reason"],
        datetime.fromisoformat(row["judged_at"]),
        row["column_name"],
        row["bucket"],
        row["value"],
        row["expected"],
        row["lower"],
        row["upper"],
        row["score"],
        row["trained_on"],
        row["run_id"],
    )


def row_of(judgement: Judgement, target: str) -> dict[str, Any]:
    """Return a judgement as a row of the store."""
    return {
        "run_id": judgement.run_id,
        "target": target,
        "subject": judgement.subject,
        "column_name": judgement.column,
        "rule": judgement.rule,
        "bucket": judgement.bucket,
        "judged_at": stamp(judgement.judged_at),
        "verdict": judgement.verdict,
        "value": judgement.value,
        "expected": judgement.expected,
        "lower": judgement.lower,
        "upper": judgement.upper,
        "score": judgement.score,
        "trained_on": judgement.trained_on,
        "reason": judgement.reason,
    }


def loaded_of(row: Mapping[str, Any]) -> Loaded:
    """Return a row of the store as a load."""
    return Loaded(
        row["run_id"],
        datetime.fromisoformat(row["finished_at"]),
        row["rows_read"],
        row["rows_written"],
        row["rows_quarantined"],
        row["rows_filtered"],
        row["rows_written"] + row["rows_derived"],
        row["proven"],
        row["kind"] or "",
        row["reason"] or "",
        row["resumed"],
        row["rows_before"],
        row["rows_after"],
        row["state"],
        datetime.fromisoformat(row["newest_event_at"]) if row["newest_event_at"] else None,
    )


def profile_of(row: Mapping[str, Any]) -> Profile:
    """Return a row of the store as a profile."""
    return Profile(
        datetime.fromisoformat(row["seen_at"]).astimezone(UTC),
        row["row_count"],
        row["null_count"],
        row["distinct_count"],
        row["lowest"],
        row["highest"],
        json.loads(row["categories"]) if row["categories"] else None,
        row["run_id"],
    )
