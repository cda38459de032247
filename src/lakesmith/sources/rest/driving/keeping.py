"""Where answers are kept: in memory while they are small, on disk then; and pages that are of use only once all are there."""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from lakesmith.host.files import storage_errors
from lakesmith.sources.files.limits import MB
from lakesmith.sources.rest.flow.values import Body, Held, Page

IN_MEMORY = 4 * MB
"""Up to here an answer lies in memory."""

PIECE = MB


class TooLargeError(Exception):
    """More came, or came out, than may."""


@dataclass(frozen=True, slots=True)
class Stored:
    """A file as a body, or a small part of one."""

    path: Path
    begin: int
    size: int

    def open(self) -> BinaryIO:
        """Return it from its beginning."""
        if not self.begin and self.size == self.path.stat().st_size:
            return self.path.open("rb")
        with self.path.open("rb") as file:
            file.seek(self.begin)
            return BytesIO(file.read(self.size))


class Cellar:
    """A folder for what is too large for memory, made when it is first needed, and gone with whoever made it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    def file(self) -> tuple[BinaryIO, Path]:
        """Return a new file, which nobody else may read.

        Raises:
            StorageFullError: If the disk is full.
        """
        with self._lock, storage_errors(tempfile.gettempdir()):
            if self._folder is None:
                self._folder = tempfile.TemporaryDirectory(prefix="lakesmith-rest-", ignore_cleanup_errors=True)
            number, name = tempfile.mkstemp(dir=self._folder.name)
        return os.fdopen(number, "wb"), Path(name)

    def close(self) -> None:
        """Take away all of it."""
        with self._lock:
            folder, self._folder = self._folder, None
        if folder is not None:
            folder.cleanup()


class Gathering:
    """Gathers one answer of at most `most` bytes."""

    def __init__(self, cellar: Cellar, most: int) -> None:
        self._cellar, self._most = cellar, most
        self._memory = bytearray()
        self._file: BinaryIO | None = None
        self._path = Path()
        self._size = 0

    def write(self, piece: bytes) -> None:
        """Take more of it.

        Raises:
            TooLargeError: If it is more than an answer may be.
            StorageFullError: If the disk is full.
        """
        self._size += len(piece)
        if self._size > self._most:
            raise TooLargeError(f"more than {self._most // MB:,} MB")
        if self._file is None and self._size > IN_MEMORY:
            self._file, self._path = self._cellar.file()
            piece, self._memory = bytes(self._memory) + piece, bytearray()
        if self._file is None:
            self._memory += piece
            return
        with storage_errors(self._path):
            self._file.write(piece)

    def body(self) -> Body:
        """Return what came.

        Raises:
            StorageFullError: If the disk is full.
        """
        if self._file is None:
            return Held(bytes(self._memory))
        with storage_errors(self._path):
            self._file.close()
        return Stored(self._path, 0, self._size)

    def drop(self) -> None:
        """Forget what came."""
        if self._file is not None:
            with suppress(OSError):  # what it still has to write may be what the disk has no room for
                self._file.close()
            self._path.unlink(missing_ok=True)


def drop(body: Body) -> None:
    """Take a body off the disk, if it lies there in a file of its own."""
    if isinstance(body, Stored):
        body.path.unlink(missing_ok=True)


class Shelf:
    """Pages that wait until all of them are there, in one file."""

    def __init__(self, cellar: Cellar) -> None:
        self._cellar = cellar
        self._pages: list[Page] = []
        self._path: Path | None = None
        self._size = 0

    def add(self, page: Page) -> None:
        """Put a page behind the others.

        Raises:
            StorageFullError: If the disk is full.
        """
        if isinstance(page.body, Stored):
            self._pages.append(page)
            return
        if self._path is None:
            made, self._path = self._cellar.file()
            made.close()
        with storage_errors(self._path), page.body.open() as body, self._path.open("ab") as file:
            file.write(body.read())
        self._pages.append(replace(page, body=Stored(self._path, self._size, page.body.size), cut=None))
        self._size += page.body.size

    def clear(self) -> None:
        """Forget all pages."""
        for page in self._pages:
            drop(page.body)
        self._pages, self._size, self._path = [], 0, None

    def __iter__(self) -> Iterator[Page]:
        return iter(self._pages)
