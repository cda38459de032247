"""Avro against fastavro's own reader, which shares the unpacking but none of the types."""

import datetime as dt
import io
import json
from decimal import Decimal
from uuid import UUID

import fastavro
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from table_reading import look, mixed, moment, read, rows, shaped, table

from lakesmith.errors import SourceDataError

DAY = {"type": "int", "logicalType": "date"}
MICROS = {"type": "long", "logicalType": "timestamp-micros"}


def record(**fields: object) -> dict:
    return {
        "type": "record",
        "name": "drop.Row",
        "fields": [{"name": name, "type": kind} for name, kind in fields.items()],
    }


def written(schema: dict, records: list, codec: str = "null", **how: object) -> bytes:
    file = io.BytesIO()
    fastavro.writer(file, fastavro.parse_schema(schema), records, codec=codec, **how)
    return file.getvalue()


SCHEMA = record(
    flag="boolean",
    number="int",
    long=["null", "long"],
    ratio="float",
    double="double",
    blob="bytes",
    text=["null", "string"],
    kind={"type": "enum", "name": "Kind", "symbols": ["A", "B"]},
    four={"type": "fixed", "name": "Four", "size": 4},
    amount={"type": "bytes", "logicalType": "decimal", "precision": 30, "scale": 3},
    small={"type": "fixed", "name": "Small", "size": 4, "logicalType": "decimal", "precision": 9, "scale": 2},
    uuid={"type": "string", "logicalType": "uuid"},
    day=DAY,
    clock={"type": "long", "logicalType": "time-micros"},
    millis={"type": "long", "logicalType": "timestamp-millis"},
    seen=["null", MICROS],
    local={"type": "long", "logicalType": "local-timestamp-micros"},
    tags={"type": "array", "items": ["null", "string"]},
    days={"type": "array", "items": {"type": "record", "name": "Day", "fields": [{"name": "day", "type": DAY}]}},
    counts={"type": "map", "values": "long"},
)  # fmt: skip
NOW = dt.datetime(2024, 2, 29, 1, 2, 3, 456000, tzinfo=dt.UTC)
FULL = {
    "flag": True, "number": -(2**31), "long": 2**63 - 1, "ratio": 0.5, "double": 0.1, "blob": b"\0\xff", "text": "ä",
    "kind": "B", "four": b"\0\1\2\3", "amount": Decimal("-123456789012345678901234567.125"), "small": Decimal("-0.01"),
    "uuid": UUID("12345678-1234-5678-1234-567812345678"), "day": dt.date(1, 1, 1), "clock": dt.time(23, 59, 59, 999999),
    "millis": NOW, "seen": NOW, "local": NOW.replace(tzinfo=None), "tags": ["a", None], "days": [{"day": dt.date(2024, 2, 29)}],
    "counts": {"x": 1, "y": -1},
}  # fmt: skip
EMPTY = FULL | {"long": None, "text": None, "seen": None, "tags": [], "days": [], "counts": {}, "kind": "A"}


@pytest.mark.parametrize("codec", ["null", "deflate", "bzip2", "xz", "snappy", "zstandard"])
def test_all_types_come_as_the_schema_says(codec):
    file = written(SCHEMA, [FULL, EMPTY], codec)
    told = list(fastavro.reader(io.BytesIO(file)))
    assert told == [FULL, EMPTY]
    found = table(read(file, "avro")).to_pylist()
    expected = [{**one, "uuid": str(one["uuid"]), "counts": list(one["counts"].items())} for one in told]
    assert found == expected


def test_types_are_those_of_the_schema():
    schema = table(read(written(SCHEMA, [FULL]), "avro")).schema
    assert schema.field("amount").type == pa.decimal128(30, 3)
    assert schema.field("millis").type == pa.timestamp("ms", "UTC")
    assert schema.field("local").type == pa.timestamp("us")
    assert schema.field("days").type == pa.list_(pa.struct([("day", pa.date32())]))


