"""The swap: tested tables become what readers open. Their schemas are renamed in one transaction with the list of contents."""

from __future__ import annotations

import contextlib
import hashlib
import json
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lakesmith.engines.duckdb import manifest as files
from lakesmith.engines.duckdb.manifest import Entry, Manifest, version_path
from lakesmith.engines.postgres import control
from lakesmith.engines.postgres import spelling as sql
from lakesmith.engines.postgres.connect import load_psycopg
from lakesmith.engines.postgres.export import ASIDE, columns_of, export
from lakesmith.engines.postgres.grants import carry_over
from lakesmith.engines.postgres.streaming import Streamer
from lakesmith.errors import ConfigError, TransformError
from lakesmith.host import crash
from lakesmith.host.system import Host
from lakesmith.model.plans import Dataset

if TYPE_CHECKING:
    import psycopg

OURS, RETIRED = "Lakesmith: tested tables of the target ", "Lakesmith: what readers had before, target "
KEPT_MANIFESTS = 20
COLLECT_LOCK_MS = 200
COMMIT_LOCK_S = 60
LEFT_S = 3600.0
"""After so long a file that is still aside was left by somebody who is gone."""
INHABITANTS = """select relname, relkind = 'v' from pg_class where relnamespace = %(schema)s and relkind in ('r', 'p', 'v', 'm', 'f', 'S')
    union all select proname, false from pg_proc where pronamespace = %(schema)s
    union all select typname, false from pg_type
        where typnamespace = %(schema)s and typelem = 0 and (typrelid = 0 or typrelid in (select oid from pg_class where relkind = 'c'))"""
"""What people can make in a schema, and whether it is a view."""


