"""A process that dies while it builds aside, swaps, rolls back or expires leaves the old state or the new one, and both go on."""

import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from generation_farm import ACTS
from lake_building import assert_holds, open_aside
from lake_loading import STREAM, SetClock, make_rejects, open_lake, resume

from lakesmith.host import Host
from lakesmith.lake.points import COMMIT_LANDED, ROLLBACK_LANDED, SWAP_LANDED

pytestmark = pytest.mark.long
FARM = Path(__file__).with_name("generation_farm.py")
LANDED = {COMMIT_LANDED, SWAP_LANDED, ROLLBACK_LANDED}
CASES = [(name, point) for name, (_, _, points) in ACTS.items() for point in points]


@pytest.fixture(scope="module")
def farm(tmp_path_factory):
    folder = tmp_path_factory.mktemp("farm")
    out = subprocess.run([sys.executable, str(FARM), str(folder)], capture_output=True, text=True, check=True)
    return folder, dict(line.split() for line in out.stdout.splitlines())


def wheres(*numbers):
    return [reject.where for number in numbers for reject in make_rejects(number)]


@pytest.mark.parametrize(("name", "point"), CASES)
def test_the_old_state_or_the_new_one(farm, name, point):
    folder, ends = farm
    assert ends[f"{name}-{point}"] == str(int(signal.SIGKILL))
    lake = open_lake(folder / f"{name}-{point}", Host(clock=SetClock(datetime.now(UTC))))
    table = lake.table(STREAM)
    landed = point in LANDED
    now = {"swap": (7, 8), "rollback": (0,)}.get(name, (0, 1)) if landed else (0, 1)
    assert_holds(lake, *now)
    assert [row.where for row in table.quarantined()] == wheres(*reversed(now))
    GOING_ON[name](lake, table, landed=landed)


def go_on_building(lake, table, *, landed):
    before = (7,) if landed else ()
    open_aside(table, 9).commit()
    table.swap(table.head())
    assert_holds(lake, *before, 9)


def go_on_continuing(lake, table, *, landed):
    open_aside(table, 9).commit()
    table.swap(table.head())
    assert_holds(lake, 7, *((8,) if landed else ()), 9)


def go_on_swapping(lake, table, *, landed):
    if not landed:
        table.swap(table.head())
    resume(table, 10)
    assert_holds(lake, 7, 8, 9)


def go_on_after_rollback(lake, table, *, landed):
    resume(table, 3)
    assert_holds(lake, 0, 1, 2)
    ordinals = [commit.checkpoint.ordinal for commit in table.history()]
    assert ordinals == sorted(set(ordinals), reverse=True) == list(range(5 if landed else 3, 0, -1))


def go_on_expiring(lake, table, *, landed):
    assert not landed
    resume(table, 5)
    assert_holds(lake, 0, 1, 2, 3, 4)
    assert [row.where for row in table.quarantined()] == wheres(4, 3, 2, 1, 0)


GOING_ON = {
    "fresh": go_on_building,
    "continue": go_on_continuing,
    "swap": go_on_swapping,
    "rollback": go_on_after_rollback,
    "expire": go_on_expiring,
}
