"""Iceberg files that are on the disk, or in the bucket, before the catalog points at them."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from pyiceberg.io import InputFile, InputStream, OutputFile, OutputStream
from pyiceberg.io.pyarrow import PyArrowFileIO

from lakesmith.host import crash
from lakesmith.host.files import make_folder
from lakesmith.host.objects import SCHEMES, connect
from lakesmith.lake import points
from lakesmith.lake.stores.objects import ObjectOutput, ObjectStore
from lakesmith.lake.stores.store import DurableFile
from lakesmith.model.places import Storage, scheme_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pyarrow.fs import FileSystem

METADATA_ENDING = ".metadata.json"
NAME = f"{__name__}.DurableFileIO"
"""What the catalog's `py-io-impl` says."""

_PROPERTIES = {
    "s3": {
        "endpoint": "s3.endpoint",
        "region": "s3.region",
        "access_key": "s3.access-key-id",
        "secret_key": "s3.secret-access-key",
        "session_token": "s3.session-token",
        "anonymous": "s3.anonymous",
    },
    "gs": {"endpoint": "gcs.service.host", "anonymous": "gcs.anonymous"},
    "az": {"endpoint": "adls.blob-storage-authority", "account": "adls.account-name", "secret_key": "adls.account-key"},
}
_SPELLINGS = {"s3a": "s3", "s3n": "s3", "gcs": "gs"}


def to_properties(scheme: str, storage: Storage) -> dict[str, str]:
    """Return how a bucket is reached, as properties of a PyIceberg catalog."""
    values = {key: getattr(storage, name) for name, key in _PROPERTIES.get(scheme, {}).items()}
    return {key: "true" if value is True else value for key, value in values.items() if value}


def from_properties(scheme: str, properties: Mapping[str, Any]) -> Storage:
    """Return what `to_properties` put there, or what a catalog server did."""
    return Storage.of({name: properties.get(key) for name, key in _PROPERTIES[scheme].items()})


class DurableFileIO(PyArrowFileIO):
    """Reads and writes as PyIceberg does, local files with fsync of content and name, buckets as the lake's own store does."""

    def new_output(self, location: str) -> OutputFile:  # type: ignore[override]
        """Return a file to write, durable when closed."""
        scheme, _, path = self.parse_location(location)
        if scheme == "file":
            return _DurableOutput(location, path, self)
        return _Object(location, self._store(location)) if _plain(scheme) in SCHEMES else super().new_output(location)

    def new_input(self, location: str) -> InputFile:  # type: ignore[override]
        """Return a file to read."""
        known = _plain(scheme_of(location)) in SCHEMES
        return _Object(location, self._store(location)) if known else super().new_input(location)

    def _store(self, location: str) -> ObjectStore:
        scheme = _plain(scheme_of(location))
        return ObjectStore(location, from_properties(scheme, self.properties))

    def _initialize_fs(self, scheme: str, netloc: str | None = None) -> FileSystem:
        if _plain(scheme) in SCHEMES:
            return connect(_plain(scheme), from_properties(_plain(scheme), self.properties))
        return super()._initialize_fs(scheme, netloc)


def _plain(scheme: str) -> str:
    return _SPELLINGS.get(scheme, scheme)


class _Object(InputFile, OutputFile):
    """A metadata file or manifest in a bucket: small, so it is read whole."""

    def __init__(self, location: str, store: ObjectStore) -> None:
        super().__init__(location)
        self._store = store

    def __len__(self) -> int:
        return self._store.size(self.location) or 0

    def exists(self) -> bool:
        """Whether the object is there."""
        return self._store.size(self.location) is not None

    def open(self, seekable: bool = True) -> InputStream:  # noqa: ARG002, FBT001, FBT002 - PyIceberg's signature
        """Return the content."""
        return cast("InputStream", io.BytesIO(self._store.read(self.location)))

    def to_input_file(self) -> InputFile:
        """Return the same object for reading."""
        return self

    def create(self, overwrite: bool = False) -> OutputStream:  # noqa: FBT001, FBT002 - PyIceberg's signature
        """Open the object for writing; without `overwrite` it must not exist."""
        stream = self._store.begin(self.location, overwrite=overwrite)
        return cast("OutputStream", _MetadataObject(self.location, stream))


class _MetadataObject(ObjectOutput):
    """An object of Iceberg's, which Lakesmith's crash points know."""

    def close(self) -> None:
        """Finish the upload."""
        if not self.closed:
            super().close()
            _passed(self.path)


class _DurableOutput(OutputFile):
    """A local file that is durable once closed."""

    def __init__(self, location: str, path: str, files: PyArrowFileIO) -> None:
        super().__init__(location)
        self._path, self._files = path, files

    def __len__(self) -> int:
        return Path(self._path).stat().st_size

    def exists(self) -> bool:
        """Whether the file is there."""
        return Path(self._path).exists()

    def to_input_file(self) -> InputFile:
        """Return the same file for reading."""
        return self._files.new_input(self._location)

    def create(self, overwrite: bool = False) -> OutputStream:  # noqa: FBT001, FBT002 - PyIceberg's signature
        """Open the file for writing; without `overwrite` it must not exist."""
        make_folder(Path(self._path).parent)
        return cast("OutputStream", _MetadataFile(self._path, overwrite=overwrite))


class _MetadataFile(DurableFile):
    """A local file of Iceberg's, which Lakesmith's crash points know."""

    def close(self) -> None:
        """Make the content and the name durable, then close."""
        if self.closed:
            return
        super().close()
        _passed(self._path)


def _passed(path: str) -> None:
    if path.endswith(METADATA_ENDING):
        crash.point(points.METADATA_WRITTEN)