@dataclass(frozen=True, slots=True)
class Warehouse:
    """What readers of one target open: schemas of views over tables that never change, and the same tables as Parquet in a folder."""

    folder: Path
    target: str
    streamer: Streamer

    @property
    def store(self) -> str:
        """The schema of the tables behind the views."""
        return f"ls_{self.target}_published"

    def manifest(self, connection: psycopg.Connection[Any]) -> Manifest | None:
        """Return what readers can open; None before the first swap."""
        if not control.exists(connection):
            return None
        row = connection.execute(
            "select content from lakesmith.manifests where target = %s order by id desc limit 1", [self.target]
        ).fetchone()
        return Manifest.decode(row[0]) if row else None

    def absolute(self, dataset: Dataset) -> Dataset:
        """Return the data set with absolute paths."""
        return replace(dataset, files=tuple(str(self.folder / file) for file in dataset.files))

    def begin(self, connection: psycopg.Connection[Any], host: Host) -> tuple[Manifest | None, Manifest]:
        """Return the manifest in force, and an empty one with a new version."""
        with connection.transaction():
            control.prepare(connection)
        now = host.clock.now().astimezone(UTC)
        version = f"{now:%Y%m%dT%H%M%SZ}-{host.ids.ticket()}"
        return self.manifest(connection), Manifest(self.target, version, f"{now:%Y-%m-%dT%H:%M:%SZ}")

    def store_all(
        self, connection: psycopg.Connection[Any], datasets: Sequence[Dataset], new: Manifest
    ) -> tuple[Entry, ...]:
        """Copy what was built, as of one moment, and write the copies as Parquet; readers do not see them yet.

        Raises:
            ConfigError: If PostgreSQL cuts the name of a schema.
            TransformError: If a relation is missing, or a value cannot be written.
        """
        _refuse_long({*(sql.build_schema(self.target, dataset.schema) for dataset in datasets), self.store})
        with connection.transaction():
            connection.execute("set transaction isolation level repeatable read")
            connection.execute(f"create schema if not exists {sql.name(self.store)}")
            rows = [self._store(connection, dataset, new.version) for dataset in datasets]
        crash.point("swap.stored")
        entries = []
        for dataset, count in zip(datasets, rows, strict=True):
            file = version_path(dataset.schema, dataset.name, new.version)
            table = self._table(dataset.relation, new.version)
            export(connection, self.streamer, (table, dataset.relation), self.folder / file)
            told = replace(dataset, files=(file,), rows=count, built_at=dataset.built_at or new.built_at)
            entries.append(Entry(told, columns_of(connection, table)))
            crash.point("swap.exported-one")
        return tuple(entries)

    def _store(self, connection: psycopg.Connection[Any], dataset: Dataset, version: str) -> int:
        psycopg = load_psycopg()
        built = sql.relation(sql.build_schema(self.target, dataset.schema), dataset.name)
        table = self._table(dataset.relation, version)
        try:
            like = "including indexes including comments including statistics"
            connection.execute(f"create table {table} (like {built} {like})")
            done = connection.execute(f"insert into {table} select * from {built}")  # noqa: S608 - quoted by `spelling`
        except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName) as error:
            raise TransformError(
                f"{dataset.relation} was not built where this target builds.",
                where=built.replace('"', ""),
                fix="build the model; a `generate_schema_name` of the project has to call `lakesmith.schema_name`",
            ) from error
        except psycopg.DataError as error:
            raise TransformError(
                f"A value of {dataset.relation} cannot be computed: {type(error).__name__}.",
                where=dataset.relation,
                fix="look at the model: it is a view, and fails for some of its rows",
            ) from error
        connection.execute(f"analyze {table}")
        return done.rowcount

    def _table(self, relation: str, version: str) -> str:
        digest = hashlib.sha256(f"{relation} {version}".encode()).hexdigest()[:24]
        return sql.relation(self.store, f"t_{digest}")

    def table_of(self, dataset: Dataset) -> str:
        """Return the quoted name of the table behind what readers open."""
        return self._table(dataset.relation, Path(dataset.files[0]).stem)

    def commit(self, connection: psycopg.Connection[Any], previous: Manifest | None, new: Manifest) -> None:
        """Put `new` in force: in one transaction its views come in the place of the earlier ones, and the manifest is written.

        Raises:
            ConfigError: If a schema holds what somebody else made, or belongs to another target.
        """
        ticket = new.version.rpartition("-")[2]
        schemas = {entry.dataset.schema for entry in new.entries}
        before = {entry.dataset.schema for entry in previous.entries} if previous else set()
        with connection.transaction():
            connection.execute(f"set local lock_timeout = '{COMMIT_LOCK_S}s'")
            connection.execute("select pg_advisory_xact_lock(%s)", [control.GATE])
            for schema in sorted(schemas | before):
                self._refuse_others(connection, schema, previous)
                self._swap(connection, schema, [one for one in new.entries if one.dataset.schema == schema], ticket)
            crash.point("swap.views-built")
            connection.execute(
                "insert into lakesmith.manifests (target, version, content) values (%s, %s, %s)",
                [self.target, new.version, json.dumps(new.encode())],
            )
            connection.execute(
                "delete from lakesmith.manifests where target = %s and id < (select min(id) from"
                " (select id from lakesmith.manifests where target = %s order by id desc limit %s) newest)",
                [self.target, self.target, KEPT_MANIFESTS],
            )
        crash.point("swap.committed")

    def _swap(self, connection: psycopg.Connection[Any], schema: str, entries: Iterable[Entry], ticket: str) -> None:
        row = connection.execute("select to_regnamespace(%s)", [sql.name(schema)]).fetchone()
        there = bool(row and row[0])
        aside = sql.cut(schema, f"__{ticket}")
        connection.execute(f"create schema {sql.name(aside)}")
        if there:
            carry_over(connection, schema, aside)
        for entry in entries:
            self._view(connection, sql.relation(aside, entry.dataset.name), entry)
        if there:
            carry_over(connection, schema, aside, relations=True)
            old = sql.cut(schema, f"_was__{ticket}")
            connection.execute(f"alter schema {sql.name(schema)} rename to {sql.name(old)}")
            connection.execute(f"comment on schema {sql.name(old)} is {sql.text(RETIRED + self.target)}")
        connection.execute(f"alter schema {sql.name(aside)} rename to {sql.name(schema)}")
        connection.execute(f"comment on schema {sql.name(schema)} is {sql.text(OURS + self.target)}")

    def _view(self, connection: psycopg.Connection[Any], view: str, entry: Entry) -> None:
        table = self.table_of(entry.dataset)
        connection.execute(f"create view {view} as select * from {table}")  # noqa: S608 - quoted by `spelling`
        if entry.dataset.description:
            connection.execute(f"comment on view {view} is {sql.text(entry.dataset.description)}")
        described = connection.execute(
            "select attname, col_description(attrelid, attnum) from pg_attribute where attrelid = %s::regclass"
            " and attnum > 0 and col_description(attrelid, attnum) is not null",
            [table],
        ).fetchall()
        for column, comment in described:
            connection.execute(f"comment on column {view}.{sql.name(column)} is {sql.text(comment)}")

    def _refuse_others(self, connection: psycopg.Connection[Any], schema: str, previous: Manifest | None) -> None:
        """Look whether all that is in a schema is what this target published.

        Raises:
            ConfigError: If there is more, or the schema belongs to another target: it would be taken away from its readers.
        """
        row = connection.execute(
            "select oid, obj_description(oid, 'pg_namespace') from pg_namespace where nspname = %s", [schema]
        ).fetchone()
        if row is None:
            return
        comment = row[1] or ""
        if comment.startswith(OURS) and comment != OURS + self.target:
            raise _taken(schema, f"belongs to the target {comment.removeprefix(OURS)!r}", self.target, APART)
        entries = previous.entries if previous and comment else ()
        ours = {entry.dataset.name for entry in entries if entry.dataset.schema == schema}
        found = connection.execute(INHABITANTS, {"schema": row[0]}).fetchall()
        others = sorted({name for name, is_view in found if not (is_view and name in ours)})
        if others and comment != OURS + self.target:
            raise _taken(schema, "belongs to somebody else", self.target, APART)
        if others:
            raise _taken(schema, f"also holds what somebody else made: {', '.join(others[:3])}", self.target, MOVE)

    def collect(self, connection: psycopg.Connection[Any], previous: Manifest | None, new: Manifest) -> None:
        """Drop what neither manifest names. What somebody still reads or has built a view on stays for the next time."""
        files.collect(self.folder, new, previous)
        for path in self.folder.glob(f"*/*/.*{ASIDE}"):  # a swap or a restore that was killed left it
            if time.time() - path.stat().st_mtime > LEFT_S:
                path.unlink(missing_ok=True)
        keep = {self.table_of(entry.dataset) for one in (previous, new) if one for entry in one.entries}
        stored = connection.execute("select tablename from pg_tables where schemaname = %s", [self.store]).fetchall()
        retired = connection.execute(
            "select nspname from pg_namespace where obj_description(oid, 'pg_namespace') = %s", [RETIRED + self.target]
        ).fetchall()
        for (schema,) in retired:
            views = connection.execute("select viewname from pg_views where schemaname = %s", [schema]).fetchall()
            _try(
                connection,
                *(f"drop view {sql.relation(schema, view)}" for (view,) in views),
                f"drop schema {sql.name(schema)}",
            )
        for table in (sql.relation(self.store, name) for (name,) in stored):
            if table not in keep:
                _try(connection, f"drop table {table}")

    def restore(self, connection: psycopg.Connection[Any], manifest: Manifest) -> None:
        """Write the Parquet files that are missing here: another machine swapped, or somebody deleted them."""
        for entry in manifest.entries:
            path = self.folder / entry.dataset.files[0]
            if not path.exists():
                export(connection, self.streamer, (self.table_of(entry.dataset), entry.dataset.relation), path)


