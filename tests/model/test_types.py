from hypothesis import given
from hypothesis import strategies as st

from lakesmith.model.streams import StreamId
from lakesmith.model.types import LONG, STRING, SYSTEM_FIELDS, Decimal, Field, List, Map, Schema, Struct

NAMES = st.from_regex(r"[a-z][a-z0-9_]{0,10}", fullmatch=True)


def test_types_are_spelled_as_iceberg_spells_them():
    nested = List(Struct((Field("a", LONG), Field("b", Map(STRING, Decimal(18, 2))))))
    assert str(nested) == "list<struct<a: long, b: map<string, decimal(18, 2)>>>"


@given(names=st.lists(NAMES, unique=True), new=NAMES)
def test_a_field_is_put_in_place_or_at_the_end(names, new):
    schema = Schema(tuple(Field(name, LONG) for name in names))
    after = schema.with_field(Field(new, STRING))
    assert after.names == (tuple(names) if new in names else (*names, new))
    assert after.find(new) == Field(new, STRING)
    assert schema.names == tuple(names)
    assert all(after.find(name) == Field(name, LONG) for name in names if name != new)


def test_data_leaves_out_what_lakesmith_adds():
    schema = Schema((Field("id", LONG, source_name="ID"), *SYSTEM_FIELDS))
    assert schema.data == Schema((Field("id", LONG, source_name="ID"),))
    assert schema.find_source("ID") == schema.find("id")
    assert schema.find_source("id") is None
    assert (len(schema), len(SYSTEM_FIELDS)) == (6, 5)


@given(source=NAMES, name=NAMES)
def test_a_stream_is_written_as_it_is_read(source, name):
    stream = StreamId(source, name)
    assert StreamId.parse(str(stream)) == stream
