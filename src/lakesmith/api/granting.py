"""Who may do what, as SQL: roles that load, that build and that read, from what the project says of sources, schemas and targets."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import unquote, urlsplit

from lakesmith.engines.postgres import spelling as sql
from lakesmith.errors import UsageError
from lakesmith.project.config import SourceConfig
from lakesmith.run.workshop import Workshop

Dialect = Literal["postgres", "snowflake"]
MARTS = "marts"
POSTGRES = "postgres"
PLAIN = re.compile(r"[a-z_][a-z0-9_]*")
CATALOG_TABLES = ("iceberg_tables", "iceberg_namespace_properties")


@dataclass(frozen=True, slots=True)
class Section:
    """Statements for one database, in order; `remarks` say what they are for."""

    remarks: tuple[str, ...]
    statements: tuple[str, ...]

    def __str__(self) -> str:
        remarks = (" ".join(remark.split()) for remark in self.remarks)  # a line break would end the comment
        return "\n".join([*(f"-- {remark}" for remark in remarks), *(f"{one};" for one in self.statements)]) + "\n"


@dataclass(frozen=True, slots=True)
class Roles:
    """The three roles of a target."""

    loader: str
    transformer: str
    reader: str

    @classmethod
    def of(cls, project: str, target: str) -> Roles:
        """Return the roles of a target: those of two targets are never the same, for roles belong to a whole server."""
        return cls(*(_short(f"{project}_{target}", f"_{what}") for what in ("loader", "transformer", "reader")))


@dataclass(frozen=True, slots=True)
class Layout:
    """What a warehouse holds: its database, the schemas of bronze, those that readers open, those of others, and who logs in to build."""

    database: str
    bronze: tuple[str, ...]
    published: tuple[str, ...]
    others: tuple[str, ...] = ()
    login: str = ""


def grants(shop: Workshop, dialect: Dialect | None = None, database: str | None = None) -> list[Section]:
    """Return the statements that make the roles of a target and give them their rights. They can be run again.

    Args:
        shop: The workshop.
        dialect: Whose SQL; None: that of the target's engine.
        database: The warehouse's database; None: that of the target, else the project's name.

    Raises:
        UsageError: If the target's engine has no roles and no dialect is given.
    """
    if dialect is None and shop.target.engine != POSTGRES:
        raise UsageError(
            f"The target {shop.target.name!r} builds on {shop.target.engine}, which has no roles.",
            where=shop.target.where or shop.target.name,
            fix="name a target on PostgreSQL by --target, or say `--for postgres` or `--for snowflake`",
        )
    roles = Roles.of(shop.config.name, shop.target.name)
    layout = _layout(shop, database)
    if dialect == "snowflake":
        return list(_snowflake(roles, layout))
    sources = [found for one in shop.config.sources.values() if (found := _source(roles, one))]
    catalog = shop.config.lake_of(shop.target).catalog or ""
    return [*_warehouse(roles, layout), *(_catalog(roles, catalog) if catalog.startswith("postgres") else ()), *sources]


def _short(name: str, suffix: str) -> str:
    """Return a role's name that no server cuts: cut, the three roles of a target would be one."""
    if len((name + suffix).encode()) <= sql.LONGEST_NAME:
        return name + suffix
    return sql.cut(name, f"_{hashlib.sha256(name.encode()).hexdigest()[:8]}{suffix}")


def _layout(shop: Workshop, database: str | None) -> Layout:
    from lakesmith.run.selecting import datasets_of, manifest

    published = {dataset.schema for dataset in datasets_of(manifest(shop))} if shop.has_models else set()
    loaded = [source for source in shop.config.sources.values() if source.loads]
    bronze = tuple(sorted(sql.BRONZE + source.name for source in loaded))
    others = sorted({_schema_of(source) for source in shop.config.sources.values() if not source.loads})
    url = urlsplit(getattr(shop.target.options, "url", "") or "") if shop.target.engine == POSTGRES else None
    own = unquote(url.path.strip("/")) if url else ""
    login = unquote(url.username or "") if url else ""
    return Layout(
        database or own or shop.config.name, bronze, tuple(sorted(published)) or (MARTS,), tuple(others), login
    )


