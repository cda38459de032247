"""How far a stream has been loaded, and what one load did."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field, replace
from datetime import datetime

from lakesmith.model.shapes import Drift, Reshape
from lakesmith.model.streams import Position, StreamId
from lakesmith.model.types import Schema


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Where a stream is, kept inside the lake commit that took it there.

    `ordinal` counts load commits and never goes back. `generation` rises with every rollback or swap. `config_hash` tells whether
    the stream is still read the same way. `open_splits` names splits that were begun and not finished.
    """

    stream: StreamId
    position: Position
    ordinal: int
    generation: int = 0
    config_hash: str = ""
    open_splits: tuple[str, ...] = ()

    def encode(self) -> str:
        """Return the checkpoint as canonical JSON: sorted keys, no blanks, the position as text."""
        return json.dumps(
            {
                "config_hash": self.config_hash,
                "generation": self.generation,
                "open_splits": list(self.open_splits),
                "ordinal": self.ordinal,
                "position": self.position.decode(),
                "stream": str(self.stream),
            },
            sort_keys=True,
            separators=(",", ":"),
            ensure_ascii=False,
        )

    @classmethod
    def decode(cls, text: str) -> Checkpoint:
        """Return the checkpoint that `encode` wrote.

        Raises:
            ValueError: If the text is not such a checkpoint.
        """
        try:
            raw = json.loads(text)
            return cls(
                stream=StreamId.parse(raw["stream"]),
                position=raw["position"].encode(),
                ordinal=raw["ordinal"],
                generation=raw["generation"],
                config_hash=raw["config_hash"],
                open_splits=tuple(raw["open_splits"]),
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError("not a checkpoint") from error


@dataclass(frozen=True, slots=True)
class Counts:
    """Rows of a load. The row law: `read == written + quarantined + filtered`.

    `derived` rows are made by Lakesmith itself and stand beside the law. `proven` says that `read` was counted on the source's
    side by a way that does not share the reader's mistakes.
    """

    read: int = 0
    written: int = 0
    quarantined: int = 0
    filtered: int = 0
    derived: int = 0
    proven: bool = True

    @property
    def holds(self) -> bool:
        """Whether the row law holds."""
        return self.read == self.written + self.quarantined + self.filtered

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            self.read + other.read,
            self.written + other.written,
            self.quarantined + other.quarantined,
            self.filtered + other.filtered,
            self.derived + other.derived,
            proven=self.proven and other.proven,
        )


@dataclass(frozen=True, slots=True)
class Group:
    """A commit group: what will become visible together. Given out by the one committer of a stream, when it opens.

    `batch_id` is a ticket (table uuid, ordinal, random bits), `loaded_at` the constant of `_ls_loaded_at`, `expect_snapshot` the
    snapshot the commit must land on (None: the table does not exist, or has no snapshot). `branch` is where it lands: `main`, or
    aside, where a new generation is built. `generation` is that of its checkpoint; a `fresh` group begins one: the files of the
    generation before are no part of its snapshot.
    """

    stream: StreamId
    ordinal: int
    batch_id: str
    loaded_at: datetime
    expect_snapshot: int | None
    table_uuid: str
    branch: str = "main"
    generation: int = 0
    fresh: bool = False


@dataclass(frozen=True, slots=True)
class StagedFile:
    """A Parquet file that nobody sees yet."""

    path: str
    rows: int
    size_bytes: int
    first_seq: int
    last_seq: int


@dataclass(frozen=True, slots=True)
class Staged:
    """A worker's receipt: the files it wrote for a group, under which schema; the reject files if there were rejects.

    A path is absolute or a URL. `next_row` is the first row number of the group that is still free.
    """

    ordinal: int
    schema: Schema
    files: tuple[StagedFile, ...] = ()
    rows: int = 0
    next_row: int = 0
    reject_files: tuple[str, ...] = ()
    rejects: int = 0

    @property
    def size_bytes(self) -> int:
        """Bytes of all files together."""
        return sum(file.size_bytes for file in self.files)


@dataclass(frozen=True, slots=True)
class Batch:
    """What one commit carries: receipts, schema change if any, the new checkpoint and the counts of the row law."""

    staged: tuple[Staged, ...]
    checkpoint: Checkpoint
    reshape: Reshape
    counts: Counts


@dataclass(frozen=True, slots=True)
class Head:
    """What a table's newest metadata says, read without opening the table.

    `snapshot_id` is None for a table without snapshots; `checkpoint` is the one in force, None for a table never loaded.
    `highest_ordinal` is the highest ever committed, on any branch, also by what was rolled back. `building` is the checkpoint of a
    generation that is being built aside, and `building_id` its newest snapshot; None where none is.
    """

    table_uuid: str
    metadata_path: str
    snapshot_id: int | None
    checkpoint: Checkpoint | None
    schema: Schema
    rows: int
    files: int
    last_updated: datetime
    highest_ordinal: int = 0
    building: Checkpoint | None = None
    building_id: int | None = None

    @property
    def position(self) -> Position | None:
        """Where loading resumes, None at the very beginning."""
        return self.checkpoint.position if self.checkpoint else None


