"""A catalog in memory: a pointer per table, moved by compare-and-swap, over a line that fails as it is told."""

from __future__ import annotations

import errno
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, cast

from pyiceberg.catalog import MetastoreCatalog
from pyiceberg.catalog.noop import NoopCatalog
from pyiceberg.exceptions import (
    CommitFailedException,
    CommitStateUnknownException,
    NoSuchTableError,
    ServerError,
    TableAlreadyExistsError,
)
from pyiceberg.table import CommitTableResponse, Table
from pyiceberg.table.metadata import TableMetadata
from sqlalchemy.exc import IntegrityError, OperationalError

from lakesmith.errors import CatalogLockedError, StorageUnavailableError
from lakesmith.lake.catalogs.pointers import read_metadata
from lakesmith.lake.metadata import Metadata
from lakesmith.model.streams import StreamId
from lakesmith.testing.torture.actors import acting, pause
from lakesmith.testing.torture.memory import MemoryFiles, MemoryStore, plain

RAISED: dict[str, Callable[[], Exception]] = {
    "OperationalError": lambda: OperationalError("UPDATE", {}, Exception("connection reset")),
    "IntegrityError": lambda: IntegrityError("INSERT", {}, Exception("unique")),
    "CommitFailedException": lambda: CommitFailedException("409"),
    "CommitStateUnknownException": lambda: CommitStateUnknownException("503"),
    "ServerError": lambda: ServerError("500"),
    "TableAlreadyExistsError": lambda: TableAlreadyExistsError("it exists"),
    "NoSuchTableError": lambda: NoSuchTableError("it does not exist"),
    "TimeoutError": lambda: TimeoutError("timed out"),
    "ConnectionResetError": lambda: ConnectionResetError(errno.ECONNRESET, "reset"),
    "ValueError": lambda: ValueError("Cannot add snapshot with sequence number 7 older than last sequence number 8"),
    "KeyError": lambda: KeyError("metadata-location"),
    "RuntimeError": lambda: RuntimeError("executor is shut down"),
    "AssertionError": lambda: AssertionError("row count"),
    "CatalogLockedError": lambda: CatalogLockedError("locked"),
    "StorageUnavailableError": lambda: StorageUnavailableError("gone"),
}
FAULTS = ("lost", "lost reply", "late", "twice", "unread")


@dataclass(frozen=True, slots=True)
class Fault:
    """What happens to one commit that is sent.

    `kind`: `lost` never arrives; `lost reply` lands and says that it failed; `late` says that it failed and arrives after other
    things have happened; `twice` is answered, and arrives once more later; `unread` lands, says that it failed, and the catalog
    cannot be read for a while. `raises` names the exception.
    """

    kind: str
    raises: str = "OperationalError"

    def __str__(self) -> str:
        return f"{self.kind} ({self.raises})"


@dataclass(slots=True)
class Line:
    """The state of the catalog's server, shared by all who talk to it."""

    pointers: dict[tuple[str, str], str] = field(default_factory=dict)
    faults: dict[str, deque[Fault]] = field(default_factory=dict)
    under_way: list[tuple[str, Callable[[], None]]] = field(default_factory=list)
    """Commits that arrive later: who sent them, and what happens then."""
    moved: Callable[[], None] = lambda: None
    """Called whenever a pointer has moved."""
    cause: str = ""
    """Who moves pointers now, if it is not the program that runs."""
    blind: int = 0
    """How many more reads of the catalog fail."""


