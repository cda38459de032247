"""Silver reads a renamed column together with what came under its new name before."""

import pytest

from lakesmith.dbt.staging import ScaffoldTable, write_model
from lakesmith.model.streams import StreamId, StreamSpec
from lakesmith.model.types import DOUBLE, LONG, STRING, SYSTEM_FIELDS, Field, Schema

SPEC = StreamSpec(StreamId("shop", "people"))


def model(*fields):
    table = ScaffoldTable(SPEC, Schema((Field("id", LONG), *fields, *SYSTEM_FIELDS)))
    return table, write_model(table)


def test_values_that_stepped_aside_are_read_back():
    table, text = model(Field("email", STRING), Field("email__added", STRING), Field("email__added_2", STRING))
    assert "except=['email__added', 'email__added_2']" in text
    assert "'email': 'coalesce(email, email__added, email__added_2)'," in text
    assert [f.name for f in table.columns] == ["id", "email"]


def test_together_with_a_sibling():
    _, text = model(Field("qty", LONG), Field("qty__string", STRING), Field("qty__added", DOUBLE))
    assert "except=['qty__string', 'qty__added']" in text
    wanted = "'qty': 'coalesce(' ~ lakesmith.sibling(bronze, 'qty', lakesmith.exact_cast('qty__string', 'bigint')) ~ ', qty__added)',"
    assert wanted in text


@pytest.mark.parametrize("aside", [Field("qty__added", STRING), Field("other__added", LONG)])
def test_what_cannot_be_one_column_stays_beside_it(aside):
    table, text = model(Field("qty", LONG), aside)
    assert "coalesce(qty" not in text
    assert aside in table.columns


@pytest.mark.parametrize("order", [("qty__string", "qty__json"), ("qty__json", "qty__string")])
def test_beside_json_the_sibling_of_scalars_is_read_back(order):
    table, text = model(Field("qty", LONG), *(Field(name, STRING) for name in order))
    assert "lakesmith.exact_cast('qty__string', 'bigint')" in text
    assert [f.name for f in table.columns] == ["id", "qty", "qty__json"]


def test_json_alone_stays_beside_its_column():
    table, text = model(Field("qty", LONG), Field("qty__json", STRING))
    assert "qty__json" not in text.partition("except=")[2].partition("]")[0]
    assert [f.name for f in table.columns] == ["id", "qty", "qty__json"]
