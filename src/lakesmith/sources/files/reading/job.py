"""What a split's token says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lakesmith.model.streams import Chunk
from lakesmith.sources.files.deliveries.ledger import Entry, Ledger, encode

NOTES_ALONE = "./ledger"
"""The name of a split that brings no file, only what the ledger has to note: no file below a root can be called this."""


@dataclass(frozen=True, slots=True)
class Job:
    """The file, its format, what the ledger knew of it, and entries to note along the way.

    `may_grow` says that the file was changed so recently that it may still be written; `notices` is what a person should be told.
    A job without a format reads no file; where it is `broken`, for the reason given, the file goes aside and `known` is what the
    ledger will say of it.
    """

    name: str
    format: str
    known: Entry | None = None
    refreshed: Mapping[str, Entry] = field(default_factory=dict)
    may_grow: bool = False
    notices: tuple[str, ...] = ()
    broken: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return the job as plain values."""
        return {
            "name": self.name,
            "format": self.format,
            "known": None if self.known is None else self.known.as_json(),
            "refreshed": {name: entry.as_json() for name, entry in self.refreshed.items()},
            "may_grow": self.may_grow,
            "notices": list(self.notices),
            "broken": self.broken,
        }

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Job:
        """Return the job that `as_json` described."""
        known = None if raw["known"] is None else Entry.from_json(raw["known"])
        refreshed = {name: Entry.from_json(entry) for name, entry in raw["refreshed"].items()}
        return cls(raw["name"], raw["format"], known, refreshed, raw["may_grow"], tuple(raw["notices"]), raw["broken"])


def half_written(name: str) -> str:
    """Return the notice for a file that cannot be read yet."""
    return f"{name} cannot be read and was changed only now, so it may still be written: it waits for a later run."


def told(job: Job, notices: tuple[str, ...], entries: Ledger | None = None) -> Chunk:
    """Return a chunk without rows, for what is to be told and noted of a job that brings none."""
    import pyarrow as pa

    nothing = pa.RecordBatch.from_pylist([], schema=pa.schema([]))
    return Chunk(nothing, encode({**job.refreshed, **(entries or {})}), counted=0, origin=job.name, notices=notices)
