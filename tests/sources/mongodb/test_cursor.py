"""Loads by a cursor, one after the other: nothing twice, nothing lost, and nothing silently left out."""

from datetime import UTC, datetime, timedelta

import pytest
from bson import Binary, Decimal128, Int64, ObjectId, Timestamp
from reading_collections import opened, rows_of

from lakesmith.errors import ConnectorOptionsError, SourceDataError
from lakesmith.model.streams import Ask

START = datetime(2026, 1, 1, tzinfo=UTC)
APPEND = {"mode": "append", "cursor": "at"}


def at(minutes):
    return START + timedelta(minutes=minutes)


@pytest.mark.few(2)
@pytest.mark.parametrize(
    "values",
    [
        [1, Int64(2), 2.5, Decimal128("2.75"), 2**53, Int64(2**53 + 1)],
        [at(n) for n in range(6)],
        ["a", "aa", "b", "z", "ä", "\U0001f600"],
        [ObjectId(f"{n:024x}") for n in (1, 2, 15, 16, 255, 2**90)],
        [
            Timestamp(1, 1),
            Timestamp(1, 2),
            Timestamp(2, 0),
            Timestamp(300, 0),
            Timestamp(2**31, 0),
            Timestamp(2**32 - 1, 1),
        ],
        [datetime(1, 1, 1, tzinfo=UTC), at(-(10**8)), START, at(1), at(10**8), datetime(9999, 12, 31, tzinfo=UTC)],
    ],
    ids=["numbers", "dates", "strings", "object ids", "timestamps", "far dates"],
)
def test_every_value_comes_once_in_the_order_of_its_type(db, reads, values):
    db.t.insert_many([{"_id": n, "at": value} for n, value in enumerate(values[:3])])
    read = reads(**APPEND)
    assert read() == [0, 1, 2]
    for n, value in enumerate(values[3:], 3):
        assert read() == []
        db.t.insert_one({"_id": n, "at": value})
        assert read() == [n]
    assert read() == []


