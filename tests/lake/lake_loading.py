"""A small, fully known load, shared by the tests of the lake and by the processes they kill."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal as Number
from pathlib import Path
from typing import Any

import pyarrow as pa

from lakesmith.host import Host
from lakesmith.lake import Lake, Table
from lakesmith.lake.types import schema_to_arrow
from lakesmith.model.loads import Batch, Checkpoint, Commit, Counts, Group, Head, Staged
from lakesmith.model.shapes import Reshape
from lakesmith.model.streams import Reject, StreamId
from lakesmith.model.types import DOUBLE, INT, LONG, STRING, TIMESTAMPTZ, Decimal, Field, List, Schema, Struct

STREAM = StreamId("app", "orders")
NOON = datetime(2026, 10, 1, 12, tzinfo=UTC)
ROWS = 5
COLUMNS = Schema(
    (
        Field("id", INT, "ID", "The order."),
        Field("name", STRING, "Name"),
        Field("price", Decimal(10, 2)),
        Field("ratio", DOUBLE),
        Field("at", TIMESTAMPTZ),
        Field("tags", List(STRING)),
        Field("address", Struct((Field("city", STRING), Field("floor", INT)))),
    )
)
WIDER = Schema(
    (
        Field("id", LONG, "ID", "The order."),
        *COLUMNS.fields[1:6],
        Field("address", Struct((Field("city", STRING), Field("floor", INT), Field("zip", STRING, "ZIP")))),
        Field("extra", STRING, "Extra"),
    )
)


@dataclass
class SetClock:
    """A clock that shows what it is told, and moves a second at each look."""

    time: datetime = NOON
    step: timedelta = field(default_factory=lambda: timedelta(seconds=1))

    def now(self) -> datetime:
        self.time += self.step
        return self.time

    def steady_s(self) -> float:
        return self.time.timestamp()


@dataclass(frozen=True)
class Opened:
    """A group that is staged and not committed yet."""

    table: Table
    group: Group
    batch: Batch

    def commit(self) -> Commit:
        return self.table.commit(self.group, self.batch)


def make_rows(number: int, columns: Schema = COLUMNS) -> list[dict[str, Any]]:
    """Return the rows of batch `number`."""
    return [_row(number * 100 + at, columns) for at in range(ROWS)]


def _row(key: int, columns: Schema) -> dict[str, Any]:
    row: dict[str, Any] = {
        "id": key,
        "name": None if key % 5 == 1 else f"näme {key}",
        "price": Number(key) / 4,
        "ratio": float("inf") if key % 5 == 2 else key / 3,
        "at": NOON + timedelta(microseconds=key),
        "tags": None if key % 5 == 3 else ["a", None, str(key)],
        "address": None if key % 5 == 4 else {"city": f"c{key}", "floor": key % 7},
    }
    if columns.find("extra") is not None:
        row["extra"] = f"extra {key}"
        row["address"] = row["address"] and {**row["address"], "zip": str(key)}
    return row


def make_rejects(number: int) -> tuple[Reject, ...]:
    """Return the rejects of batch `number`."""
    return (
        Reject("not a number", f"orders.csv:{number}", f'"raw\ud800 {number}"', "price"),
        Reject("short", "orders.csv:9", "x"),
    )


def to_batch(rows: list[dict[str, Any]], columns: Schema) -> pa.RecordBatch:
    return pa.RecordBatch.from_pylist(rows, schema=schema_to_arrow(columns))


def stage(
    table: Table, head: Head | None, group: Group, number: int, columns: Schema = COLUMNS
) -> tuple[Staged, Reshape]:
    """Stage batch `number` in two chunks from two files, and its rejects."""
    reshape = Reshape(head.schema if head else None, columns)
    schema = table.number(head, reshape)
    rows = to_batch(make_rows(number, columns), columns)
    out = table.stage(group, schema, 0)
    out.write(rows.slice(0, 3), f"first-{number}.csv")
    out.reject(make_rejects(number))
    out.write(rows.slice(3), f"second-{number}.csv")
    return out.close(), reshape


def open_batch(table: Table, number: int, columns: Schema = COLUMNS, files: int = 0) -> Opened:
    """Stage batch `number` on the table's head, ready to commit; its position is as long as a list of that many files."""
    head = table.head()
    group = table.open_group(head)
    receipt, reshape = stage(table, head, group, number, columns)
    checkpoint = Checkpoint(table.stream, make_position(number, files), group.ordinal, group.generation)
    counts = Counts(read=ROWS + 2, written=ROWS, quarantined=2)
    return Opened(table, group, Batch((receipt,), checkpoint, reshape, counts))


def make_position(number: int, files: int = 0) -> bytes:
    """Return the position after batch `number`; beyond 100 files it is too large for a summary."""
    read = {f"folder/file-{at:06d}.csv": {"s": at, "h": f"{at:032x}"} for at in range(files + number)} if files else {}
    value = {"next": number + 1, **({"read": read} if read else {})}
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def next_number(table: Table) -> int:
    """Return which batch the table lacks, as its checkpoint says."""
    head = table.head()
    return json.loads(head.checkpoint.position)["next"] if head and head.checkpoint else 0


def resume(table: Table, until: int, files: int = 0) -> None:
    """Load what is missing up to batch `until`, as a run would."""
    while (number := next_number(table)) < until:
        open_batch(table, number, files=files).commit()


def open_lake(root: Path, host: Host | None = None) -> Lake:
    return Lake(root, host or Host(clock=SetClock()))


def read_back(lake: Lake, stream: StreamId = STREAM) -> list[dict[str, Any]]:
    """Return every row of a table as PyIceberg reads it, in the order of `_ls_seq`."""
    table = lake.open_catalog().load_table((stream.source, stream.name))
    return sorted(table.scan().to_arrow().to_pylist(), key=lambda row: row["_ls_seq"])


def without_system(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{name: value for name, value in row.items() if not name.startswith("_ls_")} for row in rows]
