"""What two targets publish, side by side: rows, keys and values of every table that readers open."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lakesmith.errors import ConfigError, SelectionError
from lakesmith.model.plans import Dataset
from lakesmith.run.workshop import Workshop

if TYPE_CHECKING:
    import duckdb

    from lakesmith.dbt.artifacts import Manifest

STAMP = "_ls_built_at"
"""A column that is another with each build, and no difference."""
MEMORY = "1GB"
EXAMPLES = 3
TESTS = {"unique": "column_name", "unique_key": "key", "unique_combination_of_columns": "combination_of_columns"}
"""Tests that prove a key, and the argument which names it."""
WHOLE = frozenset(
    {"tinyint", "smallint", "integer", "bigint", "hugeint", "utinyint", "usmallint", "uinteger", "ubigint", "uhugeint"}
)
EXACT = "exact"
FAMILIES = (
    (WHOLE | {"decimal"}, EXACT),
    (WHOLE | {"decimal", "float", "double"}, "DOUBLE"),
    (
        frozenset({"date", "timestamp", "timestamp with time zone", "timestamp_s", "timestamp_ms", "timestamp_ns"}),
        "TIMESTAMPTZ",
    ),
)
"""Types whose values are compared as what they mean, and as what; all others as text. Times without a zone are UTC."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What to compare: dbt selectors (none: all), and keys by table; one under the empty name is for all that have its columns."""

    select: tuple[str, ...] = ()
    keys: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Difference:
    """How one table differs between two targets, `left` and `right`.

    Rows are None where a target does not publish the table. Without a key (`key` empty) only whole rows are compared: those that
    changed are among the rows `only_left` and `only_right`, and `changed` is None. `columns` counts changed values by column.
    `types` notes columns whose type differs, which alone is no difference. The examples are keys, as text.
    """

    table: str
    left: int | None
    right: int | None
    key: tuple[str, ...] = ()
    only_left: int = 0
    only_right: int = 0
    changed: int | None = None
    columns: Mapping[str, int] = field(default_factory=dict)
    columns_left: tuple[str, ...] = ()
    columns_right: tuple[str, ...] = ()
    types: Mapping[str, str] = field(default_factory=dict)
    examples: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    note: str = ""

    @property
    def same(self) -> bool:
        """Whether both have the same columns, rows and values."""
        both = self.left is not None and self.right is not None
        moved = self.only_left or self.only_right or self.changed or self.columns_left or self.columns_right
        return both and not moved


def compare(left: Workshop, right: Workshop, wish: Wish) -> Iterator[Difference]:
    """Yield how each table that readers of either target open differs, by name.

    Raises:
        ConfigError: If one of them has published nothing.
        SelectionError: If the selection names nothing, or a key a column that is not there.
    """
    here, there = _published(left), _published(right)
    found = _manifest(left)
    names = sorted({*here, *there})
    if wish.select:
        names = _selected(left, wish.select, names)
    keys = {} if found is None else _keys(left, found)
    for name in names:
        if name not in here or name not in there:
            yield _alone(here.get(name), there.get(name))
            continue
        with _opened(left, here[name], there[name]) as pair:
            yield _compare(pair, name, wish, keys.get(name, ()))


def _published(shop: Workshop) -> dict[str, Dataset]:
    found = {dataset.relation: dataset for dataset in shop.engine.published()}
    if not found:
        raise ConfigError(
            f"The target {shop.target.name!r} has published nothing yet.",
            where=shop.target.where,
            fix=f"run `lakesmith run --target {shop.target.name}` first",
        )
    return found


def _manifest(shop: Workshop) -> Manifest | None:
    from lakesmith.run.selecting import manifest

    return manifest(shop) if shop.has_models else None


def _selected(shop: Workshop, select: tuple[str, ...], names: Sequence[str]) -> list[str]:
    from lakesmith.run.selecting import project_graph

    graph = project_graph(shop)
    wanted = {graph.nodes[one].relation for one in graph.select(select).models if one in graph.nodes}
    chosen = [name for name in names if name in wanted]
    if not chosen:
        raise SelectionError(
            f"`{' '.join(select)}` selects no table that readers open.",
            where="--select",
            fix=f"name published models, such as {names[0].partition('.')[2]}",
        )
    return chosen


