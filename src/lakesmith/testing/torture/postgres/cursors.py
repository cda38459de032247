"""What a history's cursor column is: how the n-th moment is written, and how the server's word for a value is compared."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

UNSEEN = (None, "infinity", "-infinity", "NaN", "Infinity", "-Infinity")
"""Words that no cursor stands at."""


@dataclass(frozen=True, slots=True)
class CursorKind:
    """A type of cursor. `sql` has a place for a number that only grows; `span` is the look-back as values differ, None without one."""

    type: str
    sql: str
    read: Callable[[str], Any]
    look_back: str | float | None = None
    span: Any = None
    odd: tuple[str, ...] = ("null",)

    def value(self, word: str | None) -> Any:
        """Return what a word of the server is as a cursor, None where it is none."""
        return None if word in UNSEEN else self.read(str(word))

    def is_held(self, value: Any, last: Any) -> bool:
        """Whether a value is in the window that a load looks back on, which ends at `last`."""
        return bool(value is not None and value <= last and value >= (last if self.span is None else last - self.span))


_ENDLESS = ("null", "'infinity'", "'-infinity'")
_TIME = "timestamp '2026-01-01' + {n} * interval '1 second'"
CURSORS = (
    CursorKind("timestamp with time zone", f"({_TIME}) at time zone 'UTC'", datetime.fromisoformat, "1m", timedelta(minutes=1), _ENDLESS),
    CursorKind("timestamp without time zone", _TIME, datetime.fromisoformat, "1m", timedelta(minutes=1), _ENDLESS),
    CursorKind("bigint", "{n}", int, 60, 60),
    CursorKind("numeric", "{n} / 8.0", Decimal, 7.5, Decimal("7.5"), ("null", "'NaN'")),
    CursorKind("double precision", "{n} / 8.0", float, 7.5, 7.5, ("null", "'NaN'", "'-Infinity'")),
    CursorKind("date", "date '2026-01-01' + {n} / 30", datetime.fromisoformat, "2d", timedelta(days=2), _ENDLESS),
    CursorKind("timestamp with time zone", f"({_TIME}) at time zone 'UTC'", datetime.fromisoformat, odd=_ENDLESS),
    CursorKind("bigint", "{n}", int),
    CursorKind("text", "lpad(({n})::text, 12, '0')", str),
)  # fmt: skip