def test_documents_that_share_the_last_value_come_exactly_once(db, reads):
    db.t.insert_many([{"_id": n, "at": at(n // 3)} for n in range(9)])
    read = reads(**APPEND)
    assert read() == list(range(9))
    db.t.insert_many([{"_id": n, "at": at(2)} for n in (9, 10)])
    assert (read(), read.held) == ([10, 9], 3)
    db.t.insert_many([{"_id": 11, "at": at(2)}, {"_id": 12, "at": at(3)}])
    assert (read(), read.held) == ([11, 12], 5)
    assert read() == []


def test_a_document_that_changed_without_its_cursor_comes_again_while_it_is_in_the_window(db, reads):
    db.t.insert_many([{"_id": n, "at": at(n), "x": 0} for n in range(3)])
    read = reads(**APPEND)
    read()
    db.t.update_many({"_id": {"$in": [1, 2]}}, {"$set": {"x": 1}})
    assert [(row["_id"], row["x"]) for row in (read(), read.rows)[1]] == [(2, 1)]


def test_what_comes_late_is_read_within_the_look_back(db, reads):
    db.t.insert_many([{"_id": n, "at": at(n)} for n in (0, 10, 20, 30)])
    read = reads(**APPEND, look_back="15m")
    assert read() == [0, 10, 20, 30]
    db.t.insert_many([{"_id": 14, "at": at(14)}, {"_id": 15, "at": at(15)}, {"_id": 40, "at": at(40)}])
    assert read() == [15, 40]
    db.t.insert_many([{"_id": 26, "at": at(26)}])
    assert read() == [26]
    assert read() == []


@pytest.mark.parametrize(
    ("values", "back", "late"),
    [([1, 20, 30], 10, 20.5), ([Decimal128("1"), Decimal128("30.5")], 10, Decimal128("20.5"))],
)
def test_a_look_back_of_numbers(db, reads, values, back, late):
    db.t.insert_many([{"_id": n, "at": value} for n, value in enumerate(values)])
    read = reads(**APPEND, look_back=back)
    assert len(read()) == len(values)
    db.t.insert_many([{"_id": "late", "at": late}, {"_id": "too late", "at": 2}])
    assert [row["at"] for row in (read(), read.rows)[1]] == [
        late.to_decimal() if isinstance(late, Decimal128) else late
    ]


def test_object_ids_look_back_by_the_time_in_them(db, reads):
    ids = [ObjectId.from_datetime(at(n)) for n in range(0, 40, 10)]
    db.t.insert_many([{"_id": id_} for id_ in ids])
    read = reads(mode="append", cursor="_id", look_back="15m")
    assert len(read()) == 4
    early, late = (ObjectId.from_datetime(at(n)) for n in (14, 16))
    db.t.insert_many([{"_id": early}, {"_id": late}])
    assert read() == [str(late)]


def test_what_a_cursor_cannot_stand_at_is_counted_and_told(db, reads):
    db.t.insert_many([{"_id": n, "at": at(n)} for n in range(5)])
    strange = [None, "2026-01-01", [at(99)], 7, {"x": at(99)}, Timestamp(1, 1), True]
    db.t.insert_many([{"_id": 100 + n, "at": value} for n, value in enumerate(strange)])
    db.t.insert_one({"_id": 200})
    read = reads(**APPEND)
    assert read() == list(range(5))
    assert read.notices == [
        "8 documents of shop.t have no value of type date in `at` that a cursor can stand at: they are not read."
    ]


def test_numbers_without_an_order_are_told_and_stop_nothing(db, reads):
    db.t.insert_many(
        [{"_id": n, "at": value} for n, value in enumerate([1, float("nan"), float("inf"), float("-inf"), 2])]
    )
    read = reads(**APPEND)
    assert read() == [0, 4]
    assert read.notices[0].startswith("3 documents")
    db.t.insert_one({"_id": 9, "at": 3})
    assert read() == [9]


def test_a_field_within_objects(db, reads):
    db.t.insert_many([{"_id": n, "meta": {"at": at(n)}} for n in range(3)] + [{"_id": 7, "meta": [{"at": at(50)}]}])
    read = reads(mode="append", cursor="meta.at")
    assert read() == [0, 1, 2]
    assert read.notices[0].startswith("1 documents")
    db.t.insert_many([{"_id": 3, "meta": {"at": at(2)}}, {"_id": 4, "meta": {"at": at(3)}}])
    assert read() == [3, 4]


def test_the_filter_is_the_servers(db, reads):
    db.t.insert_many([{"_id": n, "at": at(n), "status": ("draft", "done")[n % 2], "day": at(n)} for n in range(6)])
    db.t.insert_one({"_id": 50, "at": at(50), "status": "draft", "day": at(50)})
    read = reads(**APPEND, filter={"status": {"$ne": "draft"}, "day": {"$gte": {"$date": "2026-01-01T00:02:00Z"}}})
    assert read() == [3, 5]
    db.t.insert_one({"_id": 7, "at": at(7), "status": "done", "day": at(7)})
    assert read() == [7]
    with pytest.raises(ConnectorOptionsError, match=r"filter of shop\.t changed"):
        read(filter={"status": "done"})


def test_fields_and_exclude_are_the_servers(db, reads):
    db.t.insert_many([{"_id": n, "at": at(n), "a": {"b": 1, "c": 2}, "photo": Binary(b"x" * 100)} for n in range(3)])
    read = reads(**APPEND, exclude=("photo", "a.c"))
    read()
    assert read.rows[0] == {"_id": 0, "at": at(0), "a": {"b": 1}}
    only = reads(**APPEND, fields=("a.c",))
    only()
    assert only.rows[0] == {"_id": 0, "a": {"c": 2}, "at": at(0)}


def test_other_fields_from_now_on_double_nothing(db, reads):
    db.t.insert_many([{"_id": n, "at": at(5), "x": n} for n in range(3)])
    read = reads(**APPEND)
    assert read() == [0, 1, 2]
    db.t.insert_one({"_id": 3, "at": at(5), "x": 3})
    assert (read(exclude=("x",)), read.held) == ([3], 3)
    assert read() == []


def test_another_cursor_is_refused(db, reads):
    db.t.insert_many([{"_id": n, "at": at(n), "x": n} for n in range(3)])
    read = reads(**APPEND)
    read()
    with pytest.raises(ConnectorOptionsError, match=r"was read by the cursor `at`"):
        read(cursor="x")


def test_a_collection_that_was_made_anew_is_refused(db, reads):
    db.t.insert_one({"_id": 1, "at": at(1)})
    read = reads(**APPEND)
    read()
    db.t.drop()
    db.t.insert_one({"_id": 2, "at": at(0)})
    with pytest.raises(SourceDataError, match="dropped and made anew"):
        read()


def test_nothing_there_yet(db, reads):
    db.create_collection("t")
    read = reads(**APPEND)
    assert (read(), read()) == ([], [])
    db.t.insert_one({"_id": 1, "at": None})
    assert read() == []
    db.t.insert_one({"_id": 2, "at": at(1)})
    assert read() == [2]


def test_beyond_the_fingerprints_that_are_kept(db, reads, monkeypatch):
    monkeypatch.setattr("lakesmith.sources.mongodb.position.MOST_HELD", 3)
    db.t.insert_many([{"_id": n, "at": at(1)} for n in range(5)])
    append, dedupe = reads(**APPEND), reads(mode="dedupe", key=("_id_key",), cursor="at")
    assert append() == dedupe() == [0, 1, 2, 3, 4]
    assert append() == dedupe() == []
    db.t.insert_one({"_id": 5, "at": at(1)})
    assert dedupe() == [0, 1, 2, 3, 4, 5]
    with pytest.raises(SourceDataError, match="which of them the lake holds is not known"):
        append()


def test_a_longer_look_back_doubles_nothing(db, reads):
    db.t.insert_many([{"_id": n, "at": at(n)} for n in range(0, 60, 10)])
    read = reads(**APPEND)
    assert len(read()) == 6
    db.t.insert_one({"_id": 60, "at": at(60)})
    assert read(look_back="30m") == [60]
    assert "looks further back from this load on" in read.notices[0]
    db.t.insert_many([{"_id": 45, "at": at(45)}, {"_id": 55, "at": at(55)}])
    assert read() == [55]
    db.t.insert_one({"_id": 80, "at": at(80)})
    assert read() == [80]
    db.t.insert_many([{"_id": 49, "at": at(49)}, {"_id": 52, "at": at(52)}])
    assert read() == [52]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"mode": "append"}, "needs a cursor"),
        ({"mode": "replace", "cursor": "at"}, "reads all of the collection each time"),
        ({"mode": "append", "cursor": "at", "look_back": 5}, "does not go with its cursor"),
        ({"mode": "dedupe", "cursor": "at"}, "says no key"),
        ({"mode": "append", "cursor": "at", "filter": {"day": {"$date": "yesterday"}}}, "holds a value"),
    ],
)
def test_options_that_do_not_go_together(db, reads, options, told):
    db.t.insert_one({"_id": 1, "at": at(1)})
    with pytest.raises(ConnectorOptionsError, match=told):
        reads(**options)()