def _keys(shop: Workshop, found: Manifest) -> dict[str, tuple[str, ...]]:
    """Return the columns that tell the rows of a table apart, as far as its model says: by `unique_key`, or by a test."""
    raw = json.loads((shop.paths.dbt_target / "manifest.json").read_text("utf-8"))["nodes"]
    keys: dict[str, tuple[str, ...]] = {}
    for node in found.nodes.values():
        if node.resource_type == "model" and (said := node.config.get("unique_key")):
            keys[node.relation] = tuple([said] if isinstance(said, str) else said)
    for test in found.nodes.values():
        tested = found.nodes.get(test.attached)
        columns = _tested(test.test, (raw.get(test.unique_id) or {}).get("test_metadata") or {})
        if tested is not None and columns:
            keys.setdefault(tested.relation, columns)
    return keys


def _tested(test: str, metadata: Mapping[str, Any]) -> tuple[str, ...]:
    said = (metadata.get("kwargs") or {}).get(TESTS.get(test, ""))
    return (said,) if isinstance(said, str) else tuple(said) if isinstance(said, list) else ()


def _alone(left: Dataset | None, right: Dataset | None) -> Difference:
    there = left or right
    name = there.relation if there else ""
    return Difference(name, left.rows if left else None, right.rows if right else None)


@dataclass(frozen=True, slots=True)
class _Pair:
    """Two tables as the views `l` and `r`, with their columns and types."""

    connection: duckdb.DuckDBPyConnection
    left: Mapping[str, str]
    right: Mapping[str, str]

    @property
    def common(self) -> list[str]:
        """The columns that both have."""
        return [name for name in self.left if name in self.right and name != STAMP]

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        """Return all rows of a query."""
        return self.connection.execute(query).fetchall()

    def values(self, side: str, column: str) -> str:
        """Return the expression of a column's values, as both sides can be compared."""
        from lakesmith.engines.duckdb.spelling import name

        plain = f"{side}.{name(column)}"
        kinds = (self.left[column], self.right[column])
        if kinds[0] == kinds[1]:
            return plain
        bare = {kind.lower().partition("(")[0] for kind in kinds}
        common = next((kind for family, kind in FAMILIES if bare <= family), "VARCHAR")
        whole = f"CAST({plain} AS VARCHAR)"
        if common == EXACT:  # as text without zeros behind: no type holds every number of both
            return f"CASE WHEN contains({whole}, '.') THEN rtrim(rtrim({whole}, '0'), '.') ELSE {whole} END"
        return f"CAST({plain} AS {common})"


@contextmanager
def _opened(shop: Workshop, left: Dataset, right: Dataset) -> Iterator[_Pair]:
    """Open both tables; what does not fit into memory is spilled below the project's state folder."""
    from lakesmith.engines.duckdb import DuckDBOptions
    from lakesmith.engines.duckdb import spelling as sql
    from lakesmith.engines.duckdb.connect import connected, disk_errors

    shop.paths.state.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix="diff-", dir=shop.paths.state) as spill,
        disk_errors(Path(spill)),
        connected(None, DuckDBOptions(memory_limit=MEMORY)) as connection,
    ):
        connection.execute(f"SET temp_directory = {sql.text(spill)}")
        connection.execute("SET preserve_insertion_order = false")
        connection.execute("SET TimeZone = 'UTC'")
        columns = []
        for side, dataset in (("l", left), ("r", right)):
            source = f"read_parquet({sql.paths(dataset.files)})"
            connection.execute(f"CREATE VIEW {side} AS SELECT * FROM {source}")  # noqa: S608 - quoted by `spelling`
            shape = connection.table(side)
            columns.append(dict(zip(shape.columns, map(str, shape.types), strict=True)))
        yield _Pair(connection, *columns)


