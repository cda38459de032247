"""The dirt grammar: every way in which the company's systems write down a clean value."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from random import Random
from typing import Any, Final

from lakesmith.simulate.company import EPOCH_ORDINAL, MINUTES_PER_DAY

Writer = Callable[[Any], str]
NULLS: Final = ("", "NULL", "n/a", "-")
EMPTY_ONLY: Final = ("", "", "", "")
_MONTHS: Final = (
    "Jan",
    "Feb",
    "Mar",
    "Apr",
    "May",
    "Jun",
    "Jul",
    "Aug",
    "Sep",
    "Oct",
    "Nov",
    "Dec",
)  # not strftime: no locale may change them
_TIMES: Final = tuple(f"{minute // 60:02d}:{minute % 60:02d}" for minute in range(MINUTES_PER_DAY))
_TIMES_12H: Final = tuple(
    f"{(minute // 60 + 11) % 12 + 1:02d}:{minute % 60:02d} {'AM' if minute < MINUTES_PER_DAY // 2 else 'PM'}"
    for minute in range(MINUTES_PER_DAY)
)


@dataclass(frozen=True, slots=True)
class Form:
    """One way of writing a value.

    Attributes:
        name: Name in the counts; empty for the way that is not dirty.
        share: How many of 256 values are written so.
        write: Makes the text.
    """

    name: str
    share: int
    write: Writer


class Grammar:
    """The ways of writing one kind of value, chosen by random bytes."""

    def __init__(self, kind: str, *forms: Form, nulls: tuple[str, str, str, str] = NULLS) -> None:
        """Lay the forms out in a table of 256 places; the first form gets what the others leave."""
        self.kind, self.forms, self.nulls = kind, forms, nulls
        first, *others = forms
        rest = [form for form in others for _ in range(form.share)]
        table = [first] * (256 - len(rest)) + rest
        self._writers = tuple(form.write for form in table)
        self._names = tuple(form.name for form in table)

    def write(self, values: Sequence[Any], rng: Random, counts: Counter[str]) -> list[str]:
        """Return the texts of a column, and count the dirty ones; None becomes one of the null spellings."""
        picks = rng.randbytes(len(values))
        for pick, times in Counter(picks).items():
            if self._names[pick]:
                counts[f"{self.kind}:{self._names[pick]}"] += times
        if None in values:
            return self._write_optional(values, picks, counts)
        writers = self._writers
        return [writers[pick](value) for pick, value in zip(picks, values, strict=True)]

    def _write_optional(self, values: Sequence[Any], picks: bytes, counts: Counter[str]) -> list[str]:
        nulls = [self.nulls[pick & 3] for pick, value in zip(picks, values, strict=True) if value is None]
        for spelling, times in Counter(nulls).items():
            counts[f"null:{spelling}"] += times
        writers = self._writers
        return [
            self.nulls[pick & 3] if value is None else writers[pick](value)
            for pick, value in zip(picks, values, strict=True)
        ]


@lru_cache(maxsize=16_384)
def iso_date(number: int) -> str:
    """Return `2026-03-04` for days since 1970."""
    return date.fromordinal(number + EPOCH_ORDINAL).isoformat()


def dotted_date(number: int) -> str:
    """Return `04.03.2026`: the day first."""
    text = iso_date(number)
    return f"{text[8:]}.{text[5:7]}.{text[:4]}"


def slashed_date(number: int) -> str:
    """Return `03/04/2026`: the month first."""
    text = iso_date(number)
    return f"{text[5:7]}/{text[8:]}/{text[:4]}"


def worded_date(number: int) -> str:
    """Return `Mar 4, 2026`."""
    text = iso_date(number)
    return f"{_MONTHS[int(text[5:7]) - 1]} {int(text[8:])}, {text[:4]}"


def _iso_time(minute: int) -> str:
    return f"{iso_date(minute // MINUTES_PER_DAY)}T{_TIMES[minute % MINUTES_PER_DAY]}:00Z"


def _spaced_time(minute: int) -> str:
    return f"{iso_date(minute // MINUTES_PER_DAY)} {_TIMES[minute % MINUTES_PER_DAY]}:00"


def _dotted_time(minute: int) -> str:
    return f"{dotted_date(minute // MINUTES_PER_DAY)} {_TIMES[minute % MINUTES_PER_DAY]}"


def _slashed_time(minute: int) -> str:
    return f"{slashed_date(minute // MINUTES_PER_DAY)} {_TIMES_12H[minute % MINUTES_PER_DAY]}"


@lru_cache(maxsize=16_384)
def _log_date(number: int) -> str:
    text = iso_date(number)
    return f"{text[8:]}/{_MONTHS[int(text[5:7]) - 1]}/{text[:4]}"


def log_time(minute: int) -> str:
    """Return `04/Mar/2026:10:11:00 +0000`, as web servers write it."""
    return f"{_log_date(minute // MINUTES_PER_DAY)}:{_TIMES[minute % MINUTES_PER_DAY]}:00 +0000"


def _amount(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02d}"


def _grouped(cents: int) -> str:
    return f"{cents // 100:,}.{cents % 100:02d}"


def _european(cents: int) -> str:
    return f"{cents // 100:,}".replace(",", ".") + f",{cents % 100:02d} €"


def _spaced(cents: int) -> str:
    return f"{cents // 100:,}".replace(",", " ") + f",{cents % 100:02d}"


def _millions(revenue: int) -> str:
    whole, tenth = divmod(revenue // 100_000, 10)
    return f"{whole}.{tenth}" if tenth else str(whole)


DATE: Final = Grammar(
    "date",
    Form("", 0, iso_date),
    Form("day first", 20, dotted_date),
    Form("month first", 20, slashed_date),
    Form("month name", 20, worded_date),
    Form("compact", 18, lambda number: iso_date(number).replace("-", "")),
)
TIMESTAMP: Final = Grammar(
    "timestamp",
    Form("", 0, _iso_time),
    Form("no zone", 20, _spaced_time),
    Form("day first", 20, _dotted_time),
    Form("12 hours", 20, _slashed_time),
    Form("epoch", 18, lambda minute: str(minute * 60)),
)
MONEY: Final = Grammar(
    "money",
    Form("", 0, _amount),
    Form("grouped", 16, _grouped),
    Form("euro sign", 16, lambda cents: f"€{_grouped(cents)}"),
    Form("decimal comma", 16, _european),
    Form("currency code", 16, lambda cents: f"EUR {_amount(cents)}"),
    Form("grouped by blanks", 14, _spaced),
)
REVENUE: Final = Grammar(
    "revenue",
    Form("", 0, str),
    Form("grouped", 16, lambda revenue: f"{revenue:,}"),
    Form("euro millions", 16, lambda revenue: f"€{_millions(revenue)}M"),
    Form("million", 16, lambda revenue: f"{_millions(revenue)} million"),
    Form("thousands", 16, lambda revenue: f"{revenue // 1_000}K"),
    Form("code millions", 14, lambda revenue: f"EUR {_millions(revenue)}m"),
)
EMPLOYEES: Final = Grammar(
    "employees",
    Form("", 0, str),
    Form("grouped", 26, lambda count: f"{count:,}"),
    Form("about", 26, lambda count: f"~{count}"),
    Form("worded", 26, lambda count: f"{count} employees"),
)
QUANTITY: Final = Grammar("quantity", Form("", 0, str), Form("pieces", 1, lambda count: f"{count} pcs"))
NAME: Final = Grammar(
    "text",
    Form("", 0, str),
    Form("blank before", 6, lambda text: f" {text}"),
    Form("blank after", 6, lambda text: f"{text} "),
    Form("blanks around", 4, lambda text: f"  {text}  "),
)
EMAIL: Final = Grammar(
    "email",
    Form("", 0, str),
    Form("upper case", 8, str.upper),
    Form("title case", 10, str.title),
    Form("swapped case", 4, lambda text: text[:3].upper() + text[3:]),
)
PLAIN: Final = Grammar("plain", Form("", 0, str))
TERM: Final = Grammar("plain", Form("", 0, str), nulls=EMPTY_ONLY)


def key(letter: str) -> Grammar:
    """Return the grammar of the keys that begin with `letter`; 0 is the key that was lost, an empty field."""
    return Grammar(
        "key",
        Form("", 0, lambda number: f"{letter}{number:07d}" if number else ""),
        Form("lower case", 8, lambda number: f"{letter.lower()}{number:07d}" if number else ""),
        Form("blanks around", 8, lambda number: f" {letter}{number:07d} " if number else ""),
        Form("hyphen", 8, lambda number: f"{letter}-{number:07d}" if number else ""),
    )


def quoted(texts: Sequence[str]) -> list[str]:
    """Return the texts as CSV fields: with quotes where a comma or a quote stands in them."""
    return ['"' + text.replace('"', '""') + '"' if "," in text or '"' in text else text for text in texts]
