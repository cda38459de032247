"""After every kind of schema change DuckDB, PyIceberg and Polars read the same values, those that were written."""

import contextlib
import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import duckdb
import polars as pl
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from lake_loading import STREAM, open_lake
from lake_oracle import MISSING, Oracle, change, plain, read_value

from lakesmith.engines.duckdb.attach import attach
from lakesmith.model.types import (
    BINARY,
    BOOLEAN,
    DATE,
    DOUBLE,
    FLOAT,
    INT,
    LONG,
    STRING,
    TIMESTAMP,
    TIMESTAMPTZ,
    Decimal,
    Field,
    List,
    Map,
    Schema,
    Struct,
)

pytestmark = pytest.mark.filterwarnings("ignore:Iceberg scan planning with")
POINT = Struct((Field("x", INT), Field("y", STRING)))
BASE = Schema(
    (
        Field("i", INT),
        Field("f", FLOAT),
        Field("d", Decimal(10, 2)),
        Field("t", STRING),
        Field(
            "others",
            Struct(
                (
                    Field("a", BOOLEAN),
                    Field("b", DATE),
                    Field("c", TIMESTAMP),
                    Field("d", TIMESTAMPTZ),
                    Field("e", BINARY),
                )
            ),
        ),
        Field("s", Struct((Field("x", INT), Field("deep", Struct((Field("f", FLOAT), Field("d", Decimal(5, 1)))))))),
        Field("li", List(INT)),
        Field("ls", List(POINT)),
        Field("ll", List(List(INT))),
        Field("lls", List(List(POINT))),
        Field("m", Map(STRING, FLOAT)),
        Field("ms", Map(STRING, POINT)),
        Field("ml", Map(STRING, List(POINT))),
        Field("sl", Struct((Field("l", List(POINT)),))),
    )
)
WIDER = {INT: LONG, FLOAT: DOUBLE}


def widen(field):
    type_ = field.type
    wider = Decimal(type_.precision + 8, type_.scale) if isinstance(type_, Decimal) else WIDER[type_]
    return (replace(field, type=wider),)


def rename(field):
    return (replace(field, name=f"{field.name}_new"),)


def add(field):
    return (field, Field(f"{field.name}_more", List(Struct((Field("n", LONG),)))))


def take_name(field):
    """The column goes on under another name, and a new one of another type takes its place."""
    return (replace(field, name=f"{field.name}_old"), Field(field.name, STRING))


DEEP = ("lls.element.element.x", "ml.value.element.x")
PARTS = ("s.x", "ls.element.x", "ms.value.x", "sl.l.element.x")
CHANGES = {
    "nothing": ((), add),
    "add": (("t", *PARTS, *DEEP), add),
    "rename": ((*PARTS, "s.deep.f", "t", "li", "m", "s", "ls", "ms", "sl.l"), rename),
    "widen": (
        ("i", "f", "d", "s.deep.d", "s.deep.f", "li.element", "ll.element.element", "m.value", *PARTS, *DEEP),
        widen,
    ),
    "take name": (("i", "li", *PARTS, "sl.l"), take_name),
}


def read_duckdb(_lake, table):
    with duckdb.connect() as connection:
        attach(connection, [table.snapshot()])
        return connection.sql("SELECT * FROM bronze_app.orders ORDER BY _ls_seq").to_arrow_table().to_pylist()


def read_pyiceberg(lake, _table):
    found = lake.open_catalog().load_table((STREAM.source, STREAM.name)).scan().to_arrow()
    return found.sort_by("_ls_seq").to_pylist()


def read_polars(lake, _table):
    table = lake.open_catalog().load_table((STREAM.source, STREAM.name))
    return pl.scan_iceberg(table).collect().sort("_ls_seq").to_dicts()


def pyiceberg_value(filed, type_):
    """What PyIceberg 0.12 makes of a value: a null list of structs becomes empty, and so does a null map of structs.

    `ArrowProjectionVisitor.list` and `.map` (pyiceberg/io/pyarrow.py) put such arrays together anew out of offsets and values, without
    saying which are null, in every file and whatever was written. Lists and maps of anything but structs are cast as they are.
    """
    match type_:
        case List(Struct()) if filed is None:
            return []
        case Map(_, Struct()) if filed is None:
            return {}
        case Struct(fields) if isinstance(filed, dict):
            return {part.name: pyiceberg_value(filed.get(part.id, MISSING), part.type) for part in fields}
        case List(Struct() as element) if filed is not MISSING:
            return [pyiceberg_value(one, element) for one in filed]
        case Map(_, Struct() as value) if filed is not MISSING:
            return {key: pyiceberg_value(one, value) for key, one in filed.items()}
    return read_value(filed, type_)


READERS = {
    "duckdb": (read_duckdb, read_value),
    "pyiceberg": (read_pyiceberg, pyiceberg_value),
    "polars": (read_polars, read_value),
}


def assert_read_equal(lake, oracle, readers=tuple(READERS)):
    schema = oracle.table.head().schema
    for name in readers:
        read, expect = READERS[name]
        rows = read(lake, oracle.table)
        for field in schema.data:
            found = [plain(row[field.name], field.type) for row in rows]
            assert found == oracle.column(field, expect), (name, field.name)


def changed(table, paths, alter):
    schema = table.head().schema.data
    for path in paths:
        schema = change(schema, path, alter)
    return schema


