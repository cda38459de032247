"""Pinned schemas: what is written is read again, and what is wrong is told with file and line."""

import textwrap

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakesmith.errors import ProjectFileError
from lakesmith.host import Host
from lakesmith.model.streams import StreamId
from lakesmith.model.types import DATE, DOUBLE, LONG, STRING, Decimal, Field, List, Map, Schema, Struct
from lakesmith.project import load_project
from lakesmith.project.faults import Faults, Place
from lakesmith.project.pins import pin_path, read_pin, write_pin

STREAM = StreamId("shop", "orders")
FILE = "schemas/shop.orders.yml"
PROJECT = "version: 1\nname: acme\nsources:\n  shop: {type: files, root: data, streams: {orders: {files: '*.csv'}}}\n"

words = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Co", "Cn")), max_size=12).map(str.strip)
names = st.from_regex(r"[a-z][a-z0-9]{0,5}(_[a-z0-9]{1,3})?", fullmatch=True)


def structs(kinds):
    return fields_of(kinds, 1).map(Struct)


def fields_of(kinds, least):
    made = st.builds(lambda kind, source, doc: (kind, source, doc), kinds, words, words)
    return st.dictionaries(names, made, min_size=least, max_size=4).map(
        lambda parts: tuple(Field(n, kind, source or n, doc) for n, (kind, source, doc) in parts.items())
    )


scalars = st.sampled_from([STRING, LONG, DOUBLE, DATE, Decimal(12, 2)])
kinds = st.recursive(scalars, lambda k: structs(k) | k.map(List) | k.map(lambda v: Map(STRING, v)), max_leaves=4)


def read(text):
    faults = Faults()
    return read_pin(textwrap.dedent(text).encode(), Place(9, FILE, 1), faults), [str(fault) for fault in faults.found]


@pytest.mark.long
@given(fields_of(kinds, 1))
def test_what_is_written_is_read_again(fields):
    pin, faults = read(write_pin(STREAM, Schema(fields)))
    assert faults == []
    assert pin.schema == Schema(fields)


def test_a_pin_says_how_texts_are_written():
    fields = (
        Field("day", DATE, "day", spelling="31.12.2024"),
        Field("price", Decimal(18, 2), "price", spelling="1.234,56 €"),
    )
    text = write_pin(STREAM, Schema(fields))
    assert "format: 31.12.2024" in text
    assert read(text) == (read(text)[0], [])
    assert read(text)[0].schema == Schema(fields)


@pytest.mark.parametrize(
    ("entry", "fault"),
    [
        ("{type: date, format: '%d.%m.%Y'}", "columns.day.format: format '%d.%m.%Y' is no example"),
        ("{type: date, format: yes/no}", "columns.day.format: format yes/no holds no date, but boolean"),
    ],
)
def test_a_format_that_cannot_be_meant_is_told(entry, fault):
    _, faults = read(f"columns: {{day: {entry}}}")
    assert len(faults) == 1
    assert fault in faults[0]


def test_a_pin_is_readable_and_leaves_siblings_and_system_columns_out():
    address = Struct((Field("zip", STRING, "ZIP"), Field("zip__string", STRING)))
    schema = Schema((Field("_ls_seq", LONG), Field("id", LONG, "Order ID", "The order."), Field("id__string", STRING),
                     Field("address", List(address), "address")))  # fmt: skip
    text = write_pin(STREAM, schema)
    assert text.splitlines()[2:] == [
        "columns:",
        "  id: {type: long, source_name: Order ID, doc: The order.}",
        "  address:",
        "    type: list",
        "    element:",
        "      type: struct",
        "      fields:",
        "        zip: {type: string, source_name: ZIP}",
    ]
    pin, _ = read(text)
    assert pin.lines == {"id": 4, "address": 5, "address.zip": 10}
    assert (pin.place("address.zip"), pin.place("address.street"), pin.place("new")) == (
        f"{FILE}:10",
        f"{FILE}:5",
        FILE,
    )


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("columns:\n  a: {type: lnog}\n", ':2: columns.a.type: "lnog" is not a type: boolean, int, '),
        ("columns:\n  a: {typ: long}\n", ":2: columns.a: should be a type, or a mapping with the key `type:`"),
        ("columns:\n  a: {type: long, dok: x}\n", ':2: columns.a.dok: unknown key "dok", did you mean "doc"?'),
        ("columns:\n  a:\n    type: struct\n", ':2: columns.a: missing key "fields": what a struct holds'),
        ("columns:\n  a: long\n  a: int\n", ':3: columns: duplicate key "a", first written on line 2'),
        ("columns:\n  a__string: long\n", ":2: columns.a__string: is a name that Lakesmith keeps"),
        ("columns: {}\n", ":1: should hold one key, `columns:`, a mapping from names to types"),
        ("columns: {a: long}\nextra: 1\n", ':2: extra: unknown key "extra": a pinned schema holds one, `columns:`'),
        ("columns: [\n", "not valid YAML"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(text, fault):
    pin, faults = read(text)
    assert pin is None
    assert len(faults) == 1
    assert faults[0].startswith(FILE)
    assert fault in faults[0]


def test_a_project_gives_its_streams_their_pins(tmp_path):
    (tmp_path / "lakesmith.yml").write_text(PROJECT)
    assert load_project(tmp_path, host=Host()).streams()[0].pin is None
    (tmp_path / "schemas").mkdir()
    (tmp_path / pin_path(STREAM)).write_text("columns: {id: long}\n")
    pin = load_project(tmp_path, host=Host()).streams()[0].pin
    assert (pin.file, pin.schema.names) == (FILE, ("id",))
    (tmp_path / "schemas/shop.ordrs.yml").write_text("columns: {id: long}\n")
    with pytest.raises(
        ProjectFileError,
        match=r'schemas/shop.ordrs.yml:1: there is no stream "shop.ordrs" in this project, did you mean "shop.orders"',
    ):
        load_project(tmp_path, host=Host())
