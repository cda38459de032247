"""DuckDB as the engine of a target: what a run calls, in the order it calls it."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from lakesmith.engines.duckdb.connect import OFFLINE, connected, disk_errors, open_file
from lakesmith.engines.duckdb.objects import plugin, register
from lakesmith.engines.duckdb.options import DuckDBOptions
from lakesmith.engines.duckdb.warehouse import Warehouse, create_views, merged
from lakesmith.errors import ConfigError
from lakesmith.host.processors import processors
from lakesmith.host.system import Host
from lakesmith.model.loads import BronzeSnapshot
from lakesmith.model.plans import Dataset, EngineContext

if TYPE_CHECKING:
    import pyarrow as pa

    from lakesmith.engines.duckdb.others import DuckDBOthers

BUILD_VARIABLE = "LAKESMITH_BUILD"
"""Environment variable with the path of the build file, for dbt."""

DBT_THREADS = 4


class DuckDBEngine:
    """One build file that belongs to the run alone, and a warehouse folder that readers open."""

    Options: ClassVar[type[DuckDBOptions]] = DuckDBOptions

    def __init__(self, context: EngineContext, host: Host | None = None) -> None:
        self._context = context
        self._options: DuckDBOptions = context.options or DuckDBOptions()
        self._host = host or Host()
        self._warehouse = Warehouse(context.warehouse, context.target, self._options)

    @property
    def build_file(self) -> Path:
        """The file that dbt builds in."""
        return self._context.build / f"{self._context.target}.duckdb"

    def profile(self) -> dict[str, Any]:
        """Return the dbt profile output for this target; the path is relative to the project and can be set by environment."""
        default = Path(os.path.relpath(self.build_file, self._context.root)).as_posix().replace("'", "\\'")
        plugins = plugin(self._context.lake)
        limits = {"threads": self._options.threads, "memory_limit": self._options.memory_limit}
        return {
            "type": "duckdb",
            "path": f"{{{{ env_var('{BUILD_VARIABLE}', '{default}') }}}}",
            "threads": self._options.threads or processors(DBT_THREADS),
            "config_options": dict(OFFLINE),
            "settings": {"TimeZone": "UTC", **{key: value for key, value in limits.items() if value is not None}},
            **({"plugins": plugins} if plugins else {}),
        }

    def has_build(self) -> bool:
        """Return whether anything was ever built here; imports nothing."""
        return self.build_file.exists()

    def attach(self, tables: Sequence[BronzeSnapshot]) -> None:
        """Make one view `bronze_<source>.<stream>` per table; `tables` is all of bronze, views of other streams are dropped.

        Raises:
            BuildFileBusyError: If another program has the build file open.
            ConfigError: If something else holds the name of a stream.
            StorageUnavailableError: If a data file or the build file cannot be read.
        """
        from lakesmith.engines.duckdb.attach import attach

        with disk_errors(self.build_file):
            self.build_file.parent.mkdir(parents=True, exist_ok=True)
            with connected(self.build_file, self._options) as connection:
                register(connection, self._context.lake)
                attach(connection, tables)

    def forget(self, relations: Sequence[str]) -> None:
        """Take built tables (`schema.name`) out of the build file, so that dbt makes them anew; those that are not there are fine.

        Raises:
            BuildFileBusyError: If another program has the build file open.
        """
        from lakesmith.engines.duckdb.spelling import name

        if not relations or not self.has_build():
            return
        with disk_errors(self.build_file), connected(self.build_file, self._options) as connection:
            tables = connection.execute(
                "select schema_name, table_name from duckdb_tables() where not internal"
            ).fetchall()
            for schema, table in tables:
                if f"{schema}.{table}" in relations:
                    connection.execute(f"drop table {name(schema)}.{name(table)}")

    def swap(
        self,
        datasets: Sequence[Dataset],
        inputs: Mapping[str, Any] | None = None,
        *,
        keep: Collection[str] | None = None,
    ) -> tuple[Dataset, ...]:
        """Make the tested relations what readers open, all together or not at all; return them with files (absolute) and rows.

        Args:
            datasets: What to publish, by schema and name; their `files` and `rows` are not looked at.
            inputs: Plain values to find again in the manifest, such as the snapshots the relations were built from.
            keep: Relations (`schema.name`) published before that stay as they are; None: all.

        Raises:
            BuildFileBusyError: If another program has the build file open for writing.
            ConfigError: If the warehouse belongs to another target, or its manifest cannot be read.
            TransformError: If a relation is missing or cannot be read.
            StorageFullError: If the disk is full.
            StorageUnavailableError: If a file cannot be read or written.
        """
        self._need_build_file()
        with disk_errors(self._context.warehouse):
            self._context.warehouse.mkdir(parents=True, exist_ok=True)
            previous, new = self._warehouse.begin(self._host.clock, self._host.ids)
            with connected(self.build_file, self._options, read_only=True) as build:
                register(build, self._context.lake)
                exported = self._warehouse.export(build, datasets, new)
            entries = merged(self._context.warehouse, previous, exported, keep)
            self._warehouse.commit(previous, replace(new, entries=entries, inputs=dict(inputs or {})))
        return tuple(self._warehouse.absolute(entry.dataset) for entry in exported)

    def read_manifest(self) -> dict[str, Any] | None:
        """Return the warehouse's list of contents as plain values (files relative to it); None before the first swap. Cheap.

        Raises:
            ConfigError: If it cannot be read.
        """
        manifest = self._warehouse.manifest()
        return manifest.encode() if manifest else None

    def published(self) -> tuple[Dataset, ...]:
        """Return what readers can open, with absolute files; errors as in `read_manifest`. Cheap: no DuckDB involved."""
        manifest = self._warehouse.manifest()
        return tuple(self._warehouse.absolute(entry.dataset) for entry in manifest.entries) if manifest else ()

    def others(self) -> DuckDBOthers:
        """Return what sees the tables that other tools load where this target builds."""
        from lakesmith.engines.duckdb.others import DuckDBOthers

        return DuckDBOthers(self._context)

    def query(self, sql: str, where: Literal["warehouse", "build"] = "warehouse") -> pa.RecordBatchReader:
        """Run one reading statement on what readers open, or on the build file; read the result to its end, or close it.

        Args:
            sql: One statement; relations are `schema.name`.
            where: `build` is for looking at bronze and silver, while no run is going on.

        Raises:
            ConfigError: If nothing has been published, or built, yet.
            UsageError: If the statement cannot run or would write.
            SelectionError: If it names a relation that is not there.
            BuildFileBusyError: If another program has the build file open for writing.
        """
        from lakesmith.engines.duckdb.query import run

        if where == "build":
            self._need_build_file()
            build = open_file(self.build_file, self._options, read_only=True)
            register(build, self._context.lake)
            return run(build, sql)
        manifest = self._warehouse.manifest()
        if manifest is None:
            raise ConfigError(
                "Nothing has been published yet, so there is nothing to query.",
                where=str(self._context.warehouse),
                fix="run `lakesmith run` first",
            )
        # The views readers get, over the same files, but in memory: DuckDB would hand a program that still has the file
        # open somewhere the old views again.
        connection = open_file(None, self._options)
        try:
            with disk_errors(self._context.warehouse):
                create_views(connection, self._context.warehouse, manifest.entries)
        except BaseException:
            connection.close()
            raise
        return run(connection, sql)

    def _need_build_file(self) -> None:
        if not self.build_file.exists():
            raise ConfigError(
                "Nothing has been built yet.", where=str(self.build_file), fix="run `lakesmith run` first"
            )
