"""From the options of a source to the server that it reads."""

from __future__ import annotations

from pydantic import SecretStr

from lakesmith.sources.postgres.connecting.address import Address
from lakesmith.sources.postgres.connecting.replica import refuse_stranger
from lakesmith.sources.postgres.connecting.server import Reach, Server
from lakesmith.sources.postgres.connecting.settings import SessionSettings
from lakesmith.sources.postgres.connecting.tunnel import TunnelSettings
from lakesmith.sources.postgres.options import PostgresOptions, plain

PARTS = ("host", "port", "database", "user", "password", "sslmode")


def reach_server(options: PostgresOptions, where: str) -> Server:
    """Return the server that tables are read from: the replica, if one is named and is one of the server itself.

    Raises:
        ConnectorOptionsError: If an address cannot be understood, or the replica is a stranger.
        RetriableError: If one of the two does not answer, where both are named.
    """
    primary = Server(_reach(options, options.url, where, whole=True))
    if options.replica is None:
        return primary
    replica = Server(_reach(options, options.replica, where, whole=False))
    try:
        refuse_stranger(primary.identify(), replica.identify(), where)
    finally:
        primary.close()
    return replica


def _reach(options: PostgresOptions, url: SecretStr | None, where: str, *, whole: bool) -> Reach:
    said = {name: getattr(options, name) for name in PARTS} if whole else {}
    parts = {name: plain(value) if isinstance(value, SecretStr) else value for name, value in said.items()}
    tunnel = options.tunnel
    return Reach(
        Address.of(plain(url), parts, where),
        SessionSettings(options.connect_timeout_s, options.statement_timeout_s),
        TunnelSettings.of(tunnel.ssh, where, key=tunnel.key, known_hosts=tunnel.known_hosts) if tunnel else None,
        where,
    )
