"""A key is written in the project as the source writes it; models name it as bronze does."""

import pytest

from lakesmith.dbt.staging import ScaffoldTable, describe_model, write_model
from lakesmith.errors import ConfigError
from lakesmith.model.streams import StreamId, StreamSpec
from lakesmith.model.types import LONG, STRING, SYSTEM_FIELDS, Field, Schema

SCHEMA = Schema(
    (Field("order_id", LONG, source_name="Order ID"), Field("line", LONG), Field("note", STRING), *SYSTEM_FIELDS)
)


def table(*key):
    return ScaffoldTable(StreamSpec(StreamId("shop", "items"), "dedupe", key, where="lakesmith.yml:7"), SCHEMA)


@pytest.mark.parametrize("key", [("Order ID", "line"), ("order_id", "LINE"), ("order id", "Line")])
def test_a_key_is_found_by_the_sources_name_and_by_that_of_bronze_in_any_case(key):
    assert table(*key).key == ("order_id", "line")
    assert write_model(table(*key)) == write_model(table("order_id", "line"))
    assert describe_model(table(*key)) == describe_model(table("order_id", "line"))


def test_a_key_that_bronze_does_not_have_is_refused_with_the_columns():
    with pytest.raises(ConfigError, match=r"The key of shop\.items names the column 'oder_id'") as caught:
        write_model(table("oder_id"))
    assert caught.value.where == "lakesmith.yml:7"
    assert "Order ID, line, note" in caught.value.fix
