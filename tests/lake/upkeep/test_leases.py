"""A lease keeps what attached views name, from before they name it until they no longer do."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from lake_loading import STREAM, open_lake
from upkeep_tools import grow_older

from lakesmith.errors import StorageFullError, StorageUnavailableError
from lakesmith.host import Host
from lakesmith.lake.upkeep import leases
from lakesmith.model.streams import StreamId

OTHER = StreamId("app", "customers")


@pytest.fixture
def services(table):
    return table.services


def test_nobody_holds_anything_in_a_new_lake(services):
    assert leases.leased(services, STREAM) == frozenset()
    assert list(leases.superseded(services.store, services.layout)) == []


def test_a_wish_counts_beside_what_is_held(services):
    leases.hold(services, "dev", {STREAM: 1, OTHER: 5})
    leases.want(services, "dev", {STREAM: 2})
    assert leases.leased(services, STREAM) == {1, 2}
    assert leases.leased(services, OTHER) == {5}


def test_what_is_held_ends_what_was_held_before(services):
    leases.hold(services, "dev", {STREAM: 1})
    leases.want(services, "dev", {STREAM: 2})
    leases.hold(services, "dev", {STREAM: 2})
    assert leases.leased(services, STREAM) == {2}


def test_holders_do_not_end_each_others(services):
    leases.hold(services, "dev", {STREAM: 1})
    leases.hold(services, "prod", {STREAM: 2})
    assert leases.leased(services, STREAM) == {1, 2}


def test_a_lease_ends_a_week_after_it_was_written_by_the_stores_clock(services):
    leases.hold(services, "dev", {STREAM: 1})
    grow_older(services.layout.root, 6.9)
    assert leases.leased(services, STREAM) == {1}
    grow_older(services.layout.root, 0.2)
    assert leases.leased(services, STREAM) == frozenset()


def test_a_renewed_lease_goes_on(services):
    leases.hold(services, "dev", {STREAM: 1})
    grow_older(services.layout.root, 6.9)
    leases.hold(services, "dev", {STREAM: 1})
    grow_older(services.layout.root, 6.9)
    assert leases.leased(services, STREAM) == {1}


def test_a_clock_that_goes_back_wakes_no_old_lease(services, clock):
    leases.hold(services, "dev", {STREAM: 1})
    clock.time -= timedelta(days=400)
    leases.hold(services, "dev", {STREAM: 2})
    assert leases.leased(services, STREAM) == {2}


def test_what_counts_no_more_is_named(services):
    leases.hold(services, "dev", {STREAM: 1})
    leases.want(services, "dev", {STREAM: 2})
    leases.hold(services, "dev", {STREAM: 2})
    over = sorted(
        Path(stored.path).name.rpartition("-")[2] for stored in leases.superseded(services.store, services.layout)
    )
    assert over == ["held.json", "wanted.json"]


@pytest.mark.parametrize(
    "content", ["", "[]", '{"snapshots": {"app.orders": "x"}, "lifetime_s": 1}', '{"snapshots": {}}']
)
def test_a_damaged_lease_protects_everything(services, content):
    leases.hold(services, "dev", {STREAM: 1})
    [path] = Path(services.layout.root).rglob("*-held.json")
    path.write_text(content)
    with pytest.raises(StorageUnavailableError, match="lease of attached views is damaged"):
        leases.leased(services, STREAM)


def test_a_lease_says_whose_it_is(tmp_path):
    services = open_lake(tmp_path / "lake", Host()).table(STREAM).services
    leases.hold(services, "dev on a machine", {STREAM: 1}, lifetime=timedelta(hours=1))
    [path] = Path(services.layout.root).rglob("*-held.json")
    said = json.loads(path.read_text())
    assert said == {"holder": "dev on a machine", "lifetime_s": 3600.0, "snapshots": {"app.orders": 1}}


def objects(services):
    return sorted(
        Path(stored.path).name.rpartition("-")[2] for stored in services.store.list(leases.folder(services.layout))
    )


def test_an_attach_holds_what_it_attached(services):
    with leases.holding(services, "dev", {STREAM: 1}):
        assert leases.leased(services, STREAM) == {1}
    with leases.holding(services, "dev", {STREAM: 2}):
        assert leases.leased(services, STREAM) == {1, 2}
    assert leases.leased(services, STREAM) == {2}


def test_an_attach_that_fails_leaves_both(services):
    leases.hold(services, "dev", {STREAM: 1})
    with pytest.raises(StorageFullError, match="no room"), leases.holding(services, "dev", {STREAM: 2}):
        raise StorageFullError("no room")
    assert leases.leased(services, STREAM) == {1, 2}


def test_the_same_attach_is_written_once_a_day(services):
    for _ in range(3):
        with leases.holding(services, "dev", {STREAM: 1}):
            assert leases.leased(services, STREAM) == {1}
    assert objects(services) == ["held.json", "wanted.json"]
    grow_older(services.layout.root, 1.1)
    with leases.holding(services, "dev", {STREAM: 1}):
        pass
    assert objects(services) == ["held.json", "held.json", "wanted.json", "wanted.json"]


def test_an_attach_that_died_before_is_not_taken_for_held(services):
    leases.hold(services, "dev", {STREAM: 1})
    leases.want(services, "dev", {STREAM: 2})
    with leases.holding(services, "dev", {STREAM: 1}):
        pass
    assert leases.leased(services, STREAM) == {1}


def test_two_build_files_are_two_holders():
    names = {leases.name_holder("dev", place) for place in ("/a/.lakesmith/build", "/b/.lakesmith/build")}
    assert len(names) == 2
    assert all(name.startswith("dev-") for name in names)
