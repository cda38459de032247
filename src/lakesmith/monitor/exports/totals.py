"""Sums over all loads on record. They only grow, so that whoever asks again pays for what is new alone."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, func, select

from lakesmith.monitor import tables

PART = 200_000


@dataclass(slots=True)
class Totals:
    """What the loads up to `until` (a load's number) have moved, by stream and what was counted.

    `rows`: by (stream, op), where op is read, written, quarantined, filtered or derived; `sizes`: bytes by (stream, read or written);
    `requests`: by (source, made or retried); `throttled_s`: seconds by source; `rejected`: records by (stream, reason).
    """

    until: int = 0
    rows: Counter[tuple[str, str]] = field(default_factory=Counter)
    sizes: Counter[tuple[str, str]] = field(default_factory=Counter)
    requests: Counter[tuple[str, str]] = field(default_factory=Counter)
    throttled_s: dict[str, float] = field(default_factory=dict)
    rejected: Counter[tuple[str, str]] = field(default_factory=Counter)

    def catch_up(self, connection: Connection, target: str) -> None:
        """Add what was loaded for a target since the last time."""
        load = tables.table_load
        newest = connection.execute(select(func.max(load.c.load_id))).scalar() or 0
        while self.until < newest:
            end = min(self.until + PART, newest)
            self._add(connection, target, end)
            self.until = end

    def _add(self, connection: Connection, target: str, end: int) -> None:
        load, run = tables.table_load, tables.run
        part = (load.c.load_id > self.until, load.c.load_id <= end, run.c.target == target)
        joined = load.join(run, run.c.run_id == load.c.run_id)
        sums = (
            "rows_read",
            "rows_written",
            "rows_quarantined",
            "rows_filtered",
            "rows_derived",
            "size_bytes",
            "bytes_read",
            "requests",
            "retries",
            "throttled_s",
        )
        query = select(load.c.stream, *(func.sum(load.c[name]).label(name) for name in sums)).select_from(joined)
        for row in connection.execute(query.where(*part).group_by(load.c.stream)).mappings():
            self._count(row["stream"], {name: float(row[name] or 0) for name in sums})
        reasons = select(load.c.stream, load.c.reject_reasons).select_from(joined)
        rejects: list[Any] = list(connection.execute(reasons.where(*part, load.c.reject_reasons != "{}")))
        for stream, told in rejects:
            for reason, count in json.loads(told).items():
                self.rejected[stream, reason.partition(":")[0]] += count

    def _count(self, stream: str, sums: dict[str, float]) -> None:
        source = stream.partition(".")[0]
        for op in ("read", "written", "quarantined", "filtered", "derived"):
            self.rows[stream, op] += int(sums[f"rows_{op}"])
        self.sizes[stream, "read"] += int(sums["bytes_read"])
        self.sizes[stream, "written"] += int(sums["size_bytes"])
        self.requests[source, "made"] += int(sums["requests"])
        self.requests[source, "retried"] += int(sums["retries"])
        self.throttled_s[source] = self.throttled_s.get(source, 0.0) + sums["throttled_s"]
