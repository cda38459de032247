"""Field ids are given once and never change meaning."""

import pytest
from hypothesis import given
from test_types import SCHEMAS

from lakesmith.lake.numbering import all_fields, number_schema
from lakesmith.model.types import (
    DATE,
    DOUBLE,
    FLOAT,
    INT,
    LONG,
    STRING,
    SYSTEM_FIELDS,
    Decimal,
    Field,
    List,
    Map,
    Schema,
    Struct,
)

TABLE = number_schema(
    None,
    0,
    Schema(
        (
            Field("a", INT, "A"),
            Field("s", Struct((Field("x", FLOAT), Field("y", STRING)))),
            Field("l", List(Struct((Field("q", INT),)))),
        )
    ),
)
LAST = 12


def change(*fields):
    return number_schema(TABLE, LAST, Schema(fields))


def ids(schema):
    return [field.id for field in all_fields(schema.fields)]


@given(SCHEMAS)
def test_a_new_table_numbers_every_part_once(schema):
    numbered = number_schema(None, 0, schema)
    assert sorted(ids(numbered)) == list(range(1, len(ids(numbered)) + 1))
    assert numbered.names == (*schema.names, *(field.name for field in SYSTEM_FIELDS))
    assert [field.id for field in numbered if field.is_system] == [1, 2, 3, 4, 5]


@pytest.mark.long
@given(SCHEMAS, SCHEMAS)
def test_numbering_again_changes_nothing_and_additions_only_add(first, second):
    before = number_schema(None, 0, first)
    last = max(ids(before))
    assert number_schema(before, last, first) == before
    assert number_schema(before, last, before) == before
    added = Schema(tuple(field for field in second if first.find(field.name) is None))
    after = number_schema(before, last, added)
    assert set(ids(after)) - set(ids(before)) == set(range(last + 1, last + 1 + len(ids(after)) - len(ids(before))))
    assert [field for field in after if before.find(field.name)] == list(before)


def test_the_table_of_the_next_tests():
    assert max(ids(TABLE)) == LAST


def test_columns_are_added_before_the_system_columns_and_inside_structs():
    after = change(Field("s", Struct((Field("y", STRING), Field("z", LONG)))), Field("n", Map(STRING, DATE)))
    assert after.names[:4] == ("a", "s", "l", "n")
    assert [(part.name, part.id) for part in after.find("s").type.fields] == [("x", 8), ("y", 9), ("z", 13)]
    assert ids(Schema((after.find("n"),))) == [14, 15, 16]


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ([Field("a", LONG)], "long"),
        ([Field("s", Struct((Field("x", DOUBLE),)))], "struct<x: double, y: string>"),
        ([Field("l", List(Struct((Field("q", LONG),))))], "list<struct<q: long>>"),
    ],
)
def test_promotions_keep_ids_and_names(fields, path):
    after = change(*fields)
    assert str(after.find(fields[0].name).type) == path
    assert ids(after) == ids(TABLE)
    assert after.find("a").source_name == "A"


def test_a_decimal_grows_and_keeps_its_scale():
    before = number_schema(None, 0, Schema((Field("d", Decimal(10, 2)),)))
    assert number_schema(before, 6, Schema((Field("d", Decimal(18, 2)),))).find("d").type == Decimal(18, 2)
    for worse in (Decimal(9, 2), Decimal(18, 3)):
        with pytest.raises(ValueError, match=r"column 'd' cannot go from decimal\(10, 2\)"):
            number_schema(before, 6, Schema((Field("d", worse),)))


@pytest.mark.parametrize(
    "field", [Field("a", STRING), Field("s", STRING), Field("s", Struct((Field("x", INT),))), Field("l", List(LONG))]
)
def test_other_changes_are_refused(field):
    with pytest.raises(ValueError, match=f"column '{field.name}.* cannot go from|column 'x' cannot go from"):
        change(field)


def test_a_column_named_by_its_id_is_renamed():
    after = change(Field("b", INT, "B", id=TABLE.find("a").id))
    assert after.names[0] == "b"
    assert ids(after) == ids(TABLE)


def test_names_of_system_columns_are_not_for_data():
    with pytest.raises(ValueError, match=r"columns \['_ls_mine'\] have names that are kept for system columns"):
        change(Field("_ls_mine", LONG))


@pytest.mark.parametrize(
    "fields",
    [
        (Field("b", INT), Field("b", STRING)),
        (Field("a", INT), Field("a", INT)),
        (Field("l", INT, id=TABLE.find("a").id),),
        (Field("n", List(Struct((Field("q", INT), Field("q", STRING))))),),
        (Field("m", Map(STRING, Struct((Field("q", INT), Field("q", INT))))),),
    ],
)
def test_two_columns_never_have_one_name(fields):
    with pytest.raises(ValueError, match="two columns have the same name"):
        change(*fields)


def test_two_columns_may_change_their_names_with_each_other():
    a, s = TABLE.find("a"), TABLE.find("s")
    changed = change(Field("s", INT, id=a.id), Field("a", s.type, id=s.id))
    assert [(field.name, field.id) for field in changed.data][:2] == [("s", a.id), ("a", s.id)]
