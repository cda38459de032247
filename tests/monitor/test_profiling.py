"""What is kept of a load's columns: counts, rounded ends and hashes; never a value."""

import json
import stat

import pytest
from sqlalchemy import select

import lakesmith
from lakesmith.api.profiling import profile_run
from lakesmith.api.storing import store_in_use
from lakesmith.monitor import tables
from lakesmith.monitor.profiling import read_key, rounded

PROJECT = """
version: 1
name: yard
sources:
  yard:
    type: files
    streams:
      visits:
        files: "*.jsonl"
        columns: {mail: {mask: hash}}
"""
CANARY = "CANARY-7f3a@example.com"
ROWS = 400


def record(n, state="open"):
    tags = None if n % 4 == 0 else ["x"]
    return {
        "id": n,
        "amount": 1234.5 + n,
        "state": state if n % 2 else "closed",
        "note": None if n % 10 else "a",
        "mail": f"{n}{CANARY}",
        "tags": tags,
    }


@pytest.fixture
def project(tmp_path):
    (tmp_path / "lakesmith.yml").write_text(PROJECT)
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(record(n)) + "\n" for n in range(ROWS)))
    project = lakesmith.open(tmp_path)
    assert project.run().ok
    return project


def profiles(project):
    with project.record() as store, store.engine.connect() as connection:
        rows = connection.execute(select(tables.column_profile).order_by(tables.column_profile.c.profile_id)).mappings()
        return [dict(row) for row in rows]


def test_a_run_leaves_one_profile_of_each_column(project):
    found = {row["column_name"]: row for row in profiles(project)}
    assert {name: (row["row_count"], row["null_count"]) for name, row in found.items()} == {
        "id": (ROWS, 0),
        "amount": (ROWS, 0),
        "state": (ROWS, 0),
        "note": (ROWS, ROWS - ROWS // 10),
        "mail": (ROWS, 0),
        "tags": (ROWS, ROWS // 4),
    }
    assert {name: row["distinct_count"] for name, row in found.items()} == {
        "id": ROWS,
        "amount": ROWS,
        "state": 2,
        "note": 1,
        "mail": None,
        "tags": None,
    }
    assert (found["amount"]["lowest"], found["amount"]["highest"]) == (1200.0, 1600.0)
    assert (found["id"]["lowest"], found["id"]["highest"]) == (0.0, 400.0)
    assert (found["mail"]["lowest"], found["mail"]["categories"]) == (None, None)
    assert sorted(json.loads(found["state"]["categories"]).values()) == [0.5, 0.5]


def test_no_value_is_in_the_record(project):
    text = repr(profiles(project))
    for value in (CANARY, "open", "closed", "1234.5", "1633.5", "399"):
        assert value not in text
    store = (project.root / ".lakesmith" / "runs.db").read_bytes()
    assert CANARY.encode() not in store


def test_hashes_stay_the_same_from_load_to_load_and_differ_from_key_to_key(project):
    (project.root / "b.jsonl").write_text("".join(json.dumps(record(n, "lost")) + "\n" for n in range(ROWS)))
    assert project.run().ok
    before, after = (set(json.loads(row["categories"])) for row in profiles(project) if row["column_name"] == "state")
    assert len(before & after) == 1
    (project.root / ".lakesmith" / "profile.key").unlink()
    with store_in_use(project._shop) as store:
        run_id = project.history().runs(1)[0].run_id
        assert profile_run(project._shop, store, run_id) == 1
    newest = next(row for row in reversed(profiles(project)) if row["column_name"] == "state")
    assert not set(json.loads(newest["categories"])) & after


def test_the_second_load_is_looked_at_alone(project):
    (project.root / "b.jsonl").write_text("".join(json.dumps(record(n)) + "\n" for n in range(1000, 1050)))
    assert project.run().ok
    last = {row["column_name"]: row for row in profiles(project)[6:]}
    assert (last["id"]["row_count"], last["id"]["lowest"], last["id"]["highest"]) == (50, 1000.0, 1000.0)


def test_tables_whose_columns_are_not_watched_are_left_alone(tmp_path):
    (tmp_path / "lakesmith.yml").write_text(f"{PROJECT}monitor: {{tables: {{yard.visits: {{columns: false}}}}}}\n")
    (tmp_path / "a.jsonl").write_text(json.dumps(record(1)) + "\n")
    project = lakesmith.open(tmp_path)
    assert project.run().ok
    assert profiles(project) == []


def test_the_key_is_made_once_for_its_owner_alone(tmp_path):
    path = tmp_path / "state" / "profile.key"
    key = read_key(path)
    assert (len(key), read_key(path)) == (32, key)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.write_bytes(b"cut")
    assert len(read_key(path)) == 32


def test_two_digits_are_kept():
    assert [rounded(value) for value in (1999.0, -0.0444, 12.0, 1e300)] == [2000.0, -0.044, 12.0, 1e300]
