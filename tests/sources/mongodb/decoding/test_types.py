"""Where the values of each type land, pinned one by one."""

from __future__ import annotations

import datetime as dt
import json
import math
import struct
from decimal import Decimal

import bson
import pyarrow as pa
import pytest
from bson import Decimal128, Int64, MaxKey, MinKey, ObjectId, Regex, Timestamp
from bson.binary import Binary
from bson.code import Code
from oracle import canonical, check_rows, rows_of
from writing import document, member

from lakesmith.model.streams import DOC_KEY
from lakesmith.sources.mongodb.decoding import Decoder

WIDEST = "9" * 34
STAMP = pa.timestamp("us", "UTC")
PLACE = pa.decimal128(38, 9)
OID = ObjectId("5f3b1c2d4e5f60718293a4b5")
UUID = "6f9619ff-8b86-d011-b42d-00cf4fc964ff"


def only(*documents, copies=1):
    """Return the only batch of documents; many copies of them are taken apart by a pattern."""
    raw = [one if isinstance(one, bytes) else bson.encode(one) for one in documents]
    decoder = Decoder()
    for _ in range(2 if copies > 1 else 1):
        decoded = decoder.decode(b"".join(raw * copies))
    assert decoded.rejects == ()
    [batch] = decoded.batches
    batch.validate(full=True)
    assert batch.num_rows == len(documents) * copies
    return batch.slice(0, len(documents))


@pytest.mark.parametrize("copies", [1, 40])
@pytest.mark.parametrize(
    ("value", "kind", "told"),
    [
        (1.5, pa.float64(), 1.5),
        (math.inf, pa.float64(), math.inf),
        ("Ä\0b", pa.string(), "Ä\0b"),
        ("", pa.string(), ""),
        (7, pa.int64(), 7),
        (-(2**31), pa.int64(), -(2**31)),
        (Int64(2**63 - 1), pa.int64(), 2**63 - 1),
        (True, pa.bool_(), True),
        (None, pa.null(), None),
        (OID, pa.string(), str(OID)),
        (b"\0\xff", pa.binary(), b"\0\xff"),
        (b"", pa.binary(), b""),
        (b"x" * 300, pa.binary(), b"x" * 300),
        (Binary(b"old bytes", 2), pa.binary(), b"old bytes"),
        (Binary(bytes.fromhex(UUID.replace("-", "")), 4), pa.string(), UUID),
        (dt.datetime(1, 1, 1, tzinfo=dt.UTC), STAMP, dt.datetime(1, 1, 1, tzinfo=dt.UTC)),
        (
            bson.DatetimeMS(253_402_300_799_999),
            STAMP,
            dt.datetime(9999, 12, 31, 23, 59, 59, 999_000, tzinfo=dt.UTC),
        ),
        (Decimal128("-12.50"), PLACE, Decimal("-12.5")),
        (Decimal128("0E-6176"), PLACE, Decimal(0)),
        (Decimal128("1.0000000000"), PLACE, Decimal(1)),
        (Decimal128("9" * 29), PLACE, Decimal("9" * 29)),
        ({}, pa.struct([]), {}),
        ({"a": {"b": [1]}}, pa.struct({"a": pa.struct({"b": pa.list_(pa.int64())})}), {"a": {"b": [1]}}),
        ([], pa.list_(pa.null()), []),
        ([[]], pa.list_(pa.list_(pa.null())), [[]]),
        ([None, 1], pa.list_(pa.int64()), [None, 1]),
        ([1, 2.5], pa.list_(pa.float64()), [1.0, 2.5]),
        ([{"a": 1}, {"b": "x"}, None], pa.list_(pa.struct({"a": pa.int64(), "b": pa.string()})),
         [{"a": 1, "b": None}, {"a": None, "b": "x"}, None]),
        ([[1], [2, 3], []], pa.list_(pa.list_(pa.int64())), [[1], [2, 3], []]),
    ],
)  # fmt: skip
def test_a_value_has_its_type(value, kind, told, copies):
    batch = only({"v": value}, copies=copies)
    assert batch.schema.names == ["v"]
    assert batch.schema.field("v").type == kind
    assert batch.to_pylist() == [{"v": told}]


@pytest.mark.parametrize("copies", [1, 40])
@pytest.mark.parametrize("value", [math.nan, 0.0, -0.0, 5e-324, struct.unpack("<d", b"\1\0\0\0\0\0\xf8\x7f")[0]])
def test_doubles_keep_every_bit(value, copies):
    raw = document(member(1, "v", struct.pack("<d", value)))
    assert struct.pack("<d", only(raw, copies=copies).column(0)[0].as_py()) == struct.pack("<d", value)