def test_unions_are_the_type_that_holds_all_exactly_or_text_to_be_learned():
    schema = record(
        whole=["int", "long"],
        number=["null", "int", "double"],
        any=["null", "string", "long", "boolean", DAY],
        same=["string", "bytes"],
    )
    records = [
        {"whole": 1, "number": 2, "any": "x", "same": "t"},
        {"whole": 2**40, "number": 0.5, "any": None, "same": b"\0"},
        {"whole": 0, "number": None, "any": True, "same": "u"},
    ]
    stretches = read(written(schema, records), "avro")
    assert rows(stretches) == [(1, 2.0, "x", "t"), (2**40, 0.5, None, "AA=="), (0, None, "true", "u")]
    assert mixed(stretches) == {"any", "same"}
    assert table(stretches).schema.field("whole").type == pa.int64()


def test_a_union_of_a_number_and_words_becomes_the_number_and_a_sibling():
    records = [{"n": number} for number in range(200)] + [{"n": "n/a"}]
    made = shaped(read(written(record(n=["long", "string"]), records), "avro"))
    assert made["n"].to_pylist() == [*range(200), None]
    assert made["n__string"].to_pylist() == [*[None] * 200, "n/a"]


def test_a_record_inside_itself_is_json_below_its_first_level():
    node = {
        "type": "record",
        "name": "Node",
        "fields": [{"name": "value", "type": "int"}, {"name": "next", "type": ["null", "Node"]}],
    }
    chain = {"value": 1, "next": {"value": 2, "next": {"value": 3, "next": None}}}
    [(value, following)] = rows(read(written(node, [chain]), "avro"))
    assert value == 1
    assert json.loads(following) == chain["next"]


def test_records_nested_without_end_are_refused_and_end_no_process():
    node = {"type": "record", "name": "Node", "fields": [{"name": "next", "type": ["null", "Node"]}]}
    file = written(node, [{"next": None}])
    sync, depth = file[-16:], 8000
    head = file[: file.index(sync) + 16]
    size = (depth + 1) << 1
    body = bytes([2, size & 127 | 128, size >> 7 & 127 | 128 * (size >> 14 > 0), *([size >> 14] if size >> 14 else [])])
    with pytest.raises(SourceDataError, match="its records are nested too deeply"):
        read(head + body + b"\x02" * depth + b"\x00" + sync, "avro")


@pytest.mark.parametrize(
    ("kind", "raw", "expected"),
    [
        (MICROS, 253_402_300_800_000_000, None),  # the year 10000
        ({"type": "long", "logicalType": "timestamp-nanos"}, 1_001, None),
        ({"type": "fixed", "name": "F", "size": 12, "logicalType": "duration"}, bytes([1, 0, 0, 0, 2, 0, 0, 0, 220, 5, 0, 0]), "P1M2DT1.500S"),
    ],
)  # fmt: skip
def test_values_that_python_has_no_type_for(kind, raw, expected):
    plain = {key: value for key, value in kind.items() if key != "logicalType"}
    column = table(read(_with_logical(written(record(a=plain), [{"a": raw}]), kind), "avro"))["a"]
    assert (column.cast(pa.int64()) if expected is None else column).to_pylist() == [
        raw if expected is None else expected
    ]


def _with_logical(file: bytes, kind: dict) -> bytes:
    """Give the one field of a file a logical type, in its header: the writer would want a value of Python's type for it."""
    header = io.BytesIO()
    meta = {"avro.codec": b"null", "avro.schema": json.dumps(record(a=kind)).encode()}
    fastavro.schemaless_writer(
        header,
        fastavro.parse_schema(
            {"type": "record", "name": "h", "fields": [
                {"name": "magic", "type": {"type": "fixed", "name": "magic", "size": 4}},
                {"name": "meta", "type": {"type": "map", "values": "bytes"}},
                {"name": "sync", "type": {"type": "fixed", "name": "sync", "size": 16}},
            ]}
        ),
        {"magic": b"Obj\x01", "meta": meta, "sync": file[-16:]},
    )  # fmt: skip
    old_header = file.index(file[-16:]) + 16
    return header.getvalue() + file[old_header:]