@pytest.fixture
def oracle(table):
    made = Oracle(table, random.Random(7))
    made.load(BASE)
    return made


@pytest.mark.parametrize(
    "kind", [*list(CHANGES)[:2], *(pytest.param(kind, marks=pytest.mark.long) for kind in list(CHANGES)[2:])]
)
def test_old_and_new_files_read_as_they_were_written(lake, oracle, kind):
    before = oracle.table.head().schema
    oracle.load(changed(oracle.table, *CHANGES[kind]))
    assert (oracle.table.head().schema != before) == (kind != "nothing")
    assert_read_equal(lake, oracle)


def test_one_kind_after_the_other(lake, oracle):
    for kind in ("add", "widen", "take name"):
        oracle.load(changed(oracle.table, *CHANGES[kind]), 6)
    oracle.load(changed(oracle.table, ("t", "s.deep.f", "ls.element.y", "ms.value.y", "s"), rename), 6)
    assert_read_equal(lake, oracle)


def test_a_part_renamed_deep_in_lists_is_lost_to_pyiceberg_alone(lake, oracle):
    """PyIceberg 0.12 matches what lies in a list of lists, or in a map of lists, by name: `return list_array.cast(arrow_field)`."""
    oracle.load(changed(oracle.table, DEEP, rename))
    assert_read_equal(lake, oracle, ("duckdb", "polars"))
    schema = oracle.table.head().schema
    rows = read_pyiceberg(lake, oracle.table)
    for field in schema.data:
        found = [plain(row[field.name], field.type) for row in rows]
        old, new = found[:12], found[12:]
        expected = oracle.column(field, pyiceberg_value)
        lost = [without(value, "x_new") for value in expected[:12]] if field.name in ("lls", "ml") else expected[:12]
        assert (old, new) == (lost, expected[12:]), field.name
    assert [row["lls"] for row in rows[:12]] != oracle.column(schema.find("lls"))[:12]


def without(value, name):
    """Return a value with the part of that name null, at any depth."""
    match value:
        case dict():
            return {key: None if key == name else without(part, name) for key, part in value.items()}
        case list():
            return [without(one, name) for one in value]
    return value


def test_columns_that_others_dropped_and_that_came_again(lake, oracle, clock):
    clock.time = datetime.now(UTC) + timedelta(minutes=1)  # theirs is the clock of this machine
    with (
        lake.open_catalog()
        .load_table((STREAM.source, STREAM.name))
        .update_schema(allow_incompatible_changes=True) as update
    ):
        for path in ("i", "ls", ("s", "x"), ("ms", "value", "x"), ("sl", "l", "element", "y")):
            update.delete_column(path)
    oracle.load(oracle.table.head().schema.data, 6)
    again = changed(oracle.table, ("s.deep", "ms.value.y"), lambda field: (field, Field("x", STRING)))
    again = change(again, "sl.l.element.x", lambda field: (field, Field("y", DOUBLE)))
    oracle.load(Schema((Field("i", STRING), *again.fields, Field("ls", List(STRING)))), 6)
    assert oracle.table.head().schema.find("i").type == STRING
    assert_read_equal(lake, oracle)


def test_columns_that_others_put_in_another_order(lake, oracle, clock):
    clock.time = datetime.now(UTC) + timedelta(minutes=1)
    with lake.open_catalog().load_table((STREAM.source, STREAM.name)).update_schema() as update:
        update.move_first("ml").move_after("i", "t").move_first("s.deep").move_first("ls.element.y").move_before(
            "d", "i"
        )
    names = oracle.table.head().schema.names
    assert names != BASE.names
    oracle.load(changed(oracle.table, ("s.x", "ls.element.y"), add))
    assert oracle.table.head().schema.names[:14] == names[:14]
    assert_read_equal(lake, oracle)


def test_values_of_which_all_are_null_or_empty(lake, table):
    oracle = Oracle(table, random.Random(1))
    for made in (None, []):
        oracle.chance = random.Random(1)
        oracle.fixed = {field.name: made if isinstance(field.type, List) else None for field in BASE}
        oracle.load(BASE, 3)
    assert_read_equal(lake, oracle)
    assert {str(row["ls"]) for row in read_duckdb(lake, table)} == {"None", "[]"}


STEPS = [(path, alter) for paths, alter in CHANGES.values() for path in paths] + [
    ("t", rename),
    ("s", rename),
    ("ls", take_name),
]


@pytest.mark.long
@pytest.mark.parametrize("examples", [pytest.param(2, id="few"), pytest.param(60, id="many")])
def test_any_row_of_changes(tmp_path, examples):
    @settings(max_examples=examples, deadline=None, derandomize=examples < 10, phases=[Phase.generate])
    @given(st.lists(st.sampled_from(STEPS), min_size=1, max_size=8), st.randoms(use_true_random=False))
    def law(steps, chance):
        lake = open_lake(tmp_path / f"{chance.getrandbits(60):x}-{len(list(tmp_path.iterdir()))}")
        oracle = Oracle(lake.table(STREAM), random.Random(chance.getrandbits(32)))
        oracle.load(BASE, 5)
        for path, alter in dict.fromkeys(steps):  # twice the same would make two columns of one name
            with contextlib.suppress(KeyError):  # a type that cannot be wider still
                oracle.load(changed(oracle.table, (path,), alter), 3)
        assert_read_equal(lake, oracle)

    law()
