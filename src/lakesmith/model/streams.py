"""What a source offers and what a load asks of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

Position = bytes
"""Canonical JSON, opaque to all but the source that wrote it."""

TEXT_KEY = b"lakesmith.text"
"""Arrow field metadata key: the column is text whose type the source does not know (CSV and the like)."""


@dataclass(frozen=True, slots=True, order=True)
class StreamId:
    """A table, collection, endpoint or file family `name` in a `source`."""

    source: str
    name: str

    def __str__(self) -> str:
        return f"{self.source}.{self.name}"

    @classmethod
    def parse(cls, text: str) -> StreamId:
        """Return the stream written as `source.name`.

        Examples:
            >>> StreamId.parse("billing.payments").name
            'payments'
        """
        source, _, name = text.partition(".")
        return cls(source, name)


@dataclass(frozen=True, slots=True)
class StreamSpec:
    """One stream as the project describes it.

    `mode` is append, dedupe, replace or cdc; `key` its key as the project writes it, empty without one; `max_rejects` a share below 1,
    or a count; `options` the connector's own
    settings of this stream, already validated by it; `where` is the project file and line, for messages.
    """

    id: StreamId
    mode: str = "append"
    key: tuple[str, ...] = ()
    on_drift: str = "evolve"
    columns: Mapping[str, Mapping[str, Any]] = field(default_factory=dict, repr=False)
    max_rejects: float | None = None
    options: Any = field(default=None, repr=False)
    where: str = ""


@dataclass(frozen=True, slots=True)
class SourceContext:
    """What a source is made with: its name, its validated `Options`, its streams, the project folder, and where it is written."""

    name: str
    options: Any = field(repr=False)
    root: Path
    streams: tuple[StreamSpec, ...] = ()
    where: str = ""


@dataclass(frozen=True, slots=True)
class Ask:
    """What a load requests: everything after `since` (None: from the beginning), for days `from_day` to `until_day` if given."""

    since: Position | None = None
    from_day: date | None = None
    until_day: date | None = None


@dataclass(frozen=True, slots=True)
class Split:
    """A part of a stream that is read on its own; `size_bytes` is for progress, None if unknown.

    `token` is what the source needs to read it again, opaque to everybody else.
    """

    stream: StreamId
    name: str
    resumable: bool = True
    size_bytes: int | None = None
    token: bytes = b""


@dataclass(frozen=True, slots=True)
class Reject:
    """A record that cannot be accepted: why, in which `column` (None: the record as a whole), where, and its raw text.

    `where` reads like `companies.csv:1203`. `raw` goes to quarantine only, never to a log or a message.
    """

    reason: str
    where: str
    raw: str
    column: str | None = None


@dataclass(frozen=True, slots=True)
class Chunk:
    """One Arrow batch from a reader, as the source sends it: its own names, its own types.

    `rejects` are records of the same stretch that could not become rows. `after` is the split's position once this chunk is in.
    `counted` is how many records the source itself counted in this stretch, by a way that does not share the reader's mistakes;
    None where nobody counted. `origin` names where the rows came from (a file) and becomes `_ls_source`. `held` counts records
    that an earlier load already holds, which were read and left out.
    """

    rows: pa.RecordBatch
    after: Position
    rejects: tuple[Reject, ...] = ()
    counted: int | None = None
    origin: str = ""
    held: int = 0


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing `check` has to say about a source or stream; `level` is ok, note, warning or error."""

    level: str
    subject: str
    text: str
    fix: str = ""
