"""Files that are there whole or not at all, and stay there after a power cut."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lakesmith.errors import StorageFullError, StorageUnavailableError


def fsync_folder(folder: Path) -> None:
    """Make the names in `folder` durable. Does nothing where folders cannot be opened (Windows)."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_folder(folder: Path) -> None:
    """Make `folder` and those above it, so that they outlive a power cut.

    Raises:
        StorageFullError: If the disk is full.
        StorageUnavailableError: If the folder cannot be made.
    """
    if folder.is_dir():
        return
    make_folder(folder.parent)
    with storage_errors(folder):
        folder.mkdir(exist_ok=True)
        fsync_folder(folder.parent)


def fsync_file(path: Path) -> None:
    """Make the content of `path` and its name durable."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())
    fsync_folder(path.parent)


def write_atomically(path: Path, content: bytes | str) -> None:
    """Write `path` so that readers see the old content or the new, never a part; durable when this returns.

    Raises:
        StorageFullError: If the disk is full.
        StorageUnavailableError: If the folder cannot be written.
    """
    data = content.encode() if isinstance(content, str) else content
    with storage_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        fsync_folder(path.parent)


@contextmanager
def storage_errors(path: Path | str) -> Iterator[None]:
    """Turn the operating system's complaints about `path` into errors a person can act on.

    Raises:
        StorageFullError: If the disk or a quota is full.
        StorageUnavailableError: If the path cannot be read or written.
    """
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT) or "No space left" in str(error):
            raise StorageFullError(
                "The disk is full; nothing of this batch became visible.",
                where=str(path),
                fix="free some space and run the same command again: loading resumes where it was",
            ) from error
        raise StorageUnavailableError(
            f"A file cannot be used: {os.strerror(error.errno) if error.errno else type(error).__name__}.",
            where=str(path),
            fix="check that the path exists and that this user may read and write it",
        ) from error
