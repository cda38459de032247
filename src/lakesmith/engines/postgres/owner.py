"""Whose target it is that builds in a database: two projects may both have one that is called `prod`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lakesmith.engines.postgres import copies
from lakesmith.engines.postgres import spelling as sql
from lakesmith.errors import ConfigError

if TYPE_CHECKING:
    import psycopg

SAID = "Lakesmith builds here, from the lake "
HOME = "main"


def settle(connection: psycopg.Connection[Any], target: str, lake: str) -> None:
    """Make the target's build schema, or see that it is ours; called when bronze is what the lake holds.

    A lake that was moved brings the same bronze, so nothing is left here of the place where it was.

    Raises:
        ConfigError: If another project builds a target of this name here.
    """
    schema = sql.build_schema(target, HOME)
    connection.execute(f"create schema if not exists {sql.name(schema)}")
    row = connection.execute(
        "select obj_description(to_regnamespace(%s), 'pg_namespace')", [sql.name(schema)]
    ).fetchone()
    said = row[0] if row and row[0] else ""
    other = said.removeprefix(SAID) if said.startswith(SAID) else lake
    if other != lake and any(copy.lake == other for copy in copies.read(connection).values()):
        raise ConfigError(
            f"Another project builds a target named {target!r} in this database; its tables would be replaced by these.",
            where=f"schema {schema}, built from {other}",
            fix="give this target another name or another database; if the other project is gone, drop its bronze_ schemas",
        )
    if lake and said != SAID + lake:
        connection.execute(f"comment on schema {sql.name(schema)} is {sql.text(SAID + lake)}")
