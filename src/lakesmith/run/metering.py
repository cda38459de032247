"""What a load took and moved besides its rows: processors and memory, what passed at the source, where the cursor stood and stands."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from lakesmith.host.measuring import Gauge
from lakesmith.model.loads import Head, Load, Reached, Traffic
from lakesmith.model.protocols import Measures, Reaches
from lakesmith.model.streams import Position

if TYPE_CHECKING:
    from lakesmith.model.shapes import Shaped
    from lakesmith.model.types import Schema
    from lakesmith.run.load import LoadJob

_NUMBER_OR_TIME = re.compile(
    r"[+-]?\d{1,40}(\.\d{1,40})?([eE][+-]?\d{1,4})?"
    r"|[+-]?\d{4,6}-\d\d-\d\d([ T]\d\d:\d\d(:\d\d(\.\d{1,9})?)?([ ]?(Z|UTC|[+-]\d\d(:?\d\d(:?\d\d)?)?))?)?"
)
"""What a cursor's value may look like to be kept: no text of a row ever is."""


@dataclass(frozen=True, slots=True)
class Meter:
    """One load while it goes on; `head` is the table before it."""

    job: LoadJob
    head: Head | None
    started_at: datetime
    gauge: Gauge
    traffic: Traffic | None

    @classmethod
    def begin(cls, job: LoadJob, head: Head | None) -> Meter:
        """Take note of how things stand."""
        traffic = job.source.traffic() if isinstance(job.source, Measures) else None
        return cls(job, head, job.host.clock.now(), Gauge.begin(), traffic)

    def told(self, load: Load, since: Position | None, upto: Position | None) -> Load:
        """Return a load with all that is known of it now; `since` and `upto` are where it began and where it ended."""
        took, head = self.gauge.read(), self.head
        before, after = self._reached(since), self._reached(upto)
        moved = after or before
        return replace(
            load,
            started_at=self.started_at,
            mode=self.job.spec.mode,
            reason=self._reason(),
            cursor_column=moved.column if moved else "",
            cursor_from=before.value if before else "",
            cursor_to=after.value if after else "",
            traffic=self._passed(load),
            rows_before=head.rows if head else 0,
            rows_after=self._rows_after(load),
            columns=load.columns or columns_of(head),
            cpu_s=took.cpu_s,
            peak_rss_bytes=took.peak_rss_bytes,
        )

    def _reason(self) -> str:
        if self.head is None or self.head.checkpoint is None:
            return "first"
        if self.job.rebuild is None:
            return "news"
        return "backfill" if self.job.rebuild.since else "rebuild"

    def _passed(self, load: Load) -> Traffic:
        """Return what passed at the source; the sizes it told of what was read, where it counts nothing itself."""
        if self.traffic is None or not isinstance(self.job.source, Measures):
            return Traffic(bytes_read=load.size_bytes or None)
        return self.job.source.traffic().since(self.traffic)

    def _reached(self, position: Position | None) -> Reached | None:
        source = self.job.source
        if position is None or not isinstance(source, Reaches):
            return None
        try:
            found = source.reached(self.job.spec, position)
        except Exception:  # noqa: BLE001 - a boundary: what is only told must not fail a load
            return None
        if found is None:
            return None
        is_masked = self.job.spec.columns.get(found.column, {}).get("mask")
        return found if _NUMBER_OR_TIME.fullmatch(found.value) and not is_masked else Reached(found.column)

    def _rows_after(self, load: Load) -> int | None:
        if not load.commits:
            return self.head.rows if self.head else 0
        if all(commit.kind == "load" for commit in load.commits):
            return (self.head.rows if self.head else 0) + load.counts.written + load.counts.derived
        head = self.job.bronze.head()
        return head.rows if head else None


@dataclass(slots=True)
class Newest:
    """The newest value of the column that says when a row happened, of the rows that were seen so far; `column` None: nobody asks."""

    column: str | None
    at: datetime | None = field(default=None, init=False)

    def take(self, shaped: Shaped) -> None:
        """Look at some rows; the column is known by the table's name for it, or by the source's."""
        rows, after = shaped.rows, shaped.reshape.after
        if self.column is None or not rows.num_rows:
            return
        found = after.find(self.column) or after.find_source(self.column)
        index = rows.schema.get_field_index(found.name) if found else -1
        if index < 0:
            return
        import pyarrow as pa
        import pyarrow.compute as pc

        if pa.types.is_temporal(rows.schema.field(index).type):
            newest = as_time(pc.max(rows.column(index)).as_py())
            self.at = max(filter(None, (self.at, newest)), default=None)


def as_time(value: Any) -> datetime | None:
    """Return a day or a time as an aware time, as UTC where it has no zone; None for anything else."""
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    return datetime(value.year, value.month, value.day, tzinfo=UTC) if isinstance(value, date) else None


def columns_of(head: Head | None) -> dict[str, str]:
    """Return the data columns of a table, each with its type; nothing where there is no table."""
    return types_of(head.schema) if head else {}


def types_of(schema: Schema) -> dict[str, str]:
    """Return the data columns of a schema, each with its type."""
    return {each.name: str(each.type) for each in schema.data}
