"""What a source offers and what a load asks of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

    from lakesmith.model.shapes import Pin

Position = bytes
"""Canonical JSON, opaque to all but the source that wrote it."""


def canonical(plain: object) -> Position:
    """Return plain values as canonical JSON: keys sorted, no blanks.

    Examples:
        >>> canonical({"b": [1, None], "a": "ä"}).decode()
        '{"a":"ä","b":[1,null]}'
    """
    return json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


TEXT_KEY = b"lakesmith.text"
"""Arrow field metadata key: the column is text whose type the source does not know (CSV and the like)."""

DOC_KEY = b"lakesmith.doc"
"""Metadata of an Arrow field: what the source says of the column, a sentence for people that becomes its doc in bronze."""

WORDS_KEY = b"lakesmith.words"
"""Metadata of the last Arrow fields of a batch, strings that bear the name of a column before them: the source's own words for those
of its values that the column's type cannot hold, such as an infinite date. The column is null there. They are never read as anything
else, and go where values that do not fit go."""

JSON_KEY = b"lakesmith.json_of"
"""Metadata of an Arrow field of a batch, or of a part of an object, with the name of another one beside it: JSON of those of that one's
values that no type of a lake holds. They go to its sibling `<column>__json`, whatever its type is."""

RENAMED_KEY = b"lakesmith.renamed_from"
"""Metadata of an Arrow field: what the source called the column at an earlier load, where the source itself proves that it is the
same one. Bronze renames it then, within the load."""

PERSONAL = "Personal data."
"""How the doc of a column begins that tells something of a person."""


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

    `mode` is append, dedupe, replace or cdc; `key` its key as the project writes it, empty without one; `history` says that a
    `replace` stream keeps every load as rows, and gets a `d` row for each key that vanished; `max_rejects` is a share below 1, or a
    count; `options` the connector's own settings of this stream, already validated by it; `where` is the project file and line,
    for messages; `pin` is the pinned schema that `freeze` is judged by, None without one.
    """

    id: StreamId
    mode: str = "append"
    key: tuple[str, ...] = ()
    on_drift: str = "evolve"
    columns: Mapping[str, Mapping[str, Any]] = field(default_factory=dict, repr=False)
    max_rejects: float | None = None
    options: Any = field(default=None, repr=False)
    where: str = ""
    history: bool = False
    pin: Pin | None = field(default=None, repr=False)

    @property
    def is_swapped(self) -> bool:
        """Whether each load is a new generation, built aside and swapped in."""
        return self.mode == "replace" and not self.history


@dataclass(frozen=True, slots=True)
class SourceContext:
    """What a source is made with: its name, its validated `Options`, its streams, the project folder, and where it is written."""

    name: str
    options: Any = field(repr=False)
    root: Path
    streams: tuple[StreamSpec, ...] = ()
    where: str = ""


@dataclass(frozen=True, slots=True)
class Discovery:
    """A stream that a source found by itself: its name, what the project file would say of it, and how large it is (None: unknown)."""

    name: str
    said: Mapping[str, Any] = field(default_factory=dict, hash=False)
    size_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Ask:
    """What a load requests: everything after `since` (None: from the beginning), for days `from_day` to `until_day` if given.

    With `resumes`, `since` is where a load of the whole was cut off: the rest of it is wanted, also of a `replace` stream, which is
    asked for all of it otherwise, and one more split for each part read before that is not as it was, or gone. Such a load begins
    anew, so these are never read.
    """

    since: Position | None = None
    from_day: date | None = None
    until_day: date | None = None
    resumes: bool = False


@dataclass(frozen=True, slots=True)
class Kept:
    """What stays of a stream when everything from some day on is loaded anew: the position without that, and whose rows stay.

    `origins` are those of the chunks (`_ls_source`) whose rows stay, `anew` those that are read again.
    """

    position: Position
    origins: frozenset[str]
    anew: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Split:
    """A part of a stream that is read on its own; `size_bytes` is for progress, None if unknown.

    `token` is what the source needs to read it again, opaque to everybody else. `resumable`: reading can go on from the middle of it.
    A `bound` split belongs to a plan that somebody else cannot go on with (a database's snapshot): all splits are committed together,
    or aside. A split that `restates` an origin (`_ls_source`) brings all there is of it by now, an answer without records included:
    in mode dedupe, a key whose current row came from there, and that comes from nowhere in the same group, gets a `d` row.
    """

    stream: StreamId
    name: str
    resumable: bool = True
    size_bytes: int | None = None
    token: bytes = b""
    bound: bool = False
    restates: str = ""


@dataclass(frozen=True, slots=True)
class Reject:
    """A record that cannot be accepted: why, in which `column` (None: the record as a whole), where, and its raw text.

    `where` reads like `companies.csv:1203`. `raw` goes to quarantine only, never to a log or a message. With a `column`, `raw` is the
    row as JSON, by the source's own names, `masked` naming those of its values that are hashes; without one it is the text as it
    came, bytes that are no text as lone surrogates. `cut` says that the rest of it was not kept. `mark` is what the source wants to
    find again when it parses the record anew.
    """

    reason: str
    where: str
    raw: str = field(repr=False)
    column: str | None = None
    masked: tuple[str, ...] = ()
    cut: bool = False
    mark: str = ""


@dataclass(frozen=True, slots=True)
class Chunk:
    """One Arrow batch from a reader, as the source sends it: its own names, its own types.

    `rejects` are records of the same stretch that could not become rows. `after` is the split's position once this chunk is in.
    `counted` is how many records the source itself counted in this stretch, by a way that does not share the reader's mistakes;
    None where nobody counted. `origin` names where the rows came from (a file) and becomes `_ls_source`. `held` counts records
    that an earlier load already holds, which were read and left out. `notices` is what a person should know and no row can say, one
    sentence each without any value: a file that vanished, a record that waits for its end.
    """

    rows: pa.RecordBatch
    after: Position
    rejects: tuple[Reject, ...] = ()
    counted: int | None = None
    origin: str = ""
    held: int = 0
    notices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing `check` has to say about a source or stream; `level` is ok, note, warning or error.

    `facts` is what programs may want to know beyond the text, without any value: it is shown by `--json` alone.
    """

    level: str
    subject: str
    text: str
    fix: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class Replay:
    """Records of quarantine that a source parsed again, `counted` of them as it counts records.

    Row `n` of `rows` came from the record with the number `taken[n]`; `rejects` are those that still cannot become rows, each with
    the number of its record. A record may be several rows by today's rules. `kept` says why records could not even be parsed:
    they stay as they are. `origin` becomes `_ls_source`.
    """

    rows: pa.RecordBatch
    taken: tuple[int, ...]
    rejects: tuple[tuple[int, Reject], ...] = ()
    kept: tuple[tuple[int, str], ...] = ()
    counted: int = 0
    origin: str = ""
