"""A load that replaces its table, killed at any point, then run again: bronze is what the files say now, never a mixture."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from e2e_home import Home

import lakesmith
from lakesmith.run.load import CRASH_POINTS, SWAP_POINTS

pytestmark = [pytest.mark.slow, pytest.mark.long, pytest.mark.timeout(600)]
FARM = Path(__file__).with_name("e2e_kill_farm.py")
PROJECT = """
version: 1
name: depot
sources:
  depot: {type: files, root: data, streams: {stock: {files: "*.csv", key: item, mode: replace, history: HISTORY}}}
"""
BEFORE = {"a.csv": ["1,10", "2,20"], "b.csv": ["3,30", "4,40,broken"]}
AFTER = {"a.csv": ["1,11", "5,50,broken"], "c.csv": ["6,60"]}


def deliver(root, files):
    shutil.rmtree(root / "data", ignore_errors=True)
    (root / "data").mkdir(parents=True)
    for name, rows in files.items():
        (root / "data" / name).write_text("\n".join(["item,pieces", *rows, ""]))


def truth(root):
    """Return the whole records of the files, and how many are broken."""
    rows = [row for file in sorted((root / "data").iterdir()) for row in list(csv.reader(file.open()))[1:]]
    return sorted((int(row[0]), int(row[1])) for row in rows if len(row) == 2), sum(len(row) != 2 for row in rows)


@pytest.fixture(scope="module", params=["swapped", pytest.param("appended", marks=pytest.mark.long)])
def farm(request, tmp_path_factory):
    folder, phase = tmp_path_factory.mktemp("farm"), request.param
    home = Home(folder / phase / "acme")
    home.root.mkdir(parents=True)
    (home.root / "lakesmith.yml").write_text(PROJECT.replace("HISTORY", "true" if phase == "appended" else "false"))
    deliver(home.root, BEFORE)
    home.run()
    deliver(home.root, AFTER)
    home.root.rename(home.root.with_name("start"))
    out = subprocess.run([sys.executable, str(FARM), str(folder)], capture_output=True, text=True, check=False)
    assert out.returncode == 0, out.stderr
    return phase, folder / phase, [json.loads(line) for line in out.stdout.splitlines()]


def current(rows):
    newest = {row["item"]: row for row in sorted(rows, key=lambda row: row["_ls_seq"])}
    return sorted((row["item"], row["pieces"]) for row in newest.values() if row["_ls_op"] != "d")


def test_every_point_is_passed_and_kills(farm):
    phase, _folder, kills = farm
    points = {*CRASH_POINTS, *(SWAP_POINTS if phase == "swapped" else ())}
    assert points <= {kill["point"].partition(":")[0] for kill in kills}
    assert [kill["point"] for kill in kills if not kill["killed"] or kill["again"]] == []


def test_after_a_kill_and_one_more_run_the_table_is_what_the_files_say(farm):
    phase, folder, kills = farm
    assert kills
    for kill in kills:
        shutil.rmtree(folder / "acme", ignore_errors=True)
        (folder / str(kill["number"])).rename(folder / "acme")
        home = Home(folder / "acme")
        rows = home.bronze("depot.stock")
        expected, broken = truth(home.root)
        assert current(rows) == expected, kill
        if phase == "swapped":
            assert sorted((row["item"], row["pieces"]) for row in rows) == expected, kill
        else:
            assert sorted(row["item"] for row in rows) == [1, 1, 2, 2, 3, 3, 6], kill
        waiting = [row.where for row in lakesmith.open(home.root).quarantine("stock")]
        assert len(waiting) == len(set(waiting)) == broken + (phase == "appended"), kill
