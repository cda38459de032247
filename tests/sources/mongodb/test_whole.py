"""Collections that are read as a whole: every document once, whatever its `_id` is, and whoever writes meanwhile."""

import threading
from datetime import UTC, datetime

import pymongo
import pytest
from bson import Binary, Decimal128, Int64, ObjectId
from reading_collections import opened, read_all, rows_of, trial_of

from lakesmith.errors import SourceDataError, SourceMissingError
from lakesmith.model.streams import Ask
from lakesmith.sources.mongodb.planning.plan import Token

SMALL = {"split_kb": 2, "batch_kb": 1}
IDS = [
    *range(40),
    *(n + 0.5 for n in range(40)),
    *(Int64(2**53 + n) for n in range(3)),
    Decimal128("1.25"),
    float("inf"),
    *map(str, range(40)),
    "",
    *(ObjectId() for _ in range(40)),
    *({"a": n} for n in range(20)),
    {"a": {"b": [1, {"c": None}]}},
    {},
    None,
    True,
    False,
    datetime(2026, 1, 1, tzinfo=UTC),
    datetime(1, 1, 1, tzinfo=UTC),
    Binary(b"\0\1"),
    Binary(bytes(16), 4),
]
"""`_id`s of all types that the server takes; each two of them are two documents."""


def read(source, spec):
    chunks, _ = read_all(source, spec)
    return rows_of(chunks)


def test_ranges_of_ids_of_all_types_hold_every_document_once(db, url):
    db.t.insert_many([{"_id": id_, "n": n, "pad": "x" * 90} for n, id_ in enumerate(IDS)])
    with opened(url, source=SMALL) as (source, spec):
        splits = source.splits(spec, Ask())
        assert len(splits) > 8
        parts = [Token.decode(split.token).part for split in splits]
        assert (parts[0].low, parts[-1].high) == ("", "")
        assert [part.high for part in parts[:-1]] == [part.low for part in parts[1:]]
        assert sorted(row["n"] for row in read(source, spec)) == list(range(len(IDS)))
        assert source.splits(spec, Ask()) == splits


@pytest.mark.parametrize("exact", [10_000, 10])
def test_ranges_of_object_ids_leave_a_part_for_all_other_types(db, url, monkeypatch, exact):
    monkeypatch.setattr("lakesmith.sources.mongodb.planning.looking.EXACT", exact)
    object_ids = [ObjectId(f"{n * 7919 % 2**90:024x}") for n in range(300)] + [ObjectId("0" * 24), ObjectId("f" * 24)]
    others = [5, "5", {"a": 1}, None, True, Binary(b"5")]
    db.t.insert_many([{"_id": id_, "n": n, "pad": "x" * 90} for n, id_ in enumerate([*object_ids[1:], *others])])
    with opened(url, source=SMALL) as (source, spec):
        parts = [Token.decode(split.token).part for split in source.splits(spec, Ask())]
        assert len(parts) > 4
        assert {part.ids for part in parts[:-1]} == {"objectId"}
        assert parts[-1].ids == "others"
        assert sorted(row["n"] for row in read(source, spec)) == list(range(len(object_ids) - 1 + len(others)))


def test_documents_whose_ids_look_alike_are_kept_apart_by_their_key(db, url):
    hex_ = "65f0aa00112233445566778a"
    ids = [
        5,
        "5",
        5.5,
        "5.5",
        ObjectId(hex_),
        hex_,
        {"a": 1},
        {"a": "1"},
        None,
        "",
        True,
        "true",
        Binary(b"5"),
        Decimal128("7.0"),
        2**62,
        "number:5",
    ]
    db.t.insert_many([{"_id": id_, "n": n, "at": n} for n, id_ in enumerate(ids)])
    with opened(url, mode="dedupe", key=("_id_key",), cursor="at") as (source, spec):
        keys = {row["n"]: row["_id_key"] for row in read(source, spec)}
        (sent,) = [chunk for chunk in source.keys(spec, Ask()) if chunk.rows.num_rows == len(ids)] or [None]
    assert len(keys) == len(set(keys.values())) == len(ids)
    assert (keys[0], keys[1], keys[4], keys[5]) == ("number:5", "string:5", f"objectId:{hex_}", f"string:{hex_}")
    assert (keys[13], keys[8]) == ("number:7", "null:null")
    if sent is not None:
        assert set(sent.rows.column("_id_key").to_pylist()) == set(keys.values())


def test_one_document_under_numbers_of_several_types_has_one_key(db, reads):
    read = reads(mode="dedupe", key=("_id_key",), cursor="at")
    keys = set()
    for n, id_ in enumerate([12, Int64(12), 12.0, Decimal128("12"), Decimal128("1.2E+1")]):
        db.t.insert_one({"_id": id_, "at": n})
        read()
        keys |= {row["_id_key"] for row in read.rows}
        db.t.delete_one({"_id": id_})
    assert keys == {"number:12"}


def test_a_key_that_cannot_tell_documents_apart_is_refused(db, url):
    db.t.insert_many([{"_id": 5, "at": 1}, {"_id": "5", "at": 2}])
    with (
        opened(url, mode="dedupe", key=("_id",), cursor="at") as (source, spec),
        pytest.raises(SourceDataError, match=r"`_id`s of shop\.t are of several types"),
    ):
        read(source, spec)


