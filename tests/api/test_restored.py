"""A catalog restored from yesterday is noticed, and no number is given twice."""

import shutil
import sqlite3
from contextlib import closing

import pytest

import lakesmith

PROJECT = """version: 1
name: acme
sources:
  crm: {type: files, streams: {people: {files: "*.csv"}}}
"""


@pytest.fixture
def root(tmp_path):
    (tmp_path / "lakesmith.yml").write_text(PROJECT)
    return tmp_path


def deliver(root, number):
    (root / f"{number}.csv").write_text(f"id\n{number}\n")
    return lakesmith.open(root).run()


def rows(root):
    found = lakesmith.open(root).query("select id, _ls_seq from bronze_crm.people order by 2", build=True).read_all()
    return [(row["id"], row["_ls_seq"] >> 32) for row in found.to_pylist()]


def test_loading_goes_on_above_the_highest_number_on_record_and_says_so(root):
    assert deliver(root, 1).state == "succeeded"
    shutil.copytree(root / "lake", root / "yesterday")
    assert deliver(root, 2).state == "succeeded"
    assert rows(root) == [(1, 1), (2, 2)]
    with (
        closing(sqlite3.connect(root / "yesterday" / "catalog.db")) as yesterday,
        closing(sqlite3.connect(root / "lake" / "catalog.db")) as today,
    ):
        yesterday.backup(today)
    result = deliver(root, 3)
    assert result.state == "warned"
    assert sorted(rows(root)) == [(1, 1), (2, 3), (3, 3)]
    [error] = lakesmith.open(root).history().errors(result.run_id)
    assert (error.kind, error.step) == ("RestoredCatalog", "load:crm.people")
    assert "at load 1, and the record knows of load 2" in error.what


def test_a_lake_made_anew_is_loaded_from_the_sources_with_new_numbers(root):
    deliver(root, 1)
    shutil.rmtree(root / "lake")
    result = lakesmith.open(root).run()
    assert (result.state, rows(root)) == ("warned", [(1, 2)])


@pytest.mark.long
def test_an_ordinary_run_says_nothing(root):
    deliver(root, 1)
    result = deliver(root, 2)
    assert (result.state, lakesmith.open(root).history().errors(result.run_id)) == ("succeeded", [])
