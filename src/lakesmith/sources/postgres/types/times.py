"""Dates and timestamps: those between the years 1 and 9999 stay, all others become the words that the server has for them.

The driver moves the server's numbers from 2000 to 1970 without looking whether they still fit, so that infinity and the last years come
out as numbers of long ago. Nothing is lost by that: moved back, they are what they were.
"""

from __future__ import annotations

from collections.abc import Callable

from lakesmith.sources.postgres.types.arrow import Array, pa, pc
from lakesmith.sources.postgres.types.parts import Parts, part

_DAY_US = 86_400_000_000
_EPOCH_DAYS = 10_957
"""From 1970 to 2000, which the server counts from."""

_DAYS_0_TO_1970 = 719_468
_CYCLE_DAYS = 146_097
"""Four hundred years; the year is taken to begin on 1 March, so that a leap day is its last."""

_FIRST_DAY, _LAST_DAY = -719_162, 2_932_896


def moved(numbers: Array) -> Array:
    """Return the server's own numbers of days or microseconds counted from 1970, as the driver does: over the end they begin anew."""
    return pc.add(numbers, pa.scalar(_EPOCH_DAYS * (1 if numbers.type == pa.int32() else _DAY_US), numbers.type))


def part_dates(values: Array) -> Parts:
    """Return dates as they arrive in parts."""
    days = values.view(pa.int32())
    return part(values, _outside(days, _FIRST_DAY, _LAST_DAY), lambda rare: _worded(rare.view(pa.int32()), _date_words))


def part_timestamps(values: Array) -> Parts:
    """Return timestamps as they arrive, with or without a zone, in parts; those with a zone are in UTC."""
    ticks = values.view(pa.int64())
    zone = "+00" if values.type.tz else ""
    outside = _outside(ticks, _FIRST_DAY * _DAY_US, (_LAST_DAY + 1) * _DAY_US - 1)
    return part(values, outside, lambda rare: _worded(rare.view(pa.int64()), lambda us: _timestamp_words(us, zone)))


def _outside(numbers: Array, first: int, last: int) -> Array | None:
    """Return which numbers are not from first to last, None if all are."""
    ends = pc.min_max(numbers).as_py()
    if ends["min"] is None or (ends["min"] >= first and ends["max"] <= last):
        return None
    return pc.or_(pc.less(numbers, first), pc.greater(numbers, last))


def _worded(numbers: Array, words: Callable[[int], str]) -> Array:
    """Return the words of numbers; those of each number are made once."""
    coded = numbers.dictionary_encode()
    made = [words(number) for number in coded.dictionary.to_pylist()]
    return pa.array(made, pa.string()).take(coded.indices)


def _moved_back(number: int, moved_by: int, bits: int) -> int:
    """Return the server's own number for one that was moved, and may have gone over the end."""
    half = 1 << (bits - 1)
    return (number - moved_by + half) % (2 * half) - half


def _date_words(days: int) -> str:
    own = _moved_back(days, _EPOCH_DAYS, 32)
    if own in _INFINITE_DAYS:
        return _INFINITE_DAYS[own]
    year, rest, era = _civil(own + _EPOCH_DAYS)
    return f"{year}-{rest}{era}"


def _timestamp_words(ticks: int, zone: str) -> str:
    own = _moved_back(ticks, _EPOCH_DAYS * _DAY_US, 64)
    if own in _INFINITE_TICKS:
        return _INFINITE_TICKS[own]
    days, within = divmod(own, _DAY_US)
    seconds, micros = divmod(within, 1_000_000)
    year, rest, era = _civil(days + _EPOCH_DAYS)
    clock = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    fraction = f".{micros:06}".rstrip("0") if micros else ""
    return f"{year}-{rest} {clock}{fraction}{zone}{era}"


def _civil(days: int) -> tuple[str, str, str]:
    """Return the year, month and day, and ` BC` or nothing, of a day counted from 1970."""
    cycle, day = divmod(days + _DAYS_0_TO_1970, _CYCLE_DAYS)
    year_in = (day - day // 1_460 + day // 36_524 - day // (_CYCLE_DAYS - 1)) // 365
    day_in = day - (365 * year_in + year_in // 4 - year_in // 100)
    march = (5 * day_in + 2) // 153
    month = march + 3 if march < 10 else march - 9  # noqa: PLR2004 - January and February end the year
    year = cycle * 400 + year_in + (month <= 2)  # noqa: PLR2004
    shown, era = (year, "") if year > 0 else (1 - year, " BC")
    return f"{shown:04}", f"{month:02}-{day_in - (153 * march + 2) // 5 + 1:02}", era


_INFINITE_DAYS = {2**31 - 1: "infinity", -(2**31): "-infinity"}
_INFINITE_TICKS = {2**63 - 1: "infinity", -(2**63): "-infinity"}
