"""What a position says of a table: which one it is, how far its cursor was read, and what is done of a plan that was cut off."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from lakesmith.model.streams import Position, canonical


@dataclass(frozen=True, slots=True)
class Origin:
    """The table that was read: the server's own number, the database, the table's oid, and its columns by `attnum`.

    `system` is empty where the server does not say it. `oid` is 0 for what may be made anew at any time: a view.
    """

    system: str
    database: str
    oid: int
    columns: Mapping[int, str] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class CursorPlace:
    """How far a cursor was read: all rows up to the value `last`, as the server writes it; None if there was no row yet.

    `held` are the fingerprints of the rows from `last` minus the look-back on, sorted, one for each row, taken over the columns `told_by`
    (attnum and type). Where there are too many of them, `held` is the count and sum of all alone, and `is_sum`. `sums` are those of
    each of these columns by itself, each value beside its row's key, which is `keyed_by`: they tell whether the rows are the same
    where one of the columns is gone. Only streams that a row read twice would double have them.

    What was read, and how: the column's number `attnum` (0: not kept) and `type` in the server's words (empty: not kept); `reach`, how far
    before `last` the fingerprints go, in seconds or as a number (empty: not kept); `filter`, a hash of the condition (empty: there was
    none, None: not kept); `leaves`, the oids of the parts with rows of their own (empty: not kept). `large` is the size in bytes from
    which a value's hash stands in for it in a fingerprint (0: never), `salt` what fingerprints that masked values are part of begin with.
    """

    column: str
    last: str | None = None
    held: tuple[str, ...] = ()
    told_by: tuple[str, ...] = ()
    is_sum: bool = False
    sums: tuple[str, ...] = ()
    keyed_by: tuple[str, ...] = ()
    attnum: int = 0
    type: str = ""
    reach: str = ""
    filter: str | None = None
    leaves: tuple[int, ...] = ()
    large: int = 0
    salt: str = ""

    @classmethod
    def of(cls, plain: Mapping[str, Any]) -> CursorPlace:
        """Return what is written as plain JSON."""
        listed: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value for key, value in plain.items()
        }
        return cls(**listed)


@dataclass(frozen=True, slots=True)
class CutOff:
    """A plan that was not read to its end: its name, and how many of its splits are done."""

    plan: str
    done: int


@dataclass(frozen=True, slots=True)
class Place:
    """All that a position says. `cursor` is None without a cursor, and before its first load is whole.

    `whole` is the plan of all rows that was read to its end: what was built of it is out of date as soon as its snapshot is gone.
    """

    origin: Origin
    cursor: CursorPlace | None = None
    cut_off: CutOff | None = None
    whole: str | None = None

    def encode(self) -> Position:
        """Return it as canonical JSON."""
        plain = asdict(self)
        plain["origin"]["columns"] = {str(attnum): name for attnum, name in self.origin.columns.items()}
        return canonical({key: value for key, value in plain.items() if value is not None})

    @classmethod
    def decode(cls, position: Position | None) -> Place | None:
        """Return what a position says, None if nothing was read yet."""
        plain: Mapping[str, Any] = json.loads(position or b"{}")
        if not plain:
            return None
        origin, cut_off = plain["origin"], plain.get("cut_off")
        cursor = plain.get("cursor")
        columns = {int(attnum): name for attnum, name in origin["columns"].items()}
        return cls(
            Origin(**{**origin, "columns": columns}),
            CursorPlace.of(cursor) if cursor else None,
            CutOff(**cut_off) if cut_off else None,
            plain.get("whole"),
        )


def advanced(position: Position | None, after: Position) -> Position:
    """Return the position after a split that brought `after`: its cursor moves once a plan is read to its end."""
    before, place = Place.decode(position), Place.decode(after)
    if before is None or place is None or place.cut_off is None:
        return after
    return replace(place, cursor=before.cursor).encode()
