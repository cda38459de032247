"""Whether no row was lost or came twice on the way: within a load, and from load to load."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lakesmith.monitor.judging.values import BAD, GOOD, WARN, Judgement

LAW, CONTINUITY = "row_law", "continuity"


@dataclass(frozen=True, slots=True)
class Moved:
    """One load of a table, as far as its rows add up; None is unknown.

    `added` are the rows it wrote and those it derived. `kind` is that of its commit: load, swap or rollback; empty without one.
    """

    run_id: str
    finished_at: datetime
    read: int
    written: int
    quarantined: int
    filtered: int
    added: int
    is_proven: bool = True
    kind: str = ""
    reason: str = ""
    is_resumed: bool = False
    rows_before: int | None = None
    rows_after: int | None = None


def judge_law(subject: str, load: Moved, *, at: datetime) -> Judgement:
    """Return whether read = written + quarantined + filtered in a load."""
    whole = load.written + load.quarantined + load.filtered
    parts = f"{load.written:,} written, {load.quarantined:,} quarantined, {load.filtered:,} filtered"
    told: dict[str, Any] = {
        "bucket": _bucket(load),
        "value": float(whole),
        "expected": float(load.read),
        "run_id": load.run_id,
    }
    if whole != load.read:
        lost = load.read - whole
        words = f"{lost:,} of them are missing" if lost > 0 else f"{-lost:,} are too many"
        return Judgement(subject, LAW, BAD, f"{load.read:,} rows read, {parts}: {words}", at, **told)
    unproven = "" if load.is_proven else "; the source cannot count them another way"
    return Judgement(subject, LAW, GOOD, f"{load.read:,} rows read, {parts}{unproven}", at, **told)


def judge_continuity(subject: str, loads: Sequence[Moved], *, at: datetime, was_lost: bool = False) -> Judgement | None:
    """Return whether a table has the rows that its loads left in it; None if no load of it is on record, or its rows were not counted.

    Args:
        subject: The table.
        loads: Its loads that reached the lake, oldest first.
        at: When it is judged.
        was_lost: Whether a run was lost between the last two: what it had committed stayed, and nobody wrote it down.
    """
    if not loads:
        return None
    last = loads[-1]
    told: dict[str, Any] = {"bucket": _bucket(last), "run_id": last.run_id}
    if last.rows_before is None or last.rows_after is None:
        return None
    before = loads[-2] if len(loads) > 1 else None
    if before is not None and before.rows_after is not None and before.rows_after != last.rows_before:
        return _changed_between(subject, before.rows_after, last, at=at, was_lost=was_lost)
    expected = _expected(last)
    told |= {"value": float(last.rows_after)}
    if expected is None:
        return Judgement(
            subject, CONTINUITY, GOOD, f"{last.rows_after:,} rows after a {last.reason or last.kind}", at, **told
        )
    told |= {"expected": float(expected)}
    if expected != last.rows_after:
        apart = f"{abs(last.rows_after - expected):,} {'more' if last.rows_after > expected else 'fewer'}"
        words = f"the table has {last.rows_after:,} rows after the load, {apart} than it had and got"
        return Judgement(subject, CONTINUITY, BAD, words, at, **told)
    return Judgement(subject, CONTINUITY, GOOD, f"{last.rows_after:,} rows, as many as it had and got", at, **told)


def _changed_between(subject: str, left: int, last: Moved, *, at: datetime, was_lost: bool) -> Judgement:
    found = last.rows_before or 0
    more = found > left
    apart = f"{abs(found - left):,} {'more' if more else 'fewer'} rows than the load before had left"
    told: dict[str, Any] = {
        "bucket": _bucket(last),
        "run_id": last.run_id,
        "value": float(found),
        "expected": float(left),
    }
    if was_lost and more:
        words = f"{apart}: a run was lost in between, and what it had committed stayed"
        return Judgement(subject, CONTINUITY, GOOD, words, at, **told)
    words = f"the table was changed outside the platform, or by runs that this record does not know: {apart}"
    return Judgement(subject, CONTINUITY, WARN if more else BAD, words, at, **told)


def _expected(load: Moved) -> int | None:
    """Return the rows that a table has after a load; None where that is not the sum: what went back, or was kept of it."""
    if load.kind == "load" and load.reason in ("first", "news", "replay", "reconcile", "backfill", ""):
        return (load.rows_before or 0) + load.added
    if load.kind == "swap" and load.reason in ("first", "news", "") and not load.is_resumed:
        return load.added
    return None


def _bucket(load: Moved) -> str:
    return load.run_id[:32]