def stepped(source, spec, since, count):
    """Read the first `count` splits of what is new; return the rows and the position after them."""
    rows, position = [], since
    for split in source.splits(spec, Ask(since))[:count]:
        got = list(source.read(spec, split, Ask(since)))
        rows += rows_of(got)
        position = source.advance(position, split, got[-1].after)
    return rows, position


def test_a_plan_that_was_cut_off_goes_on_with_what_came_meanwhile(db, url):
    db.t.insert_many([{"_id": n, "at": at(n), "pad": "x" * 90} for n in range(0, 200, 2)])
    options = {**APPEND, "look_back": "20m", "source": {"split_kb": 2, "batch_kb": 1}}
    with opened(url, **options) as (source, spec):
        first, position = stepped(source, spec, None, 2)
    db.t.insert_many([{"_id": n, "at": at(n)} for n in (191, 198.5, 300, 310)])
    with opened(url, **options) as (source, spec):
        second, position = stepped(source, spec, position, 999)
        assert source.splits(spec, Ask(position)) == []
    db.t.insert_many([{"_id": n, "at": at(n)} for n in (295, 320, 330)])
    with opened(url, **options) as (source, spec):
        third, position = stepped(source, spec, position, 1)
    db.t.insert_many([{"_id": n, "at": at(n)} for n in (296, 299, 400)])
    with opened(url, **options) as (source, spec):
        fourth, position = stepped(source, spec, position, 999)
        assert stepped(source, spec, position, 999)[0] == []
    came = [row["_id"] for row in first + second + third + fourth]
    assert sorted(came) == sorted(document["_id"] for document in db.t.find())
    assert len(first) < 100
