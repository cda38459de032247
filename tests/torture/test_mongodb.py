"""Histories of a MongoDB server, in a process of their own: one that forks victims must have run nothing."""

import json
import struct
import subprocess
import sys
from datetime import UTC, datetime
from decimal import Decimal
from types import SimpleNamespace

import bson
import pytest
from bson import Binary, DatetimeMS, Decimal128, Int64, ObjectId, Regex, Timestamp

from lakesmith.testing.torture.laws import BrokenError
from lakesmith.testing.torture.mongodb.market import Market, Version
from lakesmith.testing.torture.mongodb.oracle import difference, key_of, read
from lakesmith.testing.torture.mongodb.promise import Promise, Sight
from lakesmith.testing.torture.mongodb.words import cursors

NUMBERS = next(kind for kind in cursors() if kind.name == "number" and kind.look_back)
OID = ObjectId("65f0aa00112233445566778a")
DAY = datetime(2026, 1, 1, tzinfo=UTC)
DAY_MS = DatetimeMS(int(DAY.timestamp()) * 1000)
LOADED = {"quarantined": 0, "holds": True}


def play(folder, *words):
    command = [sys.executable, "-m", "lakesmith.testing.torture", "--part", "mongodb", "--tmp", str(folder), *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.long
def test_a_short_history_keeps_all_laws(tmp_path):
    words = ["--markets", "1", "--steps", "20", "--first-seed", "5", "--no-mutants", "--out", str(tmp_path)]
    done = play(tmp_path, *words)
    assert done.returncode == 0, done.stdout + done.stderr
    figures = json.loads((tmp_path / "torture.json").read_text())
    assert (figures["lost"], figures["doubled"], figures["other"]) == (0, 0, 0)
    assert figures["mongodb"]["operations"] >= 20
    assert figures["mongodb"]["comparisons"] >= 2


@pytest.mark.long
@pytest.mark.timeout(2400)
def test_longer_histories_and_every_mutant(tmp_path):
    done = play(tmp_path, "--markets", "4", "--first-seed", "7000", "--out", str(tmp_path))
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("value", "row"),
    [
        (7, {"x": 7}),
        (7, {"x": 7.0}),
        (7, {"x": "7"}),
        (Int64(2**53 + 1), {"x": 2**53 + 1}),
        (0.1, {"x": None, "x__double": 0.1}),
        (float("nan"), {"x": float("nan")}),
        (Decimal128("1.50"), {"x": Decimal("1.500000000")}),
        (Decimal128("1E+40"), {"x_json": '{"$numberDecimal": "1E+40"}'}),
        ("5", {"x__string": "5"}),
        (True, {"x": True}),
        (OID, {"x": str(OID)}),
        (DAY_MS, {"x": DAY}),
        (DAY_MS, {"x__string": "2026-01-01T00:00:00Z"}),
        (DatetimeMS(253_402_300_800_000), {"x__json": '{"$date": {"$numberLong": "253402300800000"}}'}),
        (Regex("^a", "i"), {"x_json": '{"$regularExpression": {"pattern": "^a", "options": "i"}}'}),
        (Timestamp(7, 1), {"x_json": '{"$timestamp": {"t": 7, "i": 1}}'}),
        (b"\x00\xff", {"x": b"\x00\xff"}),
        (Binary(bytes(15) + b"\1", 4), {"x": "00000000-0000-0000-0000-000000000001"}),
        ([], {"x": []}),
        ([1, "a"], {"x__json": '[{"$numberInt": "1"}, "a"]'}),
        ([[1], None], {"x": [[1], None]}),
        ({}, {"x": {"p": None}}),
        ({"p": None}, {"x__json": '{"p": null}'}),
        ({"p": {"q": [1]}}, {"x": {"p": {"q": None, "q__string": "[1]"}}}),
        ({"postCode": "a"}, {"x__string": '{"postCode": "a"}'}),
        (None, {"x": None}),
    ],
)
def test_rows_that_tell_a_document(value, row):
    assert difference(read(bson.encode({"x": value})), {"_ls_seq": 1, **row}) == ""


