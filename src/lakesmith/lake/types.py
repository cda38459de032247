"""Our types as Iceberg writes them in JSON and as Arrow holds them; each way and back."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, cast

from lakesmith.model.types import SCALARS, Decimal, Field, List, Map, Scalar, Schema, Struct, Type

if TYPE_CHECKING:
    import pyarrow as pa

FIELD_ID = b"PARQUET:field_id"
DOC = b"doc"
DECIMAL = re.compile(r"decimal\(\s*(\d+)\s*,\s*(\d+)\s*\)")
SOURCE_NAME = re.compile(r'Source name: ("(?:[^"\\]|\\.)*")(?:\. Format: ("(?:[^"\\]|\\.)*"))?(?:\. (.*))?', re.DOTALL)


def write_doc(field: Field) -> str | None:
    """Return the Iceberg doc of a column: the source's own name, the format of its texts, then the sentence for people; None without."""
    plain = not field.source_name and not field.spelling
    if plain and not field.doc.startswith("Source name: "):
        return field.doc or None
    name = f"Source name: {json.dumps(field.source_name, ensure_ascii=False)}"
    if field.spelling or field.doc.startswith('Format: "'):
        name = f"{name}. Format: {json.dumps(field.spelling, ensure_ascii=False)}"
    return f"{name}. {field.doc}" if field.doc else name


def read_doc(doc: str | None) -> tuple[str, str, str]:
    """Return the source's own name, the sentence for people and the format out of what `write_doc` made, or what others wrote."""
    match = SOURCE_NAME.fullmatch(doc or "")
    return (json.loads(match[1]), match[3] or "", json.loads(match[2] or '""')) if match else ("", doc or "", "")


def type_to_json(type_: Type) -> Any:
    """Return a type as the Iceberg specification spells it in JSON."""
    match type_:
        case Struct(fields):
            return {"type": "struct", "fields": [field_to_json(field) for field in fields]}
        case List(element, element_id):
            return {
                "type": "list",
                "element-id": element_id,
                "element": type_to_json(element),
                "element-required": False,
            }
        case Map(key, value, key_id, value_id):
            ids = {"key-id": key_id, "value-id": value_id, "value-required": False}
            return {"type": "map", "key": type_to_json(key), "value": type_to_json(value), **ids}
    return str(type_)


def field_to_json(field: Field) -> dict[str, Any]:
    """Return a column as the Iceberg specification spells it; every column may be null."""
    doc = write_doc(field)
    plain = {"id": field.id, "name": field.name, "required": False, "type": type_to_json(field.type)}
    return plain if doc is None else {**plain, "doc": doc}


def schema_to_json(schema: Schema, schema_id: int) -> dict[str, Any]:
    """Return a schema as the Iceberg specification spells it."""
    return {"type": "struct", "schema-id": schema_id, "fields": [field_to_json(field) for field in schema]}


def type_from_json(raw: Any) -> Type:
    """Return the type that Iceberg JSON spells.

    Raises:
        ValueError: If it is none of ours, such as `time` or `uuid`.
    """
    if isinstance(raw, str):
        return _scalar_from_json(raw)
    match raw["type"]:
        case "struct":
            return Struct(tuple(field_from_json(field) for field in raw["fields"]))
        case "list":
            return List(type_from_json(raw["element"]), raw["element-id"])
        case "map":
            return Map(type_from_json(raw["key"]), type_from_json(raw["value"]), raw["key-id"], raw["value-id"])
    raise ValueError(f"type {raw['type']!r} is not one of ours")


def _scalar_from_json(raw: str) -> Type:
    if raw in SCALARS:
        return Scalar(raw)
    if match := DECIMAL.fullmatch(raw):
        return Decimal(int(match[1]), int(match[2]))
    raise ValueError(f"type {raw!r} is not one of ours")


def field_from_json(raw: dict[str, Any]) -> Field:
    """Return the column that Iceberg JSON spells.

    Raises:
        ValueError: If its type is none of ours.
    """
    source_name, doc, spelling = read_doc(raw.get("doc"))
    return Field(raw["name"], type_from_json(raw["type"]), source_name, doc, raw["id"], spelling)


def schema_from_json(raw: dict[str, Any]) -> Schema:
    """Return the schema that Iceberg JSON spells.

    Raises:
        ValueError: If a type is none of ours.
    """
    return Schema(tuple(field_from_json(field) for field in raw["fields"]))


