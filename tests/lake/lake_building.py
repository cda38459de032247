"""Generations built aside, swapped and rolled back, with loads that are fully known."""

from __future__ import annotations

from pathlib import Path

from lake_loading import (
    COLUMNS,
    ROWS,
    STREAM,
    Opened,
    SetClock,
    make_position,
    make_rows,
    read_back,
    stage,
    without_system,
)
from pyiceberg.catalog import Catalog
from pyiceberg.exceptions import CommitFailedException
from sqlalchemy.exc import OperationalError

from lakesmith.host import Host
from lakesmith.lake import Lake, Table
from lakesmith.model.loads import Batch, Checkpoint, Counts
from lakesmith.model.types import Schema


def open_aside(
    table: Table, number: int, *, fresh: bool = False, open_splits: tuple[str, ...] = (), columns: Schema = COLUMNS
) -> Opened:
    """Stage batch `number` for a generation that is built aside."""
    head = table.head()
    group = table.open_group(head, aside=True, fresh=fresh)
    receipt, reshape = stage(table, head, group, number, columns)
    position = make_position(number)
    checkpoint = Checkpoint(table.stream, position, group.ordinal, group.generation, open_splits=open_splits)
    counts = Counts(read=ROWS + 2, written=ROWS, quarantined=2)
    return Opened(table, group, Batch((receipt,), checkpoint, reshape, counts))


def build(table: Table, *numbers: int) -> None:
    """Build a whole generation aside."""
    for at, number in enumerate(numbers):
        left = tuple(f"split {later}" for later in numbers[at + 1 :])
        open_aside(table, number, fresh=at == 0, open_splits=left).commit()


def assert_holds(lake: Lake, *numbers: int) -> None:
    """Check that readers see exactly these batches, in this order, and that the manifests add up to it."""
    rows = without_system(read_back(lake))
    assert rows == [row for number in numbers for row in make_rows(number)]
    snapshot = lake.open_catalog().load_table((STREAM.source, STREAM.name)).current_snapshot()
    total = snapshot.summary["total-records"] if snapshot else "0"
    assert int(total) == len(rows)


class FaultyCatalog:
    """The real catalog behind a line that fails as told: each fault is called instead of one commit."""

    def __init__(self, real: Catalog, *faults) -> None:
        self._real, self._faults, self.sent = real, list(faults), 0

    def __getattr__(self, name: str):
        return getattr(self._real, name)

    def commit_table(self, *args):
        self.sent += 1
        return self._faults.pop(0)(self._real, args) if self._faults else self._real.commit_table(*args)


def lost(_real, _args):
    raise OperationalError("UPDATE", {}, Exception("connection reset before it arrived"))


def lost_reply(real, args):
    real.commit_table(*args)
    raise OperationalError("UPDATE", {}, Exception("connection reset after it landed"))


def refused_after_landing(real, args):
    real.commit_table(*args)
    raise CommitFailedException("409 after a transport retry")


def over(lake: Lake, *faults) -> Table:
    """Return the table as another process has it, whose line to the catalog fails as told."""
    catalog = FaultyCatalog(lake.open_catalog(), *faults)
    return Lake(Path(lake.root), Host(clock=SetClock()), catalog=lambda: catalog).table(STREAM)
