"""The text of one staging model over a table that others load, and its description: without their bookkeeping, one row per key."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from lakesmith.model.streams import StreamId
from lakesmith.model.watching import Clock, Column, Modelled

_BUILT_AT = {"name": "_ls_built_at", "description": "When this row was built, UTC; one instant per run."}
_SIZES = (("day", 86_400), ("hour", 3_600), ("minute", 60))


@dataclass(frozen=True, slots=True)
class ExistingTable:
    """A table that others load, and the name that each of its columns gets in the model, in order."""

    made: Modelled
    names: tuple[str, ...]

    @property
    def id(self) -> StreamId:
        """The table as the project calls it."""
        return self.made.sight.stream

    @property
    def model(self) -> str:
        """`stg_<source>__<table>`."""
        return f"stg_{self.id.source}__{self.id.name}"

    @property
    def key(self) -> tuple[str, ...]:
        """The key by the columns' names in the model; empty unless all of its columns are there."""
        known = {column.name: name for column, name in zip(self.made.columns, self.names, strict=True)}
        found = tuple(
            known.get(written) or next((name for name in self.names if name == written), "")
            for written in self.made.key
        )
        return found if all(found) else ()

    def sql(self) -> str:
        """Return the SQL of the staging model."""
        chosen = [
            f"  {_quoted(column.name)} as {_quoted(name)},"
            for column, name in zip(self.made.columns, self.names, strict=True)
        ]
        source = f"{{{{ source('{self.id.source}', '{self.id.name}') }}}}"
        conditions = [template.format(_quoted(column)) for column, template in self.made.alive]
        before = _complete(self.made)
        lines = ["{{ config(materialized='table') }}", ""]
        if self.key and self.made.newest_by:
            lines += _arrived(self, source, before)
            source, conditions = "arrived", ["_ls_newest = 1", *conditions]
        else:
            conditions = [*before, *conditions]
        lines += ["select", *chosen, "  {{ lakesmith.built_at() }} as _ls_built_at", f"from {source}"]
        return "\n".join([*lines, *_where(conditions, "")]) + "\n"

    def description(self) -> dict[str, Any]:
        """Return the YAML entry of the staging model."""
        rows = f"one row per {' and '.join(self.key)}" if self.key else "every row"
        entry: dict[str, Any] = {"name": self.model, "description": f"{self.id}, loaded by {_who(self.made)}: {rows}."}
        if self.key:
            entry["data_tests"] = [{"lakesmith.unique_key": {"arguments": {"key": list(self.key)}}}]
        entry["columns"] = [
            _column(column, name, self.key) for column, name in zip(self.made.columns, self.names, strict=True)
        ]
        entry["columns"].append(dict(_BUILT_AT))
        return entry

    @staticmethod
    def source_entry(name: str, tables: Sequence[ExistingTable]) -> dict[str, Any]:
        """Return the YAML entry of a source and its tables, with what tells their freshness."""
        made = tables[0].made
        beside = sorted({one.made.complete_in.table for one in tables if one.made.complete_in})
        own = [_source_table(table.made) for table in tables]
        return {
            "name": name,
            "schema": made.schema,
            "loader": _who(made),
            "description": f"Tables that {_who(made)} loads; Lakesmith waits for them and watches them.",
            "tables": own
            + [{"name": table, "description": "The loader's own record of its loads."} for table in beside],
        }


def _arrived(table: ExistingTable, source: str, conditions: Sequence[str]) -> list[str]:
    written = {name: column.name for column, name in zip(table.made.columns, table.names, strict=True)}
    key = ", ".join(_quoted(written[name]) for name in table.key)
    newest = ", ".join(f"{_quoted(column)} desc nulls last" for column in table.made.newest_by)
    select = [
        "  select",
        "    *,",
        f"    row_number() over (partition by {key} order by {newest}) as _ls_newest",
        f"  from {source}",
    ]
    return ["with arrived as (", *select, *_where(conditions, "  "), ")", ""]


def _where(conditions: Sequence[str], indent: str) -> list[str]:
    return [f"{indent}{'and' if number else 'where'} {text}" for number, text in enumerate(conditions)]


def _complete(made: Modelled) -> tuple[str, ...]:
    """Return the condition under which a row's load is complete, where the loader says so."""
    clock = made.complete_in
    if clock is None:
        return ()
    loads = f"{{{{ source('{made.sight.stream.source}', '{clock.table}') }}}}"
    only = f" where {_quoted(clock.only_where)} = 0" if clock.only_where else ""
    return (f"{_quoted(made.load_id)} in (select {_quoted(clock.column)} from {loads}{only})",)  # noqa: S608 - names are quoted


def _source_table(made: Modelled) -> dict[str, Any]:
    name, sight = made.sight.stream.name, made.sight
    entry: dict[str, Any] = {"name": name}
    if sight.table != name:
        entry["identifier"] = sight.table
    if made.max_age is not None and sight.clock is not None:
        entry["config"] = {**_loaded_at(made, sight.clock), "freshness": {"error_after": _count(made.max_age)}}
    entry["columns"] = [{"name": column.name} for column in made.columns]
    return entry


def _loaded_at(made: Modelled, clock: Clock) -> dict[str, str]:
    """Return how dbt is told when a table was loaded last; times without a zone are UTC."""
    field = _quoted(clock.column)
    if clock.is_epoch:
        field = f"to_timestamp(cast({field} as double precision))"
    elif "with time zone" not in made.clock_type:
        field = f"cast({field} as timestamp) at time zone 'UTC'"
    if not clock.table:
        return {"loaded_at_field": field}
    only = f" where {_quoted(clock.only_where)} = 0" if clock.only_where else ""
    return {"loaded_at_query": f"select max({field}) from {_quoted(made.schema)}.{_quoted(clock.table)}{only}"}  # noqa: S608 - names are quoted


def _count(span: timedelta) -> dict[str, Any]:
    seconds = int(span.total_seconds())
    period, size = next((one for one in _SIZES if seconds % one[1] == 0 and seconds >= one[1]), _SIZES[-1])
    return {"count": -(-seconds // size), "period": period}


def _column(column: Column, name: str, key: tuple[str, ...]) -> dict[str, Any]:
    entry: dict[str, Any] = {"name": name}
    if column.name != name:
        entry["description"] = _plain(f"The table calls it `{column.name}`.")
    if name in key:
        entry["data_tests"] = ["unique", "not_null"] if len(key) == 1 else ["not_null"]
    return entry


def _who(made: Modelled) -> str:
    return "another tool" if made.loader == "other" else made.loader


def _quoted(name: str) -> str:
    """Return an identifier, quoted, and kept from being taken for a template."""
    text = '"' + name.replace('"', '""') + '"'
    return f"{{% raw %}}{text}{{% endraw %}}" if "{" in text else text


def _plain(text: str) -> str:
    return text.replace("{{", "{ {").replace("{%", "{ %").replace("{#", "{ #")
