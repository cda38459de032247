"""How people write numbers, days, times and yes or no: a spelling is named by one example, the same one everywhere.

The number is always 1234.56, the day 31 December 2024, the time 23:59:58: `1.234,56 €`, `12/31/2024 11:59 PM`, `yes/no`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from lakesmith.model.types import BOOLEAN, DATE, LONG, TIMESTAMP, TIMESTAMPTZ, Decimal, Scalar, Type

MONEY_PLACES = 2
ROOMY_DIGITS = 18
MOST_DIGITS = 38

SIGNS = "$€£¥₹₽₩₺₪฿₫₴₦"
CODES = (
    *("AED", "ARS", "AUD", "BGN", "BHD", "BRL", "CAD", "CHF", "CLP", "CNY", "COP", "CZK", "DKK", "EGP", "EUR"),
    *("GBP", "GEL", "HKD", "HUF", "IDR", "ILS", "INR", "ISK", "JOD", "JPY", "KES", "KRW", "KWD", "KZT", "MAD"),
    *("MXN", "MYR", "NGN", "NOK", "NZD", "PEN", "PHP", "PKR", "PLN", "QAR", "RON", "RSD", "RUB", "SAR", "SEK"),
    *("SGD", "THB", "TND", "TRY", "TWD", "UAH", "USD", "UYU", "VND", "ZAR"),
)
BLANKS = " \u00a0\u2009\u202f"
"""Blanks between groups of digits and beside units: also those at which no line breaks, and thin ones."""
APOSTROPHES = "'\u2019"
"""What the Swiss write between groups of digits."""

DAYS = (
    *(f"31{mark}12{mark}2024" for mark in "./-"),
    *(f"12{mark}31{mark}2024" for mark in "./-"),
    *(f"2024{mark}12{mark}31" for mark in "-/."),
    *("31-Dec-2024", "31 Dec 2024", "31/Dec/2024", "Dec 31, 2024"),
)
"""The days that a column shows by itself. Days and months may have one digit, names of months are English, short or long."""

PINNED_DAYS = ("20241231", *(day.removesuffix("2024") + "24" for day in DAYS if day.endswith("2024")))
"""The days that have to be named in the project file: they look like numbers, or leave the century open (69 is 1969, 68 is 2068)."""

WORDS = (("yes", "no"), ("y", "n"), ("on", "off"), ("t", "f"), ("ja", "nein"))
"""The words for true and false that a column shows by itself, if it has both of a pair; upper and lower case are one."""

_UNIT = rf"(?:{'|'.join(CODES)}|[{SIGNS}%])"
_NUMBER = re.compile(
    rf"(?P<before>{_UNIT})?[{BLANKS}]?1(?P<group>[.,{APOSTROPHES}{BLANKS}]?)234(?:(?P<mark>[.,])(?P<places>56[0-9]*))?[{BLANKS}]?(?P<after>{_UNIT})?"
)
_CLOCK = re.compile(r"(?:,? |T)(?:23:59(?::58)?|(?P<half>11:59(?::58)? ?[Pp][Mm]))(?P<zone> ?(?:Z|\+01:?00))?")
_WORDS = re.compile(r"([^\s/][^/]{0,30})/([^/]{0,30}[^\s/]|[^\s/])")


@dataclass(frozen=True, slots=True)
class Numbers:
    """Numbers with `mark` (`.` or `,`) before their fraction, groups of three digits or not, all with the same `unit` or none.

    The other mark, blanks and apostrophes part groups; parentheses and a minus at the end say negative. `places` are those of
    the example a person wrote, None where nobody did.
    """

    mark: str
    unit: str = ""
    places: int | None = None

    def __str__(self) -> str:
        number = "1,234.56" if self.mark == "." else "1.234,56"
        if not self.unit:
            return number
        return f"{self.unit}{number}" if self.unit in "$£¥₹" else f"{number} {self.unit}"

    @property
    def type(self) -> Type:
        """The type where only the spelling is pinned."""
        return Decimal(ROOMY_DIGITS, self.places) if self.places else LONG

    def takes(self, kind: Type) -> bool:
        """Whether values written like this can be of that type."""
        return isinstance(kind, Decimal) or (
            isinstance(kind, Scalar) and kind.name in {"int", "long", "float", "double"}
        )


@dataclass(frozen=True, slots=True)
class Times:
    """Days written like `day`, one of `DAYS` or `PINNED_DAYS`; `clock` has 0, 12 or 24 hours, and maybe a `zone`."""

    day: str
    clock: int = 0
    zone: bool = False

    def __str__(self) -> str:
        clock = {0: "", 12: " 11:59 PM", 24: " 23:59"}[self.clock]
        return f"{self.day}{clock}{' +01:00' if self.zone else ''}"

    @property
    def type(self) -> Type:
        """The only type that values written like this can have."""
        if not self.clock:
            return DATE
        return TIMESTAMPTZ if self.zone else TIMESTAMP

    def takes(self, kind: Type) -> bool:
        """Whether values written like this can be of that type."""
        return kind == self.type


@dataclass(frozen=True, slots=True)
class Words:
    """Two words, in lower case, for true and for false."""

    true: str
    false: str

    def __str__(self) -> str:
        return f"{self.true}/{self.false}"

    @property
    def type(self) -> Type:
        """The only type that values written like this can have."""
        return BOOLEAN

    def takes(self, kind: Type) -> bool:
        """Whether values written like this can be of that type."""
        return kind == BOOLEAN


Spelling = Numbers | Times | Words


def parse_spelling(text: str) -> Spelling:
    """Return the spelling that an example names.

    Raises:
        ValueError: If it is none.

    Examples:
        >>> parse_spelling("1.234,56 €"), parse_spelling("12/31/2024 11:59 PM")
        (Numbers(mark=',', unit='€', places=2), Times(day='12/31/2024', clock=12, zone=False))
        >>> str(parse_spelling("Ja/Nein"))
        'ja/nein'
    """
    found = _parse_number(text) or _parse_time(text) or _parse_words(text)
    if found is None:
        raise ValueError(
            f"format {text!r} is no example: write 1234.56 as the source does (`1.234,56 €`), or 31 December 2024, 23:59 "
            "(`12/31/2024 11:59 PM`, `31-Dec-24`), or the words for true and false (`yes/no`)"
        )
    return found


def _parse_number(text: str) -> Numbers | None:
    found = _NUMBER.fullmatch(text.strip())
    if found is None or found["group"] == (found["mark"] or "-") or (found["before"] and found["after"]):
        return None
    mark = found["mark"] or {".": ","}.get(found["group"], ".")
    return Numbers(mark, found["before"] or found["after"] or "", len(found["places"] or ""))


def _parse_time(text: str) -> Times | None:
    text = text.strip()
    for day in sorted((*DAYS, *PINNED_DAYS), key=len, reverse=True):
        if text == day:
            return Times(day)
        clock = _CLOCK.fullmatch(text.removeprefix(day)) if text.startswith(day) else None
        if clock is not None:
            return Times(day, 12 if clock["half"] else 24, bool(clock["zone"]))
    return None


def _parse_words(text: str) -> Words | None:
    found = _WORDS.fullmatch(text.strip())
    if found is None or found[1].lower() == found[2].lower():
        return None
    return Words(found[1].lower(), found[2].lower())
