"""What a log says of its rows stands beside them in the table, and an update of the key is two rows."""

from datetime import date
from decimal import Decimal as Number

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lake_loading import STREAM, read_back

from lakesmith.engines.duckdb.attach import attach
from lakesmith.lake.staging.marks import mark_columns, spell_keys, split_key_updates
from lakesmith.lake.staging.stage import FileStage, Place, Sizes
from lakesmith.lake.types import schema_to_arrow
from lakesmith.model.loads import Batch, Checkpoint, Counts
from lakesmith.model.shapes import Marks, Reshape
from lakesmith.model.types import HOLE_FIELDS, LONG, STRING, SYSTEM_FIELDS, Field, List, Schema

COLUMNS = Schema((Field("id", LONG), Field("name", STRING), Field("tags", List(STRING))))
HOLES = tuple(field.name for field in HOLE_FIELDS)


def load(table, rows, marks, *, holes=True, columns=COLUMNS):
    """Stage rows in parts of two, and commit them with their schema."""
    head = table.head()
    group = table.open_group(head)
    reshape = Reshape(head.schema if head else None, columns)
    layout = table.services.layout
    place = Place(table.services.store, layout.data(STREAM), layout.quarantine(STREAM), Sizes(row_group_rows=2))
    out = FileStage(place, group, table.number(head, reshape, holes=holes), first_row=0, host=table.services.host)
    out.write(pa.RecordBatch.from_pylist(rows, schema=schema_to_arrow(columns)), "log", marks)
    receipt = out.close()
    derived = marks.derived if marks else 0
    counts = Counts(read=len(rows) - derived, written=len(rows) - derived, derived=derived)
    table.commit(group, Batch((receipt,), Checkpoint(STREAM, b"{}", group.ordinal), reshape, counts))


def row(key, name="n"):
    return {"id": key, "name": name, "tags": ["a", None]}


def marks(op, unchanged=None, prev_key=None, derived=0):
    return Marks(
        pa.array(op),
        None if unchanged is None else pa.array(unchanged, pa.list_(pa.string())),
        None if prev_key is None else pa.array(prev_key, pa.string()),
        derived,
    )


def test_operations_holes_and_former_keys_are_columns(lake, table):
    told = marks("cudtu", [None, ["name", "tags"], None, None, []], [None, None, None, None, '{"id":7}'])
    load(table, [row(at) for at in range(5)], told)
    schema = table.head().schema
    ids = [schema.find(name).id for name in ("name", "tags")]
    found = read_back(lake)
    assert [found_row["_ls_op"] for found_row in found] == list("cudtu")
    assert [found_row["_ls_unchanged"] for found_row in found] == [None, ids, None, None, []]
    assert [found_row["_ls_prev_key"] for found_row in found] == [None] * 4 + ['{"id":7}']
    assert [found_row["tags"] for found_row in found] == [["a", None]] * 5


def test_columns_for_holes_come_with_the_first_that_needs_them_and_stay(lake, table):
    load(table, [row(1)], None, holes=False)
    plain = table.head().schema
    assert plain.names == (*COLUMNS.names, *(field.name for field in SYSTEM_FIELDS))
    load(table, [row(2)], marks("u", [["name"]]))
    wider = table.head().schema
    assert wider.names == (*plain.names, *HOLES)
    assert [wider.find(name).id for name in plain.names] == [field.id for field in plain]
    load(table, [row(3)], marks("c"), holes=False)
    load(table, [row(4)], None, holes=False, columns=Schema((*COLUMNS.fields, Field("more", STRING))))
    assert table.head().schema.names == (*COLUMNS.names, "more", *wider.names[3:])
    unchanged = [found["_ls_unchanged"] for found in read_back(lake)]
    assert unchanged == [None, [wider.find("name").id], None, None]
    assert [found["_ls_op"] for found in read_back(lake)] == ["r", "u", "c", "r"]


def test_duckdb_knows_the_field_ids_of_a_table_with_holes(table):
    for holes, expected in ((False, {}), (True, {"id": "field 6", "name": "field 7", "tags": "field 8"})):
        load(table, [row(1)], None, holes=holes)
        with duckdb.connect() as connection:
            attach(connection, [table.snapshot()])
            found = connection.sql(
                "SELECT column_name, comment FROM duckdb_columns() WHERE comment IS NOT NULL"
            ).fetchall()
            assert dict(found) == expected
    schema = table.head().schema
    assert expected == {field.name: f"field {field.id}" for field in schema.data}


