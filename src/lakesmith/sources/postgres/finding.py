"""Which tables `include` takes in that the project does not name, as streams of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lakesmith.errors import ConnectorOptionsError
from lakesmith.model.streams import Discovery, SourceContext
from lakesmith.sources.postgres.catalog.columns import list_keys
from lakesmith.sources.postgres.catalog.tables import parse_relation
from lakesmith.sources.postgres.checking import included
from lakesmith.sources.postgres.connecting.faults import driver_errors
from lakesmith.sources.postgres.discovering import Discovered, discovered

if TYPE_CHECKING:
    import psycopg

    from lakesmith.sources.postgres.connecting.server import Server


def find_streams(context: SourceContext, server: Server) -> tuple[Discovery, ...]:
    """Return the tables that the patterns take in and no stream reads, the largest first; those that this user may not read stay out.

    Raises:
        ConnectorOptionsError: If a stream of another table has the name of one of them, or an option is wrong.
        RetriableError: If the server cannot be reached.
    """
    schema = context.options.schema_
    read = {parse_relation(stream.options.table or stream.id.name, schema, stream.where) for stream in context.streams}
    with server.session() as session, driver_errors(server.scene()):
        tables = [table for table in included(session, context.options) if table.is_readable]
        new = [discovered(table, schema) for table in tables if table.relation not in read]
        _refuse_taken(context, new)
        return tuple(Discovery(one.name, _said(session, one), one.table.size_bytes) for one in new)


def _refuse_taken(context: SourceContext, new: list[Discovered]) -> None:
    taken = {stream.id.name: stream for stream in context.streams}
    for one in new:
        if stream := taken.get(one.name):
            raise ConnectorOptionsError(
                f"`include` takes in {one.table.relation} as a stream `{one.name}`, and the stream of that name reads another table.",
                where=stream.where or context.where,
                fix=f"give that stream another name, or leave the table out: `exclude: ['{one.table.relation}']`",
            )


def _said(session: psycopg.Connection[Any], one: Discovered) -> dict[str, Any]:
    """Return what the stream says: the whole table each time, and what identifies its rows."""
    table = {} if one.written is None else {"table": one.written}
    key = next(iter(list_keys(session, one.table)), None)
    return {**table, "mode": "replace", **({"key": list(key.columns)} if key else {})}
