"""A process that dies anywhere loses no row and doubles none."""

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

from lakesmith.lake import CRASH_POINTS
from lakesmith.lake.points import COMMIT_LANDED, QUARANTINE_WRITTEN

pytestmark = pytest.mark.long
FARM = Path(__file__).with_name("crash_farm.py")
CASES = [(already, name) for already in (0, 1) for name in CRASH_POINTS]


@pytest.fixture(scope="module")
def farm(tmp_path_factory):
    folder = tmp_path_factory.mktemp("farm")
    out = subprocess.run([sys.executable, str(FARM), str(folder)], capture_output=True, text=True, check=True)
    return folder, dict(line.split() for line in out.stdout.splitlines())


@pytest.mark.parametrize(("already", "name"), CASES)
def test_a_killed_load_is_resumed_exactly(farm, already, name):
    folder, ends = farm
    assert ends[f"{already}-{name}"] == str(int(signal.SIGKILL))
    lake = open_lake(folder / f"{already}-{name}")
    table = lake.table(STREAM)
    landed = already + (name == COMMIT_LANDED)
    assert next_number(table) == landed
    assert [row.where for row in table.quarantined()] == wheres(landed)
    resume(table, 3)
    assert without_system(read_back(lake)) == [row for number in range(3) for row in make_rows(number)]
    assert [row["_ls_seq"] for row in read_back(lake)] == [(o << 32) + at for o in (1, 2, 3) for at in range(ROWS)]
    assert [row.where for row in table.quarantined()] == wheres(3)


def wheres(landed):
    return [reject.where for number in reversed(range(landed)) for reject in make_rejects(number)]


def test_rejects_of_a_batch_that_never_landed_stay_unseen(farm):
    folder, _ = farm
    lake = open_lake(folder / f"1-{QUARANTINE_WRITTEN}")
    table = lake.table(STREAM)
    resume(table, 3)
    files = list(Path(lake.root).glob("_lakesmith/quarantine/app.orders/*.jsonl"))
    assert len(files) == 4
    assert len({row.batch_id for row in table.quarantined()}) == 3
