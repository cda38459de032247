"""What `check` says of a PostgreSQL source: its server, its streams, and the tables that a pattern would take in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from lakesmith.errors import LakesmithError
from lakesmith.model.streams import Finding, SourceContext
from lakesmith.sources.postgres.catalog.tables import list_tables, parse_relation
from lakesmith.sources.postgres.catalog.values import Relation, Table
from lakesmith.sources.postgres.connecting.faults import driver_errors
from lakesmith.sources.postgres.discovering import discovered
from lakesmith.sources.postgres.surveying import Counter, Sight, shown_rows, shown_size, survey

if TYPE_CHECKING:
    import psycopg

    from lakesmith.sources.postgres.connecting.server import Server
    from lakesmith.sources.postgres.options import PostgresOptions

NEAR = ("localhost", "127.0.0.1", "::1")


def check_source(context: SourceContext, reach: Callable[[], Server]) -> Iterator[Finding]:
    """Yield what there is to say about a source and its streams; faults become findings, so that all streams are looked at.

    Args:
        context: What the source was made with; its options are `PostgresOptions`.
        reach: Returns the server that is read.
    """
    try:
        server = reach()
        session = server.session()
    except LakesmithError as error:
        yield Finding("error", context.name, error.what, error.fix)
        return
    with session:
        yield _told(context, server)
        yield from _unencrypted(context, server, session)
        for stream in context.streams:
            yield from survey(Sight(server, session, stream, context.options.schema_, stream.where or context.where))
        yield from _included(context, server, session)


def included(session: psycopg.Connection[Any], options: PostgresOptions) -> tuple[Table, ...]:
    """Return the tables that the patterns of `include` take in and those of `exclude` do not, the largest first.

    A pattern without a dot is about the source's own schema. Left out are partitions and tables that inherit, which are read with
    their parents, temporary tables, and what extensions brought.
    """
    if not options.include:
        return ()
    return tuple(
        table
        for table in list_tables(session)
        if not table.inherits
        and not table.extension
        and _matches(table.relation, options.include, options.schema_)
        and not _matches(table.relation, options.exclude, options.schema_)
    )


def _matches(relation: Relation, patterns: str | tuple[str, ...], schema: str) -> bool:
    listed = (patterns,) if isinstance(patterns, str) else patterns
    return any(fnmatchcase(str(relation), pattern if "." in pattern else f"{schema}.{pattern}") for pattern in listed)


def _told(context: SourceContext, server: Server) -> Finding:
    identity = server.identify()
    replica = ", a replica" if identity.in_recovery else ""
    facts = {"version": identity.version, "system": identity.system, "in_recovery": identity.in_recovery}
    return Finding("ok", context.name, f"PostgreSQL {identity.shown_version} at {server.place}{replica}", facts=facts)


def _unencrypted(context: SourceContext, server: Server, session: psycopg.Connection[Any]) -> Iterator[Finding]:
    """Warn when rows travel in the clear; a tunnel, a socket and this machine itself are no way to listen in."""
    if session.pgconn.ssl_in_use or context.options.tunnel or server.is_socket or session.info.host in NEAR:
        return
    yield Finding(
        "warning",
        context.name,
        "the connection is not encrypted: others on the way can read the rows",
        "write `sslmode: verify-full`, or `require` where the certificate cannot be proved",
    )


def _included(context: SourceContext, server: Server, session: psycopg.Connection[Any]) -> Iterator[Finding]:
    options: PostgresOptions = context.options
    if not options.include:
        return
    try:
        with driver_errors(server.scene()):
            tables = included(session, options)
    except LakesmithError as error:
        yield Finding("error", context.name, error.what, error.fix)
        return
    named = {str(parse_relation(stream.options.table or stream.id.name, options.schema_)) for stream in context.streams}
    total = shown_size(sum(table.size_bytes or 0 for table in tables))
    yield Finding("note", context.name, f"`include` takes in {Counter('table').of(len(tables))}, {total} in all")
    for table in tables:
        yield _offered(context, table, is_named=str(table.relation) in named)


def _offered(context: SourceContext, table: Table, *, is_named: bool) -> Finding:
    size = "of no known size" if table.size_bytes is None else shown_size(table.size_bytes)
    told = f"{table.relation}: {table.kind}, {size}{shown_rows(table.rows)}"
    facts = {"table": str(table.relation), "size_bytes": table.size_bytes, "rows": table.rows, "stream": is_named}
    if not table.is_readable:
        return Finding("warning", context.name, f"{told}; the user may not read it", facts=facts)
    if is_named:
        return Finding("note", context.name, told, facts=facts)
    said = discovered(table, context.options.schema_).said
    return Finding(
        "note", context.name, f"{told}; not a stream yet", f"to load it, write under `streams:` {said}", facts
    )