def type_to_arrow(type_: Type) -> pa.DataType:
    """Return the Arrow type that Parquet files are written from, with field ids inside nested types."""
    import pyarrow as pa

    match type_:
        case Scalar(name):
            return _SCALARS_TO_ARROW[name]()
        case Decimal(precision, scale):
            return pa.decimal128(precision, scale)
        case Struct(fields):
            return pa.struct([field_to_arrow(field) for field in fields])
        case List(element, element_id):
            return pa.list_(pa.field("element", type_to_arrow(element), metadata=_id(element_id)))
        case Map(key, value, key_id, value_id):
            key_field: Any = pa.field("key", type_to_arrow(key), nullable=False, metadata=_id(key_id))
            value_field: Any = pa.field("value", type_to_arrow(value), metadata=_id(value_id))
            return cast("pa.DataType", pa.map_(key_field, value_field))


def field_to_arrow(field: Field) -> pa.Field[Any]:
    """Return a column as Arrow, with its field id as Parquet writers expect it, and its doc."""
    import pyarrow as pa

    doc = write_doc(field)
    metadata = _id(field.id) | ({DOC: doc.encode()} if doc else {})
    return pa.field(field.name, type_to_arrow(field.type), metadata=metadata)


def schema_to_arrow(fields: Iterable[Field]) -> pa.Schema:
    """Return columns as an Arrow schema with field ids."""
    import pyarrow as pa

    return pa.schema([field_to_arrow(field) for field in fields])


def type_from_arrow(type_: pa.DataType) -> Type:
    """Return our type for an Arrow type.

    Raises:
        ValueError: If no type of ours holds its values exactly.
    """
    import pyarrow as pa

    is_ = pa.types
    if is_.is_dictionary(type_):
        return type_from_arrow(type_.value_type)
    if is_.is_decimal(type_) and type_.precision <= 38:  # noqa: PLR2004 - the widest decimal every engine reads
        return Decimal(type_.precision, type_.scale)
    if is_.is_struct(type_):
        return Struct(tuple(field_from_arrow(type_.field(index)) for index in range(type_.num_fields)))
    if is_.is_list(type_) or is_.is_large_list(type_) or is_.is_fixed_size_list(type_):
        return List(type_from_arrow(type_.value_type), _read_id(type_.value_field))
    if is_.is_map(type_):
        ids = (_read_id(type_.key_field), _read_id(type_.item_field))
        return Map(type_from_arrow(type_.key_type), type_from_arrow(type_.item_type), *ids)
    return _scalar_from_arrow(type_)


def _scalar_from_arrow(type_: pa.DataType) -> Scalar:
    import pyarrow as pa

    if pa.types.is_timestamp(type_) and type_.unit != "ns":
        return Scalar("timestamptz" if type_.tz else "timestamp")
    for name, holds in _SCALARS_FROM_ARROW.items():
        if any(getattr(pa.types, f"is_{test}")(type_) for test in holds):
            return Scalar(name)
    raise ValueError(f"no type of ours holds Arrow's {type_} exactly")


def field_from_arrow(field: pa.Field[Any]) -> Field:
    """Return our column for an Arrow field; without a field id in its metadata its id is 0.

    Raises:
        ValueError: If no type of ours holds its values exactly.
    """
    source_name, doc, spelling = read_doc((field.metadata or {}).get(DOC, b"").decode())
    return Field(field.name, type_from_arrow(field.type), source_name, doc, _read_id(field), spelling)


def schema_from_arrow(schema: pa.Schema) -> Schema:
    """Return our schema for an Arrow schema.

    Raises:
        ValueError: If no type of ours holds a column exactly.
    """
    return Schema(tuple(field_from_arrow(field) for field in schema))


def _id(field_id: int) -> dict[bytes, bytes]:
    return {FIELD_ID: str(field_id).encode()} if field_id else {}


def _read_id(field: pa.Field[Any]) -> int:
    return int((field.metadata or {}).get(FIELD_ID, 0))


def _timestamp(zone: str | None) -> pa.DataType:
    import pyarrow as pa

    return pa.timestamp("us", tz=zone)


def _named(name: str) -> pa.DataType:
    import pyarrow as pa

    return cast("pa.DataType", getattr(pa, name)())


_SCALARS_TO_ARROW = {
    "boolean": lambda: _named("bool_"),
    "int": lambda: _named("int32"),
    "long": lambda: _named("int64"),
    "float": lambda: _named("float32"),
    "double": lambda: _named("float64"),
    "date": lambda: _named("date32"),
    "timestamp": lambda: _timestamp(None),
    "timestamptz": lambda: _timestamp("UTC"),
    "string": lambda: _named("string"),
    "binary": lambda: _named("binary"),
}

_SCALARS_FROM_ARROW = {
    "boolean": ("boolean",),
    "int": ("int8", "int16", "int32", "uint8", "uint16"),
    "long": ("int64", "uint32"),
    "float": ("float16", "float32"),
    "double": ("float64",),
    "date": ("date32",),
    "string": ("string", "large_string", "string_view"),
    "binary": ("binary", "large_binary", "binary_view", "fixed_size_binary"),
}
