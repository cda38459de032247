"""How names, texts and types of bronze are spelled in PostgreSQL, and which schema is which."""

from __future__ import annotations

from lakesmith.model.types import Decimal, List, Scalar, Type

CONTROL = "lakesmith"
"""The schema of what the engine has to remember, and of the functions that its dbt macros call."""

BRONZE = "bronze_"
BUILD = "_build__"
"""Stands between the target's name and the schema as the project calls it. `lakesmith.dbt.artifacts` takes both off again."""

SCALARS = {
    "boolean": "boolean",
    "int": "integer",
    "long": "bigint",
    "float": "real",
    "double": "double precision",
    "date": "date",
    "timestamp": "timestamp",
    "timestamptz": "timestamp with time zone",
    "string": "text",
    "binary": "bytea",
}
LONGEST_NAME = 63
"""Bytes of an identifier."""


def name(text: str) -> str:
    """Return an identifier, always quoted.

    Examples:
        >>> name('of "m"s')
        '"of ""m""s"'
    """
    return '"' + text.replace('"', '""') + '"'


def relation(schema: str, table: str) -> str:
    """Return the quoted name of a table.

    Examples:
        >>> relation("marts", "mart_sales")
        '"marts"."mart_sales"'
    """
    return f"{name(schema)}.{name(table)}"


def text(value: str) -> str:
    """Return a string literal that means the same whatever the server's settings.

    Examples:
        >>> text("it's")
        "'it''s'"
    """
    quoted = "'" + value.replace("'", "''") + "'"
    return " E" + quoted.replace("\\", "\\\\") if "\\" in value else quoted


def cut(text: str, suffix: str) -> str:
    """Return `text` and `suffix` as a name that PostgreSQL does not cut: what is too much of `text` goes.

    Examples:
        >>> cut("marts", "__7f"), cut("ä" * 40, "__7f") == "ä" * 29 + "__7f"
        ('marts__7f', True)
    """
    return text.encode()[: LONGEST_NAME - len(suffix.encode())].decode(errors="ignore") + suffix


def build_schema(target: str, schema: str) -> str:
    """Return where a target builds what the project calls `schema`.

    Examples:
        >>> build_schema("prod", "marts")
        'ls_prod_build__marts'
    """
    return f"ls_{target}{BUILD}{schema}"


def is_flat(kind: Type) -> bool:
    """Whether values of the type have no parts."""
    return isinstance(kind, Scalar | Decimal)


def type_name(kind: Type) -> str:
    """Return PostgreSQL's name of a bronze type: lists of plain values are arrays, all else that has parts is JSON.

    Examples:
        >>> type_name(List(Decimal(10, 2))), type_name(List(List(Scalar("int"))))
        ('numeric(10, 2)[]', 'jsonb')
    """
    match kind:
        case Scalar():
            return SCALARS[kind.name]
        case Decimal():
            return f"numeric({kind.precision}, {kind.scale})"
        case List() if is_flat(kind.element):
            return f"{type_name(kind.element)}[]"
    return "jsonb"
