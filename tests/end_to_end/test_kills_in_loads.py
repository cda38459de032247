"""A run killed at any point of a load, then run again: bronze equals the files record by record, quarantine holds each reject once."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from e2e_files import bronze_requests, bronze_rows, csv_rows, log_rows
from e2e_home import Home

import lakesmith
from lakesmith.lake import CRASH_POINTS
from lakesmith.lake.points import SIDECAR_WRITTEN
from lakesmith.run.load import CRASH_POINTS as LOAD_POINTS
from lakesmith.simulate import Company, deliver

pytestmark = [pytest.mark.slow, pytest.mark.long, pytest.mark.timeout(600)]
FARM = Path(__file__).with_name("e2e_kill_farm.py")
ONLY_LARGE = {SIDECAR_WRITTEN}
"""What a load passes only if it has more to remember than fits in its commit."""
COMPANY = Company(seed=11, scale=0.06)
PROJECT = """
version: 1
name: acme
sources:
  backoffice:
    type: files
    streams:
      companies: {files: "data/raw/{date}/companycsv.csv", key: company_id, mode: dedupe}
      weblogs: {files: "data/raw/{date}/weblogs.log", format: combined}
"""


def prepare(folder):
    """Make the two starts: nothing loaded yet, and one day loaded with the next one there."""
    first, later = (Home(folder / phase / "acme") for phase in ("first", "later"))
    first.root.mkdir(parents=True)
    (first.root / "lakesmith.yml").write_text(PROJECT)
    deliver(COMPANY, first.root, 1)
    first.copy(later.root)
    later.run()
    deliver(COMPANY, later.root, 2)
    next(later.root.glob("data/raw/*-02/weblogs.log")).unlink()  # one stream has news, the other none
    for home in (first, later):
        home.root.rename(home.root.with_name("start"))


# A first load that is killed is also what `tests/lake/test_crash.py` is about; the points are the same, so one phase is quick proof.
@pytest.fixture(scope="module", params=["later", pytest.param("first", marks=pytest.mark.long)])
def farm(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("farm")
    prepare(folder)
    for other in {"first", "later"} - {request.param}:
        shutil.rmtree(folder / other)
    out = subprocess.run([sys.executable, str(FARM), str(folder)], capture_output=True, text=True, check=False)
    assert out.returncode == 0, out.stderr
    return folder / request.param, [json.loads(line) for line in out.stdout.splitlines()]


def assert_whole(home):
    data = home.root / "data"
    intact, broken = csv_rows(*sorted(data.glob("raw/*/companycsv.csv")))
    requests, garbage = log_rows(*sorted(data.glob("raw/*/weblogs.log")))
    project = lakesmith.open(home.root)
    waiting = {name: [row.where for row in project.quarantine(name)] for name in ("companies", "weblogs")}
    assert bronze_rows(home.bronze("backoffice.companies")) == intact
    assert bronze_requests(home.bronze("backoffice.weblogs")) == requests
    assert {name: (len(wheres), len(set(wheres))) for name, wheres in waiting.items()} == {
        "companies": (len(broken), len(broken)),
        "weblogs": (garbage, garbage),
    }
    for stream in ("companies", "weblogs"):
        numbers = [row["_ls_seq"] for row in home.bronze(f"backoffice.{stream}")]
        assert len(set(numbers)) == len(numbers)


def test_every_point_of_a_load_is_passed_and_kills(farm):
    _, kills = farm
    assert {kill["point"].partition(":")[0] for kill in kills} == {*CRASH_POINTS, *LOAD_POINTS} - ONLY_LARGE
    assert [kill["point"] for kill in kills if not kill["killed"] or kill["again"]] == []


def test_after_a_kill_and_one_more_run_nothing_is_lost_and_nothing_doubled(farm):
    folder, kills = farm
    assert len(kills) > len(CRASH_POINTS)
    for kill in kills:
        shutil.rmtree(folder / "acme", ignore_errors=True)
        (folder / str(kill["number"])).rename(folder / "acme")
        assert_whole(Home(folder / "acme"))


@pytest.mark.long  # one real process per kill
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("phase", ["first", "later"])
def test_the_same_with_a_process_of_its_own_for_every_run(tmp_path, phase):
    prepare(tmp_path / "farm")
    start, place, log = (tmp_path / "farm" / phase / name for name in ("start", "acme", "points"))
    Home(start).restore(place).run(env={"LAKESMITH_CRASH_LOG": str(log)})
    for point in log.read_text().splitlines():
        home = Home(start).restore(place)
        home.run(env={"LAKESMITH_CRASH": point})
        home.run()
        assert_whole(home)
