"""Buckets of Google and containers of Azure, by pyarrow, which the lake uses for them as well.

It tells no ETag: an object is the same while its size and the time it was written are, both as exact as the store has them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from lakesmith.errors import ConnectorOptionsError, StorageUnavailableError
from lakesmith.host.objects import connect as connect_store
from lakesmith.model.places import Storage
from lakesmith.sources.files.places.address import Address
from lakesmith.sources.files.places.connection import Listed
from lakesmith.sources.files.places.faults import (
    DeniedFaultError,
    MissingFaultError,
    NowhereFaultError,
    UnreachableFaultError,
)
from lakesmith.sources.files.places.place import Status

if TYPE_CHECKING:
    from pyarrow.fs import FileInfo, FileSystem

NANOS = 1_000_000_000
BLOCK_BYTES = 8 * 1024 * 1024
"""What one request reads."""

SIGNS = (
    (NowhereFaultError, ("bucket does not exist", "containernotfound", "no such bucket", "nosuchbucket")),
    (
        DeniedFaultError,
        ("denied", "forbidden", "permission", "credential", "authenticat", "authoriz", "http 401", "http 403"),
    ),
)


class ObjectConnection:
    """A prefix of a bucket."""

    is_atomic = True
    window: int | None = None

    def __init__(self, address: Address, files: FileSystem) -> None:
        self._address, self._files = address, files

    def list(self, folder: str) -> Iterator[Listed]:
        """Yield every object below a folder."""
        from pyarrow.fs import FileSelector

        base = self._key(folder)
        with _faults():
            found = self._files.get_file_info(FileSelector(base, recursive=True, allow_not_found=True))
        for info in found:
            if info.is_file:
                key = str(info.path).partition("/")[2]
                yield Listed(self._address.name(key), _status(info))

    def status(self, name: str) -> Status:
        """Return size and time of an object."""
        with _faults():
            info = self._files.get_file_info(self._key(name))
        if not info.is_file:
            raise MissingFaultError
        return _status(info)

    def stream(self, name: str, span: tuple[int, int], version: str) -> _Body:  # noqa: ARG002 - there is no version
        """Return a part of an object."""
        with _faults():
            file = self._files.open_input_file(self._key(name))
            file.seek(span[0])
        return _Body(file)

    def _key(self, name: str) -> str:
        return f"{self._address.host}/{self._address.key(name)}".rstrip("/")


class _Body:
    """The bytes of an object, asked for in blocks."""

    def __init__(self, file: Any) -> None:
        self._file, self._block = file, b""

    def read(self, size: int, /) -> bytes:
        """Return the next bytes."""
        if not self._block:
            with _faults():
                self._block = bytes(self._file.read(max(size, BLOCK_BYTES)))
        piece, self._block = self._block[:size], self._block[size:]
        return piece

    def close(self) -> None:
        """Let go of the object."""
        self._file.close()


@contextmanager
def _faults() -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise MissingFaultError from error
    except (OSError, ValueError) as error:  # ArrowInvalid is a ValueError
        said = str(error).lower()
        kind = next((kind for kind, signs in SIGNS if any(sign in said for sign in signs)), UnreachableFaultError)
        raise kind from error


def connect(address: Address) -> ObjectConnection:
    """Return a connection.

    Raises:
        ConnectorOptionsError: If it is Azure's and nobody says which storage account.
    """
    scheme = "az" if address.scheme == "abfs" else address.scheme
    said = address.storage
    if scheme == "az" and not said.account:
        raise ConnectorOptionsError(
            f"A place at {address.scheme}:// needs the name of its storage account.",
            where=address.where,
            fix="add `storage: {account: …}`",
        )
    storage = Storage(**{field.name: getattr(said, field.name) for field in fields(Storage)})
    try:
        return ObjectConnection(address, connect_store(scheme, storage))
    except StorageUnavailableError as error:
        raise DeniedFaultError from error


def _status(info: FileInfo) -> Status:
    return Status(int(info.size), int(info.mtime_ns or 0))
