"""Where a lake is: a folder or a bucket, the catalog that points into it, and how the bucket is reached."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from urllib.parse import parse_qsl, urlencode, urlsplit

VARIABLES = "LAKESMITH_STORAGE_"
"""What environment variables with the keys of a bucket begin with, for dbt."""


@dataclass(frozen=True, slots=True)
class Storage:
    """How an object store is reached; None: as the store's own tools find it out (environment, profiles, machine roles).

    `access_key`, `secret_key` and `session_token` are S3's; `secret_key` is the account key of Azure's `account`.
    """

    endpoint: str | None = None
    region: str | None = None
    account: str | None = None
    anonymous: bool = False
    access_key: str | None = field(default=None, repr=False)
    secret_key: str | None = field(default=None, repr=False)
    session_token: str | None = field(default=None, repr=False)

    def secrets(self) -> dict[str, str]:
        """Return the keys that are set as environment variables for a child process.

        Examples:
            >>> Storage(access_key="a", region="eu-west-1").secrets()
            {'LAKESMITH_STORAGE_ACCESS_KEY': 'a'}
        """
        values = {name: getattr(self, name) for name in SECRETS}
        return {VARIABLES + name.upper(): value for name, value in values.items() if value}

    @classmethod
    def of(cls, values: Mapping[str, object]) -> Storage:
        """Return what a mapping by field names says; empty text counts as None.

        Examples:
            >>> Storage.of({"region": "eu-west-1", "access_key": ""})
            Storage(endpoint=None, region='eu-west-1', account=None, anonymous=False)
        """
        said = {name: str(values[name]) for name in (f.name for f in fields(cls)) if values.get(name)}
        anonymous = said.pop("anonymous", "").lower() == "true"
        return cls(**said, anonymous=anonymous)


SECRETS = ("access_key", "secret_key", "session_token")

_KEYS = {"access_key": "AWS_ACCESS_KEY_ID", "secret_key": "AWS_SECRET_ACCESS_KEY", "session_token": "AWS_SESSION_TOKEN"}
_PLACES = {
    "endpoint": ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"),
    "region": ("AWS_REGION", "AWS_DEFAULT_REGION"),
}


def complete(storage: Storage, scheme: str, environ: Mapping[str, str]) -> Storage:
    """Return how a bucket is reached, with the environment in the place of what is not said. Keys are never mixed from both.

    Examples:
        >>> complete(Storage(), "s3", {"AWS_REGION": "eu-west-1"}).region
        'eu-west-1'
    """
    if scheme != "s3":
        return storage
    found = {name: next(filter(None, map(environ.get, names)), None) for name, names in _PLACES.items()}
    if not storage.anonymous and not storage.access_key:
        found |= {name: environ.get(variable) for name, variable in _KEYS.items()}
    said = {field.name: getattr(storage, field.name) for field in fields(storage)}
    return Storage.of(found | {name: value for name, value in said.items() if value})


LAKE_SCHEMES = ("s3", "gs", "az")
CATALOG_NAME = "lakesmith"
CATALOG_KINDS = {
    "sqlite": "sqlite",
    "postgresql": "postgresql",
    "postgres": "postgresql",
    "postgresql+psycopg": "postgresql",
    "glue": "glue",
    "rest+https": "rest",
    "rest+http": "rest",
}
"""Catalogs by the scheme of their URL."""


@dataclass(frozen=True, slots=True)
class LakeAddress:
    """A lake. `root` is an absolute path or a URL without a slash at the end; `catalog` None: a SQLite file in `root`.

    Examples:
        >>> lake = LakeAddress("s3://acme", "postgresql://me:pw@db.example.com:5432/lakes?sslmode=require&catalog=acme")
        >>> lake.catalog_kind, lake.catalog_name, lake.catalog_place
        ('postgresql', 'acme', 'postgresql://db.example.com:5432/lakes')
        >>> lake.catalog_url
        'postgresql://me:pw@db.example.com:5432/lakes?sslmode=require'
    """

    root: str
    catalog: str | None = field(default=None, repr=False)
    storage: Storage = Storage()

    @property
    def scheme(self) -> str:
        """`s3`, `gs` or `az`; empty for a folder."""
        return scheme_of(self.root)

    @property
    def catalog_kind(self) -> str:
        """`sqlite`, `postgresql`, `glue` or `rest`."""
        return CATALOG_KINDS[scheme_of(self.catalog or "sqlite://")]

    @property
    def catalog_name(self) -> str:
        """The catalog's name inside a database that several lakes share; other tools must use the same."""
        query = urlsplit(self.catalog or "").query
        return dict(parse_qsl(query)).get("catalog", CATALOG_NAME)

    @property
    def catalog_url(self) -> str:
        """The catalog's URL without its name. May hold a password."""
        parts = urlsplit(self.catalog or "")
        rest = [(key, value) for key, value in parse_qsl(parts.query) if key != "catalog"]
        return (self.catalog or "").partition("?")[0] + (f"?{urlencode(rest)}" if rest else "")

    @property
    def catalog_place(self) -> str:
        """The catalog as messages name it: without user, password and options; only its kind where it is no proper URL."""
        parts = urlsplit(self.catalog or "")
        if self.catalog_kind == "sqlite":
            return (self.catalog or "").partition("?")[0]
        try:
            port = "" if parts.port is None else f":{parts.port}"
        except ValueError:
            return f"{parts.scheme}://…"
        broken = "@" in parts.path + parts.query  # a password with characters that should have been escaped
        return f"{parts.scheme}://…" if broken else f"{parts.scheme}://{parts.hostname or ''}{port}{parts.path}"


def scheme_of(path: str) -> str:
    """Return the scheme of a URL, empty for a path.

    Examples:
        >>> scheme_of("s3://acme-lake/bronze"), scheme_of("/srv/lake")
        ('s3', '')
    """
    head, separator, _ = path.partition("://")
    return head if separator else ""
