"""`lakesmith lake`: what it says, what it changes, and what it leaves alone."""

import json
import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from lakesmith_terminal import Terminal

import lakesmith

PROJECT = 'version: 1\nname: small\nsources:\n  app:\n    type: files\n    streams:\n      orders: {files: "*.csv"}\n'
LOADS = 5


@pytest.fixture(scope="module")
def loaded(tmp_path_factory):
    """A project whose one table came in five loads, and a copy of it to go back to."""
    root = tmp_path_factory.mktemp("upkeep") / "small"
    root.mkdir()
    (root / "lakesmith.yml").write_text(PROJECT)
    for number in range(LOADS):
        (root / f"orders-{number}.csv").write_text(f"id,name\n{number},a\n{number + 100},b\n")
        assert lakesmith.open(root).run().ok
    for file in root.rglob("*.db"):
        with closing(sqlite3.connect(file)) as connection:
            assert connection.execute("pragma wal_checkpoint(truncate)").fetchone()[0] == 0
    return root, shutil.copytree(root, root.with_name("kept"), ignore=shutil.ignore_patterns("*-shm", "*-wal"))


@pytest.fixture
def small(loaded):
    """That project as it was after its loads, at its own place."""
    root, kept = loaded
    shutil.rmtree(root)
    shutil.copytree(kept, root)
    return Terminal(root)


def answer(done, code=0):
    assert done.returncode == code, done.stdout + done.stderr
    return json.loads(done.stdout)


def parquet_files(terminal):
    return sorted(Path(terminal.root, "lake").rglob("*.parquet"))


def rows(terminal):
    table = lakesmith.open(terminal.root)._shop.lake.open_catalog().load_table(("app", "orders"))
    return sorted(table.scan().to_arrow().to_pylist(), key=lambda row: row["_ls_seq"])


def make_older(terminal, days):
    for path in Path(terminal.root, "lake").rglob("*"):
        if path.is_file() and path.suffix != ".db":
            found = path.stat()
            os.utime(path, (found.st_atime, found.st_mtime - days * 86_400))


@pytest.mark.long
def test_compact_says_what_it_did_and_keeps_every_row(small):
    before = rows(small)
    [done] = answer(small.run("lake", "compact", "orders", "--json"))["compacted"]
    assert (done["table"], done["rows"], done["files_before"], done["files_after"]) == ("app.orders", 10, LOADS, 1)
    assert rows(small) == before
    assert "Nothing to do" in small.run("lake", "compact").stdout


def test_compact_knows_the_tables(small):
    done = small.run("lake", "compact", "nothing")
    assert done.returncode == 2
    assert "nothing" in done.stderr


def test_collect_is_a_dry_run_until_it_is_told(small):
    stranger = Path(small.root, "lake/app/orders/data/00000001-0000000000-0123456789abcdef-00000.parquet")
    stranger.write_bytes(b"half")
    os.utime(
        stranger, (stranger.stat().st_atime, stranger.stat().st_mtime - 3600)
    )  # a load that was killed before the others
    make_older(small, 10)
    everything = sorted(Path(small.root, "lake").rglob("*"))
    found = answer(small.run("lake", "collect", "--json"))
    [one] = [file for file in found["files"] if file["what"] != "lease"]
    assert (one["file"], one["bytes"], one["state"]) == (str(stranger), 4, "waits")
    leases = len(found["files"]) - 1  # of the runs before the last
    assert (found["waits"]["files"], found["due"]["files"], found["problems"]) == (1 + leases, 0, [])
    assert sorted(Path(small.root, "lake").rglob("*")) == everything
    assert answer(small.run("lake", "collect", "--delete", "--json"))["deleted"]["files"] == 0
    make_older(small, 1.1)
    assert answer(small.run("lake", "collect", "--json"))["due"]["files"] == 1 + leases
    assert f"{1 + leases} files (0.0 MB) deleted." in small.run("lake", "collect", "--delete").stdout
    assert not stranger.exists()
    assert len(parquet_files(small)) == LOADS
    assert "Nothing lies about that is old enough to go." in small.run("lake", "collect").stdout


def test_collect_says_why_it_leaves_a_table_alone(small):
    for manifest in Path(small.root, "lake").rglob("*-m0.avro"):
        manifest.write_bytes(b"torn")
    found = answer(small.run("lake", "collect", "--delete", "--json"), 1)
    [problem] = found["problems"]
    assert (problem["table"], problem["error"]) == ("app.orders", "StorageUnavailableError")


def test_check_and_doctor_see_a_missing_file(small):
    assert answer(small.run("lake", "check", "--json"))["ok"]
    assert answer(small.run("doctor", "--json"))["ok"]
    gone = parquet_files(small)[0]
    gone.unlink()
    for command in (("lake", "check"), ("doctor",)):
        found = answer(small.run(*command, "--json"), 2)["findings"]
        [error] = [finding for finding in found if finding["level"] == "error"]
        assert error["text"] == f"1 object that it names is missing: {gone}"


def test_check_and_doctor_see_a_file_that_was_cut_short(small):
    cut = parquet_files(small)[0]
    cut.write_bytes(cut.read_bytes()[:-1])
    for command in (("lake", "check"), ("doctor",)):
        found = answer(small.run(*command, "--json"), 2)["findings"]
        [error] = [finding for finding in found if finding["level"] == "error"]
        assert error["text"].startswith("1 object that it names is not as long as the table says")


@pytest.mark.parametrize("log", ["snapshot-log", "metadata-log"])
def test_check_and_doctor_see_times_that_go_back(small, log):
    newest = max(Path(small.root, "lake").rglob("*.metadata.json"))
    raw = json.loads(newest.read_text())
    raw[log][0]["timestamp-ms"] += 10**9
    newest.write_text(json.dumps(raw))
    for command in (("lake", "check"), ("doctor",)):
        found = answer(small.run(*command, "--json"), 2)["findings"]
        assert [f"times in its {log} go back" in finding["text"] for finding in found].count(True) == 1


@pytest.mark.long
def test_a_build_holds_a_lease_on_what_it_reads(built):
    [held] = Path(built.root, "lake/_lakesmith/leases").rglob("*-held.json")
    said = json.loads(held.read_text())
    project = lakesmith.open(built.root)._shop.lake
    assert said["snapshots"] == {str(stream): project.table(stream).head().snapshot_id for stream in project.streams()}
    assert said["holder"].startswith(f"{lakesmith.open(built.root).target}-")


def test_history_with_a_compaction_fits_80_columns(small):
    assert len(answer(small.run("lake", "compact", "--json"))["compacted"]) == 1
    head, newest, *_ = small.run("history", "app.orders").stdout.splitlines()
    assert newest.split()[2] == "compaction"
    assert newest.endswith("in force")
    assert max(len(head), len(newest)) <= 80