def _refuse_long(schemas: Collection[str]) -> None:
    long = next((schema for schema in sorted(schemas) if len(schema.encode()) > sql.LONGEST_NAME), None)
    if long is not None:
        raise ConfigError(
            f"PostgreSQL would cut the schema's name {long}: it takes {sql.LONGEST_NAME} bytes.",
            where=long,
            fix="give the target or the models' schema a shorter name",
        )


APART = "give each target a database of its own, or call the models' schema otherwise"
MOVE = "move it into a schema of its own (`alter table … set schema …`), or drop it; then run again"


def _taken(schema: str, why: str, target: str, fix: str) -> ConfigError:
    return ConfigError(
        f"The schema {schema} {why}; publishing {target!r} would take away what is in it.",
        where=f"schema {schema}",
        fix=fix,
    )


def merged(previous: Manifest | None, stored: Sequence[Entry], keep: Collection[str] | None) -> tuple[Entry, ...]:
    """Return what readers get next, by relation: the new versions, and of what they have those in `keep` (None: all)."""
    entries: Mapping[str, Entry] = {
        entry.dataset.relation: entry
        for entry in (previous.entries if previous else ())
        if keep is None or entry.dataset.relation in keep
    }
    entries = {**entries, **{entry.dataset.relation: entry for entry in stored}}
    return tuple(entries[relation] for relation in sorted(entries))


def _try(connection: psycopg.Connection[Any], *statements: str) -> None:
    psycopg = load_psycopg()
    blocked = (
        psycopg.errors.LockNotAvailable,
        psycopg.errors.DependentObjectsStillExist,
        psycopg.errors.UndefinedTable,
        psycopg.errors.InsufficientPrivilege,
        psycopg.errors.DeadlockDetected,
    )
    with contextlib.suppress(*blocked), connection.transaction():
        connection.execute(f"set local lock_timeout = '{COLLECT_LOCK_MS}ms'")
        for statement in statements:
            connection.execute(statement)