@pytest.mark.parametrize(
    ("told", "holes", "words"),
    [
        (marks("uu"), True, "1 rows were given 2 marks of op"),
        (marks("u", [None, None]), True, "2 marks of _ls_unchanged"),
        (marks("x"), True, "an operation is none of r, c, u, d, t"),
        (marks([None]), True, "an operation is none of"),
        (marks("u", [["nope"]]), True, "unchanged column that the table does not have"),
        (marks("u", [["name"]]), False, "no column _ls_unchanged: its schema must be numbered with holes"),
        (marks("u", None, ["{}"]), False, "no column _ls_prev_key"),
    ],
)
def test_marks_that_do_not_fit_are_refused(table, told, holes, words):
    with pytest.raises(ValueError, match=words):
        load(table, [row(1)], told, holes=holes)
    assert table.head() is None


def test_marks_without_holes_need_no_columns_for_them():
    columns = mark_columns(marks("cd", [None, None], [None, None]), COLUMNS, 2)
    assert {name: column.to_pylist() for name, column in columns.items()} == {"_ls_op": ["c", "d"]}


def test_slices_keep_their_own_lists():
    schema = Schema((*COLUMNS.fields[:1], Field("_ls_unchanged", List(LONG))))
    told = marks("uuu", [["id"], None, ["id", "id"]])
    part = Marks(told.op.slice(1), told.unchanged.slice(1))
    numbered = Schema((Field("id", LONG, id=4), *HOLE_FIELDS))
    assert mark_columns(part, numbered, 2)["_ls_unchanged"].to_pylist() == [None, [4, 4]]
    assert schema.find("_ls_unchanged")


def test_a_key_update_is_a_delete_and_a_create(lake, table):
    rows = pa.RecordBatch.from_pylist([row(1), row(10), row(3)], schema=schema_to_arrow(COLUMNS))
    told = marks("cuu", [None, ["name"], ["tags"]])
    before = pa.RecordBatch.from_pydict({"id": pa.array([None, 2, 3], pa.int64())})
    doubled, expanded = split_key_updates(rows, told, before)
    load(table, doubled.to_pylist(), expanded)
    name, tags = (table.head().schema.find(column).id for column in ("name", "tags"))
    told_of = ("id", "name", "tags", "_ls_op", "_ls_unchanged", "_ls_prev_key")
    assert [tuple(found[column] for column in told_of) for found in read_back(lake)] == [
        (1, "n", ["a", None], "c", None, None),
        (2, None, None, "d", None, None),
        (10, "n", ["a", None], "c", [name], '{"id":2}'),
        (3, "n", ["a", None], "u", [tags], None),
    ]
    assert table.history()[0].counts.derived == expanded.derived == 1


KEYS = st.none() | st.integers(0, 2)


@given(st.lists(st.tuples(KEYS, KEYS, st.sampled_from("rcudt")), max_size=8))
def test_split_rows_are_those_that_went_in_and_one_more_for_each_moved_key(cases):
    rows = pa.RecordBatch.from_pydict({"k": pa.array([new for new, _, _ in cases], pa.int64())})
    before = pa.RecordBatch.from_pydict({"k": pa.array([old for _, old, _ in cases], pa.int32())})
    out, told = split_key_updates(rows, marks([op for *_, op in cases] or pa.array([], pa.string())), before)
    expected = []
    for new, old, op in cases:
        is_moved = op == "u" and new != old
        expected += [(old, "d"), (new, "c")] if is_moved else [(new, op)]
    assert list(zip(out.column("k").to_pylist(), told.op.to_pylist(), strict=True)) == expected
    assert told.derived == len(expected) - len(cases)


def test_keys_are_spelled_canonically():
    keys = pa.RecordBatch.from_pylist([{"b": 1, "a": "ä"}, {"b": None, "a": ""}])
    assert list(spell_keys(keys)) == ['{"a":"ä","b":1}', '{"a":"","b":null}']
    odd = pa.RecordBatch.from_pylist([{"d": date(2026, 1, 2), "n": Number("1.50"), "x": b"\xff"}])
    assert list(spell_keys(odd)) == ['{"d":"2026-01-02","n":"1.50","x":"ff"}']


def test_a_former_key_of_another_length_is_refused():
    rows = pa.RecordBatch.from_pylist([{"id": 1}])
    with pytest.raises(ValueError, match="as long as the rows"):
        split_key_updates(rows, marks("u"), rows.slice(1))