def test_a_decimal_with_more_digits_than_declared_is_text_in_its_batch():
    kind = {"type": "bytes", "logicalType": "decimal", "precision": 4, "scale": 2}
    file = _with_logical(written(record(a="bytes"), [{"a": (10**9).to_bytes(5, "big")}, {"a": b"\x64"}]), kind)
    assert rows(read(file, "avro")) == [("10000000.00",), ("1.00",)]


def test_records_without_fields_and_files_without_records():
    assert [one.rows.num_rows for one in read(written(record(), [{}, {}]), "avro")] == [2]
    assert rows(read(written({"type": "string"}, ["a", "b"]), "avro")) == [("a",), ("b",)]
    assert [one.counted for one in read(written(record(a="int"), []), "avro")] == [0]


def test_blocks_are_counted_by_what_they_say():
    file = written(record(a="int"), [{"a": n} for n in range(100_000)], sync_interval=1000)
    stretches = read(file, "avro")
    assert [a for (a,) in rows(stretches)] == list(range(100_000))
    assert len(stretches) > 1


def test_a_file_that_is_cut_off_is_refused_wherever():
    file = written(SCHEMA, [FULL, EMPTY], "deflate")
    for end in range(0, len(file) - 1, 5):
        with pytest.raises(SourceDataError, match="The file cannot be read as an Avro file"):
            read(file[:end], "avro")


def test_what_takes_no_byte_cannot_be_claimed_without_end():
    file = written(record(), [{}, {}])
    sync = file[-16:]
    head = file[: file.index(sync) + 16]
    many = bytes([*[254, *[255] * 6], 127])
    with pytest.raises(SourceDataError, match="a block does not hold the records that it says it has"):
        read(head + many + b"\x00" + sync, "avro")
    with pytest.raises(SourceDataError, match="lists whose elements take no byte"):
        read(written(record(a={"type": "array", "items": "null"}), [{"a": [None]}]), "avro")


def test_a_schema_that_is_not_valid_is_refused():
    file = written(record(a="int"), [{"a": 1}]).replace(b'"name": "a"', b'"nome": "a"')
    with pytest.raises(SourceDataError, match="its schema is not valid"):
        read(file, "avro")


def test_a_damaged_block_is_refused_without_its_values():
    file = bytearray(written(record(a="string"), [{"a": f"secret {n}"} for n in range(1000)]))
    file[500:520] = bytes([255] * 20)
    with pytest.raises(SourceDataError, match="cannot be read as an Avro file") as caught:
        read(bytes(file), "avro")
    assert "secret" not in str(caught.value)


def test_what_check_shows():
    sight = look(written(record(id="long", name="string"), [], "deflate"), "avro")
    assert sight.text == "packed by deflate, columns id int64, name string"


@settings(deadline=None)
@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "id": st.integers(-(2**63), 2**63 - 1),
                "name": st.none() | st.text(st.characters(exclude_categories=["Cs"])),
                "seen": st.datetimes(moment(1, 1, 1), moment(9999, 12, 31), timezones=st.just(dt.UTC)),
                "parts": st.lists(st.fixed_dictionaries({"x": st.floats(allow_nan=False)}), max_size=3),
            }
        ),
        max_size=20,
    )
)
def test_whatever_is_written_is_read(records):
    part = {"type": "record", "name": "Part", "fields": [{"name": "x", "type": "double"}]}
    schema = record(id="long", name=["null", "string"], seen=MICROS, parts={"type": "array", "items": part})
    assert table(read(written(schema, records), "avro")).to_pylist() == records
