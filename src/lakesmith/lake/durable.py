"""Iceberg files that are on the disk, not only in its cache, before the catalog points at them."""

from __future__ import annotations

from pathlib import Path
from typing import cast

from pyiceberg.io import InputFile, OutputFile, OutputStream
from pyiceberg.io.pyarrow import PyArrowFileIO

from lakesmith.host import crash
from lakesmith.host.files import make_folder
from lakesmith.lake import points
from lakesmith.lake.store import DurableFile

METADATA_ENDING = ".metadata.json"


class DurableFileIO(PyArrowFileIO):
    """Reads as PyIceberg does; writes local files with fsync of content and name. Named in the catalog's `py-io-impl`."""

    def new_output(self, location: str) -> OutputFile:  # type: ignore[override]
        """Return a file to write; local paths become durable when closed, other stores are durable by themselves."""
        scheme, _, path = self.parse_location(location)
        return _DurableOutput(location, path, self) if scheme == "file" else super().new_output(location)


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
        if self._path.endswith(METADATA_ENDING):
            crash.point(points.METADATA_WRITTEN)
