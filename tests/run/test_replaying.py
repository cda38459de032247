"""Replays on real projects: what was refused comes in after a mend, once, whenever the process dies."""

import csv
import io
import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from replay_farm import Shop

from lakesmith.errors import DriftRefusedError, UsageError
from lakesmith.lake import CRASH_POINTS as LAKE_POINTS
from lakesmith.run.replaying import CRASH_POINTS, CUT, OVERTAKEN, UNMASKED

FARM = Path(__file__).with_name("replay_farm.py")
SETTINGS = "{files: '*.csv', key: id, mode: dedupe, on_drift: quarantine}"
FIRST = "id,qty,note\n1,1,a\n2,2,b\n"
SECOND = "id,qty,note\n3,3 pcs,c\n4,4,d\n5\n6,x,f\n7;7;g\n"
SEEN = ("lake.stage.closed", "lake.commit")


@pytest.fixture
def shop(tmp_path):
    (tmp_path / "shop/data").mkdir(parents=True)
    return Shop(tmp_path / "shop")


@pytest.fixture(scope="module")
def refused(tmp_path_factory):
    """A project with three rows in bronze and four records in quarantine, two of which a mend lets in."""
    root = tmp_path_factory.mktemp("refused") / "shop"
    (root / "data").mkdir(parents=True)
    shop = Shop(root).say(SETTINGS).put("1.csv", FIRST).load().put("2.csv", SECOND).load()
    assert shop.rows() == [("1", "1", "a"), ("2", "2", "b"), ("4", "4", "d")]
    assert len(shop.waiting()) == 4
    shutil.copytree(root, root.with_name("kept"))
    return shop


@pytest.fixture
def again(refused):
    """The same project, as it was."""
    shutil.rmtree(refused.root)
    shutil.copytree(refused.root.with_name("kept"), refused.root)
    return refused


AFTER = [("1", "1", "a", ""), ("2", "2", "b", ""), ("3", "", "c", "3 pcs"), ("4", "4", "d", ""), ("6", "", "f", "x")]
STILL = [("2.csv:4", "too few fields: 1 instead of 3"), ("2.csv:6", "too few fields: 1 instead of 3")]


def test_after_a_mend_of_the_policy_rows_come_in_and_the_rest_stays(again):
    shop = again
    before = shop.table.head()
    nothing = shop.project.replay("shop.orders")
    assert (nothing.looked_at, nothing.passed, nothing.load) == (4, 0, None)
    assert shop.table.head().snapshot_id == before.snapshot_id
    shop.say(SETTINGS.replace("quarantine", "evolve"))
    looked = shop.project.replay("shop.orders", dry_run=True)
    assert (looked.passed, looked.load) == (2, None)
    assert shop.table.head().snapshot_id == before.snapshot_id
    done = shop.project.replay("shop.orders")
    assert (done.looked_at, done.passed) == (4, 2)
    counts = done.load.counts
    assert (counts.read, counts.written, counts.quarantined, counts.filtered) == (2, 2, 0, 0)
    assert done.load.commits[0].checkpoint.position == before.checkpoint.position
    assert done.load.commits[0].checkpoint.ordinal == before.checkpoint.ordinal + 1
    assert shop.rows() == AFTER
    assert shop.waiting() == STILL
    assert [(d.kind, d.column, d.outcome) for d in done.load.drift] == [("value_incompatible", "qty", "sibling")]
    again = shop.project.replay("shop.orders")
    assert (again.passed, again.load) == (0, None)
    assert shop.rows() == AFTER


def test_only_what_is_wanted_is_replayed(again):
    shop = again.say(SETTINGS.replace("quarantine", "evolve"))
    assert shop.project.replay("shop.orders", reason="TOO FEW").looked_at == 2
    assert len(shop.waiting()) == 4
    assert shop.project.replay("shop.orders", reason="does not fit").passed == 2
    assert shop.waiting() == STILL


