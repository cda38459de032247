"""Windows of whole days: those that were never read, and those whose figures may have been restated since."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from lakesmith.sources.rest.options import IncrementalOptions
from lakesmith.sources.rest.planning.position import Place
from lakesmith.sources.rest.planning.times import DAY, first_day


@dataclass(frozen=True, slots=True)
class Window:
    """Days `begin` to `end`, both in it. `name` stays the same however often, and at whatever length, it is read."""

    begin: date
    end: date
    name: str


def due(options: IncrementalOptions, place: Place, day: date, *, whole: bool = False) -> list[Window]:
    """Return the windows that a load on `day` reads, in order.

    Args:
        options: What the project file says; it has a start.
        place: How far the stream is.
        day: Today, where the account is.
        whole: Read all of them, whatever was read before.
    """
    first = place.first or first_day(options, day)
    if first is None:
        return []
    last = day if options.today else day - DAY
    until = None if whole else place.until
    after = first if until is None else _unread(until, place)
    if options.look_back is None and not options.today:
        return list(_cut(after, last, options.days))
    begin = after if until is None else min(after, _asked_again(options, place, day))
    begin = max(begin, first)
    if begin > last:
        return []
    aligned = begin - timedelta(days=(begin - first).days % options.days)
    return list(_aligned(aligned, last, options.days))


def _unread(until: date, place: Place) -> date:
    """Return the first day of which something was not read: a day that was read before it was over counts as such."""
    return until + DAY if place.looked is None else min(until + DAY, place.looked)


def _asked_again(options: IncrementalOptions, place: Place, day: date) -> date:
    """Return the first day that is read again: those of the look-back once a day, today each time."""
    again = day if options.today else day + DAY
    if options.look_back is None:
        return again
    if place.looked == day and place.looked_until is not None:
        return min(again, place.looked_until + DAY)
    return day - options.look_back


def _cut(begin: date, last: date, days: int) -> Iterator[Window]:
    while begin <= last:
        end = min(begin + timedelta(days=days - 1), last)
        yield Window(begin, end, _named(begin, end))
        begin = end + DAY


def _aligned(begin: date, last: date, days: int) -> Iterator[Window]:
    """Yield windows that always begin on the same days, so that one that is read again takes the place of itself."""
    while begin <= last:
        end = begin + timedelta(days=days - 1)
        yield Window(begin, min(end, last), _named(begin, end))
        begin = end + DAY


def _named(begin: date, end: date) -> str:
    return begin.isoformat() if begin == end else f"{begin.isoformat()}..{end.isoformat()}"
