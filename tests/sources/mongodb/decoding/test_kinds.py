"""Fields with values of several kinds: batches of one kind each, which `shape` brings into one table by the rules of drift."""

from __future__ import annotations

import json

import bson
import pytest
from bson import Int64, MinKey, ObjectId
from oracle import check_rows, rows_of

from lakesmith.shape.policy import Policy
from lakesmith.shape.shaper import Shaper
from lakesmith.sources.mongodb.decoding import Decoder


def shaped(decoded):
    """Return rows as bronze has them after the load that makes the table."""
    shaper = Shaper(None, Policy())
    made = [shaper.shape(batch, str) for batch in decoded.batches]
    assert [one for part in made for one in part.rejects] == []
    return [row for part in made for row in part.rows.to_pylist()]


def present(row):
    return {name: value for name, value in row.items() if value is not None}


@pytest.mark.parametrize("copies", [1, 20])
def test_two_kinds_make_two_batches_in_which_rows_keep_their_order(copies):
    raw = [bson.encode({"_id": each, "v": each if each % 3 else f"t{each}"}) for each in range(6 * copies)]
    decoded = Decoder().decode(b"".join(raw))
    check_rows(rows_of(decoded), raw)
    assert {str(batch.schema.field("v").type) for batch in decoded.batches} == {"int64", "string"}
    assert not [name for batch in decoded.batches for name in batch.schema.names if "json" in name]
    for batch in decoded.batches:
        assert batch["_id"].to_pylist() == sorted(batch["_id"].to_pylist())
    rows = {row["_id"]: present(row) for row in shaped(decoded)}
    assert rows[1] == {"_id": 1, "v": 1}
    assert rows[3] == {"_id": 3, "v__string": "t3"}


def test_shape_has_a_place_for_every_kind():
    values = [1, "one", {"a": 1}, [1], True, MinKey(), None, ObjectId("5f3b1c2d4e5f60718293a4b5"), [], {}, b"x"]
    raw = [bson.encode({"_id": each, "v": value}) for each, value in enumerate(values)]
    decoded = Decoder().decode(b"".join(raw))
    check_rows(rows_of(decoded), raw)
    rows = {row.pop("_id"): present(row) for row in shaped(decoded)}
    assert len(rows) == len(values)
    assert [number for number, row in rows.items() if not row] == [6]
    assert rows[5] == {"v__json": '{"$minKey": 1}'}


def test_nested_kinds_are_parted_too_and_reach_the_siblings_of_shape():
    raw = [bson.encode({"_id": each, "o": {"p": {"v": 1 if each < 30 else "x"}}}) for each in range(40)]
    decoded = Decoder().decode(b"".join(raw))
    check_rows(rows_of(decoded), raw)
    assert len(decoded.batches) == 2
    rows = {row["_id"]: row["o"]["p"] for row in shaped(decoded)}
    assert rows[0] | {"v__string": None} == {"v": 1, "v__string": None}
    assert rows[39] == {"v": None, "v__string": "x"}


def test_lists_are_parted_by_what_they_hold():
    raw = [bson.encode({"_id": each, "v": [1, 2] if each % 2 else ["x"]}) for each in range(40)]
    decoded = Decoder().decode(b"".join(raw))
    check_rows(rows_of(decoded), raw)
    assert {str(batch.schema.field("v").type) for batch in decoded.batches} == {
        "list<item: int64>",
        "list<item: string>",
    }


def test_parts_of_elements_keep_the_most_frequent_kind():
    raw = [bson.encode({"_id": each, "l": [{"v": each}, {"v": each + 1}, {"v": "x"}]}) for each in range(40)]
    decoded = Decoder().decode(b"".join(raw))
    check_rows(rows_of(decoded), raw)
    [first, *_] = rows_of(decoded)
    assert first["l"] == [{"v": 0, "v__json": None}, {"v": 1, "v__json": None}, {"v": None, "v__json": '"x"'}]
    assert present(shaped(decoded)[0]["l"][2]) == {"v__json": '"x"'}


def test_kinds_that_mix_too_often_leave_the_others_beside():
    kinds = [1, "x", True, {"a": 1}]
    raw = [
        bson.encode({"_id": each, **{f"f{place}": kinds[(each >> place) % 4] for place in range(8)}})
        for each in range(256)
    ]
    decoded = Decoder().decode(b"".join(raw))
    check_rows(rows_of(decoded), raw)
    assert len(decoded.batches) <= 32
    assert len(shaped(decoded)) == 256


def test_documents_with_the_same_id_stay_in_their_order():
    raw = [bson.encode({"_id": each // 2, "n": each, "v": each if each % 2 else str(each)}) for each in range(100)]
    decoded = Decoder().decode(b"".join(raw))
    [batch] = decoded.batches
    assert batch["n"].to_pylist() == list(range(100))
    assert [row["v"] if row["v"] is not None else json.loads(row["v__json"]) for row in batch.to_pylist()] == [
        each if each % 2 else str(each) for each in range(100)
    ]


def test_whole_numbers_stay_longs_beside_fractions_they_cannot_be_doubles_with():
    raw = [bson.encode({"_id": each, "v": Int64(2**60 + each) if each % 2 else 0.5}) for each in range(40)]
    decoded = Decoder().decode(b"".join(raw))
    check_rows(rows_of(decoded), raw)
    assert {str(batch.schema.field("v").type) for batch in decoded.batches} == {"int64", "double"}


def test_the_next_block_of_the_same_collection_has_the_same_columns():
    raw = [bson.encode({"_id": each, "a": "x", "b": {"c": [each]}, "d": None}) for each in range(100)]
    decoder = Decoder()
    schemas = {str(batch.schema) for _ in range(3) for batch in decoder.decode(b"".join(raw)).batches}
    assert len(schemas) == 1
