"""What a position says: the day up to which windows are read, where a cursor stands, and the page at which a load was cut off."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from lakesmith.model.streams import Position, canonical

DAYS = ("first", "until", "looked", "looked_until")


@dataclass(frozen=True, slots=True)
class Open:
    """A split that was not read to its end: its name, and how reading goes on."""

    split: str
    state: Mapping[str, Any] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class Place:
    """How far a stream is.

    `first` is the first day of all. Of windows, `until` the last day that is read, `looked` the day on which windows were
    read last, `looked_until` up to where they were on that day, `told` the `start` of which a person was told that it changes nothing.
    Of a cursor, `last` is its last value and `held` are the hashes of records that will come once more. `is_whole`: all was read.
    """

    first: date | None = None
    until: date | None = None
    looked: date | None = None
    looked_until: date | None = None
    told: str = ""
    last: Any = None
    held: tuple[str, ...] = ()
    is_whole: bool = False
    open: Open | None = None

    @classmethod
    def decode(cls, position: Position | None) -> Place:
        """Return what a position says; nothing was read where there is none."""
        plain = json.loads(position or b"{}")
        days = {name: date.fromisoformat(plain[name]) for name in DAYS if name in plain}
        opened = plain.get("open")
        return cls(
            **days,
            told=plain.get("told", ""),
            last=plain.get("last"),
            held=tuple(plain.get("held", ())),
            is_whole=plain.get("is_whole", False),
            open=Open(opened["split"], opened["state"]) if opened else None,
        )

    def encode(self) -> Position:
        """Return it as canonical JSON."""
        plain: dict[str, Any] = {}
        for name in DAYS:
            day = getattr(self, name)
            if day is not None:
                plain[name] = day.isoformat()
        if self.told:
            plain["told"] = self.told
        if self.last is not None:
            plain["last"] = self.last
        if self.held:
            plain["held"] = list(self.held)
        if self.is_whole:
            plain["is_whole"] = True
        if self.open is not None:
            plain["open"] = {"split": self.open.split, "state": dict(self.open.state)}
        return canonical(plain)

    def after(self, split: str, after: Position) -> Place:
        """Return where the stream is once a split was read up to `after`."""
        told = json.loads(after)
        if not told.get("done"):
            return replace(self, open=Open(split, told["state"])) if "state" in told else self
        days: dict[str, Any] = {
            name: date.fromisoformat(told[name]) if name in told else getattr(self, name) for name in DAYS
        }
        days["until"] = max(filter(None, (self.until, days["until"])), default=None)
        return Place(
            **days,
            told=told.get("told", self.told),
            last=told.get("last", self.last),
            held=tuple(told["held"]) if "held" in told else self.held,
            is_whole=told.get("is_whole", self.is_whole),
        )