@pytest.mark.parametrize("copies", [1, 40])
@pytest.mark.parametrize(
    "value",
    [
        Regex("^a", "im"),
        Regex("", ""),
        Timestamp(4_000_000_000, 7),
        MinKey(),
        MaxKey(),
        Code("f()"),
        Code("f(x)", {"x": {"y": [1, Int64(2)]}}),
        Binary(b"abc", 128),
        Binary(b"abc", 4),
        Binary(b"abcdefg", 4),
        Binary(b"x" * 17, 4),
        Binary(b"x" * 16, 3),
        bson.DatetimeMS(253_402_300_800_000),
        bson.DatetimeMS(-62_135_596_800_001),
        bson.DatetimeMS(-(2**63)),
        Decimal128("NaN"),
        Decimal128("-Infinity"),
        Decimal128("-0"),
        Decimal128("1E-10"),
        Decimal128("1E+29"),
        Decimal128(WIDEST),
        [1, "x"],
        [[1], ["x"]],
        [[1], 2],
        [{"a": 1}, 2, Regex("x")],
        [Int64(2**53 + 1), 0.5],
    ],
)
def test_a_value_without_a_type_stands_beside_its_field(value, copies):
    batch = only({"v": value, "o": {"v": value}}, copies=copies)
    [row] = batch.to_pylist()
    told = {name: item for name, item in row.items() if item is not None}
    assert set(told) - {"o"} == {"v__json"}
    assert json.loads(told["v__json"]) == canonical(value)
    assert {name: json.loads(item) for name, item in told["o"].items() if item is not None} == {
        "v__json": canonical(value)
    }
    assert batch.schema.field("v__json").metadata[DOC_KEY] == (
        b"Values of v that its type cannot hold, as MongoDB Extended JSON."
    )


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        (member(0x06, "v"), {"$undefined": True}),
        (member(0x0E, "v", b"\2\0\0\0s\0"), {"$symbol": "s"}),
        (
            member(0x0C, "v", b"\2\0\0\0c\0" + OID.binary),
            {"$dbPointer": {"$ref": "c", "$id": {"$oid": str(OID)}}},
        ),
    ],
)
def test_types_that_no_driver_writes_any_more_are_told_too(raw, told):
    [row] = only(document(raw)).to_pylist()
    assert {name: json.loads(item) for name, item in row.items() if item is not None} == {"v__json": told}


def test_what_is_missing_is_null_like_null():
    batch = only({"a": 1, "b": None}, {"a": None}, {"b": {}}, {"c": []})
    assert batch.to_pylist() == [
        {"a": 1, "b": None, "c": None},
        {"a": None, "b": None, "c": None},
        {"a": None, "b": {}, "c": None},
        {"a": None, "b": None, "c": []},
    ]


def test_odd_names_are_names_like_others():
    value = {"": 1, "$set": 2, "a.b": 3, "Ä ö": {"": "x", ".": 4}}
    assert only(value).to_pylist() == [value]


def test_a_field_that_is_really_called_like_what_stands_beside_another_stays_what_it_is():
    batch = only({"v": MinKey(), "v__json": "mine"})
    assert batch.to_pylist() == [{"v__json": "mine", "v__json__json": '{"$minKey": 1}'}]


def test_documents_without_fields_are_rows():
    batch = only({}, {})
    assert (batch.num_rows, batch.num_columns) == (2, 0)


def test_numbers_keep_together_as_doubles_where_that_is_exact():
    batch = only({"v": 1}, {"v": 2.5}, {"v": Int64(2**53)})
    assert batch.to_pylist() == [{"v": 1.0}, {"v": 2.5}, {"v": float(2**53)}]
    decoded = Decoder().decode(bson.encode({"v": Int64(2**53 + 1)}) + bson.encode({"v": 0.5}))
    assert sorted(str(batch.schema.field("v").type) for batch in decoded.batches) == ["double", "int64"]


def test_depth_beyond_what_tables_take_is_extended_json():
    whole: object = 1
    for level in range(80):
        whole = {"o": [whole]} if level % 7 == 0 else {"o": whole}
    [row] = only({"o": whole["o"]}).to_pylist()
    depth, value = 0, whole
    while "o" in row:
        row, value, depth = row["o"], value["o"], depth + 1
        while isinstance(row, list):
            [row], [value], depth = row, value, depth + 1
    assert depth == 31
    [told] = row.values()
    assert list(row) == ["o__json"]
    assert json.loads(told) == canonical(value["o"])


def test_texts_may_hold_what_looks_like_a_document():
    trap = "x\0\2n\0\3\0\0\0yy"
    texts = [(trap, "z"), ("a", trap), ("b", "c")]
    raw = [bson.encode({"_id": copy, "m": m, "n": n}) for copy, (m, n) in enumerate(texts * 40)]
    decoder = Decoder()
    decoder.decode(b"".join(raw[2::3]))
    check_rows(rows_of(decoder.decode(b"".join(raw))), raw)
