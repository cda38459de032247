"""How names, texts, paths and types are spelled in DuckDB's SQL."""

from __future__ import annotations

from collections.abc import Iterable

from lakesmith.model.types import Decimal, Field, List, Map, Scalar, Struct, Type, parts

SCALARS = {
    "boolean": "BOOLEAN",
    "int": "INTEGER",
    "long": "BIGINT",
    "float": "FLOAT",
    "double": "DOUBLE",
    "date": "DATE",
    "timestamp": "TIMESTAMP",
    "timestamptz": "TIMESTAMP WITH TIME ZONE",
    "string": "VARCHAR",
    "binary": "BLOB",
}
GLOB = str.maketrans({"*": "[*]", "?": "[?]", "[": "[[]"})


def name(text: str) -> str:
    """Return an identifier, always quoted.

    Examples:
        >>> name("Größe in m")
        '"Größe in m"'
    """
    return '"' + text.replace('"', '""') + '"'


def text(value: str) -> str:
    """Return a string literal.

    Examples:
        >>> text("it's")
        "'it''s'"
    """
    return "'" + value.replace("'", "''") + "'"


def path(value: str) -> str:
    """Return the literal of exactly one file to read: characters that would make it a pattern stand for themselves.

    Examples:
        >>> path("/a b/c*.parquet")
        "'/a b/c[*].parquet'"
    """
    return text(value.removeprefix("file://").translate(GLOB))


def paths(values: Iterable[str]) -> str:
    """Return the list literal of files to read."""
    return f"[{', '.join(path(value) for value in values)}]"


def type_name(kind: Type) -> str:
    """Return DuckDB's name of a bronze type.

    Examples:
        >>> type_name(List(Decimal(10, 2)))
        'DECIMAL(10, 2)[]'
    """
    match kind:
        case Scalar():
            return SCALARS[kind.name]
        case Decimal():
            return f"DECIMAL({kind.precision}, {kind.scale})"
        case Struct():
            inside = ", ".join(f"{name(part.name)} {type_name(part.type)}" for part in kind.fields)
            return f"STRUCT({inside})"
        case List():
            return f"{type_name(kind.element)}[]"
        case Map():
            return f"MAP({type_name(kind.key)}, {type_name(kind.value)})"


def field_map(fields: Iterable[Field]) -> str:
    """Return the map from field id to column that `read_parquet(schema = …)` takes.

    `children` is spelled for every nested type: without it DuckDB matches nested fields by name, and a renamed one reads as null.
    """
    return "MAP {" + ", ".join(f"{field.id}: {_entry(field)}" for field in fields) + "}"


def _entry(field: Field) -> str:
    below = parts(field.type)
    children = f", children: {field_map(below)}" if below else ""
    return f"{{name: {text(field.name)}, type: {text(type_name(field.type))}, default_value: NULL{children}}}"
