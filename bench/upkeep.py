"""500 small loads into one table: what a commit costs at the end, compared with the beginning; compaction included.

Run by `bench/run.py commit-500` as a process of its own. Writes one JSON object.
"""

from __future__ import annotations

import json
import sys
import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal as Number
from pathlib import Path
from statistics import median
from typing import Any

import pyarrow as pa
import pyarrow.dataset as ds

from lakesmith.host import Host
from lakesmith.lake import Lake, Table
from lakesmith.lake.types import schema_to_arrow
from lakesmith.model.loads import Batch, Checkpoint, Counts
from lakesmith.model.shapes import Reshape
from lakesmith.model.streams import StreamId
from lakesmith.model.types import BOOLEAN, DATE, DOUBLE, LONG, STRING, TIMESTAMPTZ, Decimal, Field, Schema

LOADS = 500
ROWS = 1_000
STREAM = StreamId("bench", "small")
DAY = datetime(2026, 1, 1, tzinfo=UTC)
COLUMNS = Schema(
    (
        Field("id", LONG),
        Field("customer", STRING),
        Field("amount", Decimal(12, 2)),
        Field("rate", DOUBLE),
        Field("day", DATE),
        Field("at", TIMESTAMPTZ),
        Field("city", STRING),
        Field("note", STRING),
        Field("flag", BOOLEAN),
        Field("quantity", LONG),
        Field("discount", DOUBLE),
        Field("status", STRING),
    )
)


def make_rows(number: int) -> pa.RecordBatch:
    """Return the rows of load `number`."""
    ids = range(number * ROWS, (number + 1) * ROWS)
    columns: dict[str, list[Any]] = {
        "id": list(ids),
        "customer": [f"customer {at % 997}" for at in ids],
        "amount": [Number(at % 10_000) / 4 for at in ids],
        "rate": [at / 7 for at in ids],
        "day": [(DAY + timedelta(days=at % 365)).date() for at in ids],
        "at": [DAY + timedelta(seconds=at) for at in ids],
        "city": [("north", "river", "amber", None)[at % 4] for at in ids],
        "note": [f"note {at * 7919 % 100_003}" for at in ids],
        "flag": [at % 3 == 0 for at in ids],
        "quantity": [at % 13 for at in ids],
        "discount": [(at % 100) / 100 for at in ids],
        "status": [("new", "paid", "sent")[at % 3] for at in ids],
    }
    wanted = schema_to_arrow(COLUMNS)
    return pa.RecordBatch.from_arrays([pa.array(columns[f.name], f.type) for f in wanted], schema=wanted)


def load(table: Table, number: int) -> tuple[float, float]:
    """Load once; return the seconds from the receipt to the landed commit, and those of the upkeep after it."""
    head = table.head()
    group = table.open_group(head)
    reshape = Reshape(head.schema if head else None, COLUMNS)
    stage = table.stage(group, table.number(head, reshape), 0)
    stage.write(make_rows(number), f"part-{number}.csv")
    receipt = stage.close()
    began = time.perf_counter()
    checkpoint = Checkpoint(STREAM, json.dumps({"next": number + 1}).encode(), group.ordinal)
    table.commit(group, Batch((receipt,), checkpoint, reshape, Counts(read=ROWS, written=ROWS)))
    landed = time.perf_counter()
    table.tend()
    return landed - began, time.perf_counter() - landed


def is_equal(table: Table) -> bool:
    """Whether the table holds exactly the rows that were loaded, value by value."""
    snapshot = table.snapshot()
    names = [*COLUMNS.names]
    files = snapshot.files if snapshot else ()
    found = ds.dataset(list(files), format="parquet").to_table(columns=names).sort_by("id")
    wanted = pa.Table.from_batches([make_rows(number) for number in range(LOADS)])
    return found.cast(wanted.schema).equals(wanted)


def main(folder: Path, told_in: Path) -> None:
    """Load, and tell. Upkeep follows a load, so it is seen in the load that it follows, or shared among all of the later half."""
    table = Lake(folder / "lake", Host()).table(STREAM)
    took = [load(table, number) for number in range(LOADS)]
    early, late = took[5:15], took[490:500]
    share = sum(upkeep for _, upkeep in took[LOADS // 2 :]) / (LOADS - LOADS // 2)
    snapshot = table.snapshot()
    told = {
        "early_s": median(map(sum, early)),
        "late_s": median(map(sum, late)),
        "late_shared_s": median(commit for commit, _ in late) + share,
        "receipt_to_commit_s": median(commit for commit, _ in took),
        "longest_s": max(map(sum, took)),
        "files": len(snapshot.files) if snapshot else 0,
        "content_equal": is_equal(table),
    }
    told_in.write_text(json.dumps(told))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
