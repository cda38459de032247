"""Tables that others load, as Parquet files in a folder: a file or a folder of files each, shown as views in the build file.

A DuckDB file of the other tool is not attached: whoever has such a file open locks the other one out, for as long as a build takes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from lakesmith.engines.duckdb import spelling as sql
from lakesmith.engines.duckdb.connect import connected, disk_errors, first_line
from lakesmith.engines.duckdb.options import DuckDBOptions
from lakesmith.errors import ConfigError
from lakesmith.model.plans import EngineContext
from lakesmith.model.watching import Clock, Column, Place, Seen, Sight

if TYPE_CHECKING:
    import duckdb

MARK = "lakesmith existing"
SUFFIX = ".parquet"
TIMES = ("timestamp", "date")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class DuckDBOthers:
    """Looks at files with a database in memory, and writes views of them into the build file."""

    def __init__(self, context: EngineContext) -> None:
        self._options: DuckDBOptions = context.options or DuckDBOptions()
        self._build_file = context.build / f"{context.target}.duckdb"

    def tables(self, place: Place) -> Mapping[str, Sequence[Column]]:
        """Return the tables of a folder with their columns; none for one whose files cannot be read."""
        found: dict[str, Sequence[Column]] = {}
        with connected(None, self._options) as connection:
            for table, files in _files(place).items():
                found[table] = _columns(connection, files)
        return found

    def look(self, place: Place, sights: Sequence[Sight]) -> Sequence[Seen]:
        """Look at each table; a file that cannot be read, such as one that is being written, is a fault of its table."""
        files = _files(place)
        with connected(None, self._options) as connection:
            return [_look(connection, sight, files) for sight in sights]

    def attach(self, places: Sequence[Place]) -> None:
        """Make a view `schema.table` of the files there are now; views of tables that are gone are dropped.

        Raises:
            BuildFileBusyError: If another program has the build file open.
            ConfigError: If something else holds the name of a table.
        """
        if not any(place.folder for place in places) and not self._build_file.exists():
            return
        with disk_errors(self._build_file):
            self._build_file.parent.mkdir(parents=True, exist_ok=True)
            with connected(self._build_file, self._options) as connection:
                _attach(connection, {place.schema: _files(place) for place in places})


def _files(place: Place) -> dict[str, tuple[Path, ...]]:
    """Return the files of each table of a folder, by name; hidden ones are not looked at."""
    found: dict[str, tuple[Path, ...]] = {}
    folder = place.folder
    if folder is None or not folder.is_dir():
        return found
    for entry in sorted(folder.iterdir()):
        if entry.name.startswith("."):
            continue
        if entry.is_dir():
            files = [file for file in sorted(entry.rglob(f"*{SUFFIX}")) if not _is_hidden(file, entry)]
            if files:
                found[entry.name] = tuple(files)
        elif entry.suffix == SUFFIX:
            found.setdefault(entry.stem, (entry,))
    return found


def _is_hidden(file: Path, folder: Path) -> bool:
    return any(part.startswith(".") for part in file.relative_to(folder).parts)


def _scan(files: Sequence[Path]) -> str:
    return f"read_parquet({sql.paths(map(str, files))}, union_by_name = true)"


def _columns(connection: duckdb.DuckDBPyConnection, files: Sequence[Path]) -> tuple[Column, ...]:
    import duckdb

    try:
        rows = connection.execute(f"DESCRIBE SELECT * FROM {_scan(files)}").fetchall()  # noqa: S608 - paths are quoted
    except duckdb.Error:
        return ()
    return tuple(Column(row[0], row[1].lower()) for row in rows)


def _look(connection: duckdb.DuckDBPyConnection, sight: Sight, files: Mapping[str, Sequence[Path]]) -> Seen:
    import duckdb

    try:
        clock, fault = _readable(connection, sight, files)
        row = connection.execute(_statement(sight, clock, files)).fetchone()
    except duckdb.Error as error:
        return Seen(sight.stream, fault=f"cannot be read: {first_line(error)}")
    rows, microseconds = row or (None, None)
    if fault or microseconds is None:
        return Seen(sight.stream, rows, fault=fault)
    try:
        return Seen(sight.stream, rows, _EPOCH + timedelta(microseconds=int(microseconds)))
    except OverflowError:
        return Seen(sight.stream, rows, fault=f"{sight.clock_name} holds a time that nobody can mean")


def _readable(
    connection: duckdb.DuckDBPyConnection, sight: Sight, files: Mapping[str, Sequence[Path]]
) -> tuple[Clock | None, str]:
    """Return the clock if it is of a type that tells time, else why it is not."""
    clock = sight.clock
    if clock is None:
        return None, ""
    beside = _columns(connection, files.get(clock.table or sight.table, ()))
    kind = next((column.type for column in beside if column.name == clock.column), "")
    if clock.is_epoch or kind.startswith(TIMES):
        return clock, ""
    return None, f"{sight.clock_name} is no time, it is {kind or 'not there'}"


def _statement(sight: Sight, clock: Clock | None, files: Mapping[str, Sequence[Path]]) -> str:
    table = _scan(files[sight.table])
    if clock is None:
        return f"SELECT count(*), NULL FROM {table}"  # noqa: S608 - paths are quoted
    column = sql.name(clock.column)
    told = (
        f"CAST(max(CAST({column} AS DECIMAL(30, 6))) * 1000000 AS HUGEINT)"
        if clock.is_epoch
        else f"epoch_us(max({column}))"
    )
    if not clock.table:
        return f"SELECT count(*), {told} FROM {table}"  # noqa: S608 - names and paths are quoted
    only = f" WHERE {sql.name(clock.only_where)} = 0" if clock.only_where else ""
    inner = f"(SELECT {told} FROM {_scan(files[clock.table])}{only})"  # noqa: S608 - names and paths are quoted
    return f"SELECT count(*), {inner} FROM {table}"  # noqa: S608 - names and paths are quoted


def _attach(connection: duckdb.DuckDBPyConnection, wanted: Mapping[str, Mapping[str, Sequence[Path]]]) -> None:
    """Make the views exactly those of `wanted`, in one transaction."""
    connection.begin()
    try:
        ours = _ours(connection)
        for schema, name in sorted(ours - {(schema, name) for schema, files in wanted.items() for name in files}):
            connection.execute(f"DROP VIEW {sql.name(schema)}.{sql.name(name)}")
        for schema, tables in wanted.items():
            for name, files in tables.items():
                _make(connection, schema, name, files)
    except BaseException:
        connection.rollback()
        raise
    connection.commit()


def _make(connection: duckdb.DuckDBPyConnection, schema: str, name: str, files: Sequence[Path]) -> None:
    import duckdb

    relation = f"{sql.name(schema)}.{sql.name(name)}"
    held = connection.execute(
        "SELECT count(*) FROM information_schema.tables WHERE table_catalog = current_database()"
        " AND lower(table_schema) = lower(?) AND lower(table_name) = lower(?)",
        [schema, name],
    ).fetchone()
    if held and held[0] and (schema, name) not in _ours(connection):
        raise ConfigError(
            f"{schema}.{name} is a table or a view that a model made, so the table of others cannot have that name.",
            where=f"{schema}.{name} in the build file",
            fix="build that model into another schema, or give the source another `schema:`",
        )
    try:
        connection.execute(f"DESCRIBE SELECT * FROM {_scan(files)}")  # noqa: S608 - paths are quoted
    except duckdb.Error:
        connection.execute(f"DROP VIEW IF EXISTS {relation}")
        return  # what the look at the table says, with the reason
    connection.execute(f"CREATE SCHEMA IF NOT EXISTS {sql.name(schema)}")
    connection.execute(f"CREATE OR REPLACE VIEW {relation} AS SELECT * FROM {_scan(files)}")  # noqa: S608 - names and paths are quoted
    connection.execute(f"COMMENT ON VIEW {relation} IS {sql.text(MARK)}")


def _ours(connection: duckdb.DuckDBPyConnection) -> set[tuple[str, str]]:
    found = connection.execute(
        "SELECT schema_name, view_name FROM duckdb_views() WHERE database_name = current_database() AND starts_with(comment, ?)",
        [MARK],
    )
    return set(found.fetchall())