def _schema_of(source: SourceConfig) -> str:
    """Return the schema of tables that others load."""
    return str(getattr(source.options, "schema_", None) or source.name)


def _warehouse(roles: Roles, layout: Layout) -> Iterator[Section]:
    """Yield the rights in the database where dbt builds."""
    loader, transformer, reader, database = map(
        sql.name, (roles.loader, roles.transformer, roles.reader, layout.database)
    )
    yield Section(
        (f"The database {layout.database}: run this there, as a superuser.", "Roles; nobody logs in as one of them."),
        tuple(_role(name) for name in (roles.loader, roles.transformer, roles.reader)),
    )
    yield Section(
        ("Loading: the schemas of bronze, and nothing else.",),
        (
            f"grant connect, temporary on database {database} to {loader}",
            *(f"create schema if not exists {sql.name(schema)} authorization {loader}" for schema in layout.bronze),
        ),
    )
    yield Section(
        ("Building: a run copies bronze from the lake before it builds; what it makes is in schemas of its own.",),
        (
            f"grant connect, create, temporary on database {database} to {transformer}",
            *_owned((sql.CONTROL, *layout.published), roles.transformer),
            *(f"grant usage, create on schema {sql.name(schema)} to {transformer}" for schema in layout.bronze),
            *(f"grant select on all tables in schema {sql.name(schema)} to {transformer}" for schema in layout.bronze),
            *(
                f"alter default privileges for role {loader} in schema {sql.name(schema)} grant select on tables to {transformer}"
                for schema in layout.bronze
            ),
            *(f"grant usage on schema {sql.name(schema)} to {transformer}" for schema in layout.others),
            *(f"grant select on all tables in schema {sql.name(schema)} to {transformer}" for schema in layout.others),
        ),
    )
    yield Section(
        ("Reading: what was tested and published, also what comes later. Nothing can be written.",),
        (
            f"grant connect on database {database} to {reader}",
            *(f"grant usage on schema {sql.name(schema)} to {reader}" for schema in layout.published),
            *(f"grant select on all tables in schema {sql.name(schema)} to {reader}" for schema in layout.published),
            *(
                f"alter default privileges for role {transformer} in schema {sql.name(schema)} grant select on tables to {reader}"
                for schema in layout.published
            ),
            "revoke create on schema public from public",
        ),
    )
    if layout.login:
        yield _login(roles, layout)


def _login(roles: Roles, layout: Layout) -> Section:
    login, transformer = sql.name(layout.login), sql.name(roles.transformer)
    return Section(
        (
            f"{layout.login} is who runs log in as: all it makes belongs to the role, so that readers' rights hold.",
            f"If it has built here before: reassign owned by {login} to {transformer};",
        ),
        (
            f"grant {transformer} to {login}",
            f"alter role {login} in database {sql.name(layout.database)} set role to {sql.text(roles.transformer).strip()}",
        ),
    )


def _owned(schemas: Sequence[str], role: str) -> Iterator[str]:
    for schema in schemas:
        yield f"create schema if not exists {sql.name(schema)} authorization {sql.name(role)}"


def _catalog(roles: Roles, catalog: str) -> Iterator[Section]:
    """Yield the rights in the database of the lake's catalog; its tables are made by the first load."""
    loader, transformer = sql.name(roles.loader), sql.name(roles.transformer)
    database = unquote(urlsplit(catalog).path.strip("/"))
    yield Section(
        (
            f"The catalog of the lake, database {database}: run this there. Whoever builds from the lake reads it.",
            "What is in the lake itself is guarded by the rights on its bucket or folder.",
        ),
        (
            *map(_role, (roles.loader, roles.transformer)),
            f"grant connect on database {sql.name(database)} to {loader}, {transformer}",
            f"grant usage, create on schema public to {loader}",
            f"grant usage on schema public to {transformer}",
            f"grant select, insert, update, delete on all tables in schema public to {loader}",
            f"grant select on all tables in schema public to {transformer}",
            f"alter default privileges for role {loader} in schema public grant select on tables to {transformer}",
        ),
    )


