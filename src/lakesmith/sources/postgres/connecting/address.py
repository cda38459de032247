"""Where a server is and who asks: taken from a URL, from single options, or both. The password is never shown."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from lakesmith.errors import ConnectorOptionsError
from lakesmith.sources.postgres.connecting.drivers import PSYCOPG, load_driver

PORT = 5432
SCHEME = re.compile(r"^(?:postgresql|postgres)(?:\+\w+)?://", re.IGNORECASE)
KEYWORD = re.compile(r"[?&]([^=&#]*)=")
OURS = ("replication", "client_encoding", "fallback_application_name", "service", "servicefile")
"""What an address cannot say: a source decides it, or it would hide which server is meant."""


@dataclass(frozen=True, slots=True)
class Address:
    """One server and database, and who asks. `settings` are further keywords of libpq, such as `sslmode`."""

    host: str
    database: str
    port: int = PORT
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    settings: Mapping[str, str] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, url: str | None, parts: Mapping[str, Any], where: str = "") -> Address:
        """Return the address that a URL and single options say together.

        Args:
            url: `postgresql://user:password@host:port/database?sslmode=…`, or keywords as libpq takes them; None without one.
            parts: Further options under the names of libpq, `database` for its `dbname`, which win over the URL; None says nothing.
            where: The project file and line of the source.

        Raises:
            ConnectorOptionsError: If something is missing, or cannot be understood.
            MissingExtraError: If psycopg is not installed.
        """
        said = _parse(url, where) if url is not None else {}
        own = {
            "dbname" if name == "database" else name: str(value) for name, value in parts.items() if value is not None
        }
        if own.get("host"):
            said.pop("hostaddr", None)  # it is of the host that the URL names
        said |= own
        _refuse_ours(said, where)
        return _made(said, where)

    @property
    def is_socket(self) -> bool:
        """Whether it is a socket in a folder of this machine."""
        return self.host.startswith(("/", "@"))

    @property
    def place(self) -> str:
        """Host, port and database, for messages."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}/{self.database}"

    def through(self, port: int) -> Address:
        """Return the address as it is reached by a tunnel that ends at a port of this machine.

        The host's name stays, as TLS and password files go by it.
        """
        return replace(self, port=port, settings={**self.settings, "hostaddr": "127.0.0.1"})

    def conninfo(self, defaults: Mapping[str, str], **fixed: str) -> str:
        """Return it as both drivers take it, password included.

        Args:
            defaults: Keywords that count where the address does not say them itself.
            fixed: Keywords that count in any case.
        """
        own = {
            "host": self.host,
            "port": str(self.port),
            "dbname": self.database,
            "user": self.user,
            "password": self.password,
        }
        known = {name: value for name, value in own.items() if value is not None}
        text: str = load_driver(f"{PSYCOPG}.conninfo").make_conninfo(**{**defaults, **self.settings, **known, **fixed})
        return text

    def __str__(self) -> str:
        return self.place


def _parse(url: str, where: str) -> dict[str, str]:
    """Return the keywords of a URL. What libpq says of a bad one is left out: it quotes the URL."""
    psycopg, info = load_driver(PSYCOPG), load_driver(f"{PSYCOPG}.conninfo")
    text = SCHEME.sub("postgresql://", url.strip())
    if "://" in text.partition("=")[0] and not SCHEME.match(text):
        raise _wrong(
            "`url:` does not begin with postgresql://.",
            "write it like postgresql://user:password@host:5432/database",
            where,
        )
    try:
        found: dict[str, Any] = info.conninfo_to_dict(text)
    except psycopg.ProgrammingError:
        raise _not_understood(text, where) from None  # its text holds the password
    return {name: str(value) for name, value in found.items()}


def _not_understood(text: str, where: str) -> ConnectorOptionsError:
    known = {option.keyword.decode() for option in load_driver(f"{PSYCOPG}.pq").Conninfo.get_defaults()}
    strange = sorted({name for name in KEYWORD.findall(text) if name.isidentifier()} - known)
    if strange:
        return _wrong(
            f"`url:` has parameters that PostgreSQL does not know: {', '.join(strange)}.", "leave them out", where
        )
    return _wrong(
        "`url:` cannot be understood.",
        "write it like postgresql://user:password@host:5432/database, with @ / : # % of a password as %40 %2F %3A %23 %25",
        where,
    )


def _refuse_ours(said: Mapping[str, str], where: str) -> None:
    for name in OURS:
        if name in said:
            raise _wrong(f"An address cannot say `{name}`.", "leave it out, and write host and database", where)


def _made(said: dict[str, str], where: str) -> Address:
    host, database, port = (
        said.pop("host", "") or said.get("hostaddr", ""),
        said.pop("dbname", ""),
        said.pop("port", "") or str(PORT),
    )
    if not host:
        raise _wrong(
            "The address names no host.",
            "write `host:`, or put it into `url:`; a folder that begins with / is a socket",
            where,
        )
    if not database:
        raise _wrong(
            "The address names no database.", "write `database:`, or put it behind the last / of `url:`", where
        )
    if "," in host or "," in port:
        raise _wrong(
            "The address names several hosts, and a snapshot is of one server.",
            "name one host; to read from a replica name it in `replica:`",
            where,
        )
    if not port.isdecimal():
        raise _wrong("The port of the address is no number.", "write it like 5432", where)
    return Address(host, database, int(port), said.pop("user", None), said.pop("password", None), said)


def _wrong(what: str, fix: str, where: str) -> ConnectorOptionsError:
    return ConnectorOptionsError(what, where=where, fix=fix)
