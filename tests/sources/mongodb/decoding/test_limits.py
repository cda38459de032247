"""Many fields, large documents, many shapes: nothing is lost, and the columns stay as few as was said."""

from __future__ import annotations

import json
import tracemalloc

import bson
import pytest
from bson import Int64, MinKey, ObjectId
from oracle import canonical, check_rows, read, rows_of

from lakesmith.model.streams import DOC_KEY
from lakesmith.sources.mongodb.decoding import Decoder


@pytest.mark.parametrize("copies", [1, 40])
def test_fields_above_the_limit_are_one_object(copies):
    fields = {f"f{number}": number if number % 2 else f"t{number}" for number in range(30)}
    raw = [bson.encode({"_id": copy, **fields, "o": {"deep": MinKey()}}) for copy in range(copies)]
    decoder = Decoder(max_fields=10)
    decoded = decoder.decode(b"".join(raw))
    for batch in decoded.batches:
        assert batch.schema.names == ["_id", *[f"f{number}" for number in range(9)], "_rest"]
        assert batch.schema.field("_rest").metadata[DOC_KEY].startswith(b"The fields that have no column")
    check_rows(rows_of(decoded), raw)


def test_fields_that_came_first_keep_their_columns():
    decoder = Decoder(max_fields=3)
    decoder.decode(bson.encode({"_id": 1, "a": 1, "b": 1}))
    [batch] = decoder.decode(bson.encode({"c": 3, "_id": 2, "b": "x", "d": [Int64(1)]})).batches
    assert batch.to_pylist() == [{"_id": 2, "b": "x", "_rest": batch.to_pylist()[0]["_rest"]}]
    assert json.loads(batch.to_pylist()[0]["_rest"]) == canonical({"c": 3, "d": [Int64(1)]})


def test_objects_that_are_used_as_maps_have_a_rest_too():
    raw = [bson.encode({"_id": each, "by": {str(ObjectId()): {"n": each}}}) for each in range(300)]
    decoded = Decoder(max_fields=20).decode(b"".join(raw))
    check_rows(rows_of(decoded), raw)
    for batch in decoded.batches:
        assert batch.schema.field("by").type.num_fields <= 21


def test_fields_that_are_called_like_ours_go_into_the_rest():
    raw = [bson.encode({"_id": 1, "_rest": 1, "_as_sent": {"x": 2}, "o": {"_rest": "t"}})]
    decoded = Decoder().decode(raw[0])
    assert decoded.batches[0].schema.names == ["_id", "o", "_rest"]
    check_rows(rows_of(decoded), raw)


@pytest.mark.parametrize("copies", [1, pytest.param(17, marks=pytest.mark.long)])
def test_ten_thousand_fields_are_read(copies):
    raw = [bson.encode({"_id": copy, **{f"field {n}": n for n in range(10_000)}}) for copy in range(copies)]
    decoded = Decoder().decode(b"".join(raw))
    check_rows(rows_of(decoded), raw)
    assert {batch.num_columns for batch in decoded.batches} == {501}


@pytest.mark.few(2)
@pytest.mark.parametrize(
    "value",
    [
        "x" * (16 * 1024 * 1024 - 100),
        b"\0" * (16 * 1024 * 1024 - 100),
        [{"a": number, "b": "text"} for number in range(200_000)],
        [float(number) for number in range(600_000)],
    ],
    ids=["text", "bytes", "objects", "numbers"],
)
def test_the_largest_documents_are_read(value):
    raw = bson.encode({"_id": 1, "v": value})
    [batch] = Decoder().decode(raw).batches
    assert batch.to_pylist() == [{"_id": 1, "v": read(raw)["v"]}]


@pytest.mark.long
def test_memory_is_bounded_by_slices_of_the_block():
    raw = bson.encode({"l": [{"a": n, "b": "x", "c": None, "d": 0.5} for n in range(100)], "t": "word " * 20})
    block = raw * (12 * 1024 * 1024 // len(raw))
    decoder = Decoder()
    decoder.decode(block[: len(raw) * 200])
    tracemalloc.start()
    try:
        decoded = decoder.decode(block)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert sum(batch.num_rows for batch in decoded.batches) == len(block) // len(raw)
    assert peak < 20 * len(block)


def test_documents_in_many_orders_and_shapes_are_told():
    names = "abcdefgh"
    raw = []
    for each in range(400):
        order = names[each % 8 :] + names[: each % 8]
        raw.append(
            bson.encode({"_id": each, **{name: each if (each + n) % 3 else str(each) for n, name in enumerate(order)}})
        )
    decoded = Decoder().decode(b"".join(raw))
    check_rows(rows_of(decoded), raw)
    assert len(decoded.batches) <= 80


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_documents_and_rejects_are_counted_over_all_slices_of_a_block(kind, monkeypatch):
    monkeypatch.setattr("lakesmith.sources.mongodb.decoding.decoder.SLICE", 1000)
    fine = [
        bson.encode({"_id": each, "v": each if each % 5 else str(each), "t": "x" * (each % 40)}) for each in range(300)
    ]
    bad = fine[7][:4] + b"\x20" + fine[7][5:]
    sent = [bad if each % 50 == 7 else one for each, one in enumerate(fine)]
    decoded = Decoder().decode(kind(b"".join(sent)))
    assert [one.number for one in decoded.rejects] == list(range(7, 300, 50))
    assert {one.raw for one in decoded.rejects} == {bad}
    assert decoded.documents == 300
    check_rows(rows_of(decoded), [one for one in sent if one != bad])
