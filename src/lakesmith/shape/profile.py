"""The types of columns that arrive as text: the narrowest one that nearly all of a column's values fit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from pyarrow import Field, RecordBatch

from lakesmith.model.spellings import Spelling
from lakesmith.model.streams import TEXT_KEY
from lakesmith.model.types import BOOLEAN, DATE, DOUBLE, LONG, STRING, TIMESTAMP, TIMESTAMPTZ, Type
from lakesmith.shape.arrow import Array, pa, pc
from lakesmith.shape.grammar import ANY
from lakesmith.shape.names import unique
from lakesmith.shape.tally import Candidate, Form, Tally
from lakesmith.shape.text import matching, parse, trim
from lakesmith.shape.whole import count_longs, count_words, read_whole

MANY, HOPELESS_PER_CENT = 1000, 4
"""How many words, and how large a share of a column, make it not worth while to look for other spellings than the plain one."""

THRESHOLD_PER_CENT = 99
"""How many of a column's non-empty values have to fit a type."""

NARROWEST_FIRST = (BOOLEAN, LONG, DOUBLE, DATE, TIMESTAMP, TIMESTAMPTZ)
_KINDS = (LONG, DOUBLE, TIMESTAMP, DATE, TIMESTAMPTZ, BOOLEAN)


@dataclass(frozen=True, slots=True)
class ColumnReport:
    """What a text column holds: `values` that are not empty, how many `fits` each type, and the `type` (None: no value yet).

    `spelling` is how values of the type are written, None for the plain way; `spelled` counts values by type and spelling, as
    `date 31.12.2024`; `ambiguous` are those of them which nothing tells from their rival.
    """

    source_name: str
    values: int
    fits: dict[str, int]
    type: Type | None
    spelling: Spelling | None = None
    spelled: dict[str, int] = field(default_factory=dict)
    ambiguous: tuple[Form, ...] = ()


