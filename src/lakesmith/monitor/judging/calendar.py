"""Days that are not as usual, and everybody knows why: they neither alarm nor teach. And what the project says of a table's watching."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from lakesmith.monitor.incidents.watches import fits
from lakesmith.project.monitoring import KnownEvent, MonitorSettings, Watch

TEACHING = ("news", "")
"""Reasons of loads whose rows say what a day brings; an older record has none. First loads, rebuilds, replays and backfills do not."""


def event_on(calendar: Sequence[KnownEvent], subject: str, day: date) -> str:
    """Return the name of the known event that `day` is part of for a table, empty if it is a usual day."""
    for event in calendar:
        if event.first_day <= day <= (event.last_day or event.first_day) and fits(subject, event.select):
            return event.name
    return ""


def watch_of(settings: MonitorSettings, subject: str) -> Watch:
    """Return how a table is watched: what its entries say, the later ones over the earlier."""
    said: dict[str, Any] = {}
    for pattern, watch in settings.tables.items():
        if fits(subject, pattern):
            said |= {name: getattr(watch, name) for name in watch.model_fields_set}
    return Watch.model_construct(None, **said) if said else Watch()


def days_of(first: date, last: date) -> list[date]:
    """Return the days from `first` to `last`, both included.

    Examples:
        >>> len(days_of(date(2026, 2, 27), date(2026, 3, 1)))
        3
    """
    return [first + timedelta(n) for n in range((last - first).days + 1)]
