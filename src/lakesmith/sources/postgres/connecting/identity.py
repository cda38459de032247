"""Which server a session talks to: what a position is tied to, and what tells a replica from a stranger."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lakesmith.errors import ConnectorOptionsError
from lakesmith.sources.postgres.connecting.faults import driver_errors
from lakesmith.sources.scene import Scene

if TYPE_CHECKING:
    import psycopg

OLDEST = 120_000
KILO = 10_000

FACTS = """
select pg_catalog.version(), pg_catalog.current_database(), pg_catalog.pg_is_in_recovery(),
       pg_catalog.current_setting('server_encoding')
"""
SYSTEM = "select system_identifier::text from pg_catalog.pg_control_system()"
MAY_ASK = "select pg_catalog.has_function_privilege('pg_catalog.pg_control_system()', 'execute')"
"""Asked before a session is set up, so each name says its schema: the role's path may lead elsewhere."""


@dataclass(frozen=True, slots=True)
class Identity:
    """A server and database.

    `system` is the identifier that a cluster and its physical replicas share, None where the user may not ask; `version` reads like
    180004; `in_recovery` says that it is a replica.
    """

    system: str | None
    database: str
    version: int
    in_recovery: bool

    @property
    def shown_version(self) -> str:
        """As people write it: 18.4."""
        return f"{self.version // KILO}.{self.version % KILO}"


def identify(session: psycopg.Connection[Any], scene: Scene) -> Identity:
    """Return which server this is.

    Raises:
        ConnectorOptionsError: If it is too old, no PostgreSQL, or its database does not say what its texts are written in.
    """
    version = session.info.server_version
    with driver_errors(scene):
        words, database, in_recovery, encoding = _one(session, FACTS)
        if not words.startswith(("PostgreSQL", "EnterpriseDB")) or version < OLDEST:
            raise ConnectorOptionsError(
                f"This server is {words.partition(' on ')[0]}; PostgreSQL 12 and later can be read.",
                where=scene.said,
                fix="name another server, or export its tables into files",
            )
        if encoding == "SQL_ASCII":
            raise ConnectorOptionsError(
                "The database has the encoding SQL_ASCII: it takes any bytes as text, and nobody knows what they mean.",
                where=scene.said,
                fix="load a dump of it into a database with ENCODING 'UTF8', and name that one",
            )
        return Identity(_system(session), database, version, in_recovery)


def _system(session: psycopg.Connection[Any]) -> str | None:
    """Return the cluster's identifier; some managed servers keep it to themselves."""
    allowed = _one(session, MAY_ASK)[0]
    return str(_one(session, SYSTEM)[0]) if allowed else None


def _one(session: psycopg.Connection[Any], query: str) -> tuple[Any, ...]:
    row = session.execute(query).fetchone()
    return tuple(row) if row else ()
