"""One version of a table's metadata, read as plain JSON: quick, and without Iceberg's library."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from lakesmith.errors import ForeignCommitError
from lakesmith.lake.types import schema_from_json
from lakesmith.model.types import Schema

MAIN = "main"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One lake snapshot: its summary holds what the commit said about itself."""

    id: int
    parent_id: int | None
    timestamp_ms: int
    summary: dict[str, str]

    def number(self, key: str) -> int:
        """Return a count out of the summary; 0 where it is not given."""
        return int(self.summary.get(key, 0))

    @property
    def at(self) -> datetime:
        """When it was committed, aware, UTC."""
        return from_ms(self.timestamp_ms)


@dataclass(frozen=True, slots=True)
class Metadata:
    """The content of one metadata file, which never changes; `path` is where it lies."""

    path: str
    raw: dict[str, Any]

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
        ref = (self.raw.get("refs") or {}).get(MAIN)
        current = ref["snapshot-id"] if ref else self.raw.get("current-snapshot-id")
        return None if current is None or current == -1 else int(current)

    def schema(self) -> Schema:
        """Return the current schema.

        Raises:
            ForeignCommitError: If a column has a type that Lakesmith does not write.
        """
        wanted = self.raw["current-schema-id"]
        found = next(schema for schema in self.raw["schemas"] if schema["schema-id"] == wanted)
        try:
            return schema_from_json(found)
        except ValueError as error:
            raise ForeignCommitError(
                f"A column of this table was changed by something that is not Lakesmith: {error}.",
                where=self.path,
                fix="give the column back its type, or load the stream into a new table",
            ) from error

    def snapshots(self) -> dict[int, Snapshot]:
        """Return every snapshot kept, by id, on `main` or not."""
        return {raw["snapshot-id"]: _snapshot(raw) for raw in self.raw.get("snapshots") or ()}

    def ancestors(self, start: int | None = None) -> Iterator[Snapshot]:
        """Yield the snapshot `start` (None: the head of `main`) and those it was built on, newest first."""
        known = self.snapshots()
        at = self.main_id if start is None else start
        while at is not None and (snapshot := known.get(at)) is not None:
            yield snapshot
            at = snapshot.parent_id


def _snapshot(raw: dict[str, Any]) -> Snapshot:
    return Snapshot(raw["snapshot-id"], raw.get("parent-snapshot-id"), raw["timestamp-ms"], raw.get("summary") or {})


def from_ms(millis: int) -> datetime:
    """Return a time, aware, UTC, out of milliseconds since 1970."""
    return EPOCH + timedelta(milliseconds=millis)


def to_ms(at: datetime) -> int:
    """Return an aware time in whole milliseconds since 1970, rounded down."""
    return (at - EPOCH) // timedelta(milliseconds=1)
