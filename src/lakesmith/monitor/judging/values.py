"""The words of judgement."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

GOOD, WARN, BAD, LEARNING, UNKNOWN = "good", "warn", "bad", "learning", "unknown"
"""Verdicts. `learning`: the rule is blind until it has seen enough; `unknown`: it could not look. Neither is ever shown as good."""

LOAD_RULES = ("load", "row_law", "continuity", "volume", "nulls", "distinct", "range", "categories")
FRESHNESS_RULES = ("schedule", "age", "event_age", "publication")
CHECK_RULES = ("checks",)


@dataclass(frozen=True, slots=True)
class Judgement:
    """What one rule thinks of one table (or one column of it) at a time.

    `subject` is a stream (`source.stream`), a relation (`marts.mart_x`) or a source (`source.*`); `column` is empty for a table as a whole; `bucket`
    names the span judged (a day, `2026-11-22`, or a run's id); `value`, `expected`, `lower` and `upper` are in the rule's own unit (rows, a
    share from 0 to 1, seconds); `trained_on` counts the buckets learned from; `reason` is one sentence without any row's value.
    """

    subject: str
    rule: str
    verdict: str
    reason: str
    judged_at: datetime
    column: str = ""
    bucket: str = ""
    value: float | None = None
    expected: float | None = None
    lower: float | None = None
    upper: float | None = None
    score: float | None = None
    trained_on: int = 0
    run_id: str | None = None


@dataclass(frozen=True, slots=True)
class Health:
    """What is thought of a table: the worst of its parts, each with the judgements that say why."""

    subject: str
    verdict: str
    load: str
    freshness: str
    checks: str
    reasons: tuple[Judgement, ...] = ()
