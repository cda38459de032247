"""One version of a table's metadata, read as plain JSON: quick, and without Iceberg's library."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from lakesmith.errors import ForeignCommitError
from lakesmith.lake.types import schema_from_json
from lakesmith.model.types import Schema

MAIN = "main"
BUILD = "lakesmith_build"
ROLLED_BACK_TO = "lakesmith.rolled-back-to"
SWAPPED_FROM = "lakesmith.swapped-from"
FRESH = "lakesmith.fresh"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One lake snapshot: its summary holds what the commit said about itself; `sequence` rises with every commit to the table."""

    id: int
    parent_id: int | None
    timestamp_ms: int
    summary: dict[str, str]
    sequence: int = 0

    def number(self, key: str) -> int:
        """Return a count out of the summary; 0 where it is not given."""
        return int(self.summary.get(key, 0))

    @property
    def at(self) -> datetime:
        """When it was committed, aware, UTC."""
        return from_ms(self.timestamp_ms)

    @property
    def content_before(self) -> int | None:
        """The snapshot whose content this one continues: the parent, or where a rollback or a swap took it from; None if nowhere."""
        if FRESH in self.summary:
            return None
        taken = self.summary.get(ROLLED_BACK_TO) or self.summary.get(SWAPPED_FROM)
        return int(taken) if taken else self.parent_id


@dataclass(frozen=True, slots=True)
class Metadata:
    """The content of one metadata file, which never changes; `path` is where it lies."""

    path: str
    raw: dict[str, Any]
    _read: dict[int, Snapshot] = field(default_factory=dict, init=False, repr=False, compare=False)

    @property
    def table_uuid(self) -> str:
        """The table's identity."""
        return str(self.raw["table-uuid"])

    @property
    def last_updated_ms(self) -> int:
        """When this version was written, in milliseconds since 1970."""
        return int(self.raw["last-updated-ms"])

    @property
    def last_column_id(self) -> int:
        """The highest field id ever given."""
        return int(self.raw["last-column-id"])

    @property
    def properties(self) -> dict[str, str]:
        """The table properties."""
        return self.raw.get("properties") or {}

    @property
    def main_id(self) -> int | None:
        """The snapshot readers see, None without one."""
        current = self.refs.get(MAIN, self.raw.get("current-snapshot-id"))
        return None if current is None or current == -1 else int(current)

    @property
    def refs(self) -> dict[str, int]:
        """The snapshots that branches and tags point to, by name."""
        return {name: int(ref["snapshot-id"]) for name, ref in (self.raw.get("refs") or {}).items()}

    def head_of(self, branch: str) -> int | None:
        """Return the newest snapshot of a branch, None where there is none."""
        return self.main_id if branch == MAIN else self.refs.get(branch)

    @property
    def once_main(self) -> set[int]:
        """The snapshots that readers saw at some time, as far as the log goes."""
        return {int(entry["snapshot-id"]) for entry in self.raw.get("snapshot-log") or ()}

    def schema(self) -> Schema:
        """Return the current schema.

        Raises:
            ForeignCommitError: If a column has a type that Lakesmith does not write.
        """
        return self._schema(self.raw["current-schema-id"])

    def schema_of(self, snapshot_id: int) -> Schema:
        """Return the schema that a kept snapshot was committed with; the current one where the snapshot does not say.

        Raises:
            ForeignCommitError: If a column has a type that Lakesmith does not write.
        """
        said = next(raw for raw in self.raw["snapshots"] if raw["snapshot-id"] == snapshot_id)
        return self._schema(said.get("schema-id", self.raw["current-schema-id"]))

    def _schema(self, wanted: int) -> Schema:
        found = next(schema for schema in self.raw["schemas"] if schema["schema-id"] == wanted)
        try:
            return schema_from_json(found)
        except ValueError as error:
            raise ForeignCommitError(
                f"A column of this table was changed by something that is not Lakesmith: {error}.",
                where=self.path,
                fix="give the column back its type, or load the stream into a new table",
            ) from error

    def snapshots(self) -> Mapping[int, Snapshot]:
        """Return every snapshot kept, by id, on `main` or not."""
        if not self._read:
            self._read.update((raw["snapshot-id"], _snapshot(raw)) for raw in self.raw.get("snapshots") or ())
        return self._read

    def ancestors(self, start: int | None = None) -> Iterator[Snapshot]:
        """Yield the snapshot `start` (None: the head of `main`) and those it was committed after, newest first."""
        return self._walk(start, lambda snapshot: snapshot.parent_id)

    def lineage(self, start: int | None = None) -> Iterator[Snapshot]:
        """Yield the snapshot `start` (None: the head of `main`) and those whose rows it holds, newest first, as far as they are kept.

        Other than `ancestors`, which has everything that was ever committed before, it leaves out what was rolled back, and what was
        there before a generation began; and it has the loads of a generation that was built aside.
        """
        return self._walk(start, lambda snapshot: snapshot.content_before)

    def wanted(self) -> Iterator[Snapshot]:
        """Yield what readers saw and nobody took back, newest first: `ancestors` without what was rolled back."""
        return self._walk(None, lambda snapshot: int(snapshot.summary.get(ROLLED_BACK_TO, 0)) or snapshot.parent_id)

    def _walk(self, start: int | None, before: Callable[[Snapshot], int | None]) -> Iterator[Snapshot]:
        known = self.snapshots()
        at = self.main_id if start is None else start
        while at is not None and (snapshot := known.get(at)) is not None:
            yield snapshot
            at = before(snapshot)

    def without(self, snapshot_ids: Collection[int]) -> Metadata:
        """Return the metadata as it is once some snapshots are expired."""
        kept = [raw for raw in self.raw.get("snapshots") or () if raw["snapshot-id"] not in snapshot_ids]
        return Metadata(self.path, {**self.raw, "snapshots": kept})


def _snapshot(raw: dict[str, Any]) -> Snapshot:
    return Snapshot(
        raw["snapshot-id"],
        raw.get("parent-snapshot-id"),
        raw["timestamp-ms"],
        raw.get("summary") or {},
        raw.get("sequence-number") or 0,
    )


def from_ms(millis: int) -> datetime:
    """Return a time, aware, UTC, out of milliseconds since 1970."""
    return EPOCH + timedelta(milliseconds=millis)


def to_ms(at: datetime) -> int:
    """Return an aware time in whole milliseconds since 1970, rounded down."""
    return (at - EPOCH) // timedelta(milliseconds=1)