def _compare(pair: _Pair, table: str, wish: Wish, known: tuple[str, ...]) -> Difference:
    [(left,)], [(right,)] = pair.ask("SELECT count(*) FROM l"), pair.ask("SELECT count(*) FROM r")
    key, note = _key(pair, table, wish, known)
    types = {name: f"{pair.left[name]} → {pair.right[name]}" for name in pair.common}
    one = Difference(
        table,
        left,
        right,
        key,
        columns_left=tuple(name for name in pair.left if name not in pair.right and name != STAMP),
        columns_right=tuple(name for name in pair.right if name not in pair.left and name != STAMP),
        types={name: told for name, told in types.items() if pair.left[name] != pair.right[name]},
        note=note,
    )
    return replace(one, **(_by_key(pair, key) if key else _by_rows(pair)))


def _key(pair: _Pair, table: str, wish: Wish, known: tuple[str, ...]) -> tuple[tuple[str, ...], str]:
    """Return the key to compare by; empty, with the reason, where rows can only be compared as a whole."""
    asked = wish.keys.get(table, wish.keys.get(table.partition(".")[2], ()))
    if missing := [name for name in asked if name not in pair.common]:
        raise SelectionError(
            f"{table} has no column {missing[0]} on both sides.",
            where="--key",
            fix=f"name some of {', '.join(pair.common)}",
        )
    general = tuple(name for name in wish.keys.get("", ()) if name in pair.common)
    key = asked or (general if general == wish.keys.get("", ()) else ()) or known
    if not key or not set(key) <= set(pair.common):
        return (), "no key is known: whole rows are compared"
    columns = _list(key)
    for side in ("l", "r"):
        if pair.ask(f"SELECT 1 FROM {side} GROUP BY {columns} HAVING count(*) > 1 LIMIT 1"):  # noqa: S608
            return (), f"{', '.join(key)} comes twice: whole rows are compared"
    return key, ""


def _by_rows(pair: _Pair) -> dict[str, Any]:
    picks = {side: ", ".join(pair.values(side, column) for column in pair.common) for side in ("l", "r")}
    if not pair.common:
        return {}
    counts = {}
    for name, one, other in (("only_left", "l", "r"), ("only_right", "r", "l")):
        rest = f"SELECT {picks[one]} FROM {one} EXCEPT ALL SELECT {picks[other]} FROM {other}"  # noqa: S608
        [(counts[name],)] = pair.ask(f"SELECT count(*) FROM ({rest})")  # noqa: S608
    return counts


def _by_key(pair: _Pair, key: tuple[str, ...]) -> dict[str, Any]:
    on = " AND ".join(f"{pair.values('l', name)} IS NOT DISTINCT FROM {pair.values('r', name)}" for name in key)
    joined = f"(SELECT *, true AS _ls_l FROM l) l FULL JOIN (SELECT *, true AS _ls_r FROM r) r ON {on}"  # noqa: S608
    values = [name for name in pair.common if name not in key]
    differs = {name: f"{pair.values('l', name)} IS DISTINCT FROM {pair.values('r', name)}" for name in values}
    kinds = {"only_left": "_ls_r IS NULL", "only_right": "_ls_l IS NULL"}
    both = "_ls_l AND _ls_r"
    kinds["changed"] = f"{both} AND ({' OR '.join(differs.values()) or 'false'})"
    wanted = [*kinds.values(), *(f"{both} AND {one}" for one in differs.values())]
    shown = [f"coalesce({pair.values('l', name)}::VARCHAR, {pair.values('r', name)}::VARCHAR)" for name in key]
    example = f"concat_ws(', ', {', '.join(shown)})"
    picks = [f"count(*) FILTER (WHERE {one})" for one in wanted]
    picks += [f"min({example}, {EXAMPLES}) FILTER (WHERE {one})" for one in kinds.values()]
    [row] = pair.ask(f"SELECT {', '.join(picks)} FROM {joined}")  # noqa: S608 - every part is quoted by `spelling`
    counts, samples = row[: len(wanted)], row[len(wanted) :]
    columns = {name: count for name, count in zip(differs, counts[len(kinds) :], strict=True) if count}
    examples = {name: tuple(found) for name, found in zip(kinds, samples, strict=True) if found}
    return dict(zip(kinds, counts, strict=False)) | {"columns": columns, "examples": examples}


def _list(columns: Sequence[str]) -> str:
    from lakesmith.engines.duckdb.spelling import name

    return ", ".join(map(name, columns))
