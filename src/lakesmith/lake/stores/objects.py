"""A bucket as the store of a lake: an object is there whole, and durable, once the request that wrote it was answered."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, BinaryIO, Self, cast

from lakesmith.errors import StorageUnavailableError
from lakesmith.host.objects import connect, key_of, object_errors
from lakesmith.lake.layout import Layout
from lakesmith.lake.stores.store import Output, Stored
from lakesmith.model.places import Storage, scheme_of

if TYPE_CHECKING:
    from pyarrow.fs import FileInfo, FileSystem

BUFFER = 1 << 20


class ObjectStore:
    """A prefix of a bucket."""

    def __init__(self, root: str, storage: Storage) -> None:
        self._root, self._scheme, self._storage = root, scheme_of(root), storage

    @property
    def _files(self) -> FileSystem:
        return connect(self._scheme, self._storage)

    def read(self, path: str) -> bytes:
        """Return the content of an object."""
        with object_errors(path), self._files.open_input_file(key_of(path)) as file:
            return bytes(file.read())

    def open(self, path: str) -> BinaryIO:
        """Open an object for reading at any place."""
        with object_errors(path):
            return io.BufferedReader(_Reader(path, self._files.open_input_file(key_of(path))), BUFFER)

    def create(self, path: str, *, overwrite: bool = False) -> Output:
        """Begin a new object. Names are never given twice, so looking first is enough."""
        return ObjectOutput(path, self.begin(path, overwrite=overwrite))

    def begin(self, path: str, *, overwrite: bool = False) -> Any:
        """Return pyarrow's stream for a new object."""
        if not overwrite and self.size(path) is not None:
            raise StorageUnavailableError(
                "An object is there already, and objects of a lake are written once.",
                where=path,
                fix="see that no other program writes below the lake",
            )
        with object_errors(path):
            return self._files.open_output_stream(key_of(path), compression=None)

    def write(self, path: str, content: bytes) -> None:
        """Write a small object in one request."""
        with object_errors(path), self._files.open_output_stream(key_of(path), compression=None) as out:
            out.write(content)

    def size(self, path: str) -> int | None:
        """Return the bytes of an object, None where there is none."""
        found = self._look(path)
        return int(found.size) if found.is_file else None

    def list(self, prefix: str) -> Iterator[Stored]:
        """Yield every object below a prefix."""
        from pyarrow.fs import FileSelector

        with object_errors(prefix):
            found = self._files.get_file_info(FileSelector(key_of(prefix), recursive=True, allow_not_found=True))
        for info in found:
            if info.is_file:
                yield Stored(f"{self._scheme}://{info.path}", int(info.size), _utc(info))

    def delete(self, path: str) -> None:
        """Delete an object."""
        with object_errors(path), suppress(FileNotFoundError):
            self._files.delete_file(key_of(path))

    def now(self) -> datetime:
        """Return the time of the store: of an object written just now, always the same one."""
        probe = f"{Layout(self._root).own}/clock"
        self.write(probe, b"now")
        found = self._look(probe)
        return _utc(found)

    def _look(self, path: str) -> FileInfo:
        with object_errors(path):
            return self._files.get_file_info(key_of(path))


def _utc(info: FileInfo) -> datetime:
    return cast("datetime", info.mtime).astimezone(UTC)


class ObjectOutput:
    """An object in the making, sent in parts as it grows."""

    def __init__(self, path: str, stream: Any) -> None:
        self.path, self._stream = path, stream

    @property
    def closed(self) -> bool:
        """Whether it was closed or abandoned."""
        return bool(self._stream.closed)

    def write(self, data: Any, /) -> int:
        """Append bytes; return how many."""
        with object_errors(self.path):
            self._stream.write(data)
        return memoryview(data).nbytes

    def tell(self) -> int:
        """Return the bytes written so far."""
        return int(self._stream.tell())

    def flush(self) -> None:
        """Do nothing: parts are sent when they are large enough."""

    def close(self) -> None:
        """Finish the upload; the object is there now."""
        with object_errors(self.path):
            self._stream.close()

    def abandon(self) -> None:
        """Stop writing. pyarrow can end an upload only by finishing it, so that an object nobody names may stay for the collector."""
        with suppress(OSError, StorageUnavailableError):
            self._stream.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_rest: object) -> None:
        if kind is None:
            self.close()
        else:
            self.abandon()


class _Reader(io.RawIOBase):
    """pyarrow's file as Python's, with errors a person can act on."""

    def __init__(self, path: str, file: Any) -> None:
        super().__init__()
        self._path, self._file = path, file

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        with object_errors(self._path):
            return int(self._file.readinto(buffer))

    def seek(self, offset: int, whence: int = 0, /) -> int:
        with object_errors(self._path):
            self._file.seek(offset, whence)
        return int(self._file.tell())

    def tell(self) -> int:
        return int(self._file.tell())

    def close(self) -> None:
        self._file.close()
        super().close()
