"""The pictures of a source or a table over time: rows, bytes, speed, phases, lag, cursor, rejects, cost; and what changed meanwhile."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median
from typing import Any

from lakesmith.api.viewing.desk import at
from lakesmith.pages.parts import size, span
from lakesmith.pages.views.common import JudgementLine, Plot

OPS = {"c": "inserted", "u": "updated", "d": "deleted"}
MOST_REASONS = 5
WEEKS = 8
MILLION = 1e6

Load = Mapping[str, Any]


class Loads:
    """The loads of a table, oldest first, or, of a source, each day's loads as one."""

    def __init__(self, rows: Sequence[Load], *, unit: str = "load") -> None:
        self.rows, self.unit = rows, unit
        self.points = [_time(row) for row in rows]

    def series(self, of: Callable[[Load], float | None]) -> list[float | None]:
        """Return one number for each load."""
        return [of(row) for row in self.rows]


def plots_of(loads: Loads, volumes: Sequence[JudgementLine], ages: Sequence[JudgementLine]) -> list[Plot]:
    """Return every picture that there are numbers for; volumes and ages are judgements, oldest first."""
    if not loads.rows:
        return []
    drawn = (
        _rows(loads, volumes),
        _days(loads, volumes),
        _bytes(loads),
        _speed(loads),
        _phases(loads),
        _lag(loads, ages),
        _cursor(loads),
        _rejects(loads),
        _cost(loads),
    )
    return [one for one in drawn if one is not None]


def _time(row: Load) -> datetime:
    found = at(row["finished_at"])
    if found is None:
        raise ValueError("a load without an end")
    return found


def _rows(loads: Loads, volumes: Sequence[JudgementLine]) -> Plot:
    ops = [json.loads(row["rows_by_op"] or "{}") for row in loads.rows]
    known = [op for op in OPS if any(one.get(op) for one in ops)]
    bars: dict[str, list[float | None]] = {OPS[op]: [one.get(op, 0) for one in ops] for op in known}
    if not bars:
        bars["written"] = loads.series(lambda row: row["rows_written"])
    bars["quarantined"] = loads.series(lambda row: row["rows_quarantined"])
    newest, usual = loads.rows[-1]["rows_written"], median(row["rows_written"] for row in loads.rows)
    takeaway = (
        f"The newest {loads.unit} wrote {newest:,} rows; the middle one of {len(loads.rows):,} wrote {usual:,.0f}."
    )
    band = _band(loads.points, volumes) if loads.unit == "day" or _daily(loads) else ()
    title = "Written and quarantined by day" if loads.unit == "day" else "Rows per load"
    return Plot("rows", title, takeaway, "rows", loads.points, bars, band=band)


def _daily(loads: Loads) -> bool:
    """Whether there is about a load a day, so that what is expected of a day can be drawn behind loads."""
    days = {point.date() for point in loads.points}
    return len(days) > len(loads.points) * 0.8


def _band(points: Sequence[datetime], volumes: Sequence[JudgementLine]) -> list[tuple[float, float] | None]:
    expected = {
        one.judged_at.date(): (one.lower, one.upper)
        for one in volumes
        if one.lower is not None and one.upper is not None
    }
    return [expected.get(point.date()) for point in points]


def _days(loads: Loads, volumes: Sequence[JudgementLine]) -> Plot:
    """Return rows per day beside the middle of the same weekday before."""
    by_day: Counter[datetime] = Counter()
    for point, row in zip(loads.points, loads.rows, strict=True):
        by_day[point.replace(hour=12, minute=0, second=0, microsecond=0)] += row["rows_written"]
    first, last = min(by_day), max(by_day)
    days = [first + timedelta(days=index) for index in range((last - first).days + 1)]
    usual: list[float | None] = []
    for day in days:
        before = [
            by_day[day - timedelta(weeks=week)] for week in range(1, WEEKS + 1) if day - timedelta(weeks=week) >= first
        ]
        usual.append(median(before) if before else None)
    newest = f"{by_day[last]:,} rows on {last:%a %d %b}"
    takeaway = (
        f"{newest}; the middle {last:%A} before it had {usual[-1]:,.0f}."
        if usual[-1] is not None
        else f"{newest}; no {last:%A} before it is on record."
    )
    rows: list[float | None] = [by_day[day] for day in days]
    return Plot(
        "days", "Rows per day", takeaway, "rows", days, {"rows": rows}, {"same weekday": usual}, _band(days, volumes)
    )


def _bytes(loads: Loads) -> Plot:
    sizes = loads.series(lambda row: row["size_bytes"])
    fat = loads.series(lambda row: row["size_bytes"] / row["rows_written"] if row["rows_written"] else None)
    known = [value for value in fat if value is not None]
    takeaway = f"{size(sizes[-1])} with the newest {loads.unit}"
    takeaway += f", {size(known[-1])} a row; usual are {size(median(known))} a row." if known else "."
    return Plot("bytes", "Bytes", takeaway, "B", loads.points, {"bytes": sizes}, {"bytes a row": fat})


def _speed(loads: Loads) -> Plot:
    def per_second(name: str) -> list[float | None]:
        """Return a count by the seconds it took."""
        return loads.series(lambda row: row[name] / took if row[name] and (took := _seconds(row)) else None)

    lines = {"rows a second": per_second("rows_read"), "requests a second": per_second("requests")}
    waited = sum(row["throttled_s"] or 0 for row in loads.rows)
    newest = next((value for value in reversed(lines["rows a second"]) if value is not None), None)
    takeaway = (
        f"{newest:,.0f} rows a second with the newest {loads.unit} that moved any; " if newest is not None else ""
    )
    takeaway += f"sources made us wait {span(waited)} in all." if waited else "no source made us wait."
    shown = {name: series for name, series in lines.items() if any(value is not None for value in series)}
    if waited:
        shown["seconds waited"] = loads.series(lambda row: row["throttled_s"])
    return Plot("speed", "Speed", takeaway, "", loads.points, {}, shown)


