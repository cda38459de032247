"""Arrow types and ours: what every engine reads, and what a source's type becomes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pyarrow import Field as ArrowField
from pyarrow import Schema as ArrowSchema

from lakesmith.model.streams import DOC_KEY, JSON_KEY
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
    Scalar,
    Schema,
    Struct,
    Type,
)
from lakesmith.shape.arrow import DataType, is_, pa
from lakesmith.shape.names import unique
from lakesmith.shape.spelling import MAX_DIGITS

_ARROW = {
    BOOLEAN: pa.bool_(),
    INT: pa.int32(),
    LONG: pa.int64(),
    FLOAT: pa.float32(),
    DOUBLE: pa.float64(),
    DATE: pa.date32(),
    TIMESTAMP: pa.timestamp("us"),
    TIMESTAMPTZ: pa.timestamp("us", "UTC"),
    STRING: pa.string(),
    BINARY: pa.binary(),
}
_OURS: tuple[tuple[Callable[[DataType], bool], Scalar], ...] = (
    (is_.is_boolean, BOOLEAN),
    (is_.is_int64, LONG),
    (is_.is_uint32, LONG),
    (is_.is_uint64, LONG),
    (is_.is_integer, INT),
    (is_.is_float64, DOUBLE),
    (is_.is_floating, FLOAT),
    (is_.is_date, DATE),
    (lambda kind: is_.is_timestamp(kind) and kind.tz is None, TIMESTAMP),
    (is_.is_timestamp, TIMESTAMPTZ),
    (is_.is_binary, BINARY),
    (is_.is_large_binary, BINARY),
    (is_.is_binary_view, BINARY),
    (is_.is_fixed_size_binary, BINARY),
)
UUID = "arrow.uuid"


def arrow_type(kind: Type) -> DataType:
    """Return the Arrow type in which shaped rows hold `kind`."""
    if isinstance(kind, Scalar):
        return _ARROW[kind]
    if isinstance(kind, Decimal):
        return pa.decimal128(kind.precision, kind.scale)
    if isinstance(kind, Struct):
        return pa.struct([pa.field(f.name, arrow_type(f.type)) for f in kind.fields])
    if isinstance(kind, List):
        return pa.list_(arrow_type(kind.element))
    return pa.map_(arrow_type(kind.key), arrow_type(kind.value))


def arrow_schema(schema: Schema) -> ArrowSchema:
    """Return the Arrow schema in which shaped rows hold `schema`."""
    made: ArrowSchema = pa.schema([pa.field(f.name, arrow_type(f.type)) for f in schema])
    return made


def type_of(kind: DataType) -> Type | None:
    """Return what a source's Arrow type becomes, or None where it says nothing yet (`null`, a list of `null`)."""
    if is_.is_null(kind):
        return None
    if isinstance(kind, pa.BaseExtensionType):
        return STRING if kind.extension_name == UUID else type_of(kind.storage_type)
    if is_.is_dictionary(kind) or is_.is_run_end_encoded(kind):
        return type_of(kind.value_type)
    if is_.is_decimal(kind):
        return decimal_of(kind)
    if is_.is_nested(kind):
        return _nested(kind)
    return next((ours for fits, ours in _OURS if fits(kind)), STRING)


def decimal_of(kind: DataType) -> Type:
    """Return the decimal that holds an Arrow decimal, or string where none does."""
    precision, scale = kind.precision, kind.scale
    if scale < 0:
        precision, scale = precision - scale, 0
    precision = max(precision, scale)
    return Decimal(precision, scale) if precision <= MAX_DIGITS else STRING


def is_list(kind: DataType) -> bool:
    """Whether an Arrow type is one of the kinds of list."""
    views = is_.is_list_view(kind) or is_.is_large_list_view(kind)
    return bool(views or is_.is_list(kind) or is_.is_large_list(kind) or is_.is_fixed_size_list(kind))


def told_doc(field: ArrowField[Any]) -> str:
    """Return what the source says of a column, else a sentence on its type where bronze cannot keep it, or an empty text."""
    return (field.metadata or {}).get(DOC_KEY, b"").decode() or source_doc(field.type)


def source_doc(kind: DataType) -> str:
    """Return a sentence on the source's type where bronze cannot keep it, or an empty text."""
    if isinstance(kind, pa.BaseExtensionType):
        return f"The source's type is {kind.extension_name}."
    if is_.is_dictionary(kind) or is_.is_run_end_encoded(kind):
        return source_doc(kind.value_type)
    texts = is_.is_string(kind) or is_.is_large_string(kind) or is_.is_string_view(kind)
    return f"The source's type is {kind}." if type_of(kind) == STRING and not texts else ""


def json_of(part: ArrowField[Any]) -> str | None:
    """Return the name of the field whose values a field has the JSON of, None where it is a field of its own."""
    said = (part.metadata or {}).get(JSON_KEY)
    return None if said is None else said.decode()


def _nested(kind: DataType) -> Type | None:
    if is_list(kind):
        element = type_of(kind.value_type)
        return None if element is None else List(element)
    if is_.is_map(kind):
        value = type_of(kind.item_type)
        return None if value is None else Map(STRING, value)
    if is_.is_struct(kind):
        return _struct(kind)
    return STRING


def _struct(kind: DataType) -> Type | None:
    own = [part for part in kind if json_of(part) is None]
    parts = [(name, type_of(part.type)) for name, part in zip(unique(part.name for part in own), own, strict=True)]
    fields = tuple(Field(name, part, source_name=name) for name, part in parts if part is not None)
    # A struct without a single typed part cannot be stored; it gets its column when a part has a value.
    return Struct(fields) if fields else None
