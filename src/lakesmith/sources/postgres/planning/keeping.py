"""What the last split of a load leaves behind of a cursor: how far it was read, and how the rows of its window are told apart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from lakesmith.model.streams import StreamSpec
from lakesmith.sources.postgres.planning.cursors import Cursor
from lakesmith.sources.postgres.planning.telling import Telling, told_over
from lakesmith.sources.postgres.position import CursorPlace


@dataclass(frozen=True, slots=True)
class Keeping:
    """A place without its fingerprints, and the SQL that they come from.

    `rows` is the window, as SQL has it behind `from`, `mark` the expression of a fingerprint, `sums` the query for the sums of columns,
    empty where they are not kept. `seen` is the sum of all fingerprints where it is asked a second time, empty else: rows that are
    written in another way whenever they are read are no rows that can be known again.
    """

    place: CursorPlace
    rows: str = ""
    mark: str = ""
    sums: str = ""
    seen: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()

    @classmethod
    def of(cls, plain: Mapping[str, Any]) -> Keeping:
        """Return what a token says."""
        listed: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value for key, value in plain.items()
        }
        listed["place"] = CursorPlace.of(plain["place"])
        return cls(**listed)

    @classmethod
    def told(
        cls, place: CursorPlace, rows: str, telling: Telling, written: Mapping[int, str], *, sums: bool
    ) -> Keeping:
        """Return what is kept of a window; `sums`: those of its columns as well."""
        ink, columns, key = telling.ink, telling.columns, telling.key
        place = replace(place, told_by=told_over(columns, written), large=ink.large, salt=ink.salt)
        if not sums:
            return cls(place, rows, ink.mark(columns))
        place = replace(place, keyed_by=told_over(key, written))
        return cls(place, rows, ink.mark(columns), ink.sums(columns, key, rows))


def raised(stream: StreamSpec, cursor: Cursor, before: CursorPlace | None) -> tuple[str, ...]:
    """Return a notice where a stream looks further back than what is known of the rows it holds; empty else."""
    if before is None or not before.reach or stream.mode == "dedupe":
        return ()
    if (cursor.look_back or 0) <= (cursor.reaching(before.reach).look_back or 0):
        return ()
    late = "rows that came late until now, by more than the `look_back` of then, are not read"
    fix = f"to have them, load everything anew: lakesmith rebuild {stream.id}"
    return (f"{stream.id} looks further back from this load on: {late}; {fix}",)