def test_ids_of_another_type_that_come_later_are_refused_with_such_a_key(db, reads):
    db.t.insert_one({"_id": 5, "at": 1})
    read_ = reads(mode="dedupe", key=("_id",), cursor="at")
    assert read_() == [5]
    db.t.insert_one({"_id": "x", "at": 2})
    with pytest.raises(SourceDataError, match="several types"):
        read_()


@pytest.mark.few(2)
@pytest.mark.parametrize(
    "made",
    [
        {"capped": True, "size": 100_000},
        {"collation": {"locale": "de"}},
        {"clusteredIndex": {"key": {"_id": 1}, "unique": True}},
        {"viewOn": "other", "pipeline": []},
    ],
)
def test_what_has_no_ranges_of_its_own_is_read_in_one_part(db, url, made):
    db.create_collection("t", **made)
    (db.other if "viewOn" in made else db.t).insert_many([{"_id": n, "pad": "x" * 90} for n in range(100)])
    with opened(url, source=SMALL) as (source, spec):
        assert len(source.splits(spec, Ask())) == 1
        assert sorted(row["_id"] for row in read(source, spec)) == list(range(100))


def test_large_documents_are_sent_in_small_pieces(db, url):
    db.t.insert_many([{"_id": n, "pad": ["y" * 50] * (20_000 if n % 7 == 0 else 3)} for n in range(30)])
    with opened(url) as (source, spec):
        chunks, _ = read_all(source, spec)
    assert sorted(row["_id"] for row in rows_of(chunks)) == list(range(30))
    assert max(chunk.rows.nbytes for chunk in chunks) < 16 * 1024 * 1024
    assert sum(chunk.counted for chunk in chunks) == 30


def test_documents_that_are_there_throughout_are_exactly_there(db, url, tmp_path):
    db.t.insert_many([{"_id": n, "x": 0, "pad": "x" * 200} for n in range(0, 4000, 2)])
    ended = threading.Event()

    def write():
        """Insert, change and delete between the documents that stay."""
        with pymongo.MongoClient(url) as client:
            there, n = client.get_default_database().t, 0
            while not ended.is_set():
                n += 1
                there.insert_one({"_id": n % 2000 * 2 + 1, "x": n})
                there.update_one({"_id": n * 7 % 2000 * 2}, {"$set": {"x": n, "pad": "y" * (n % 900)}})
                there.delete_one({"_id": n % 2000 * 2 + 1})

    writer = threading.Thread(target=write)
    writer.start()
    try:
        trial = trial_of(url, tmp_path, source={"split_kb": 32, "batch_kb": 8, "workers": 2})
        load = trial.load()
    finally:
        ended.set()
        writer.join()
    assert load.counts.holds
    assert load.counts.proven
    there = [row["_id"] for row in trial.bronze().rows]
    assert sorted(id_ for id_ in there if id_ % 2 == 0) == list(range(0, 4000, 2))
    assert len(there) == len(set(there))


def test_what_changes_during_the_first_load_of_a_cursor_comes_with_the_next(db, url):
    db.t.insert_many([{"_id": n, "at": n, "pad": "x" * 90} for n in range(100)])
    with opened(url, mode="append", cursor="at", source=SMALL) as (source, spec):
        position, came = None, []
        splits = source.splits(spec, Ask())
        for number, split in enumerate(splits):
            got = list(source.read(spec, split, Ask()))
            came += rows_of(got)
            position = source.advance(position, split, got[-1].after)
            db.t.update_one({"_id": 99 - number}, {"$set": {"at": 1000 + number}})
            db.t.insert_one({"_id": 200 + number, "at": 2000 + number})
        again, position = read_all(source, spec, position)
    came += rows_of(again)
    newest = {row["_id"]: row["at"] for row in sorted(came, key=lambda row: row["at"])}
    assert newest == {document["_id"]: document["at"] for document in db.t.find()}
    assert len({(row["_id"], row["at"]) for row in came}) == len(came)


@pytest.mark.parametrize("at", ["before", "between"])
def test_a_collection_that_is_dropped_or_made_anew_meanwhile(db, url, at):
    db.t.insert_many([{"_id": n, "pad": "x" * 90} for n in range(200)])
    with opened(url, source=SMALL) as (source, spec):
        first, second, *_ = source.splits(spec, Ask())
        list(source.read(spec, first, Ask()))
        db.t.drop()
        if at == "between":
            db.t.insert_one({"_id": 1})
        kind, told = (SourceMissingError, "dropped or renamed") if at == "before" else (SourceDataError, "made anew")
        with pytest.raises(kind, match=told):
            list(source.read(spec, second, Ask()))


def test_a_collection_that_is_not_there(url):
    with (
        opened(url, collection="no such") as (source, spec),
        pytest.raises(SourceMissingError, match="no collection or view `no such`"),
    ):
        source.splits(spec, Ask())


def test_types_that_are_looked_for_ahead_need_a_process_of_their_own(db, url, tmp_path):
    db.t.insert_many([{"_id": n, "x": n if n < 300 else n + 0.5, "pad": "x" * 90} for n in range(600)])
    trial = trial_of(url, tmp_path, source={"batch_kb": 1, "workers": 1})
    assert trial.load().counts.written == 600
    assert sorted(row["x"] for row in trial.bronze().rows) == [n if n < 300 else n + 0.5 for n in range(600)]
