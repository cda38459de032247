"""Which spellings the values of one column are in, counted over a whole load: nothing is decided for a value by itself.

Two spellings are rivals where the same text says something else in the other: `1,234` and `3/4/2024`. Between rivals only values
decide that fit one of them alone (`1,234.5`, `31/4/2024`); where both have such values, or none has, the column stays text.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from lakesmith.model.spellings import (
    CODES,
    DAYS,
    MONEY_PLACES,
    MOST_DIGITS,
    ROOMY_DIGITS,
    SIGNS,
    WORDS,
    Numbers,
    Spelling,
    Times,
    Words,
)
from lakesmith.model.types import BOOLEAN, DOUBLE, LONG, Decimal, Type
from lakesmith.shape.arrow import Array, pa, pc
from lakesmith.shape.spelled import MAY_BE, WORD_TEXTS, day_expression, parse_spelled, plain_numbers
from lakesmith.shape.text import matching, parse

_UNIT = rf"(?P<unit>{'|'.join(CODES)}|[{SIGNS}])"
_SET_APART = r"\(|-\z|-[^0-9]*\z"
_CLOCKS = ((0, False), (24, False), (12, False), (24, True), (12, True))
_LIKE_GROUPS = r"\A-?[1-9][0-9]{0,2}\.[0-9]{3}\z"
_MANY = 1000
_FEW_PER_CENT = 4


@dataclass(frozen=True, slots=True)
class Form:
    """What a text column holds: values of `type`, in a `spelling`, None for the plain one."""

    type: Type
    spelling: Spelling | None = None


@dataclass(frozen=True, slots=True)
class Candidate:
    """A form, how many values fit it, and whether nothing decides between it and its rival."""

    form: Form
    fits: int
    is_ambiguous: bool = False


@dataclass(slots=True)
class PlainCounts:
    """What is counted of plain numbers for the spellings that take them too.

    `exact` are whole ones that a double holds, `grouped` look like thousands with a point (1.234); `uneven` is true once one has not
    exactly two places.
    """

    longs: int = 0
    exact: int = 0
    fractions: int = 0
    grouped: int = 0
    uneven: bool = False

    def add_longs(self, values: Array, exact: int) -> None:
        """Count whole numbers, so many of which a double holds."""
        found = len(values) - values.null_count
        self.longs += found
        self.exact += exact
        self.uneven |= found > 0

    def add_doubles(self, texts: Array, longs: int) -> None:
        """Count numbers that are all doubles, so many of which are longs too, and exact."""
        self.longs += longs
        self.exact += longs
        self.uneven |= longs > 0
        self.add_fractions(texts, longs)

    def add_fractions(self, texts: Array, longs: int = 0) -> None:
        """Count numbers that are doubles and no longs, but for so many of them: all of `texts` that are not null."""
        found = len(texts) - texts.null_count - longs
        others = self.fractions - self.grouped
        # Once very many fractions are none of thousands, a comma can no more be the mark: nobody needs to look.
        if others < _MANY or others * 100 < (self.fractions + self.longs) * _FEW_PER_CENT:
            self.grouped += _count(pc.match_substring_regex(texts, _LIKE_GROUPS))
        self.fractions += found
        if found and not self.uneven:
            third = pc.binary_slice(texts.cast(pa.binary()), -MONEY_PLACES - 1, -MONEY_PLACES)
            self.uneven = not pc.all(pc.equal(third, b"."), min_count=0).as_py()


@dataclass(slots=True)
class _NumberCount:
    """Numbers of one spelling: how many are whole, doubles, without sign behind or around them; the most digits and places."""

    longs: int = 0
    doubles: int = 0
    unsigned: int = 0
    digits: int = 0
    places: int = 0
    least_places: int = MOST_DIGITS

    def add(self, plain: Array, texts: Array) -> None:
        """Count `texts`, which are `plain` where they are numbers of this spelling."""
        self.longs += _valid(parse(plain, LONG))
        self.doubles += _valid(parse(plain, DOUBLE))
        self.unsigned += _count(pc.invert(pc.match_substring_regex(texts.filter(plain.is_valid()), _SET_APART)))
        points = pc.find_substring(plain, ".")
        behind = pc.subtract(pc.subtract(pc.binary_length(plain), points), 1)
        places = pc.min_max(pc.if_else(pc.less(points, 0), 0, behind))
        self.places = max(self.places, places["max"].as_py())
        self.least_places = min(self.least_places, places["min"].as_py())
        whole = pc.binary_length(pc.replace_substring_regex(plain, r"\A-|\..*\z", ""))
        self.digits = max(self.digits, pc.max(whole).as_py())


@dataclass(slots=True)
class Tally:
    """The spellings of one column's values, those that are not plain."""

    plain: PlainCounts = field(default_factory=PlainCounts)
    fits: Counter[Spelling] = field(default_factory=Counter)
    _alone: Counter[Spelling] = field(default_factory=Counter)
    _words: Counter[str] = field(default_factory=Counter)
    _numbers: dict[Numbers, _NumberCount] = field(default_factory=dict)

    def observe(self, texts: Array) -> None:
        """Count trimmed texts, none of which is a value in the plain spelling."""
        if not len(texts):
            return
        self.observe_words(texts.filter(pc.is_in(texts, value_set=_WORDS)))
        left = matching(texts, MAY_BE).drop_null()
        if len(left):
            left = self._observe_times(left)
        if len(left):
            self._observe_numbers(left)

    def observe_words(self, texts: Array) -> None:
        """Count words that may say true or false."""
        for found in pc.value_counts(texts).to_pylist():
            self._words[found["values"].lower()] += found["counts"]

    def candidates(self, plain: Counter[Type]) -> Iterator[Candidate]:
        """Yield the forms in which some values are, narrowest first by spelling; `plain` counts values by type in the plain one."""
        for true, false in WORDS:
            words = Words(true, false)
            count = self._words[true] + self._words[false]
            if count:
                one_only = not (self._words[true] and self._words[false])
                yield Candidate(Form(BOOLEAN, words), count + plain[BOOLEAN], one_only)
        for spelling, count in self.fits.items():
            if isinstance(spelling, Times):
                form = Form(spelling.type, spelling)
                yield Candidate(form, count + plain[spelling.type], self._is_ambiguous(spelling))
            elif isinstance(spelling, Numbers):
                yield from self._number_candidates(spelling)

    def most(self, plain: Counter[Type]) -> int:
        """Return how many values fit the form that most of them fit."""
        return max((candidate.fits for candidate in self.candidates(plain)), default=0)

    def _observe_times(self, texts: Array) -> Array:
        """Count days and times, and return what is none."""
        for day in DAYS:
            like = matching(texts, rf"{_unnamed(day)}(?:[T ,].*)?")
            if like.null_count == len(like):
                continue
            other = _rival_day(day)
            if other is not None and day.startswith("12"):
                continue  # counted together with its rival
            for clock, zone in _CLOCKS:
                self._observe_day(like.drop_null(), Times(day, clock, zone), other)
            texts = texts.filter(like.is_null())
            if not len(texts):
                break
        return texts

    def _observe_day(self, texts: Array, spelling: Times, other: str | None) -> None:
        ours = parse_spelled(texts, spelling.type, spelling).is_valid()
        self._add(spelling, _count(ours))
        if other is not None:
            rival = replace(spelling, day=other)
            theirs = parse_spelled(texts, rival.type, rival).is_valid()
            self._add(rival, _count(theirs))
            self._alone[spelling] += _count(pc.and_not(ours, theirs))
            self._alone[rival] += _count(pc.and_not(theirs, ours))

    def _observe_numbers(self, texts: Array) -> None:
        units = pc.struct_field(pc.extract_regex(texts, _UNIT), "unit")
        for unit in pc.unique(units).to_pylist():
            same = texts.filter(units.is_null() if unit is None else pc.equal(units, unit))
            point, comma = Numbers(".", unit or ""), Numbers(",", unit or "")
            plain = {spelling: plain_numbers(same, spelling) for spelling in (point, comma)}
            for spelling, other in ((point, comma), (comma, point)):
                found = plain[spelling]
                if not _valid(found):
                    continue
                self._add(spelling, _valid(found))
                self._alone[spelling] += _count(pc.and_(found.is_valid(), plain[other].is_null()))
                self._numbers.setdefault(spelling, _NumberCount()).add(found, same)
            differ = pc.not_equal(plain[point], plain[comma])
            self._alone[Numbers("", unit or "")] += _count(differ)

    def _add(self, spelling: Spelling, count: int) -> None:
        if count:
            self.fits[spelling] += count

    def _is_ambiguous(self, spelling: Times) -> bool:
        """Whether no value shows which of two numbers is the day, or the values contradict each other."""
        other = _rival_day(spelling.day)
        if other is None:
            return False
        return not self._alone[spelling] or bool(self._alone[replace(spelling, day=other)])

    def _number_candidates(self, spelling: Numbers) -> Iterator[Candidate]:
        count, fits = self._numbers[spelling], self.fits[spelling]
        alone, against = self._alone[spelling], self._alone[replace(spelling, mark=_other(spelling.mark))]
        unsure = self._alone[replace(spelling, mark="")]
        longs, doubles, unsigned = count.longs, count.doubles, count.unsigned
        even = count.places == count.least_places == MONEY_PLACES
        if not spelling.unit:
            plain = self.plain
            taken = plain.fractions if spelling.mark == "." else plain.grouped
            points = plain.fractions - plain.grouped  # only a point before the fraction explains these
            alone, against = (alone + points, against) if spelling.mark == "." else (alone, against + points)
            unsure += plain.grouped
            fits += plain.longs + taken
            longs += plain.longs + (0 if spelling.mark == "." else taken)
            doubles += plain.exact + taken
            unsigned += plain.longs + taken
            even &= not plain.longs and not (plain.uneven if spelling.mark == "." else taken)
        if not unsigned:
            return  # (1), (2), (3) are no negative numbers
        is_ambiguous = bool(unsure) and (not alone or bool(against))
        money = _money(count) if spelling.unit or even else None
        if not spelling.unit:
            yield Candidate(Form(LONG, spelling), longs, is_ambiguous)
        if money is not None:
            yield Candidate(Form(money, spelling), fits, is_ambiguous)
        if not spelling.unit:
            yield Candidate(Form(DOUBLE, spelling), doubles, is_ambiguous)


def _money(count: _NumberCount) -> Decimal | None:
    """Return the decimal that holds all amounts, with room for larger ones; None where 38 digits are too few."""
    places = max(MONEY_PLACES, count.places)
    room = next((digits for digits in (ROOMY_DIGITS, MOST_DIGITS) if count.digits + places <= digits), None)
    return None if room is None else Decimal(room, places)


def _rival_day(day: str) -> str | None:
    """Return the day with month and day the other way round, None where that is no spelling."""
    first, second = day[:2], day[3:5]
    return f"{second}{day[2]}{first}{day[5:]}" if {first, second} == {"31", "12"} else None


def _other(mark: str) -> str:
    return "," if mark == "." else "."


def _unnamed(day: str) -> str:
    return day_expression(day).replace("?P<d>", "?:").replace("?P<m>", "?:").replace("?P<y>", "?:")


def _valid(values: Array) -> int:
    return int(len(values) - values.null_count)


def _count(mask: Array) -> int:
    return int(pc.sum(mask).as_py() or 0)


_WORDS = pa.array(WORD_TEXTS)
