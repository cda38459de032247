"""Texts in one of the spellings people use, written anew in the plain one, from which values are read; null where a text is not in it."""

from __future__ import annotations

import re
from functools import cache

from lakesmith.model.spellings import (
    APOSTROPHES,
    BLANKS,
    CODES,
    MOST_DIGITS,
    SIGNS,
    WORDS,
    Numbers,
    Spelling,
    Times,
    Words,
)
from lakesmith.model.types import BOOLEAN, Type
from lakesmith.shape.arrow import Array, pa, pc
from lakesmith.shape.text import keep, matching, parse

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH_NAMES = (
    r"(?i:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|"
    r"nov(?:ember)?|dec(?:ember)?)"
)
_PARTS = {
    "2024": "(?P<y>[0-9]{4})",
    "24": "(?P<y>[0-9]{2})",
    "31": "(?P<d>[0-9]{1,2})",
    "12": "(?P<m>[0-9]{1,2})",
    "Dec": rf"(?P<m>{_MONTH_NAMES})",
}
_CLOCK = r"(?:,? |T)(?P<h>[0-9]{1,2}):(?P<i>[0-9]{2})(?P<s>:[0-9]{2}(?:\.[0-9]{1,6})?)?"
_HALF = r" ?(?P<p>[AaPp])\.?[Mm]\.?"
_ZONE = r" ?(?P<z>Z|UTC|GMT|[+-](?:[01][0-9]|2[0-3])(?::?[0-5][0-9])?)"
_CENTURY_FROM = 69
_NOON = 12

_BLANK = f"[{BLANKS}]"
_MAY_BE_UNIT = rf"(?:{'|'.join(CODES)}|[{SIGNS}])"
_MAY_BE_NUMBER = rf"[-(]{{0,2}}(?:{_MAY_BE_UNIT}{_BLANK}?[-(]?)?[0-9][0-9.,{APOSTROPHES}{BLANKS}]*[-)]{{0,2}}{_BLANK}?(?:(?:[A-Z]{{3}}|[{SIGNS}])\)?)?"
_MAY_BE_TAIL = r"(?:(?:, |[T ])[0-9][0-9:. APMapmUTCGZ+-]*)?"
_MAY_BE_DAY = r"[0-9]{1,2}[-./ ](?:[0-9]{1,2}|[A-Za-z]{3,9})[-./ ][0-9]{4}|[0-9]{4}[-./][0-9]{1,2}[-./][0-9]{1,2}"
_MAY_BE_NAMED = r"(?i:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6} [0-9]{1,2},? [0-9]{4}"
MAY_BE_UNBROKEN = rf"(?:{_MAY_BE_NUMBER}|(?:{_MAY_BE_DAY}){_MAY_BE_TAIL})"
"""As `MAY_BE`, for texts without blanks: not looking for names of months makes it faster."""
MAY_BE = rf"(?:{_MAY_BE_NUMBER}|(?:{_MAY_BE_DAY}|{_MAY_BE_NAMED}){_MAY_BE_TAIL})"
"""Matches whatever has a digit and is in a spelling that a column shows by itself, and few words."""

WORD_TEXTS = tuple(form(word) for pair in WORDS for word in pair for form in (str.lower, str.capitalize, str.upper))
"""The words that may be true or false, in every case people use."""
MAY_BE_WORD = rf"(?:{'|'.join(WORD_TEXTS)})"


def parse_spelled(texts: Array, kind: Type, spelling: Spelling) -> Array:
    """Return trimmed texts as values of `kind`, null where a text is not one in this spelling.

    Days, times and words may be spelled plainly too: nothing can be taken for something else. A plain number is read only where
    the spelling takes it for the same number.
    """
    if isinstance(spelling, Words):
        return _parse_words(texts, spelling)
    plain = plain_numbers(texts, spelling) if isinstance(spelling, Numbers) else plain_times(texts, spelling)
    values = parse(plain, kind)
    reads_plain = isinstance(spelling, Times) or (spelling.mark == "." and not spelling.unit)
    if reads_plain and values.null_count > texts.null_count:
        values = pc.coalesce(values, parse(texts, kind))
    return values


def plain_numbers(texts: Array, spelling: Numbers) -> Array:
    """Return numbers as plain decimals without exponent, of up to 38 digits."""
    good = matching(texts, number_expression(spelling.mark, spelling.unit))
    if good.null_count == len(good):
        return good
    digits = pc.replace_substring_regex(good, r"[^0-9.,]", "")
    plain = pc.replace_substring(digits, "." if spelling.mark == "," else ",", "")
    if spelling.mark == ",":
        plain = pc.replace_substring(plain, ",", ".")
    plain = keep(plain, pc.less_equal(pc.binary_length(plain), MOST_DIGITS + 1))
    negative = pc.match_substring_regex(good, r"[-(]")
    return pc.if_else(negative, pc.binary_join_element_wise("-", plain, ""), plain)