class MemoryCatalog(NoopCatalog, MetastoreCatalog):
    """A catalog that commits as PyIceberg's SQL catalog does: requirements, a new metadata file, then the swap of the pointer."""

    def __init__(self, line: Line, store: MemoryStore) -> None:
        super().__init__("memory")
        self.line, self._store = line, store
        self._parsed: dict[str, TableMetadata] = {}

    def _load_file_io(self, properties: Any = None, location: str | None = None) -> MemoryFiles:  # noqa: ARG002
        return MemoryFiles(self._store)

    def create_namespace_if_not_exists(self, namespace: Any, properties: Any = None) -> None:
        """Do nothing: there is every namespace."""

    def load_table(self, identifier: Any) -> Table:
        """Return the newest version of a table."""
        key = (identifier[0], identifier[1])
        path = self.line.pointers.get(key)
        if path is None:
            raise NoSuchTableError(str(key))
        if path not in self._parsed:
            from pyiceberg.table.metadata import TableMetadataUtil

            self._parsed[path] = TableMetadataUtil.parse_raw(self._store.read(path).decode())
        return Table(key, self._parsed[path], path, self._load_file_io(), cast("Any", self))

    def commit_table(self, table: Table, requirements: Any, updates: Any) -> CommitTableResponse:
        """Commit, unless the line fails as it was told to for the program that sends."""
        pause("catalog.commit sent")
        fault = self._fault()
        name = table.name()
        if fault is None:
            return self._land(name, requirements, updates)
        if fault.kind in ("late", "twice"):
            sender = actor.name.rpartition(" ")[0] if (actor := acting()) else ""
            self.line.under_way.append((sender, lambda: self._arrive(name, requirements, updates)))
        if fault.kind == "twice":
            return self._land(name, requirements, updates)
        if fault.kind in ("lost reply", "unread"):
            self._land(name, requirements, updates)
        if fault.kind == "unread":
            self.line.blind = 2
        pause("catalog.commit failed")
        error = RAISED[fault.raises]()
        raise error

    def _fault(self) -> Fault | None:
        actor = acting()
        waiting = self.line.faults.get(actor.name) if actor else None
        return waiting.popleft() if waiting else None

    def _arrive(self, name: Any, requirements: Any, updates: Any) -> None:
        """Let a commit arrive that nobody waits for."""
        try:
            self._land(name, requirements, updates)
        except (CommitFailedException, ValueError, TableAlreadyExistsError):
            return  # refused, and nobody hears of it

    def _land(self, name: Any, requirements: Any, updates: Any) -> CommitTableResponse:
        key = (name[0], name[1])
        current = self.load_table(key) if key in self.line.pointers else None
        staged = self._update_and_stage_table(cast("Any", current), key, requirements, updates)
        if current is not None and staged.metadata == current.metadata:
            return CommitTableResponse(metadata=current.metadata, metadata_location=current.metadata_location)
        self._write_metadata(staged.metadata, staged.io, staged.metadata_location)
        pause("catalog.metadata written")
        if self.line.pointers.get(key) != (current.metadata_location if current else None):
            raise CommitFailedException(f"Table has been updated by another process: {key}")
        self._parsed[staged.metadata_location] = staged.metadata
        self.point(key, staged.metadata_location)
        pause("catalog.commit landed")
        return CommitTableResponse(metadata=staged.metadata, metadata_location=staged.metadata_location)

    def point(self, key: tuple[str, str], path: str | None) -> None:
        """Move a pointer."""
        if path is None:
            self.line.pointers.pop(key, None)
        else:
            self.line.pointers[key] = path
        self.line.moved()


@dataclass(frozen=True, slots=True)
class MemoryPointers:
    """Reads the newest metadata; fits `lake.pointers.Pointers`."""

    line: Line
    store: MemoryStore
    place: str = "memory"

    def read(self, stream: StreamId) -> Metadata | None:
        """Return the newest metadata of a stream's table, None where there is no table."""
        pause("catalog.read")
        if self.line.blind and acting() is not None:
            self.line.blind -= 1
            raise CatalogLockedError("The catalog stayed locked.", where=self.place, fix="wait")
        path = self.line.pointers.get((stream.source, stream.name))
        return None if path is None else read_metadata(cast("Any", self.store), plain(path))

    def streams(self) -> list[StreamId]:
        """Return the streams that have a table, in order."""
        return [StreamId(*key) for key in sorted(self.line.pointers)]
