"""The text of one staging model and its description, from a stream and the schema its bronze table has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from lakesmith.errors import ConfigError
from lakesmith.model.streams import StreamId, StreamSpec
from lakesmith.model.types import Decimal, Field, Scalar, Schema, Type

REFRESH_VAR = "lakesmith_refresh"
_JSON = "json"
_SIBLING = "__"
_ASIDE = "added"
_CASTS = {
    "boolean": "boolean", "int": "integer", "long": "bigint", "float": "real", "double": "double precision", "date": "date",
    "timestamp": "timestamp", "timestamptz": "timestamp with time zone",
}  # fmt: skip
_NUMBERS = frozenset({"int", "long", "float", "double"})
_DOCS = {
    "_ls_seq": "Order of arrival in bronze.",
    "_ls_op": "What the source did with the row: r read, c created, u updated.",
    "_ls_built_at": "When this row was built, UTC; one instant per run.",
}
_KINDS = {
    "current": "{stream} as it is now: one row per {key}, without deleted ones.",
    "appended": "{stream}: every record, in the order of arrival.",
    "replaced": "{stream} as the last load left it.",
}


@dataclass(frozen=True, slots=True)
class ScaffoldTable:
    """A stream and the schema of its bronze table."""

    spec: StreamSpec
    schema: Schema

    @property
    def id(self) -> StreamId:
        """The stream."""
        return self.spec.id

    def sql(self) -> str:
        """Return the SQL of the staging model."""
        return write_model(self)

    def description(self) -> dict[str, Any]:
        """Return the YAML entry of the staging model."""
        return describe_model(self)

    @staticmethod
    def source_entry(name: str, tables: Sequence[ScaffoldTable]) -> dict[str, Any]:
        """Return the YAML entry of a source and its tables."""
        return describe_source(name, tables)

    @property
    def model(self) -> str:
        """`stg_<source>__<stream>`."""
        return f"stg_{self.spec.id.source}__{self.spec.id.name}"

    @property
    def kind(self) -> str:
        """`current` (newest row of each key), `appended` (every record) or `replaced` (the last generation)."""
        if self.spec.is_swapped:
            return "replaced"
        return "current" if self.spec.mode in {"dedupe", "cdc", "replace"} and self.spec.key else "appended"

    @property
    def key(self) -> tuple[str, ...]:
        """The key by the names of bronze, however the project writes it: as the source does, or in other case.

        Raises:
            ConfigError: If bronze has no such column.
        """
        return tuple(self._column_of(written) for written in self.spec.key)

    def _column_of(self, written: str) -> str:
        for same in (str, str.casefold):
            for field in self.schema.data:
                if same(written) in (same(field.source_name), same(field.name)):
                    return field.name
        raise ConfigError(
            f"The key of {self.spec.id} names the column {written!r}, and no record had a value in such a column yet.",
            where=self.spec.where,
            fix=f"correct `key:`; the columns are {', '.join(f.source_name or f.name for f in self.schema.data)}",
        )

    @property
    def siblings(self) -> dict[str, Field]:
        """Siblings by the name of the column they stand beside, of several the one that a column's values can be read back from.

        Folded names hold `__` in no other case. JSON beside a column is what no scalar could be, so another sibling comes first.
        """
        found: dict[str, Field] = {}
        for field in self.schema.data:
            base, _, suffix = field.name.rpartition(_SIBLING)
            if not base or not self.schema.find(base) or suffix.startswith(_ASIDE):
                continue
            if suffix != _JSON or base not in found:
                found[base] = field
        return found

    @property
    def renamed(self) -> dict[str, tuple[Field, ...]]:
        """What came under a column's name before another one was renamed to it, by column; see `shape.renaming`."""
        found: dict[str, tuple[Field, ...]] = {}
        for field in self.schema.data:
            base, _, suffix = field.name.rpartition(_SIBLING)
            column = self.schema.find(base)
            if suffix.startswith(_ASIDE) and column is not None and _is_alike(column.type, field.type):
                found[base] = (*found.get(base, ()), field)
        return found

    @property
    def coalesced(self) -> dict[str, Field]:
        """The siblings that can be read back into their column: of scalars, not of lists or structs, and not JSON, which is no scalar."""
        texts = {base: field for base, field in self.siblings.items() if not field.name.endswith(_SIBLING + _JSON)}
        return {base: field for base, field in texts.items() if _fits_back(self.schema, base, field)}

    @property
    def columns(self) -> tuple[Field, ...]:
        """The data columns the model has."""
        hidden = {field.name for field in self.coalesced.values()}
        hidden |= {field.name for fields in self.renamed.values() for field in fields}
        return tuple(field for field in self.schema.data if field.name not in hidden)