def _phases(loads: Loads) -> Plot:
    phases = [json.loads(row["phases_s"] or "{}") for row in loads.rows]
    totals: Counter[str] = Counter()
    for one in phases:
        totals.update(one)
    names = [name for name, _ in totals.most_common(5)]
    bars: dict[str, list[float | None]] = {name: [one.get(name, 0.0) for one in phases] for name in names}
    took = sorted(sum(one.values()) for one in phases[-30:])
    p50, p95 = took[len(took) // 2], took[min(int(len(took) * 0.95), len(took) - 1)]
    takeaway = f"Of the last {len(took)}, half took less than {span(p50)} and one in twenty more than {span(p95)}."
    return Plot("phases", "Duration by phase", takeaway, "s", loads.points, bars, limits={"p95 of the last 30": p95})


def _lag(loads: Loads, ages: Sequence[JudgementLine]) -> Plot | None:
    """Return how old the table was whenever its age was judged; else how long it was from one good load to the next."""
    known = [one for one in ages if one.value is not None]
    if known:
        newest = known[-1]
        limits = {"promised": newest.upper} if newest.upper else {}
        takeaway = f"{span(newest.value)} old when it was judged last" + (
            f", {span(newest.upper)} are promised." if newest.upper else ", nothing is promised."
        )
        return Plot(
            "lag",
            "Age",
            takeaway,
            "s",
            [one.judged_at for one in known],
            {},
            {"age": [one.value for one in known]},
            limits=limits,
        )
    good = [
        point
        for point, row in zip(loads.points, loads.rows, strict=True)
        if row["state"] in ("succeeded", "nothing_new")
    ]
    if len(good) < 2:  # noqa: PLR2004 - a gap has two ends
        return None
    gaps: list[float | None] = [(b - a).total_seconds() for a, b in pairwise(good)]
    longest = max(gap for gap in gaps if gap is not None)
    takeaway = f"Its age is not judged. From one good {loads.unit} to the next it took at most {span(longest)}."
    return Plot("lag", "Time between good loads", takeaway, "s", good[1:], {"time since the one before": gaps})


def _cursor(loads: Loads) -> Plot | None:
    """Return where the cursor stood after each load: flat is stuck, down is a rewind."""
    column = next((row["cursor_column"] for row in reversed(loads.rows) if row["cursor_column"]), None)
    reached = [_position(row["cursor_to"]) for row in loads.rows]
    known = [value for value in reached if value is not None]
    if column is None or not known:
        return None
    kinds = {is_time for _, is_time in known}
    if len(kinds) > 1:
        return None
    least = min(value for value, _ in known)
    moved: list[float | None] = [None if value is None else value[0] - least for value in reached]
    unit = "s" if kinds == {True} else ""
    last = next(row["cursor_to"] for row in reversed(loads.rows) if row["cursor_to"])
    back = any(b[0] < a[0] for a, b in pairwise(known))
    stuck = len(known) > 2 and known[-1][0] == known[-2][0] == known[-3][0]  # noqa: PLR2004 - three in a row
    says = "it went back at least once" if back else "it has not moved for three loads" if stuck else "it moves on"
    return Plot(
        "cursor",
        f"Cursor `{column}`",
        f"At {last}; {says}.",
        unit,
        loads.points,
        {},
        {"moved since the first one here": moved},
    )


def _position(text: str | None) -> tuple[float, bool] | None:
    if not text:
        return None
    try:
        return float(text), False
    except ValueError:
        pass
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (found.timestamp(), True) if found.tzinfo else ((found - datetime(1970, 1, 1)).total_seconds(), True)  # noqa: DTZ001 - a cursor without a zone stays without one


def _rejects(loads: Loads) -> Plot:
    reasons = [reasons_of(row["reject_reasons"]) for row in loads.rows]
    totals: Counter[str] = Counter()
    for one in reasons:
        totals.update(one)
    names = [name for name, _ in totals.most_common(MOST_REASONS)]
    bars: dict[str, list[float | None]] = {name: [one.get(name, 0) for one in reasons] for name in names}
    if len(totals) > MOST_REASONS:
        bars["other reasons"] = [sum(one.values()) - sum(one.get(name, 0) for name in names) for one in reasons]
    total = totals.total()
    takeaway = (
        f"{total:,} records went to quarantine; most often: {names[0]}." if total else "No record went to quarantine."
    )
    return Plot(
        "rejects",
        "Quarantined by reason",
        takeaway,
        "rows",
        loads.points,
        bars or {"quarantined": [0.0] * len(loads.rows)},
    )


def reasons_of(text: str | None) -> dict[str, int]:
    """Return reasons with their counts, without what may follow a colon: it can hold a part of the record."""
    found: dict[str, int] = defaultdict(int)
    for reason, count in json.loads(text or "{}").items():
        found[str(reason).partition(":")[0].strip()] += int(count)
    return dict(found)


def _cost(loads: Loads) -> Plot | None:
    spent = loads.series(
        lambda row: (
            row["cpu_s"] * MILLION / row["rows_written"] if row["cpu_s"] is not None and row["rows_written"] else None
        )
    )
    known = [value for value in spent if value is not None]
    if not known:
        return None
    takeaway = f"{span(known[-1])} of CPU time for a million rows with the newest {loads.unit} that moved any; usual are {span(median(known))}."
    return Plot("cost", "CPU time for a million rows", takeaway, "s", loads.points, {}, {"CPU time": spent})


def _seconds(row: Load) -> float:
    return float(sum(json.loads(row["phases_s"] or "{}").values()))
