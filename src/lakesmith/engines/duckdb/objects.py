"""DuckDB reads a bucket through pyarrow's file system: nothing is downloaded or installed for it, and views may name `s3://` paths."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from lakesmith.host.objects import connect, key_of, object_errors
from lakesmith.model.places import SECRETS, VARIABLES, LakeAddress, Storage

if TYPE_CHECKING:
    import duckdb

MODULE = "lakesmith.engines.duckdb.dbt_plugin"


def register(connection: duckdb.DuckDBPyConnection, lake: LakeAddress | None) -> None:
    """Let a connection read the bucket of a lake; does nothing for a folder."""
    if lake is not None and lake.scheme:
        connection.register_filesystem(bridge(lake.scheme, lake.storage))


def bridge(scheme: str, storage: Storage) -> Any:
    """Return an fsspec file system, read-only, over one kind of object store."""
    return _bridge_class()(scheme, storage)


def plugin(lake: LakeAddress | None) -> list[dict[str, Any]]:
    """Return the entry of dbt's profile that does the same in dbt's process: keys by the names of environment variables."""
    if lake is None or not lake.scheme:
        return []
    storage = lake.storage
    said = {name: getattr(storage, name) for name in ("endpoint", "region", "account")}
    config = {"scheme": lake.scheme, **{name: value for name, value in said.items() if value}}
    if storage.anonymous:
        return [{"module": MODULE, "config": {**config, "anonymous": "true"}}]
    keys = {name: f"{{{{ env_var('{VARIABLES}{name.upper()}', '') }}}}" for name in SECRETS}
    return [{"module": MODULE, "config": {**config, **keys}}]


def from_config(config: Mapping[str, Any]) -> tuple[str, Storage]:
    """Return scheme and storage out of the profile's entry."""
    return str(config["scheme"]), Storage.of(config)


@lru_cache(maxsize=1)
def _bridge_class() -> type[Any]:
    import fsspec  # type: ignore[import-untyped]

    class Bridge(fsspec.AbstractFileSystem):  # type: ignore[misc]
        """The few calls that DuckDB makes to read a file."""

        cachable = False

        def __init__(self, scheme: str, storage: Storage) -> None:
            super().__init__()
            self.protocol = scheme
            self._reached = storage

        @property
        def _files(self) -> Any:
            return connect(self.protocol, self._reached)

        @classmethod
        def _strip_protocol(cls, path: str) -> str:
            return key_of(path) or path

        def info(self, path: str, **_options: Any) -> dict[str, Any]:
            """Return size and time of an object."""
            with object_errors(f"{self.protocol}://{self._strip_protocol(path)}"):
                found = self._files.get_file_info(self._strip_protocol(path))
            if not found.is_file:
                raise FileNotFoundError(path)
            return {"name": path, "size": found.size, "type": "file", "mtime": found.mtime}

        def exists(self, path: str, **_options: Any) -> bool:
            """Whether there is such an object."""
            with object_errors(f"{self.protocol}://{self._strip_protocol(path)}"):
                return bool(self._files.get_file_info(self._strip_protocol(path)).is_file)

        def modified(self, path: str) -> Any:
            """Return when an object was written."""
            return self.info(path)["mtime"]

        def _open(self, path: str, mode: str = "rb", **_options: Any) -> Any:
            if mode != "rb":
                raise PermissionError(f"a lake is only read here, and not opened with {mode!r}")
            from fsspec.implementations.arrow import ArrowFile  # type: ignore[import-untyped]

            with object_errors(f"{self.protocol}://{self._strip_protocol(path)}"):
                stream = self._files.open_input_file(self._strip_protocol(path))
            return ArrowFile(self, stream, path, mode)

    return Bridge
