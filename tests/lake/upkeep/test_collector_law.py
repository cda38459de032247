"""The law of the collector: whatever happened to a table, and however old its files are, nothing that is needed is ever deleted."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from lake_building import open_aside
from lake_loading import STREAM, make_rows, open_batch, open_lake, read_back, without_system
from upkeep_tools import EAGER, files_below, grow_older, load, needed_files, sweep

from lakesmith.errors import LakesmithError
from lakesmith.host import Host
from lakesmith.lake.upkeep import leases, tend

LEASE_DAYS = 7.0
STEPS = ("load", "litter", "open", "compact", "rollback", "aside", "swap", "hold", "tag", "expire", "torn")


class World:
    """A table, what it must hold, and what else nobody may take: files of attached views and of open stages."""

    def __init__(self, root: Path) -> None:
        self.lake = open_lake(root, Host())
        self.table = self.lake.table(STREAM)
        self.number, self.holds = 0, {}
        self.leased: tuple[float, set[str]] = (0.0, set())
        self.open_groups: list = []
        self.load()

    def load(self) -> None:
        load(self.table, self.number)
        self._remember(self._rows(self.table.history()[1].snapshot_id) if len(self.table.history()) > 1 else ())

    def _rows(self, snapshot_id: int) -> tuple[int, ...]:
        return self.holds.get(snapshot_id, ())

    def _remember(self, before: tuple[int, ...]) -> None:
        self.holds[self.table.head().snapshot_id] = (*before, self.number)
        self.number += 1

    def litter(self) -> None:
        open_batch(self.table, 500 + self.number)

    def open(self) -> None:
        before = files_below(self.lake.root)
        opened = open_batch(self.table, 700)
        self.open_groups.append((opened.group.ordinal, files_below(self.lake.root) - before))

    def compact(self) -> None:
        held = self.holds.get(self.table.head().snapshot_id)
        if tend(self.table, EAGER) is not None:
            self.holds[self.table.head().snapshot_id] = held

    def rollback(self) -> None:
        metadata = self.table.services.pointers.read(STREAM)
        for snapshot_id in sorted(metadata.once_main & self.holds.keys() & metadata.snapshots().keys()):
            if snapshot_id != metadata.main_id:
                self.table.rollback(snapshot_id)
                self.holds[self.table.head().snapshot_id] = self.holds[snapshot_id]
                return

    def aside(self) -> None:
        open_aside(self.table, 900, fresh=True).commit()

    def swap(self) -> None:
        if self.table.head().building_id is not None:
            self.table.swap(self.table.head())
            self.holds[self.table.head().snapshot_id] = (900,)

    def hold(self) -> None:
        snapshot = self.table.snapshot()
        leases.hold(self.table.services, "dev", {STREAM: snapshot.snapshot_id})
        self.leased = (LEASE_DAYS, {str(Path(path).relative_to(self.lake.root)) for path in snapshot.files})

    def tag(self) -> None:
        table = self._iceberg()
        table.manage_snapshots().create_tag(table.current_snapshot().snapshot_id, f"t{self.number}").commit()

    def expire(self) -> None:
        """Another tool expires what it may: everything but heads, tags, and the newest five."""
        table = self._iceberg()
        kept = {ref.snapshot_id for ref in table.metadata.refs.values()}
        old = [snapshot.snapshot_id for snapshot in table.metadata.snapshots[:-5] if snapshot.snapshot_id not in kept]
        if old:
            table.maintenance.expire_snapshots().by_ids(old[:3]).commit()

    def torn(self) -> None:
        """Something died and left half of what it wrote."""
        for name in (
            "data/upkeep-0123456789abcdef-000-00000.parquet",
            "metadata/0b7c3a52-0000-4000-8000-00000000abcd-m0.avro",
        ):
            Path(self.lake.root, "app/orders", name).write_bytes(b"half")

    def later(self, days: float) -> None:
        grow_older(self.lake.root, days)
        self.leased = (self.leased[0] - days, self.leased[1])

    def needed(self) -> set[str]:
        """Return what nobody may take, told by another reader of the metadata and by what this test did itself."""
        found = {str(Path(path).relative_to(self.lake.root)) for path in needed_files(self.lake)}
        in_force = self.table.head().checkpoint.ordinal
        in_flight = [files for ordinal, files in self.open_groups if ordinal > in_force]
        held = self.leased[1] if self.leased[0] > 0 else set()
        return found.union(held, *in_flight)

    def check(self) -> None:
        held = self.holds[self.table.head().snapshot_id]
        assert without_system(read_back(self.lake)) == [row for number in held for row in make_rows(number)]
        assert len(list(self.table.quarantined())) == 2 * len(held)

    def _iceberg(self):
        return self.lake.open_catalog().load_table((STREAM.source, STREAM.name))


def run(world: World, step: str, days: float) -> None:
    try:
        getattr(world, step)()
    except LakesmithError as error:
        event(f"{step}: {type(error).__name__}")
    world.later(days)


@pytest.mark.long
@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(
        st.tuples(st.sampled_from(STEPS), st.sampled_from([0.0, 0.4, 1.1, 4.0]), st.booleans()), min_size=3, max_size=12
    )
)
def test_nothing_needed_is_ever_deleted(steps):
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder, "lake"))
        for step, days, passes in steps:
            run(world, step, days)
            if passes:
                sweep_and_compare(world)
        for days in (2.0, 1.1, 1.1):
            world.later(days)
            sweep_and_compare(world)
        world.check()


def sweep_and_compare(world):
    needed = world.needed()
    assert needed <= files_below(world.lake.root)
    swept = sweep(world.lake)
    event(f"deleted: {swept[0].count('deleted')[0] > 0}, problem: {swept[0].problem is not None}")
    assert needed <= files_below(world.lake.root)
