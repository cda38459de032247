"""Our types survive the way to Iceberg's JSON and to Arrow, and agree with PyIceberg's own reading of both."""

import json
import string

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyiceberg.io.pyarrow import pyarrow_to_schema, schema_to_pyarrow
from pyiceberg.schema import Schema as IcebergSchema

from lakesmith.lake.iceberg import to_iceberg
from lakesmith.lake.numbering import number_schema
from lakesmith.lake.types import (
    read_doc,
    schema_from_arrow,
    schema_from_json,
    schema_to_arrow,
    schema_to_json,
    type_from_arrow,
    type_from_json,
    write_doc,
)
from lakesmith.model.types import (
    BINARY,
    DATE,
    DOUBLE,
    INT,
    LONG,
    SCALARS,
    STRING,
    Decimal,
    Field,
    List,
    Map,
    Scalar,
    Schema,
    Struct,
)

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8)
NAMES = st.text(string.ascii_lowercase + "äß_ ", min_size=1, max_size=6).filter(
    lambda name: not name.startswith("_ls_")
)
SCALAR_TYPES = st.sampled_from(SCALARS).map(Scalar)
DECIMALS = st.integers(1, 38).flatmap(lambda p: st.integers(0, p).map(lambda s: Decimal(p, s)))


def fields_of(types):
    field = st.builds(Field, NAMES, types, TEXT, TEXT)
    return st.lists(field, min_size=1, max_size=3, unique_by=lambda f: f.name).map(tuple)


TYPES = st.recursive(
    SCALAR_TYPES | DECIMALS,
    lambda inner: fields_of(inner).map(Struct) | inner.map(List) | inner.map(lambda value: Map(STRING, value)),
    max_leaves=6,
)
SCHEMAS = fields_of(TYPES).map(Schema)
NUMBERED = SCHEMAS.map(lambda schema: number_schema(None, 0, schema))


@given(NUMBERED)
def test_json_and_back(schema):
    assert schema_from_json(json.loads(json.dumps(schema_to_json(schema, 3)))) == schema


@given(NUMBERED)
def test_pyiceberg_reads_and_writes_the_same_json(schema):
    iceberg = IcebergSchema.model_validate_json(json.dumps(schema_to_json(schema, 3)))
    assert schema_from_json(json.loads(iceberg.model_dump_json())) == schema


@pytest.mark.long
@given(NUMBERED)
def test_arrow_agrees_with_pyiceberg_both_ways(schema):
    arrow = schema_to_arrow(schema)
    iceberg = to_iceberg(schema, 0)
    plain = schema_to_pyarrow(iceberg, include_field_ids=False)
    assert [field.type for field in arrow] == [small(field.type) for field in plain]
    assert pyarrow_to_schema(arrow).as_struct() == iceberg.as_struct()


def small(type_):
    """PyIceberg writes text and lists with 64-bit offsets; values are the same."""
    if pa.types.is_large_string(type_):
        return pa.string()
    if pa.types.is_large_binary(type_):
        return pa.binary()
    if pa.types.is_struct(type_):
        return pa.struct([f.with_type(small(f.type)) for f in type_])
    if pa.types.is_large_list(type_) or pa.types.is_list(type_):
        return pa.list_(type_.value_field.with_type(small(type_.value_type)))
    if pa.types.is_map(type_):
        return pa.map_(
            type_.key_field.with_type(small(type_.key_type)), type_.item_field.with_type(small(type_.item_type))
        )
    return type_


@pytest.mark.long
@given(SCHEMAS)
def test_arrow_and_back_without_nested_docs(schema):
    assert schema_from_arrow(schema_to_arrow(schema)) == schema


DOCS = TEXT | st.sampled_from(['Source name: "x". y', 'Format: "x". y', 'Format: "'])


@given(DOCS, DOCS, TEXT | st.just('1.234,56 "€"'))
def test_docs_and_back(source_name, doc, spelling):
    field = Field("x", INT, source_name, doc, spelling=spelling)
    assert read_doc(write_doc(field)) == (source_name, doc, spelling)


def test_a_format_stands_in_the_doc_for_people_too():
    field = Field("x", INT, "X", "All values are in €.", spelling="1.234,56 €")
    assert write_doc(field) == 'Source name: "X". Format: "1.234,56 €". All values are in €.'


@pytest.mark.parametrize("doc", [None, "", "Anything", 'Source name: "broken'])
def test_docs_of_others_are_kept_as_they_are(doc):
    assert read_doc(doc) == ("", doc or "", "")


@pytest.mark.parametrize(
    ("arrow", "ours"),
    [
        (pa.large_string(), STRING),
        (pa.string_view(), STRING),
        (pa.dictionary(pa.int32(), pa.string()), STRING),
        (pa.binary(16), BINARY),
        (pa.uint16(), INT),
        (pa.uint32(), LONG),
        (pa.float64(), DOUBLE),
        (pa.date32(), DATE),
        (pa.timestamp("ms", "Europe/Berlin"), Scalar("timestamptz")),
        (pa.timestamp("s"), Scalar("timestamp")),
        (pa.large_list(pa.int8()), List(INT)),
    ],
)
def test_what_holds_an_arrow_type(arrow, ours):
    assert type_from_arrow(arrow) == ours


@pytest.mark.parametrize(
    "arrow", [pa.timestamp("ns"), pa.uint64(), pa.time64("us"), pa.null(), pa.decimal256(60, 2), pa.duration("s")]
)
def test_arrow_types_nothing_holds_exactly(arrow):
    with pytest.raises(ValueError, match="no type of ours holds"):
        type_from_arrow(arrow)


@pytest.mark.parametrize("raw", ["time", "uuid", "fixed[16]", {"type": "variant"}])
def test_iceberg_types_that_are_not_ours(raw):
    with pytest.raises(ValueError, match="is not one of ours"):
        type_from_json(raw)
