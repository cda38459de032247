"""Where the bytes of a lake lie: a folder or a bucket. Objects are written once, whole, and durable before anything names them."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from lakesmith.host.files import fsync_folder, make_folder, storage_errors, write_atomically


@dataclass(frozen=True, slots=True)
class Stored:
    """One object: its path (absolute, or a URL), its size, and when it was written by the store's own clock (aware, UTC)."""

    path: str
    size_bytes: int
    modified_at: datetime


class Output(Protocol):
    """An object in the making; nobody sees it before `close` has returned, and then it is durable. Fits a binary file."""

    @property
    def closed(self) -> bool:
        """Whether it was closed or abandoned."""
        ...

    def write(self, data: Any, /) -> int:
        """Append bytes; return how many."""
        ...

    def tell(self) -> int:
        """Return the bytes written so far."""
        ...

    def flush(self) -> None:
        """Hand on what is buffered, as far as the store can."""
        ...

    def close(self) -> None:
        """Make the object durable."""
        ...

    def abandon(self) -> None:
        """Stop writing. What is there stays, and is named by nothing."""
        ...


class Store(Protocol):
    """Reads and writes objects by path. All its errors are StorageFullError or StorageUnavailableError."""

    def read(self, path: str) -> bytes:
        """Return the content of an object.

        Raises:
            StorageUnavailableError: If it is not there or cannot be read.
        """
        ...

    def open(self, path: str) -> BinaryIO:
        """Open an object for reading at any place."""
        ...

    def create(self, path: str) -> Output:
        """Begin a new object, which must not exist; folders above it are made."""
        ...

    def write(self, path: str, content: bytes) -> None:
        """Write a small object whole, durable when this returns; the same path is only ever written with the same content."""
        ...

    def size(self, path: str) -> int | None:
        """Return the bytes of an object, None where there is none."""
        ...

    def list(self, prefix: str) -> Iterator[Stored]:
        """Yield every object below the folder `prefix`, at any depth; nothing if there is none."""
        ...

    def delete(self, path: str) -> None:
        """Delete an object; no error if it is gone already. For the collector alone."""
        ...

    def now(self) -> datetime:
        """Return what time it is by the clock that stamps `Stored.modified_at`, aware, UTC."""
        ...


class FolderStore:
    """A folder of this machine."""

    def __init__(self, root: str) -> None:
        self._root = root

    def read(self, path: str) -> bytes:
        """Return the content of a file."""
        with storage_errors(path):
            return Path(path).read_bytes()

    def open(self, path: str) -> BinaryIO:
        """Open a file for reading."""
        with storage_errors(path):
            return Path(path).open("rb")

    def create(self, path: str, *, overwrite: bool = False) -> Output:
        """Begin a new file; it exists from now on, and is durable once closed. `overwrite` is for half-written ones that nothing names."""
        make_folder(Path(path).parent)
        with storage_errors(path):
            return DurableFile(path, overwrite=overwrite)

    def write(self, path: str, content: bytes) -> None:
        """Write a small file whole."""
        make_folder(Path(path).parent)
        write_atomically(Path(path), content)

    def size(self, path: str) -> int | None:
        """Return the bytes of a file, None where there is none."""
        try:
            with storage_errors(path):
                return Path(path).stat().st_size if Path(path).exists() else None
        except FileNotFoundError:
            return None

    def list(self, prefix: str) -> Iterator[Stored]:
        """Yield every file below a folder. What cannot be looked at is an error: it must not be taken for empty."""
        for folder, _folders, names in os.walk(prefix, onerror=_raise_unless_gone):
            for file in map(Path(folder).joinpath, names):
                try:
                    found = file.stat()
                except FileNotFoundError:
                    continue  # went away between the listing and the look
                except OSError as error:
                    _raise_unless_gone(error)
                    continue
                yield Stored(str(file), found.st_size, datetime.fromtimestamp(found.st_mtime, UTC))

    def delete(self, path: str) -> None:
        """Delete a file."""
        with storage_errors(path):
            Path(path).unlink(missing_ok=True)

    def now(self) -> datetime:
        """Return the time of the file system: of a file touched just now."""
        probe = Path(self._root) / f".clock.{os.getpid()}"
        make_folder(probe.parent)
        with storage_errors(probe):
            probe.touch()
            try:
                return datetime.fromtimestamp(probe.stat().st_mtime, UTC)
            finally:
                probe.unlink(missing_ok=True)


def _raise_unless_gone(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError):
        with storage_errors(error.filename or ""):
            raise error


class DurableFile(io.FileIO):
    """A new local file, unbuffered, fsynced with its name when closed."""

    def __init__(self, path: str, *, overwrite: bool = False) -> None:
        super().__init__(path, "wb" if overwrite else "xb")
        self._path = path

    def write(self, data: Any, /) -> int:
        """Write all bytes of a buffer."""
        view = memoryview(data).cast("B")
        done = 0
        while done < view.nbytes:
            done += super().write(view[done:]) or 0
        return done

    def close(self) -> None:
        """Make the content and the name durable, then close."""
        if self.closed:
            return
        os.fsync(self.fileno())
        super().close()
        fsync_folder(Path(self._path).parent)

    def abandon(self) -> None:
        """Close without making anything durable."""
        if not self.closed:
            super().close()