def plain_times(texts: Array, spelling: Times) -> Array:
    """Return days and times as ISO 8601 writes them; days that do not exist are still among them."""
    found = pc.extract_regex(texts, time_expression(spelling.day, spelling.clock, zone=spelling.zone))
    if found.null_count == len(found):
        return pa.nulls(len(texts), pa.string())
    names = [found.type.field(i).name for i in range(found.type.num_fields)]
    parts = {name: keep(pc.struct_field(found, name), found.is_valid()) for name in names}
    iso = pc.binary_join_element_wise(_year(parts["y"]), _month(parts["m"]), _two(parts["d"]), "-")
    if not spelling.clock:
        return iso
    hours = _hours(parts["h"], parts["p"]) if spelling.clock == _NOON else _two(parts["h"])
    clock = pc.binary_join_element_wise(hours, parts["i"], ":")
    moment = pc.binary_join_element_wise(iso, clock, " ")
    zone = _zone(parts["z"]) if spelling.zone else ""
    return pc.binary_join_element_wise(moment, parts["s"], zone, "")


@cache
def number_expression(mark: str, unit: str) -> str:
    """Return the expression for numbers with this mark before the fraction and this unit, or with none."""
    other = "," if mark == "." else "."
    groups = "|".join(rf"(?:{each}[0-9]{{3}})+" for each in (re.escape(other), _BLANK, f"[{APOSTROPHES}]"))
    number = rf"(?:0|[1-9][0-9]*|[1-9][0-9]{{0,2}}(?:{groups}))(?:{re.escape(mark)}[0-9]+)?"
    if not unit:
        return rf"-?{number}|{number}-|\({number}\)"
    before, after = rf"{re.escape(unit)}{_BLANK}?", rf"{_BLANK}?{re.escape(unit)}"
    ahead = rf"-?{before}{number}|{before}-{number}|{before}{number}-|\({before}{number}\)|{before}\({number}\)"
    return rf"{ahead}|-?{number}{after}|{number}-{after}|\({number}{after}\)|\({number}\){after}"


@cache
def time_expression(day: str, clock: int, *, zone: bool) -> str:
    """Return the expression, with its groups, for days and times like this."""
    return (
        rf"\A{day_expression(day)}{_CLOCK if clock else ''}{_HALF if clock == _NOON else ''}{_ZONE if zone else ''}\z"
    )


@cache
def day_expression(day: str) -> str:
    """Return the expression, with the groups `d`, `m` and `y`, for days like this."""
    exact = day == "20241231"
    parts = re.split(r"(2024|31|12|Dec|24)", day)
    text = "".join(_PARTS.get(part) or re.escape(part).replace(",", ",?") for part in parts)
    return text.replace("{1,2}", "{2}") if exact else text


def _parse_words(texts: Array, spelling: Words) -> Array:
    lower = pc.utf8_lower(texts)
    either = pc.is_in(lower, value_set=pa.array([spelling.true, spelling.false]))
    values = keep(pc.equal(lower, spelling.true), either)
    return pc.coalesce(values, parse(texts, BOOLEAN)) if values.null_count > texts.null_count else values


def _year(years: Array) -> Array:
    if (pc.max(pc.binary_length(years)).as_py() or 0) > len("24"):
        return years
    early = pc.greater_equal(years.cast(pa.int32()), _CENTURY_FROM)
    return pc.binary_join_element_wise(pc.if_else(early, "19", "20"), years, "")


def _month(months: Array) -> Array:
    named = pc.any(pc.match_substring_regex(months, r"\A[A-Za-z]")).as_py()
    if not named:
        return _two(months)
    at = pc.index_in(pc.utf8_slice_codeunits(pc.ascii_lower(months), 0, 3), value_set=pa.array(_MONTHS))
    return _two(pc.add(at, 1).cast(pa.string()))


def _two(numbers: Array) -> Array:
    return pc.ascii_lpad(numbers, width=2, padding="0")


def _hours(hours: Array, halves: Array) -> Array:
    """Bring hours of a 12 hour clock to 24: 12 AM is the first of the day, 12 PM the thirteenth; there is no hour 0 and no 13."""
    number = hours.cast(pa.int32())
    good = keep(number, pc.and_(pc.greater_equal(number, 1), pc.less_equal(number, _NOON)))
    first = pc.if_else(pc.equal(good, _NOON), 0, good)
    late = pc.equal(pc.ascii_lower(halves), "p")
    return _two(pc.if_else(late, pc.add(first, _NOON), first).cast(pa.string()))


def _zone(zones: Array) -> Array:
    return pc.if_else(pc.is_in(zones, value_set=pa.array(["UTC", "GMT"])), "Z", zones)
