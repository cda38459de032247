"""A source that reads windows again, as it stands in a file, and what its bronze should say: kept as a dictionary."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
from pydantic import BaseModel, ConfigDict

from lakesmith.model.streams import Ask, Chunk, Position, Reject, SourceContext, Split, StreamId, StreamSpec

STREAM = StreamId("ads", "days")
WINDOWS = ("w1", "w2", "w3", "w4")
Rows = list[list[int | None]]


class Nothing(BaseModel):
    """No settings."""

    model_config = ConfigDict(frozen=True, extra="forbid")


@dataclass
class Days:
    """`days.json` says which windows are asked for, and the [key, value] of each; a value of None is a reject.

    The position names the version of the file, the windows of it that were read, and those that ever were.
    """

    context: SourceContext
    Options = StreamOptions = Nothing

    @property
    def told(self) -> dict:
        return json.loads((self.context.root / "days.json").read_text())

    def check(self) -> list:
        return []

    def splits(self, stream: StreamSpec, ask: Ask) -> list[Split]:
        known, told = _known(ask.since), self.told
        done = known["done"] if known["version"] == told["version"] else []
        rest = [name for name in told["asked"] if name not in done]
        if known["version"] == told["version"] and not rest and not told.get("always"):
            return []
        rest = rest or told["asked"]
        return [Split(stream.id, name, restates=f"days {name}" if name in known["read"] else "") for name in rest]

    def read(self, stream: StreamSpec, split: Split, ask: Ask) -> Iterator[Chunk]:
        del stream, ask
        rows: Rows = self.told["windows"][split.name]
        for at in range(0, max(len(rows), 1), 2):
            part = rows[at : at + 2]
            good = [row for row in part if row[1] is not None]
            batch = pa.record_batch(
                {
                    "Key": pa.array([key for key, _ in good], pa.int64()),
                    "value": pa.array([value for _, value in good], pa.int64()),
                }
            )
            rejects = tuple(Reject("no value", f"{split.name}:{key}", "raw") for key, value in part if value is None)
            yield Chunk(batch, b"{}", rejects, len(part), origin=f"days {split.name}")

    def advance(self, position: Position | None, split: Split, after: Position) -> Position:
        del after
        known, version = _known(position), self.told["version"]
        done = [*(known["done"] if known["version"] == version else []), split.name]
        read = sorted({*known["read"], split.name})
        return json.dumps({"done": sorted(set(done)), "read": read, "version": version}, sort_keys=True).encode()


def _known(position: Position | None) -> dict:
    return json.loads(position) if position else {"version": 0, "done": [], "read": []}


@dataclass
class Book:
    """Writes the file, and keeps the dictionary: key → (window, value) of the rows that should be current."""

    folder: Path
    version: int = 0
    read: set[str] = field(default_factory=set)
    current: dict[int, tuple[str, int]] = field(default_factory=dict)

    def say(self, windows: dict[str, Rows], *, always: bool = False) -> set[int]:
        """Let these windows be asked for; return the keys that are gone by that."""
        self.version += 1
        told = {"version": self.version, "asked": list(windows), "windows": windows, "always": always}
        (self.folder / "days.json").write_text(json.dumps(told))
        came = {key: (name, value) for name, rows in windows.items() for key, value in rows if value is not None}
        torn = {name for name, rows in windows.items() if any(value is None for _, value in rows)}
        restated = (self.read & windows.keys()) - torn
        gone = {key for key, (window, _) in self.current.items() if window in restated} - came.keys()
        self.current = {key: held for key, held in self.current.items() if key not in gone} | came
        self.read |= windows.keys()
        return gone


def context(folder: Path) -> SourceContext:
    spec = StreamSpec(STREAM, "dedupe", ("Key",), options=Nothing(), where="lakesmith.yml:5")
    return SourceContext("ads", Nothing(), folder, (spec,), where="lakesmith.yml:2")


def current(rows: list[dict]) -> dict[int, tuple[str, int]]:
    """Return the newest row of each key as the dictionary has it; each `d` is about a key that was there until then."""
    held: dict[int, tuple[str, int]] = {}
    for row in sorted(rows, key=lambda row: row["_ls_seq"]):
        if row["_ls_op"] == "d":
            assert held.pop(row["key"]), "a key that was gone already is said to be gone"
            assert (row["value"], row["_ls_source"]) == (None, "vanished")
        else:
            held[row["key"]] = (row["_ls_source"].removeprefix("days "), row["value"])
    return held
