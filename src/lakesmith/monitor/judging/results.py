"""How the newest load of a table, the newest build of a model and the newest tests about them ended."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from lakesmith.monitor.judging.rows import Loaded, Tried
from lakesmith.monitor.judging.values import BAD, GOOD, UNKNOWN, WARN, Judgement

LOAD, CHECKS = "load", "checks"
BROKEN = ("fail", "error")
BUILT = ("success", "pass")


def judge_load(
    subject: str,
    load: Loaded | None,
    runs: Sequence[Tried],
    went_well: Callable[[Tried, str], bool],
    retries: Collection[str],
    *,
    at: datetime,
) -> Judgement:
    """Return how the newest try to load a table ended. While it is tried again by itself, a failure is only a warning.

    Args:
        subject: The table.
        load: Its newest load, None if there never was one.
        runs: The runs that were about it, newest first.
        went_well: Whether a run went well for a table.
        retries: The pipelines that are to be tried again.
        at: When it is judged.
    """
    newest = next((run for run in runs if run.state != "running"), None)
    if newest is None:
        return Judgement(subject, LOAD, UNKNOWN, "no run was ever about it", at)
    told: dict[str, Any] = {"bucket": newest.run_id[:32], "run_id": newest.run_id}
    failed = load is not None and load.state == "failed" and load.finished_at >= newest.began_at
    if failed or not (went_well(newest, subject) or newest.state == "stopped"):
        words = "was lost: its process ended without a word" if newest.state == "lost" else "failed"
        is_tried_again = newest.pipeline in retries
        more = ", and is tried again" if is_tried_again else ""
        reason = f"the load of {_said(newest.began_at)} {words}{more}; the table stays as it was"
        return Judgement(subject, LOAD, WARN if is_tried_again else BAD, reason, at, **told)
    if newest.state == "stopped":
        reason = f"the run of {_said(newest.began_at)} was stopped; what it had committed stayed"
        return Judgement(subject, LOAD, WARN, reason, at, **told)
    if load is None:
        return Judgement(subject, LOAD, UNKNOWN, "was looked at, and never brought a row", at, **told)
    if load.run_id == newest.run_id:
        value = float(load.written)
        return Judgement(subject, LOAD, GOOD, f"{load.written:,} rows written", at, value=value, **told)
    return Judgement(subject, LOAD, GOOD, f"nothing new at {_said(newest.began_at)}", at, value=0.0, **told)


def judge_model(subject: str, row: Mapping[str, Any] | None, *, at: datetime) -> Judgement:
    """Return how the newest build of a model ended; `row` is its result on record."""
    if row is None:
        return Judgement(subject, LOAD, UNKNOWN, "was not built by any of the newest runs", at)
    rows = None if row["row_count"] is None else float(row["row_count"])
    told: dict[str, Any] = {"bucket": row["run_id"][:32], "run_id": row["run_id"], "value": rows}
    if row["status"] in BUILT:
        return Judgement(subject, LOAD, GOOD, f"was built in {row['seconds']:.1f} s", at, **told)
    words = "was skipped: what it is made from did not go well" if row["status"] == "skipped" else "could not be built"
    return Judgement(subject, LOAD, BAD, f"{words}; readers keep the last good version", at, **told)


def judge_checks(subject: str, rows: Sequence[Mapping[str, Any]], *, at: datetime) -> Judgement:
    """Return what the newest results of the tests about a table say; `rows` are their results on record."""
    if not rows:
        return Judgement(subject, CHECKS, UNKNOWN, "no test has looked at it", at)
    counts = Counter(row["status"] for row in rows)
    broken = [row for row in rows if row["status"] in BROKEN]
    newest = max(rows, key=lambda row: str(row["finished_at"]))
    told: dict[str, Any] = {"bucket": newest["run_id"][:32], "run_id": newest["run_id"], "value": float(len(broken))}
    if broken:
        first = f"{short(broken[0]['check_id'])}: {broken[0]['failures']:,} rows"
        more = f", and {len(broken) - 1} more" if len(broken) > 1 else ""
        return Judgement(
            subject, CHECKS, BAD, f"{_tests(len(broken))} of {len(rows)} broken: {first}{more}", at, **told
        )
    if counts["warn"]:
        return Judgement(subject, CHECKS, WARN, f"{_tests(counts['warn'])} of {len(rows)} with a warning", at, **told)
    if counts["pass"] < len(rows):
        left = len(rows) - counts["pass"]
        return Judgement(subject, CHECKS, UNKNOWN, f"{_tests(left)} of {len(rows)} not run", at, **told)
    return Judgement(subject, CHECKS, GOOD, f"{_tests(len(rows))} passed", at, **told)


def spares(steps: Collection[str], stream: str) -> bool:
    """Whether a run that failed in these steps did look at a table all the same; where nobody knows the steps, it did not.

    Examples:
        >>> spares({"load:crm.leads"}, "shop.orders"), spares({"discover:shop"}, "shop.orders"), spares(set(), "shop.orders")
        (True, False, False)
    """
    return bool(steps) and not {"run", f"load:{stream}", f"discover:{stream.partition('.')[0]}"} & set(steps)


def short(check_id: str) -> str:
    """Return the name of a test for people.

    Examples:
        >>> short("test.acme.unique_orders_id.1a2b")
        'unique_orders_id'
    """
    parts = check_id.split(".")
    return parts[2] if len(parts) > 2 else check_id  # noqa: PLR2004 - test.project.name.hash


def _tests(count: int) -> str:
    return "1 test" if count == 1 else f"{count} tests"


def _said(at: datetime) -> str:
    return f"{at:%H:%M} UTC on {at:%a} {at.day} {at:%b}"