@pytest.mark.parametrize(
    ("value", "row"),
    [
        (7, {"x": None}),
        (7, {"x": 8}),
        (7, {"x": 7, "x__string": "7"}),
        (7, {"x": True}),
        (True, {"x": 1}),
        ("5", {"x": 5}),
        ("", {"x": None}),
        (Int64(2**53 + 1), {"x": float(2**53)}),
        (-0.0, {"x": 0.0}),
        (Decimal128("0.1234567890123"), {"x": Decimal("0.123456789")}),
        (DatetimeMS(1), {"x": datetime(1970, 1, 1, tzinfo=UTC)}),
        ([], {"x": None}),
        ([1, 2], {"x": [2, 1]}),
        ([None], {"x": []}),
        ({}, {"x": None}),
        ({"p": 1}, {"x": {"p": None}}),
        ({"p": 1}, {"x": {"p": 1, "q": 2}}),
        (None, {"x": 1}),
    ],
)
def test_rows_that_tell_another_document(value, row):
    assert difference(read(bson.encode({"x": value})), {"_ls_seq": 1, **row})


def test_what_tells_documents_apart():
    ids = [5, "5", 5.5, OID, str(OID), {"a": 5}, True, Binary(b"5", 0)]
    assert len({key_of(read(bson.encode({"_id": one}))) for one in ids}) == len(ids)
    assert len({key_of({"_id": one}) for one in (5, 5.0, Int64(5), Decimal128("5.0"))}) == 1


def market(*documents):
    """A market that held documents from one moment to another: (`_id`, cursor, what was written, opened, closed)."""
    made = Market(SimpleNamespace(), "", None, NUMBERS, "seen", ("int",))
    made.uuids, made.now = [(1, "u")], max(closed or opened for *_, opened, closed in documents) + 1
    for life, (id_, seen, written, opened, closed) in enumerate(documents):
        document = {"_id": id_, "seen": seen, "w": written}
        version = Version(key_of(document), b"", document, NUMBERS.rank(seen), opened, life, "u", closed)
        made.versions.setdefault(written, []).append(version)
    return made


def rows(*told):
    named = [dict(zip(("_ls_seq", "_id", "seen", "w"), one, strict=True)) for one in told]
    return [{"_ls_op": "r", "_id_key": f"number:{one['_id']}", **one} for one in named]


def checked(mode, sold, *told, at=5):
    promise = Promise(mode, NUMBERS)
    promise.check(sold, 1, rows(*told), Sight([at], sold.now, LOADED), rebuilds=False)
    return promise


@pytest.mark.parametrize("mode", ["replace", "append", "dedupe"])
def test_the_promise_of_a_first_load(mode):
    sold = market((1, 100, 1, 1, None), (2, 120, 2, 1, None), (3, 130, 3, 6, None))
    checked(mode, sold, (1, 1, 100, 1), (2, 2, 120, 2))
    checked(mode, sold, (1, 1, 100, 1), (2, 2, 120, 2), (3, 3, 130, 3))
    with pytest.raises(BrokenError, match="lost"):
        checked(mode, sold, (1, 1, 100, 1))
    with pytest.raises(BrokenError, match="doubled"):
        checked(mode, sold, (1, 1, 100, 1), (2, 2, 120, 2), (3, 2, 120, 2))
    with pytest.raises(BrokenError, match="wrong"):
        checked(mode, sold, (1, 1, 100, 1), (2, 2, 121, 2))


def test_the_promise_of_what_comes_late():
    sold = market((1, 100, 1, 1, None), (2, 70, 2, 8, None), (3, 69, 3, 8, None))
    sold.now = 6
    promise = checked("append", sold, (1, 1, 100, 1))
    sold.now = 20
    promise.check(sold, 2, rows((1, 1, 100, 1), (2, 2, 70, 2)), Sight([10], 20, LOADED), rebuilds=False)
    with pytest.raises(BrokenError, match="rows that readers had seen are gone"):
        promise.check(sold, 3, rows((1, 1, 100, 1)), Sight([12], 20, LOADED), rebuilds=False)
    again = checked("append", market((1, 100, 1, 1, None)), (1, 1, 100, 1))
    with pytest.raises(BrokenError, match="lost"):
        again.check(sold, 2, rows((1, 1, 100, 1)), Sight([10], 20, LOADED), rebuilds=False)