def test_a_line_whose_file_is_another_one_by_now_stays(again):
    shop = again.say(SETTINGS.replace("key: id", "key: id, delimiter: ';'"))
    shop.put("2.csv", SECOND.replace("id,qty,note", "id;qty;note"))
    done = shop.project.replay("shop.orders", reason="too few")
    assert dict(done.kept) == {
        "the file begins with another line than when the record was read, so its columns are not known": 2
    }
    (shop.root / "data/2.csv").unlink()
    done = shop.project.replay("shop.orders", reason="too few")
    assert dict(done.kept) == {"the file is not there any more, so its columns are not known": 2}
    assert len(shop.waiting()) == 4


def test_records_without_the_key_are_refused_as_a_load_would(again):
    shop = again.say("{files: '*.csv', key: id, mode: dedupe, delimiter: ';', header: false}")
    with pytest.raises(DriftRefusedError, match=r"came without id, which is in its key\."):
        shop.project.replay("shop.orders", reason="too few")
    assert len(shop.waiting()) == 4


def test_a_replay_that_was_rolled_back_never_was(again):
    shop = again.say(SETTINGS.replace("quarantine", "evolve"))
    before, waiting = shop.table.head().snapshot_id, shop.waiting()
    shop.project.replay("shop.orders")
    shop.table.rollback(before)
    assert shop.waiting() == waiting
    assert shop.rows()[:3] == [("1", "1", "a"), ("2", "2", "b"), ("4", "4", "d")]
    assert shop.project.replay("shop.orders").passed == 2
    assert shop.waiting() == STILL


@pytest.mark.long
def test_killed_at_any_point_each_record_comes_in_once(again):
    shop = again.say(SETTINGS.replace("quarantine", "evolve"))
    kept = shop.root.with_name("mended")
    shutil.copytree(shop.root, kept)
    points = [*CRASH_POINTS, *(name for name in LAKE_POINTS if name.startswith(SEEN))]
    farm = subprocess.run([sys.executable, FARM, kept, shop.root, *points], capture_output=True, text=True, check=False)
    assert farm.returncode == 0, farm.stderr
    ended = {one["point"]: one for one in map(json.loads, farm.stdout.splitlines())}
    assert set(ended) == set(points)
    for one in ended.values():
        assert (one["killed"], one["after"]) == (int(signal.SIGKILL), 0), (one, farm.stderr)
        assert [tuple(row) for row in one["rows"]] == AFTER, one
        assert [tuple(row) for row in one["waiting"]] == STILL, one


def test_a_record_is_not_put_on_top_of_newer_rows_of_its_key_unless_asked_for(shop):
    shop.say(SETTINGS).put("1.csv", FIRST).load()
    shop.put("2.csv", "id,qty,note\n1,one,old\n2,two,old\n").load()
    shop.put("3.csv", "id,qty,note\n1,9,new\n").load()
    shop.say(SETTINGS.replace("quarantine", "evolve"))
    done = shop.project.replay("shop.orders")
    assert (done.passed, dict(done.kept)) == (1, {OVERTAKEN: 1})
    assert [row.where for row in shop.project.quarantine()] == ["2.csv, row 1"]
    assert shop.project.replay("shop.orders", overtaking=True).passed == 1
    assert shop.waiting() == []


@pytest.mark.long
def test_bytes_that_are_no_text_are_kept_and_read_by_another_encoding(shop):
    text = "id,note\n1,plain\n2,café\n"
    shop.say("{files: '*.csv', encoding: utf-8}").put("1.csv", text, "latin-1").load()
    (row,) = shop.project.quarantine()
    assert (row.reason, row.raw) == ("the record is not valid utf-8", "2,caf\udce9")
    assert shop.project.raw_of(row) == r"2,caf\xe9"
    shop.say("{files: '*.csv', encoding: latin-1}")
    assert shop.project.replay("shop.orders").passed == 1
    assert shop.rows() == [("1", "plain"), ("2", "café")]


@pytest.mark.long
def test_a_record_that_was_cut_says_so_and_stays(shop):
    shop.say("{files: '*.csv'}").put("1.csv", f"id,note\n1,a\n2,{'x' * 70_000},too many\n").load()
    (row,) = shop.project.quarantine()
    assert (row.cut, len(row.raw)) == (True, 64 * 1024)
    done = shop.project.replay("shop.orders")
    assert (done.passed, dict(done.kept)) == (0, {CUT: 1})