@dataclass(frozen=True, slots=True)
class Commit:
    """One lake snapshot that landed; `kind` is load, swap or rollback."""

    snapshot_id: int
    batch_id: str
    checkpoint: Checkpoint
    counts: Counts
    files: int
    size_bytes: int
    committed_at: datetime
    kind: str = "load"


@dataclass(frozen=True, slots=True)
class BronzeSnapshot:
    """A table as an engine attaches it: the data files of one snapshot and the columns with their field ids.

    `since` leaves out what was loaded before: rows whose `_ls_loaded_at` is earlier. None: all rows.
    """

    stream: StreamId
    snapshot_id: int | None
    schema: Schema
    files: tuple[str, ...]
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Upkeep:
    """What upkeep did to a table: small files made into fewer, and objects deleted that nothing names any more."""

    snapshot_id: int | None = None
    files_before: int = 0
    files_after: int = 0
    rows: int = 0
    deleted: int = 0
    freed_bytes: int = 0


@dataclass(frozen=True, slots=True)
class QuarantinedRow:
    """A record in quarantine, with the batch that put it there; see `Reject` for what it holds.

    `id` (file and line in the quarantine folder) never changes, and no other record of the stream has it.
    """

    stream: StreamId
    batch_id: str
    ordinal: int
    quarantined_at: datetime
    reason: str
    where: str
    column: str | None
    raw: str = field(repr=False)
    masked: tuple[str, ...] = ()
    cut: bool = False
    mark: str = ""
    id: str = ""


@dataclass(frozen=True, slots=True)
class Traffic:
    """What passed between a source and us: bytes, requests, how many of them were made again, seconds waited for a limit.

    None is unknown: not every source counts everything.
    """

    bytes_read: int | None = None
    requests: int | None = None
    retries: int | None = None
    throttled_s: float | None = None

    def since(self, before: Traffic) -> Traffic:
        """Return what passed between `before` and now."""
        waited_s = None if self.throttled_s is None else round(self.throttled_s - (before.throttled_s or 0.0), 6)
        return Traffic(
            _less(self.bytes_read, before.bytes_read),
            _less(self.requests, before.requests),
            _less(self.retries, before.retries),
            waited_s,
        )


@dataclass(frozen=True, slots=True)
class Reached:
    """Where a cursor stands: the column's name, and its value as text; only numbers and times are said, empty for any other."""

    column: str
    value: str = ""


@dataclass(frozen=True, slots=True)
class Load:
    """The part of a run that moved one stream. `phases_s` holds seconds by phase (read, shape, stage, commit, swap).

    `base` is the snapshot readers had before, None where there was none. `resumed` loads went on from an earlier one. `notices` is
    what the source had to say besides its records.

    `reason`: first, news, rebuild, backfill, replay, rollback or reconcile; empty where nobody said. `cursor_from` and `cursor_to` are
    numbers and times alone, empty for others. `ops` counts rows by `_ls_op`, `columns` are the table's afterwards, each with its type. `rows_before` and
    `rows_after` are those of the table, deleted and older ones included. `newest_event_at` is the newest value of the column that
    says when a row happened. `cpu_s` and `peak_rss_bytes` are those of the process. None is unknown.
    """

    stream: StreamId
    state: str
    commits: tuple[Commit, ...] = ()
    counts: Counts = field(default_factory=Counts)
    drift: tuple[Drift, ...] = ()
    reject_reasons: dict[str, int] = field(default_factory=dict)
    filter_reasons: dict[str, int] = field(default_factory=dict)
    splits: int = 0
    size_bytes: int = 0
    resumed: bool = False
    phases_s: dict[str, float] = field(default_factory=dict)
    base: int | None = None
    notices: tuple[str, ...] = ()
    started_at: datetime | None = None
    mode: str = ""
    reason: str = ""
    cursor_column: str = ""
    cursor_from: str = ""
    cursor_to: str = ""
    ops: dict[str, int] = field(default_factory=dict)
    traffic: Traffic = field(default_factory=Traffic)
    columns: dict[str, str] = field(default_factory=dict)
    rows_before: int | None = None
    rows_after: int | None = None
    newest_event_at: datetime | None = None
    cpu_s: float | None = None
    peak_rss_bytes: int | None = None

    @property
    def schema_hash(self) -> str:
        """What tells the table's columns from others, 32 hexadecimal digits; empty where nobody knows them."""
        if not self.columns:
            return ""
        return hashlib.sha256(json.dumps(self.columns, ensure_ascii=False).encode("utf-8", "replace")).hexdigest()[:32]

    def with_commit(self, commit: Commit) -> Load:
        """Return a copy with one more commit and its counts."""
        return replace(self, commits=(*self.commits, commit), counts=self.counts + commit.counts)


def _less(now: int | None, before: int | None) -> int | None:
    return None if now is None else now - (before or 0)