def test_what_changed_behind_the_cursor_after_its_part_was_read_is_not_promised_by_the_loads_that_go_on():
    sold = market((1, 100, 1, 1, None), (2, 90, 2, 1, 4), (2, 90, 3, 4, None))
    promise, part = Promise("append", NUMBERS), rows((1, 2, 90, 2))
    sold.now = 3
    promise.check(sold, 1, part, Sight([2]), rebuilds=False)  # cut off when a part had landed
    sold.now = 6
    promise.check(sold, 1, part, Sight([5]), rebuilds=False)  # cut off before anything more did
    sold.now = 9
    promise.check(sold, 2, [*part, *rows((2, 1, 100, 1))], Sight([7], 9, LOADED), rebuilds=False)
    lost = Promise("append", NUMBERS)
    with pytest.raises(BrokenError, match="lost"):
        lost.check(sold, 1, rows((2, 1, 100, 1)), Sight([7], 9, LOADED), rebuilds=False)


def test_the_newest_row_of_a_key_is_the_document_as_it_is():
    sold = market((1, 100, 1, 1, 4), (1, 110, 2, 4, None))
    sold.now = 3
    promise = checked("dedupe", sold, (5, 1, 100, 1), at=2)
    sold.now = 20
    with pytest.raises(BrokenError, match="current"):
        promise.check(sold, 2, rows((4, 1, 110, 2), (5, 1, 100, 1)), Sight([10], 20, LOADED), rebuilds=False)


def test_another_collection_under_the_name_is_never_mixed_in():
    sold = market((1, 100, 1, 1, None), (2, 200, 2, 9, None))
    sold.now = 7
    promise = checked("append", sold, (1, 1, 100, 1))
    sold.now, sold.uuids = 20, [(1, "u"), (9, "v")]
    sold.versions[2][0].uuid = "v"
    with pytest.raises(BrokenError, match="mixed"):
        promise.check(sold, 2, rows((1, 1, 100, 1), (2, 2, 200, 2)), Sight([10], 20, LOADED), rebuilds=False)


def test_numbers_of_documents_are_read_as_the_driver_does():
    assert struct.pack("<d", read(bson.encode({"x": -0.0}))["x"]) == struct.pack("<d", -0.0)


def test_a_row_that_was_proven_and_reads_otherwise_by_now_is_wrong():
    sold = market((1, 100, 1, 1, None))
    promise = checked("append", sold, (1, 1, 100, 1))
    wider = [{**row, "came_since": None} for row in rows((1, 1, 100, 1))]
    promise.check(sold, 2, wider, Sight([10], 20, LOADED), rebuilds=False)
    with pytest.raises(BrokenError, match="wrong"):
        promise.check(sold, 3, rows((1, 1, 100.5, 1)), Sight([12], 20, LOADED), rebuilds=False)


NURSERY = """
import os, socket
from lakesmith.testing.torture.mongodb.meddling import kill_readers
from lakesmith.testing.torture.mongodb.nursery import Nursery

def start():
    mine, theirs = socket.socketpair()
    lifeline, held = os.pipe()
    reader = nursery.start("", (), (theirs.fileno(), lifeline))
    theirs.close()
    os.close(lifeline)
    return reader, mine, held

nursery = Nursery(socket.socketpair()[1])
(killed, line, _), (lonely, _, held) = start(), start()
assert killed.poll() is None and lonely.poll() is None
assert kill_readers(os.getpid()) == 2
assert killed.wait(10) == lonely.wait(10) == -9 and line.recv(1) == b""
lonely, _kept, held = start()
os.close(held)
assert lonely.wait(10) is not None
left, _line, _held = start()
nursery.close()
left.kill()
assert left.wait(10) is not None
print("well")
"""


@pytest.mark.long
def test_readers_are_killed_by_anybody_and_end_with_their_victim():
    done = subprocess.run([sys.executable, "-c", NURSERY], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "well\n"), done.stderr