def test_what_stands_at_the_end_of_a_file_comes_with_the_file_and_not_twice(shop):
    shop.say("{files: '*.csv', settle_s: 0}").put("1.csv", "id,note\n1,a\n2").load()
    assert shop.waiting() == [("1.csv:3", "the file ends in the middle of a record")]
    done = shop.project.replay("shop.orders")
    assert dict(done.kept) == {"the file ends in the middle of a record": 1}
    shop.put("1.csv", "id,note\n1,a\n2,b\n").load()
    assert shop.rows() == [("1", "a"), ("2", "b")]


MASKED = "{files: '*.csv', on_drift: quarantine, columns: {mail: {mask: hash, salt: '${env:SALT}'}}}"


@pytest.mark.long
def test_hashes_are_neither_hashed_again_nor_taken_for_values(shop):
    (shop.root / ".env").write_text("SALT=sea\n")
    shop.say(MASKED).put("1.csv", "id,mail\n1,a@x\n").load().put("2.csv", "id,mail\nx,b@x\n").load()
    (row,) = shop.project.quarantine()
    assert row.masked == ("mail",)
    assert "b@x" not in row.raw
    assert shop.project.raw_of(row) == row.raw
    shop.say("{files: '*.csv'}")
    assert dict(shop.project.replay("shop.orders").kept) == {UNMASKED.format("mail"): 1}
    shop.say(MASKED.replace("quarantine", "evolve"))
    assert shop.project.replay("shop.orders").passed == 1
    hashed = json.loads(row.raw)["mail"]
    assert [row for row in shop.rows() if row[2] == "x"] == [("", hashed, "x")]


def test_raw_text_of_streams_with_masks_is_hidden(shop):
    (shop.root / ".env").write_text("SALT=sea\n")
    shop.say(MASKED).put("1.csv", "id,mail\n1,a@x\n2,b@x,more\n").load()
    (row,) = shop.project.quarantine()
    assert shop.project.raw_of(row) == "(hidden: the stream has masked columns)"
    assert "b@x" not in repr(row)
    assert row.raw == "2,b@x,more"
    page = shop.root / "warehouse/report/index.html"
    assert "b@x" not in page.read_text()


@pytest.mark.long
def test_web_logs_are_replayed_after_a_mend_of_their_format(shop):
    line = '1.2.3.4 - - [01/Oct/2026:06:00:00 +0000] "GET / HTTP/1.1" 200 5'
    shop.say("{files: '*.log'}").put("a.log", f"{line}\nnot a line\n").load()
    done = shop.project.replay("shop.orders")
    assert dict(done.reasons) == {"the line is not in the common or combined log format": 1}
    shop.say("{files: '*.log', columns: {client_ip: {on_drift: evolve}}}")
    assert shop.project.replay("shop.orders").passed == 0


@pytest.mark.long
def test_rows_of_typed_sources_come_back_by_their_columns_types(shop):
    line = '1.2.3.4 - - [01/Oct/2026:06:00:00 +0000] "GET / HTTP/1.1" {} 5\n'
    shop.say("{files: '*.log', columns: {status: {type: int, on_drift: quarantine}}}").put(
        "a.log", line.format(200)
    ).load()
    assert shop.waiting() == []


def test_a_source_that_cannot_parse_again_says_so(again):
    from lakesmith.run.load import LoadJob
    from lakesmith.run.replaying import Wish, replay_stream

    shop = again
    spec = shop.project.config.streams()[0]
    job = LoadJob(spec, object(), shop.table, shop.project._shop.host)
    with pytest.raises(UsageError, match=r"shop\.orders cannot parse records of quarantine again"):
        replay_stream(job, shop.table, Wish())


def test_the_rows_are_those_of_an_independent_reading(again):
    wanted = [
        row for text in (FIRST, SECOND) for row in csv.reader(io.StringIO(text)) if len(row) == 3 and row[1].isdigit()
    ]
    assert again.rows() == sorted(map(tuple, wanted))
