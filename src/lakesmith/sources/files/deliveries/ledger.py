"""What a stream has read of each file: the position of a source of files."""

from __future__ import annotations

import json
from collections.abc import Iterator, KeysView, Mapping
from dataclasses import dataclass, field
from typing import Any

from lakesmith.model.streams import Position, canonical

MEMBERS = "members"
"""What is noted of an archive or a workbook under this name: the members or sheets that were read, one per line."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What was read of one file.

    `size` and `mtime_ns` are those of the file when it was read; `consumed` the bytes that need not be read again and `digest` their
    SHA-256 (first 16 bytes, hex); `records` and `lines` count what lies in them. `is_done` says that all of the file was read; a
    file that ended inside a record is done with less consumed than it is long, and `whole` is then the digest of all of it.
    `notes` belong to the format. `version` is the place's own mark of the content (ETag), "" where it has none; `is_gone` says that
    the file was found missing, or empty, and that this was told. `refused` is the mark of the settings by which it could not be read
    at all as it is now; "" for a file that was read.
    """

    size: int
    mtime_ns: int
    consumed: int
    digest: str
    records: int
    lines: int
    is_done: bool = True
    whole: str = ""
    notes: Mapping[str, str] = field(default_factory=dict)
    version: str = ""
    is_gone: bool = False
    refused: str = ""

    @property
    def members(self) -> tuple[str, ...]:
        """The members of an archive that were read, by their paths in it, or the sheets of a workbook; empty for any other file."""
        return tuple(filter(None, self.notes.get(MEMBERS, "").split("\n")))

    def as_json(self) -> dict[str, Any]:
        """Return the entry with short keys; what has its usual value is left out."""
        optional = {
            "o": None if self.is_done else 1,
            "w": self.whole or None,
            "n": dict(self.notes) or None,
            "v": self.version or None,
            "g": 1 if self.is_gone else None,
            "x": self.refused or None,
        }
        return {
            "s": self.size,
            "m": self.mtime_ns,
            "c": self.consumed,
            "h": self.digest,
            "r": self.records,
            "l": self.lines,
            **{key: value for key, value in optional.items() if value is not None},
        }

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Entry:
        """Return the entry that `as_json` described."""
        return cls(
            size=raw["s"],
            mtime_ns=raw["m"],
            consumed=raw["c"],
            digest=raw["h"],
            records=raw["r"],
            lines=raw["l"],
            is_done="o" not in raw,
            whole=raw.get("w", ""),
            notes=raw.get("n", {}),
            version=raw.get("v", ""),
            is_gone="g" in raw,
            refused=raw.get("x", ""),
        )


Ledger = dict[str, Entry]


class Book(Mapping[str, Entry]):
    """A ledger whose entries are understood when they are looked at: of 100,000 files, few have changed."""

    def __init__(self, position: Position | None) -> None:
        self._plain = read_plain(position)

    def __getitem__(self, name: str) -> Entry:
        raw = self._plain[name]
        try:
            return Entry.from_json(raw)
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError("not a position of a source of files") from error

    def __iter__(self) -> Iterator[str]:
        return iter(self._plain)

    def __len__(self) -> int:
        return len(self._plain)

    def names(self) -> KeysView[str]:
        """Return the names of all files, as a set."""
        return self._plain.keys()

    def is_as_read(self, name: str, size: int, mtime_ns: int, version: str) -> bool:
        """Whether a file that is there was read whole when it looked the same, as far as that can be told without its entry."""
        raw = self._plain.get(name)
        return (
            type(raw) is dict
            and raw.get("s") == size
            and raw.get("v", "") == version
            and (bool(version) or (raw.get("m") == mtime_ns and mtime_ns > 0))
            and "o" not in raw
            and "g" not in raw
            and "x" not in raw
        )


def encode(ledger: Mapping[str, Entry]) -> Position:
    """Return a ledger as canonical JSON."""
    return canonical({name: entry.as_json() for name, entry in ledger.items()})


def decode(position: Position | None) -> Ledger:
    """Return the ledger in a position; empty for None.

    Raises:
        ValueError: If the bytes are not such a position.
    """
    try:
        return {name: Entry.from_json(raw) for name, raw in read_plain(position).items()}
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError("not a position of a source of files") from error


def read_plain(position: Position | None) -> dict[str, Any]:
    """Return a position as plain values, empty for None; what is only put together with others need not be understood."""
    ledger: dict[str, Any] = {} if position is None else json.loads(position)
    return ledger
