"""Where a server is: taken from a URL. User and password are never shown."""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

from lakesmith.errors import ConnectorOptionsError, MissingExtraError

LIKE = "write it like mongodb://user:password@host:27017/database, with @ / : # % of a password as %40 %2F %3A %23 %25"


def load_driver(name: str = "pymongo") -> Any:
    """Import the driver, or a module of it.

    Raises:
        MissingExtraError: If it is not installed.
    """
    try:
        return import_module(name)
    except ImportError as error:
        raise MissingExtraError(
            "A MongoDB source needs the package pymongo, which is not installed, or does not load here.",
            fix='pip install "lakesmith[mongodb]"',
        ) from error


@dataclass(frozen=True, slots=True)
class Address:
    """One server or replica set and a database on it; `hosts` is what messages may show."""

    url: str = field(repr=False)
    database: str
    hosts: str

    @classmethod
    def of(cls, url: str, database: str | None, where: str = "") -> Address:
        """Return the address that a URL says, and the database of an option, which wins over it.

        Raises:
            ConnectorOptionsError: If something is missing, or cannot be understood.
            MissingExtraError: If pymongo is not installed.
        """
        text = url.strip()
        if not text.startswith(("mongodb://", "mongodb+srv://")):
            raise ConnectorOptionsError(
                "`url:` does not begin with mongodb:// or mongodb+srv://.", where=where, fix=LIKE
            )
        load_driver()
        found = _parsed(text, where)
        name = database or found.get("database")
        if not name:
            raise ConnectorOptionsError(
                "The address names no database.",
                where=where,
                fix="write `database:`, or put it behind the last / of `url:`",
            )
        return cls(text, name, found["hosts"])

    @property
    def place(self) -> str:
        """Hosts and database, for messages."""
        return f"{self.hosts}/{self.database}"

    def __str__(self) -> str:
        return self.place


def _parsed(text: str, where: str) -> dict[str, Any]:
    """Return hosts and database of a URL. What the driver says of a bad one is left out: it quotes the URL."""
    parser, errors = load_driver("pymongo.uri_parser"), load_driver("pymongo.errors")
    if text.startswith("mongodb+srv://"):  # its hosts are asked for by DNS, which planning leaves to the client
        rest = text.removeprefix("mongodb+srv://").rpartition("@")[2]
        host, _, behind = rest.partition("/")
        return {"hosts": host.partition("?")[0], "database": behind.partition("?")[0] or None}
    try:
        found = parser.parse_uri(text, validate=False)
    except (errors.PyMongoError, ValueError):
        raise ConnectorOptionsError("`url:` cannot be understood.", where=where, fix=LIKE) from None
    hosts = ",".join(f"{host}:{port}" if port else str(host) for host, port in found["nodelist"])
    return {"hosts": hosts, "database": found.get("database")}
