"""A lake in memory: store, files for PyIceberg, clock and ids, all of which do as they are told."""

from __future__ import annotations

import io
import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import BinaryIO, cast

from pyiceberg.io import FileIO, InputFile, InputStream, OutputFile, OutputStream

from lakesmith.errors import StorageUnavailableError
from lakesmith.host.ids import Ids
from lakesmith.lake.stores.store import Output, Stored
from lakesmith.testing.torture.actors import pause

NOON = datetime(2026, 10, 1, 12, tzinfo=UTC)
ROOT = "memory://lake"


@dataclass(slots=True)
class FakeClock:
    """A clock that shows the world's time and is moved by the history alone; each look takes a millisecond."""

    time: datetime = NOON

    def now(self) -> datetime:
        """Return the time, a little later with each look."""
        self.time += timedelta(milliseconds=1)
        return self.time

    def steady_s(self) -> float:
        """Return seconds."""
        return self.time.timestamp()


class SeededIds(Ids):
    """Ids that a seed gives again."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)  # noqa: S311 - repeatable on purpose

    def ticket(self) -> str:
        """Return 64 bits as 16 hexadecimal digits."""
        return f"{self._chance.getrandbits(64):016x}"


@dataclass(slots=True)
class MemoryStore:
    """Objects in a dictionary, stamped by a clock of the store's own; fits `lake.store.Store`. `deleted` notes what was deleted."""

    clock: Callable[[], datetime]
    objects: dict[str, bytes] = field(default_factory=dict)
    times: dict[str, datetime] = field(default_factory=dict)
    deleted: list[str] = field(default_factory=list)

    def read(self, path: str) -> bytes:
        """Return the content of an object."""
        try:
            return self.objects[plain(path)]
        except KeyError:
            raise _missing(path) from None

    def open(self, path: str) -> BinaryIO:
        """Open an object for reading."""
        return io.BytesIO(self.read(path))

    def create(self, path: str) -> Output:
        """Begin a new object."""
        if plain(path) in self.objects:
            raise StorageUnavailableError("A file cannot be used: File exists.", where=path, fix="use another name")
        pause(f"store.create {kind_of(path)}")
        return cast("Output", _Written(self, path))

    def write(self, path: str, content: bytes) -> None:
        """Write an object whole."""
        pause(f"store.write {kind_of(path)}")
        self.put(path, content)
        pause(f"store.written {kind_of(path)}")

    def size(self, path: str) -> int | None:
        """Return the bytes of an object, None where there is none."""
        found = self.objects.get(plain(path))
        return None if found is None else len(found)

    def list(self, prefix: str) -> Iterator[Stored]:
        """Yield every object below a folder, as it was when the listing began."""
        pause("store.list")
        folder = plain(prefix).rstrip("/") + "/"
        for path in [path for path in self.objects if path.startswith(folder)]:
            yield Stored(path, len(self.objects.get(path, b"")), self.times.get(path, NOON))

    def delete(self, path: str) -> None:
        """Delete an object."""
        pause(f"store.delete {kind_of(path)}")
        if self.objects.pop(plain(path), None) is not None:
            self.deleted.append(plain(path))

    def now(self) -> datetime:
        """Return the store's time."""
        return self.clock()

    def put(self, path: str, content: bytes) -> None:
        """Store an object at once."""
        self.objects[plain(path)] = content
        self.times[plain(path)] = self.clock()


class _Written(io.BytesIO):
    """An object in the making."""

    def __init__(self, store: MemoryStore, path: str) -> None:
        super().__init__()
        self._store, self._path = store, path

    def close(self) -> None:
        if not self.closed:
            self._store.put(self._path, self.getvalue())
            super().close()
            pause(f"store.closed {kind_of(self._path)}")

    def abandon(self) -> None:
        """Leave it; nothing was stored."""
        super().close()

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        """Do not store what a killed program had begun."""
        self.abandon() if kind is not None else self.close()


class MemoryFiles(FileIO):
    """PyIceberg's way to the same objects."""

    def __init__(self, store: MemoryStore) -> None:
        super().__init__({})
        self._store = store

    def new_input(self, location: str) -> InputFile:
        """Return an object to read."""
        return _File(location, self._store)

    def new_output(self, location: str) -> OutputFile:
        """Return an object to write."""
        return _File(location, self._store)

    def delete(self, location: str | InputFile | OutputFile) -> None:
        """Delete an object."""
        self._store.delete(location if isinstance(location, str) else location.location)


class _File(InputFile, OutputFile):
    def __init__(self, location: str, store: MemoryStore) -> None:
        super().__init__(location)
        self._location, self._store = location, store

    def __len__(self) -> int:
        return self._store.size(self._location) or 0

    def exists(self) -> bool:
        return self._store.size(self._location) is not None

    def open(self, seekable: bool = True) -> InputStream:  # noqa: ARG002, FBT001, FBT002 - PyIceberg's signature
        try:
            return self._store.open(self._location)
        except StorageUnavailableError as error:
            raise FileNotFoundError(self._location) from error

    def to_input_file(self) -> InputFile:
        return self

    def create(self, overwrite: bool = False) -> OutputStream:  # noqa: ARG002, FBT001, FBT002 - PyIceberg's signature
        return cast("OutputStream", _Written(self._store, self._location))


def plain(path: str) -> str:
    """Return a path without its scheme."""
    return path.removeprefix("file://")


def kind_of(path: str) -> str:
    """Return what a file is, for stories: the last part of its name."""
    return path.rsplit("/", 1)[-1].partition(".")[2] or "file"


def canonical(value: object) -> bytes:
    """Return a value as JSON with sorted keys and no blanks."""
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def _missing(path: str) -> StorageUnavailableError:
    return StorageUnavailableError("A file cannot be used: it is not there.", where=path, fix="look for it")