def _source(roles: Roles, source: SourceConfig) -> Section | None:
    """Return the rights in the database of a source; None if it is no PostgreSQL, or its address has no value here."""
    if source.type != POSTGRES or source.options is None:
        return None
    schema = source.options.schema_
    url = source.options.url.get_secret_value() if source.options.url else ""
    database = source.options.database or unquote(urlsplit(url).path.strip("/"))
    tables = [_table(getattr(stream.options, "table", None) or stream.id.name, schema) for stream in source.streams]
    schemas = sorted({one for one, _ in tables} or {schema})
    loader = sql.name(roles.loader)
    selects = [f"grant select on {sql.relation(*table)} to {loader}" for table in tables]
    return Section(
        (
            f"The source {source.name}, database {database}: run this there. The loader reads these tables and no others.",
        ),
        (
            _role(roles.loader),
            f"grant connect on database {sql.name(database)} to {loader}",
            *(f"grant usage on schema {sql.name(one)} to {loader}" for one in schemas),
            *(selects or [f"grant select on all tables in schema {sql.name(schema)} to {loader}"]),
        ),
    )


def _table(name: str, schema: str) -> tuple[str, str]:
    before, dot, after = name.rpartition(".")
    return (before.strip('"'), after.strip('"')) if dot else (schema, name.strip('"'))


def _role(name: str) -> str:
    return f"do $$ begin create role {sql.name(name)} nologin; exception when duplicate_object then null; end $$"


def _snowflake(roles: Roles, layout: Layout) -> Iterator[Section]:
    names = [roles.loader, roles.transformer, roles.reader]
    loader, transformer, reader, database = map(_word, (*names, layout.database))
    compute = _word(f"{layout.database}_build")
    yield Section(
        ("Roles; grant them to users and services.", "Each belongs to sysadmin, as Snowflake advises."),
        (
            "use role useradmin",
            *(f"create role if not exists {_word(name)}" for name in names),
            *(f"grant role {_word(name)} to role sysadmin" for name in names),
        ),
    )
    bronze = [f"{database}.{_word(schema)}" for schema in layout.bronze]
    published = [f"{database}.{_word(schema)}" for schema in layout.published]
    others = [f"{database}.{_word(schema)}" for schema in layout.others]
    yield Section(
        ("The database, its schemas, and what computes.",),
        (
            "use role sysadmin",
            f"create database if not exists {database}",
            f"create warehouse if not exists {compute} warehouse_size = xsmall auto_suspend = 60 initially_suspended = true",
            *(f"create schema if not exists {schema}" for schema in (*bronze, *published)),
            *(f"grant usage on database {database} to role {role}" for role in (loader, transformer, reader)),
            *(f"grant usage on warehouse {compute} to role {role}" for role in (loader, transformer, reader)),
        ),
    )
    yield Section(
        ("Loading: bronze, and nothing else.",),
        tuple(
            f"grant usage, create table, create view, create stage, create file format on schema {one} to role {loader}"
            for one in bronze
        ),
    )
    yield Section(
        ("Building: reads bronze, and makes schemas of its own.",),
        (
            f"grant create schema on database {database} to role {transformer}",
            *(f"grant usage on schema {one} to role {transformer}" for one in bronze),
            *_selects(bronze, transformer),
            *(f"grant usage on schema {one} to role {transformer}" for one in others),
            *_selects(others, transformer),
            *(f"grant usage, create table, create view on schema {one} to role {transformer}" for one in published),
        ),
    )
    yield Section(
        ("Reading: what was published, also what comes later.",),
        (*(f"grant usage on schema {one} to role {reader}" for one in published), *_selects(published, reader)),
    )


def _selects(schemas: Sequence[str], role: str) -> Iterator[str]:
    for schema in schemas:
        for kind in ("tables", "views"):
            yield f"grant select on all {kind} in schema {schema} to role {role}"
            yield f"grant select on future {kind} in schema {schema} to role {role}"


def _word(name: str) -> str:
    """Return a name as Snowflake takes it: in capitals without quotes where it can be written so.

    Examples:
        >>> _word("acme_prod_loader"), _word("Meine Marts")
        ('ACME_PROD_LOADER', '"Meine Marts"')
    """
    return name.upper() if PLAIN.fullmatch(name) else sql.name(name)


def plain(sections: Sequence[Section]) -> list[dict[str, Any]]:
    """Return sections as plain values."""
    return [{"remarks": list(one.remarks), "statements": list(one.statements)} for one in sections]
