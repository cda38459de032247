"""What a stream has read of each file: the position of a source of files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lakesmith.model.streams import Position


@dataclass(frozen=True, slots=True)
class Entry:
    """What was read of one file.

    `size` and `mtime_ns` are those of the file when it was read; `consumed` the bytes that need not be read again and `digest` their
    SHA-256 (first 16 bytes, hex); `records` and `lines` count what lies in them. `is_done` says that all of the file was read; a
    file that ended inside a record is done with less consumed than it is long, and `whole` is then the digest of all of it.
    `notes` belong to the format.
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

    def as_json(self) -> dict[str, Any]:
        """Return the entry with short keys; what has its usual value is left out."""
        optional = {"o": None if self.is_done else 1, "w": self.whole or None, "n": dict(self.notes) or None}
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
        )


Ledger = dict[str, Entry]


def encode(ledger: Mapping[str, Entry]) -> Position:
    """Return a ledger as canonical JSON."""
    return canonical({name: entry.as_json() for name, entry in ledger.items()})


def decode(position: Position | None) -> Ledger:
    """Return the ledger in a position; empty for None.

    Raises:
        ValueError: If the bytes are not such a position.
    """
    if position is None:
        return {}
    try:
        return {name: Entry.from_json(raw) for name, raw in json.loads(position).items()}
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError("not a position of a source of files") from error


def canonical(value: object) -> bytes:
    """Return a value as JSON with sorted keys and no blanks."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