def write_model(table: ScaffoldTable) -> str:
    """Return the SQL of the staging model."""
    return "\n".join([*_config(table), *_body(table)]) + "\n"


def describe_model(table: ScaffoldTable) -> dict[str, Any]:
    """Return the YAML entry of the staging model: descriptions and tests."""
    key = table.key if table.kind != "appended" else ()
    about = _KINDS[table.kind].format(stream=table.spec.id, key=" and ".join(key))
    entry: dict[str, Any] = {"name": table.model, "description": _plain(about)}
    if key:
        entry["data_tests"] = [{"lakesmith.unique_key": {"arguments": {"key": list(key)}}}]
    entry["columns"] = [_column(field, _key_tests(field.name, key)) for field in table.columns]
    system = ("_ls_seq", "_ls_op", "_ls_built_at") if table.kind == "current" else ("_ls_seq", "_ls_built_at")
    entry["columns"] += [{"name": name, "description": _DOCS[name]} for name in system]
    if table.kind == "appended":  # a doubled row would bear the same number twice
        entry["columns"][-2]["data_tests"] = ["unique"]
    return entry


def describe_source(name: str, tables: Sequence[ScaffoldTable]) -> dict[str, Any]:
    """Return the YAML entry of a source and its tables, as the engine attaches them: `bronze_<source>.<stream>`."""
    return {
        "name": name,
        "schema": f"bronze_{name}",
        "description": "What the source said: append-only, complete history.",
        "tables": [_source_table(table) for table in tables],
    }


def _source_table(table: ScaffoldTable) -> dict[str, Any]:
    beside = table.siblings
    columns = [_column(field, _sibling_tests(beside.get(field.name))) for field in table.schema.data]
    return {"name": table.spec.id.name, "columns": columns}


def _config(table: ScaffoldTable) -> list[str]:
    if table.kind == "replaced":
        return ["{{ config(materialized='table') }}"]
    settings = ["materialized='incremental'"]
    if table.kind == "current":
        keys = ", ".join(f"'{column}'" for column in table.key)
        settings += ["incremental_strategy='delete+insert'", f"unique_key=[{keys}]"]
    else:
        settings.append("incremental_strategy='append'")
    settings.append("on_schema_change='sync_all_columns'")
    settings.append(f"full_refresh=('{table.spec.id}' in var('{REFRESH_VAR}', [])) or none")
    if table.kind == "current":
        settings.append(f"post_hook=[\n{_hooks(table)}\n  ]")
    return ["{{ config(", *(f"  {setting}," for setting in settings), ") }}"]


def _hooks(table: ScaffoldTable) -> str:
    """Take out deleted keys, rows from before a truncate, and what delete+insert cannot match: superseded rows of null keys."""
    key = ", ".join(table.key)
    no_key = " or ".join(f"{column} is null" for column in table.key)
    superseded = (
        f"({no_key}) and _ls_seq not in (select max(_ls_seq) from {{{{ this }}}} where {no_key} group by {key})"  # noqa: S608 - names are folded: letters, digits, underscores
    )
    source = f"{{{{ source('{table.spec.id.source}', '{table.spec.id.name}') }}}}"
    truncated = f"_ls_seq < (select coalesce(max(_ls_seq), -1) from {source} where _ls_op = 't')"  # noqa: S608 - names are folded: letters, digits, underscores
    hooks = (
        f"delete from {{{{ this }}}} where _ls_op = 'd' or {superseded}",  # noqa: S608 - names are folded: letters, digits, underscores
        f"delete from {{{{ this }}}} where {truncated}",  # noqa: S608 - names are folded: letters, digits, underscores
    )
    return "\n".join(f'    "{hook}",' for hook in hooks)