class TextProfile:
    """Counts, over any number of batches, which types the values of every text column fit. Memory does not grow with rows."""

    def __init__(self) -> None:
        self._counts: dict[str, Counter[Type]] = {}
        self._values: Counter[str] = Counter()
        self._usual: dict[str, Type] = {}
        self._tallies: dict[str, Tally] = {}
        self._given_up: set[str] = set()

    def observe(self, batch: RecordBatch, columns: Collection[str] | None = None) -> None:
        """Count the values of one batch: of the columns with these source names, None for all that the reader marks as text."""
        for name, arrow_field, column in zip(unique(batch.schema.names), batch.schema, batch.columns, strict=True):
            if is_text(arrow_field) and (columns is None or name in columns):
                self._observe(name, as_texts(column))
                self._give_up(name)

    def types(self) -> dict[str, Type]:
        """Return the type of every text column that had a value, by source name."""
        return {name: form.type for name, form in self.forms().items()}

    def forms(self) -> dict[str, Form]:
        """Return the type and the spelling of every text column that had a value, by source name."""
        forms = {name: self._form(name) for name in self._counts}
        return {name: form for name, form in forms.items() if form is not None}

    def outsiders(self, name: str) -> int:
        """Return how many values of a column do not fit the type that most of them fit."""
        if name not in self._counts:
            return self._values[name]
        counts = self._counts[name]
        return self._values[name] - max(*counts.values(), self._tallies[name].most(counts), 0)

    def report(self) -> tuple[ColumnReport, ...]:
        """Return the counts by column, in order of appearance."""
        return tuple(self._report(name) for name in self._counts)

    def _report(self, name: str) -> ColumnReport:
        values, form = self._values[name], self._form(name)
        fits = {str(kind): self._counts[name][kind] for kind in NARROWEST_FIRST}
        spelled = {}
        ambiguous = []
        for candidate in self._tallies[name].candidates(self._counts[name]):
            kind = str(candidate.form.type)
            spelled[f"{kind} {candidate.form.spelling}"] = candidate.fits
            if candidate.form == form:
                fits[kind] = candidate.fits
            if candidate.is_ambiguous and candidate.fits * 100 >= values * THRESHOLD_PER_CENT:
                ambiguous.append(candidate.form)
        spelling = form.spelling if form is not None else None
        unsure = tuple(ambiguous) if form == Form(STRING) else ()
        return ColumnReport(name, values, fits, form.type if form else None, spelling, spelled, unsure)

    def _form(self, name: str) -> Form | None:
        values, counts = self._values[name], self._counts[name]
        if not values:
            return None
        candidates = [Candidate(Form(kind), counts[kind]) for kind in NARROWEST_FIRST]
        spelled = (other for other in self._tallies[name].candidates(counts) if not other.is_ambiguous)
        candidates += sorted(spelled, key=_rank)
        fits = [each for each in candidates if each.fits * 100 >= values * THRESHOLD_PER_CENT]
        # A type that takes every value leaves nobody outside: 99.5 % whole numbers and some fractions are doubles.
        whole = [each for each in fits if each.fits == values]
        return next((each.form for each in whole or fits), Form(STRING))

    def _observe(self, name: str, column: Array) -> None:
        self._counts.setdefault(name, Counter())
        self._tallies.setdefault(name, Tally())
        if self._observe_whole(name, column):
            return
        left = trim(column).drop_null()
        self._values[name] += len(left)
        odd = self._observe_plain(name, left)
        if name not in self._given_up:
            self._tallies[name].observe(odd)

    def _give_up(self, name: str) -> None:
        """Look no more for other spellings than the plain one in a column of words."""
        values = self._values[name]
        if name in self._given_up or values - max(self._counts[name].values(), default=0) < MANY:
            return
        outsiders = self.outsiders(name)
        if outsiders >= MANY and outsiders * 100 > values * HOPELESS_PER_CENT:
            self._given_up.add(name)

    def _observe_plain(self, name: str, left: Array) -> Array:
        """Count trimmed texts that are values in the plain spelling, and return the others."""
        counts, tally = self._counts[name], self._tallies[name]
        odd = left[:0]
        # Every text is of one kind at most (a long counts as a double too), so what fitted need not be tried again, and the
        # usual kind goes first: most columns are of one kind only. A double may look like a long, so long goes before it.
        usual, sifted = self._usual.get(name), False
        for kind in sorted(_KINDS, key=lambda kind: kind != usual or kind == DOUBLE):
            if not len(left):
                break
            if kind != usual and not sifted:
                like = matching(left, ANY)
                odd, left, sifted = left.filter(like.is_null()), like.drop_null(), True
            fits = parse(left, kind)
            found = len(left) - fits.null_count
            if not found:
                continue
            counts[kind] += found
            if kind == LONG:
                exact = _exact_doubles(fits)
                counts[DOUBLE] += exact
                tally.plain.add_longs(fits, exact)
            elif kind == DOUBLE:
                tally.plain.add_fractions(left.filter(fits.is_valid()))
            self._usual[name] = kind
            left = left.filter(fits.is_null())
        return pa.concat_arrays([left, odd]) if len(left) else odd

    def _observe_whole(self, name: str, column: Array) -> bool:
        """Count the values of a column at once if all are of its usual kind, or all are words; whether they are."""
        counts, tally, usual = self._counts[name], self._tallies[name], self._usual.get(name)
        present = len(column) - column.null_count
        if usual is None:
            words = count_words(column, None if name in self._given_up else tally.observe_words)
            self._values[name] += words or 0
            return words is not None
        values = read_whole(column, usual)
        if values is None:
            return False
        self._values[name] += present
        counts[usual] += present
        if usual == LONG:
            exact = _exact_doubles(values)
            counts[DOUBLE] += exact
            tally.plain.add_longs(values, exact)
        elif usual == DOUBLE:
            longs = count_longs(column)
            counts[LONG] += longs
            tally.plain.add_doubles(column, longs)
        return True


def _rank(candidate: Candidate) -> tuple[float, int, str]:
    """Say which of several spellings goes first: by the width of the type, then by how many values fit."""
    kind = candidate.form.type
    place = NARROWEST_FIRST.index(kind) if kind in NARROWEST_FIRST else NARROWEST_FIRST.index(LONG) + 0.5
    return place, -candidate.fits, str(candidate.form.spelling)


def is_text(arrow_field: Field[Any]) -> bool:
    """Whether the reader marks a column as text whose type it does not know."""
    return TEXT_KEY in (arrow_field.metadata or {})


def as_texts(column: Array) -> Array:
    """Return a text column of any Arrow layout as plain strings."""
    return column if column.type == pa.string() else column.cast(pa.string())


def _exact_doubles(longs: Array) -> int:
    exact = pc.and_(pc.less_equal(longs, 2**53), pc.greater_equal(longs, -(2**53)))
    return int(pc.sum(exact).as_py() or 0)
