"""PostgreSQL as the engine of a target: what a run calls, in the order it calls it."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from lakesmith.engines.postgres import spelling as sql
from lakesmith.engines.postgres.address import OF_DBT, Address
from lakesmith.engines.postgres.connect import APPLICATION, connect, explained, settings_of
from lakesmith.engines.postgres.locking import BuildLock
from lakesmith.engines.postgres.options import PostgresOptions
from lakesmith.engines.postgres.query import NO_RENAMES, Renames
from lakesmith.engines.postgres.streaming import Streamer
from lakesmith.engines.postgres.warehouse import Warehouse, merged
from lakesmith.errors import ConfigError
from lakesmith.host.files import storage_errors
from lakesmith.host.system import Host
from lakesmith.model.loads import BronzeSnapshot
from lakesmith.model.plans import Dataset, EngineContext

if TYPE_CHECKING:
    import psycopg
    import pyarrow as pa

    from lakesmith.engines.postgres.others import PostgresOthers

PASSWORD = "DBT_ENV_SECRET_LAKESMITH_PASSWORD"  # noqa: S105 - the name of the variable; dbt keeps values of such names out of its logs
DEFAULT_SCHEMA = "main"


class PostgresEngine:
    """One database: schemas of bronze and of the build that belong to runs, and schemas of tested tables that readers open."""

    Options: ClassVar[type[PostgresOptions]] = PostgresOptions

    def __init__(self, context: EngineContext, host: Host | None = None) -> None:
        self._context = context
        self._options: PostgresOptions = context.options
        self._host = host or Host()
        self._address = Address.of(self._options.url)
        lake = context.lake.root if context.lake else ""
        self._lock = BuildLock(self._address, context.target, self._options.connect_timeout_s, lake)
        self._streamer = Streamer(self._address)
        self._warehouse = Warehouse(context.warehouse, context.target, self._streamer)

    def profile(self) -> dict[str, Any]:
        """Return the dbt profile output for this target; the password comes from the environment, see `environment`."""
        address, options = self._address, dict(self._address.options)
        return {
            "type": "postgres",
            "host": address.host,
            "port": address.port,
            "user": address.user,
            "password": f"{{{{ env_var('{PASSWORD}') }}}}",
            "dbname": address.database,
            "schema": sql.build_schema(self._context.target, DEFAULT_SCHEMA),
            "threads": self._options.threads,
            "connect_timeout": self._options.connect_timeout_s,
            "keepalives_idle": 30,
            "application_name": f"{APPLICATION} dbt",
            **{name: options[name] for name in OF_DBT if name in options},
        }

    def environment(self) -> dict[str, str]:
        """Return the variables that dbt's process needs beside the profile."""
        return {PASSWORD: self._address.password, "PGOPTIONS": settings_of(self._address)}

    def has_build(self) -> bool:
        """Return whether anything was ever built here.

        Raises:
            StorageUnavailableError: If the database cannot be reached.
        """
        like = sql.build_schema(self._context.target, "").replace("_", "\\_") + "%"
        with self._session() as session:
            row = session.execute("select exists (select from pg_namespace where nspname like %s)", [like]).fetchone()
        return bool(row and row[0])

    def attach(self, tables: Sequence[BronzeSnapshot]) -> tuple[str, ...]:
        """Copy what is new into `bronze_<source>.<stream>`, and keep other runs out until the swap; `tables` is all of bronze.

        Returns what could not be copied as it is, in sentences: names that were cut, texts with a character that was replaced.

        Raises:
            RunInProgressError: If another run builds this target or from this bronze, or somebody holds a table of bronze.
            ConfigError: If something else holds the name of a stream, or another project builds a target of this name here.
            StorageUnavailableError: If a data file or the database cannot be read.
        """
        from lakesmith.engines.postgres.attach import Attaching, attach, refuse_database
        from lakesmith.engines.postgres.reading import LakeReader

        lake = self._context.lake
        reader = LakeReader(lake, self._context.build)
        with storage_errors(self._context.build):
            self._context.build.mkdir(parents=True, exist_ok=True)
            # says, beside the build files of other targets, that something was built that no manifest may know of
            (self._context.build / f"{self._context.target}.postgres").write_text(self._address.place)
        connection = self._lock.take()
        with explained(self._address.place):
            refuse_database(connection)
            attaching = Attaching(connection, reader, lake.root if lake else "", self._context.target)
            return attach(attaching, tables, lock_timeout_s=self._options.lock_timeout_s)

    def tell(self) -> str:
        """Return the server's version and place.

        Raises:
            StorageUnavailableError: If the database cannot be reached.
        """
        with self._session() as session:
            row = session.execute("show server_version").fetchone()
        return f"PostgreSQL {row[0] if row else '?'} at {self._address.place}"

    def close(self) -> None:
        """Let others build: called when a run is over, however it went."""
        self._lock.release()

    def forget(self, relations: Sequence[str]) -> None:
        """Take built tables (`schema.name`) out of the build, so that dbt makes them anew; those that are not there are fine.

        Raises:
            RunInProgressError: If another run builds this target.
            RetriableError: If the session that keeps other runs out was lost since the attach.
        """
        if not relations:
            return
        with explained(self._address.place):
            connection = self._lock.still_held()
            for schema, _, table in (relation.partition(".") for relation in relations):
                built = sql.relation(sql.build_schema(self._context.target, schema), table)
                row = connection.execute("select relkind from pg_class where oid = to_regclass(%s)", [built]).fetchone()
                if row and row[0] in ("r", "p", b"r", b"p"):
                    connection.execute(f"drop table {built} cascade")

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
            ConfigError: If a schema that readers open holds what somebody else made.
            RetriableError: If the session that keeps other runs out was lost.
            TransformError: If a relation is missing or cannot be read.
            StorageFullError: If a disk is full.
            StorageUnavailableError: If the database cannot be reached, or a file cannot be written.
        """
        try:
            with explained(self._address.place), storage_errors(self._context.warehouse):
                connection = self._lock.still_held()
                self._context.warehouse.mkdir(parents=True, exist_ok=True)
                previous, new = self._warehouse.begin(connection, self._host)
                stored = self._warehouse.store_all(connection, datasets, new)
                new = replace(new, entries=merged(previous, stored, keep), inputs=dict(inputs or {}))
                self._warehouse.commit(connection, previous, new)
                self._warehouse.collect(connection, previous, new)
        finally:
            self._lock.release()
        return tuple(self._warehouse.absolute(entry.dataset) for entry in stored)

    def read_manifest(self) -> dict[str, Any] | None:
        """Return what readers can open as plain values (files relative to the warehouse folder); None before the first swap.

        Raises:
            StorageUnavailableError: If the database cannot be reached.
        """
        with self._session() as session:
            manifest = self._warehouse.manifest(session)
        return manifest.encode() if manifest else None

    def published(self) -> tuple[Dataset, ...]:
        """Return what readers can open, with absolute files, which are written anew where they are missing on this machine."""
        with self._session() as session:
            manifest = self._warehouse.manifest(session)
            if manifest is None:
                return ()
            self._warehouse.restore(session, manifest)
        return tuple(self._warehouse.absolute(entry.dataset) for entry in manifest.entries)

    def others(self) -> PostgresOthers:
        """Return what sees the tables that other tools load where this target builds."""
        from lakesmith.engines.postgres.others import PostgresOthers

        return PostgresOthers(self._context)

    def query(self, sql: str, where: Literal["warehouse", "build"] = "warehouse") -> pa.RecordBatchReader:
        """Run one reading statement on what readers open, or on the build; read the result to its end, or close it.

        Args:
            sql: One statement; relations are `schema.name`.
            where: `build`: schemas of the project are those that dbt builds in, for looking at silver.

        Raises:
            ConfigError: If nothing has been published, or built, yet.
            UsageError: If the statement cannot run or would write.
            SelectionError: If it names a relation that is not there.
        """
        from lakesmith.engines.postgres.query import run

        with self._session() as session:
            if where == "warehouse" and self._warehouse.manifest(session) is None:
                raise ConfigError(
                    "Nothing has been published yet, so there is nothing to query.",
                    where=self._address.place,
                    fix="run `lakesmith run` first",
                )
            return run(session, self._streamer, sql, self._as_built(session) if where == "build" else NO_RENAMES)

    def _as_built(self, session: psycopg.Connection[Any]) -> Renames:
        """Return statements after which the build's schemas have the project's names, and those that undo them.

        Raises:
            ConfigError: If nothing has been built yet.
        """
        prefix = sql.build_schema(self._context.target, "")
        there = {schema for (schema,) in session.execute("select nspname from pg_namespace")}
        built = sorted(schema for schema in there if schema.startswith(prefix))
        if not built:
            raise ConfigError("Nothing has been built yet.", where=self._address.place, fix="run `lakesmith run` first")
        renames = []
        for number, schema in enumerate(built):
            plain = schema.removeprefix(prefix)
            if plain in there:
                renames.append((plain, f"_ls_hidden_{number}_{self._host.ids.ticket()}"))
            renames.append((schema, plain))
        there_and_back = (renames, [(new, old) for old, new in reversed(renames)])
        return Renames(
            *(
                tuple(f"alter schema {sql.name(old)} rename to {sql.name(new)}" for old, new in pairs)
                for pairs in there_and_back
            )
        )

    @contextlib.contextmanager
    def _session(self) -> Iterator[psycopg.Connection[Any]]:
        connection = connect(self._address, self._options.connect_timeout_s)
        try:
            with explained(self._address.place):
                yield connection
        finally:
            connection.close()