def _body(table: ScaffoldTable) -> list[str]:
    stream = table.spec.id
    is_current = table.kind == "current"
    indent = "  " if is_current else ""
    select = [
        "select",
        f"  {{{{ lakesmith.star(bronze{_replaced(table)}) }}}},",
        *(["  _ls_seq,", "  _ls_op"] if is_current else ["  _ls_seq,", "  {{ lakesmith.built_at() }} as _ls_built_at"]),
        "from {{ bronze }}",
        "where _ls_op <> 't'",
        *(() if table.kind == "replaced" else _watermark()),
    ]
    lines = ["{% set bronze = " + f"source('{stream.source}', '{stream.name}')" + " %}", ""]
    if not is_current:
        return [*lines, *select]
    newest = f"select max(_ls_seq) from arrived group by {', '.join(table.key)}"  # noqa: S608 - names are folded: letters, digits, underscores
    return [
        *lines,
        "with arrived as (",
        *(indent + line for line in select),
        ")",
        "",
        "select *, {{ lakesmith.built_at() }} as _ls_built_at",
        "from arrived",
        f"where _ls_seq in ({newest})",
    ]


def _watermark() -> tuple[str, ...]:
    return (
        "{% if is_incremental() -%}",
        "  and _ls_seq > (select coalesce(max(_ls_seq), -1) from {{ this }})",
        "{%- endif %}",
    )


def _replaced(table: ScaffoldTable) -> str:
    coalesced, renamed = table.coalesced, table.renamed
    bases = dict.fromkeys((*coalesced, *renamed))
    if not bases:
        return ""
    aside = [field for base in bases for field in renamed.get(base, ())]
    hidden = ", ".join(f"'{field.name}'" for field in (*coalesced.values(), *aside))
    readings = "\n".join(f"    '{base}': {_whole_reading(table, base)}," for base in bases)
    return f", except=[{hidden}], replace={{\n{readings}\n  }}"


def _whole_reading(table: ScaffoldTable, base: str) -> str:
    """Return how a column is read with all that stands beside it."""
    sibling, aside = table.coalesced.get(base), ", ".join(field.name for field in table.renamed.get(base, ()))
    if sibling is None:
        return f"'coalesce({base}, {aside})'"
    reading = _reading(table, base, sibling)
    return f"'coalesce(' ~ {reading} ~ ', {aside})'" if aside else reading


def _reading(table: ScaffoldTable, base: str, sibling: Field) -> str:
    if sibling.type == Scalar("string"):
        return f"lakesmith.sibling(bronze, '{base}', lakesmith.exact_cast('{sibling.name}', '{_cast_of(table.schema, base)}'))"
    return f"'coalesce({base}, {sibling.name})'"  # a wider type: nothing to parse


def _cast_of(schema: Schema, name: str) -> str:
    """The SQL type text is read back to; empty where it cannot be."""
    field = schema.find(name)
    if field is None:
        return ""
    if isinstance(field.type, Decimal):
        return f"decimal({field.type.precision}, {field.type.scale})"
    return _CASTS.get(field.type.name, "") if isinstance(field.type, Scalar) else ""


def _fits_back(schema: Schema, base: str, sibling: Field) -> bool:
    """Say whether a sibling's values can be values of the column: text that is cast back, or a number beside a number."""
    if sibling.type == Scalar("string"):
        return bool(_cast_of(schema, base))
    return all(field is not None and _is_number(field.type) for field in (schema.find(base), sibling))


def _is_alike(one: Type, other: Type) -> bool:
    """Whether values of two types can stand in one column of a model without a cast."""
    return str(one) == str(other) or (_is_number(one) and _is_number(other))


def _is_number(kind: Type) -> bool:
    return isinstance(kind, Decimal) or (isinstance(kind, Scalar) and kind.name in _NUMBERS)


def _key_tests(name: str, key: tuple[str, ...]) -> list[str]:
    if name not in key:
        return []
    return ["unique", "not_null"] if len(key) == 1 else ["not_null"]


def _sibling_tests(sibling: Field | None) -> list[str]:
    return ["lakesmith.sibling_empty"] if sibling is not None and sibling.type == Scalar("string") else []


def _column(field: Field, tests: list[str]) -> dict[str, Any]:
    renamed = field.source_name not in ("", field.name) and field.source_name not in field.doc
    parts = [field.doc, f"The source calls it `{field.source_name}`." if renamed else ""]
    entry: dict[str, Any] = {"name": field.name}
    about = _plain(" ".join(part for part in parts if part))
    if about:
        entry["description"] = about
    if tests:
        entry["data_tests"] = tests
    return entry


def _plain(text: str) -> str:
    """Descriptions are templates to dbt; a source's name for a column must not become code."""
    return text.replace("{{", "{ {").replace("{%", "{ %").replace("{#", "{ #")
