"""Where the database is: the parts of its URL, and how messages name it without a secret."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote, urlsplit

PORT = 5432
OF_DBT = ("sslmode", "sslcert", "sslkey", "sslrootcert")
"""What of a URL's options dbt's profile takes under the same name."""


@dataclass(frozen=True, slots=True)
class Address:
    """The parts of a database's URL.

    Examples:
        >>> address = Address.of("postgresql://me:p%40ss@db.example.com/acme?sslmode=require")
        >>> address.place, address.password, dict(address.options)
        ('postgresql://db.example.com:5432/acme', 'p@ss', {'sslmode': 'require'})
    """

    url: str = field(repr=False)
    host: str
    port: int
    user: str
    password: str = field(repr=False)
    database: str
    options: tuple[tuple[str, str], ...] = field(default=(), repr=False)

    @classmethod
    def of(cls, url: str) -> Address:
        """Return the parts of `url`, which the options have checked."""
        parts = urlsplit(url)
        options = dict(parse_qsl(parts.query))
        return cls(
            url="postgresql://" + url.partition("://")[2],
            host=parts.hostname or "",
            port=parts.port or PORT,
            user=unquote(parts.username or ""),
            password=unquote(parts.password or "") or options.get("password", ""),
            database=unquote(parts.path.strip("/")),
            options=tuple(options.items()),
        )

    @property
    def place(self) -> str:
        """The database as messages name it."""
        return f"postgresql://{self.host}:{self.port}/{self.database}"
