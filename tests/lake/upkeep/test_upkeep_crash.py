"""Upkeep that dies anywhere, and dies again while the next run mends it, loses no row and doubles none."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from lake_loading import (
    ROWS,
    STREAM,
    make_rejects,
    make_rows,
    next_number,
    open_lake,
    read_back,
    resume,
    without_system,
)
from upkeep_farm import COMPACTING, LOADS
from upkeep_tools import EAGER, files_below, grow_older, needed_files, sweep

from lakesmith.host import Host
from lakesmith.lake.upkeep import tend
from lakesmith.lake.upkeep.points import COLLECT_DELETED, COLLECT_POINTS

pytestmark = pytest.mark.long
FARM = Path(__file__).with_name("upkeep_farm.py")
KILLED = str(int(signal.SIGKILL))


@pytest.fixture(scope="module")
def farm(tmp_path_factory):
    folder = tmp_path_factory.mktemp("farm")
    out = subprocess.run([sys.executable, str(FARM), str(folder)], capture_output=True, text=True, check=True)
    return folder, {line.split()[0]: line.split()[1:] for line in out.stdout.splitlines()}


def rows(until):
    return [row for number in range(until) for row in make_rows(number)]


@pytest.mark.parametrize("point", COMPACTING)
def test_a_killed_compaction_changes_no_row(farm, point):
    folder, ends = farm
    assert ends[point][0] == KILLED
    lake = open_lake(folder / point, Host())
    table = lake.table(STREAM)
    landed = next_number(table)
    assert landed in (LOADS, LOADS + 1)
    assert without_system(read_back(lake)) == rows(landed)
    resume(table, LOADS + 4)
    tend(table, EAGER)
    assert without_system(read_back(lake)) == rows(LOADS + 4)
    numbers = [row["_ls_seq"] for row in read_back(lake)]
    assert numbers == [(ordinal << 32) + at for ordinal in range(1, LOADS + 5) for at in range(ROWS)]
    assert [row.where for row in table.quarantined()] == [
        reject.where for number in reversed(range(LOADS + 4)) for reject in make_rejects(number)
    ]
    assert table.head().files < LOADS + 4


def test_the_second_kill_struck_too(farm):
    _, ends = farm
    again = {point for point, (_, second) in ends.items() if second == KILLED}
    # Where the first compaction had landed there is nothing more to compact with so few new files.
    assert again >= {"lake.compact.begun", "lake.compact.written", "lake.compact.prepared", *COLLECT_POINTS}


@pytest.mark.parametrize("point", COLLECT_POINTS)
def test_a_killed_collector_takes_nothing_that_is_needed(farm, point):
    folder, ends = farm
    assert ends[point] == ([KILLED, KILLED] if point != COLLECT_DELETED else ["0", KILLED])
    lake = open_lake(folder / point, Host())
    needed = {str(Path(path).relative_to(lake.root)) for path in needed_files(lake)}
    assert needed <= files_below(lake.root)
    assert without_system(read_back(lake)) == [*make_rows(0), *make_rows(1)]
    for _ in range(2):
        sweep(lake)
        grow_older(lake.root, 1.01)
    assert len([name for name in files_below(lake.root) if name.endswith(".parquet")]) == 2
    assert len(list(lake.table(STREAM).quarantined())) == 4
