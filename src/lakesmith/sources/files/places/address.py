"""Where a place far away is, in pieces."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from lakesmith.errors import ConnectorOptionsError

if TYPE_CHECKING:
    from lakesmith.sources.files.options import FilesOptions
    from lakesmith.sources.files.settings.place import StorageSettings


SENDABLE = re.compile(r"[!-~]*")
"""What a key in a header may be made of; a line break in it would begin another header."""


@dataclass(frozen=True, slots=True)
class Address:
    """A URL in pieces. `shown` is the URL for messages, `where` the project file and line.

    `host` is the bucket, container or server and `prefix` the path below it, both without a slash at the ends. `query` is what
    every request carries behind a `?`; like user and password it may be a secret.
    """

    scheme: str
    host: str
    prefix: str
    storage: StorageSettings = field(repr=False)
    port: int | None = None
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    query: str = field(default="", repr=False)
    index: str | None = None
    where: str = ""

    @classmethod
    def of(cls, options: FilesOptions, where: str) -> Address:
        """Return the address in the options of a source.

        Raises:
            ConnectorOptionsError: If the URL is none.
        """
        storage = options.storage
        try:
            parts = urlsplit(options.root)
            port, host = parts.port, parts.hostname or ""
        except ValueError:
            port, host = None, ""
        if not host:
            raise ConnectorOptionsError(
                "`root` is no URL that can be understood.", where=where, fix="write it like `s3://bucket/folder`"
            )
        user, password = parts.username, parts.password
        if parts.scheme in ("az", "abfs") and user:  # abfs://container@account.dfs.core.windows.net/folder
            storage = storage.model_copy(update={"account": storage.account or host.partition(".")[0]})
            host, user, password = user, None, None
        if parts.scheme in ("s3", "gs"):
            host = parts.netloc
        return cls(
            scheme=parts.scheme,
            host=host,
            prefix=parts.path.strip("/"),
            storage=storage,
            port=port,
            user=storage.user or (unquote(user) if user else None),
            password=storage.password or (unquote(password) if password else None),
            query=parts.query,
            index=options.index,
            where=where,
        )

    @property
    def shown(self) -> str:
        """The URL without user, password and query."""
        port = f":{self.port}" if self.port else ""
        return f"{self.scheme}://{self.host}{port}{f'/{self.prefix}' if self.prefix else ''}"

    def refuse_unsendable(self, *names: str) -> None:
        """See that requests can carry some keys of `storage`.

        Raises:
            ConnectorOptionsError: If one of them cannot be sent as it is. What it is, is not shown.
        """
        for name in names:
            if not SENDABLE.fullmatch(getattr(self.storage, name) or ""):
                raise ConnectorOptionsError(
                    f"`{name}` has a character that no request can carry, such as a line break or a blank.",
                    where=self.where,
                    fix=f"correct the value that `storage: {{{name}: …}}` refers to: it is one line without blanks around it",
                )

    def key(self, name: str) -> str:
        """Return the path of a file below the host."""
        return f"{self.prefix}/{name}".strip("/")

    def name(self, key: str) -> str:
        """Return the name of a file, relative to the root."""
        return key[len(self.prefix) + 1 :] if self.prefix else key
