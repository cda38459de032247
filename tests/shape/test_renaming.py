"""Renames by field id: every id keeps its column, every name is there once, nothing else changes."""

from dataclasses import replace

import pytest

from lakesmith.errors import UsageError
from lakesmith.model.types import DOUBLE, INT, LONG, STRING, Decimal, Field, List, Schema
from lakesmith.shape.renaming import rename_column

TABLE = Schema(
    (
        Field("id", LONG, "ID", id=1),
        Field("mail", STRING, "Mail", "The address.", id=2),
        Field("mail__json", STRING, id=3),
        Field("_ls_seq", LONG, id=4),
        Field("email", STRING, "E-Mail", id=5),
        Field("email__binary", STRING, id=6),
        Field("tags", List(STRING, 8), "tags", id=7),
    )
)


def by_id(schema):
    return {f.id: f for f in schema}


def test_a_column_takes_the_new_name_and_what_came_under_it_steps_aside():
    after = by_id(rename_column(TABLE, "mail", "email"))
    assert {key: f.name for key, f in after.items()} == {
        1: "id", 2: "email", 3: "email__json", 5: "email__added", 6: "email__added__binary", 7: "tags",
    }  # fmt: skip
    assert after[2] == Field("email", STRING, "E-Mail", "The address.", 2)
    assert after[5].doc == "What came as email before mail was renamed to it."
    assert {key: replace(f, name="", source_name="", doc="") for key, f in after.items()} == {
        f.id: replace(f, name="", source_name="", doc="") for f in TABLE.data
    }


def test_a_name_the_table_does_not_have_is_folded_and_nothing_steps_aside():
    after = rename_column(TABLE, "tags", "Labels (new)")
    assert [(f.id, f.name, f.source_name) for f in after if f.id == 7] == [(7, "labels_new", "Labels (new)")]
    assert len(after) == len(TABLE.data)
    assert [f for f in after if f.id != 7] == [f for f in TABLE.data if f.id != 7]


def test_columns_are_found_by_the_names_of_the_source_too():
    assert rename_column(TABLE, "Mail", "E-Mail") == rename_column(TABLE, "mail", "email")


def test_a_second_rename_to_the_same_name_finds_its_place():
    again = Schema((*rename_column(TABLE, "mail", "email").fields, Field("post", STRING, "post", id=9)))
    names = {f.id: f.name for f in rename_column(again, "post", "email")}
    assert (names[9], names[2], names[5]) == ("email", "email__added_2", "email__added_2__added")
    assert len(set(names.values())) == len(names)


def test_a_sibling_stays_with_its_own_column():
    table = Schema((Field("order", LONG, id=1), Field("order_", LONG, id=2), Field("order___string", STRING, id=3)))
    assert rename_column(table, "order", "number").names == ("number", "order_", "order___string")
    assert rename_column(table, "order_", "number").names == ("order", "number", "number__string")


def test_long_names_stay_within_what_every_engine_takes():
    long = Schema((Field("x" * 63, STRING, id=1), Field("y" * 63, STRING, id=2)))
    names = {f.id: f.name for f in rename_column(long, "x" * 63, "y" * 63)}
    assert names[1] == "y" * 63
    assert names[2].endswith("__added")
    assert len(names[2]) == 63


@pytest.mark.parametrize("kind", [INT, DOUBLE, Decimal(9, 2)])
def test_numbers_may_become_one_column(kind):
    table = Schema((Field("a", LONG, id=1), Field("b", kind, id=2)))
    assert rename_column(table, "a", "b").names == ("b", "b__added")


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("male", "email", r"There is no column 'male' to rename"),
        ("mail__json", "email", r"There is no column 'mail__json' to rename"),
        ("_ls_seq", "seq", r"There is no column '_ls_seq' to rename"),
        ("mail", "Mail", "mail is called that already"),
        ("id", "email", "id is long and email is string: one column cannot hold both"),
        ("tags", "email", "one column cannot hold both"),
    ],
)
def test_what_cannot_be_one_column_is_refused(old, new, why):
    with pytest.raises(UsageError, match=why):
        rename_column(TABLE, old, new)
