"""Records of a cursor: which of them an earlier load has, and how far the cursor has come."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from lakesmith.errors import SourceDataError
from lakesmith.sources.rest.flow.digging import dig

MOST_HELD = 200_000
"""How many records may lie at the end of what was read: their hashes are kept."""

HASH_BYTES = 8

NUMBER = re.compile(r"-?[0-9]{1,300}(\.[0-9]+)?")
"""A number as it may be written, be it as text."""

Mark = tuple[int, float, str]
"""What cursors are compared by: times with times, numbers with numbers, texts with texts."""


def mark_of(value: Any) -> Mark | None:
    """Return what a cursor's value is compared by, None for no value."""
    if value is None or isinstance(value, bool | list | dict) or value == "":
        return None
    text = str(value).strip()
    if NUMBER.fullmatch(text):
        return (0, float(text), "")
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return (2, 0.0, text)
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return (1, at.timestamp(), "")


@dataclass(slots=True)
class Sieve:
    """Goes over the records of one load.

    `cursor` is the path of the cursor, `since` from where on was asked (None: from the beginning), `floor_of` says from where on the
    next load will ask if this one ends at a value. `held` are the hashes of records that earlier loads have. `is_strict`: a
    record from before `since` would be there twice.
    """

    cursor: str
    since: Mark | None
    floor_of: Callable[[Any], Mark | None]
    held: frozenset[str]
    is_strict: bool
    where: str
    last: Any = None
    _seen: dict[str, Mark | None] = field(default_factory=dict)
    _best: Mark | None = None

    def __post_init__(self) -> None:
        """Begin where the load before ended."""
        self._best = mark_of(self.last)

    def is_new(self, text: bytes) -> bool:
        """Take note of a record; whether no earlier load has it.

        Raises:
            SourceDataError: If it is from before what was asked for, so that nobody knows whether it was loaded; or if too many
                records lie at the end of what was read.
        """
        try:
            record = json.loads(text, parse_float=str)
        except (ValueError, RecursionError):
            return True  # it becomes a reject, each time anew
        value = dig(record, self.cursor)
        mark = mark_of(value)
        if mark is not None and self.since is not None and mark < self.since and self.is_strict:
            raise SourceDataError(
                "The API sends records from before the cursor's last value, though it was asked for those behind it. Nothing of it was loaded.",
                where=self.where,
                fix="see that `{since}` stands in `params` or `body` as the API wants it, or load with `mode: dedupe` and a key",
            )
        name = _hash(record)
        self._seen[name] = mark
        if mark is not None and (self._best is None or mark > self._best):
            self._best, self.last = mark, value
        if len(self._seen) > 2 * MOST_HELD:
            self._forget()
        return name not in self.held

    def noted(self) -> dict[str, Any]:
        """Return how far the cursor has come, and the hashes of the records that the next load gets once more.

        Raises:
            SourceDataError: If these are too many.
        """
        self._forget()
        return {"last": self.last, "held": sorted(self._seen)}

    def _forget(self) -> None:
        """Keep only what the next load gets once more."""
        floor = None if self.last is None else self.floor_of(self.last)
        if floor is not None:
            self._seen = {name: mark for name, mark in self._seen.items() if mark is None or mark >= floor}
        if len(self._seen) > MOST_HELD:
            raise SourceDataError(
                f"More than {MOST_HELD:,} records lie within the look-back of the cursor: they cannot be told apart. Nothing of it was loaded.",
                where=self.where,
                fix="make `look_back` shorter, or choose a cursor that tells records apart",
            )


def _hash(record: Mapping[str, Any]) -> str:
    plain = json.dumps(record, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.blake2b(plain.encode("utf-8", "surrogatepass"), digest_size=HASH_BYTES).hexdigest()
