"""Text read as values of a type: vectorised, strict, and null where the text is no such value."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from lakesmith.model.types import BOOLEAN, DATE, DOUBLE, FLOAT, INT, LONG, STRING, TIMESTAMP, TIMESTAMPTZ, Decimal, Type
from lakesmith.shape.arrow import Array, pa, pc
from lakesmith.shape.arrow_types import arrow_type
from lakesmith.shape.grammar import BLANKS, GRAMMAR, SIGNIFICANT_DIGITS, TRUE, at_most, decimal_grammar

_SMALLEST_NORMAL = 2.2250738585072014e-308
_FLOAT_DIGITS = 6
_FLOAT_SMALLEST = 1.1754943508222875e-38
_FLOAT_GREATEST = 3.4028234663852886e38
_EXACT_DOUBLE = rf"\A-?(?:[0-9]{{1,15}}|{at_most(str(2**53))})\z"
_EXACT_FLOAT = rf"\A-?(?:[0-9]{{1,7}}|{at_most(str(2**24))})\z"
_LONGEST_PLAIN = 38
_EARLIEST_US = -62_135_596_800_000_000
_LATEST_US = 253_402_300_799_999_999


def trim(texts: Array) -> Array:
    """Return texts without the ASCII blanks around them; null where nothing is left."""
    trimmed = pc.ascii_trim(texts, BLANKS)
    empty = pc.equal(pc.binary_length(trimmed), 0)
    return keep(trimmed, pc.invert(empty)) if pc.any(empty).as_py() else trimmed


def parse(texts: Array, kind: Type) -> Array:
    """Return trimmed texts as values of `kind`, null where a text is not one. Types without a text form give nulls only."""
    if kind == STRING:
        return texts
    reader = parse_decimal if isinstance(kind, Decimal) else _READERS.get(kind)
    return reader(texts, kind) if reader else pa.nulls(len(texts), arrow_type(kind))


def keep(values: Array, fits: Array) -> Array:
    """Return `values` where `fits` is true, null elsewhere; `values` itself where it is true of all that are not null."""
    if pc.all(fits, min_count=0).as_py():
        return values
    return pc.if_else(pc.fill_null(fits, fill_value=False), values, pa.scalar(None, values.type))


def matching(texts: Array, expression: str) -> Array:
    """Return the texts that match as a whole, null elsewhere."""
    return keep(texts, pc.match_substring_regex(texts, rf"\A(?:{expression})\z"))


def parse_decimal(texts: Array, kind: Type) -> Array:
    """Return plain numbers as decimals, exactly: a text with more places than the type has is not one."""
    if not isinstance(kind, Decimal):
        raise TypeError(kind)
    good = matching(texts, decimal_grammar(kind))
    if (pc.max(pc.binary_length(good)).as_py() or 0) > _LONGEST_PLAIN:
        # Zeros behind the last place say nothing, but would make the number too long for Arrow's parser.
        places = rf"(\.[0-9]{{{kind.scale}}})0+\z" if kind.scale else r"()\.0+\z"
        good = pc.replace_substring_regex(good, places, r"\1")
    return good.cast(arrow_type(kind))


def _read(texts: Array, kind: Type) -> Array:
    return matching(texts, _expression(kind)).cast(arrow_type(kind))


def _read_boolean(texts: Array, kind: Type) -> Array:
    fits = pc.is_in(texts, value_set=_spelled(GRAMMAR[kind]))
    return keep(pc.is_in(texts, value_set=_spelled(TRUE)), fits)


def _read_timestamptz(texts: Array, kind: Type) -> Array:
    values = _read(texts, kind)
    # An offset can carry the first and the last day of the calendar out of it.
    micros = values.cast(pa.int64())
    return keep(values, pc.and_(pc.greater_equal(micros, _EARLIEST_US), pc.less_equal(micros, _LATEST_US)))


def _read_double(texts: Array, _kind: Type) -> Array:
    texts = matching(texts, GRAMMAR[DOUBLE])
    values = texts.cast(pa.float64())
    short = pc.less_equal(pc.binary_length(texts), SIGNIFICANT_DIGITS)
    if not pc.all(short, min_count=0).as_py():
        values = keep(values, pc.or_(short, _precise(texts, SIGNIFICANT_DIGITS)))
    return keep(values, _in_range(texts, values, _SMALLEST_NORMAL))


def _read_float(texts: Array, _kind: Type) -> Array:
    texts = matching(texts, GRAMMAR[DOUBLE])
    values = texts.cast(pa.float64())
    fits = pc.and_(_in_range(texts, values, _FLOAT_SMALLEST), pc.less_equal(pc.abs(values), _FLOAT_GREATEST))
    return keep(values, pc.and_(fits, _precise(texts, _FLOAT_DIGITS))).cast(pa.float32(), safe=False)


def _precise(texts: Array, digits: int) -> Array:
    """Whether a number has so few significant digits that a binary float gives all of them back.

    A number without point and exponent is a long for its reader, and has to come back to the last digit: up to 2^53 it does.
    """
    exponents = pc.any(pc.match_substring(texts, "e", ignore_case=True)).as_py()
    mantissa = pc.replace_substring_regex(texts, r"[eE].*", "") if exponents else texts
    significant = pc.ascii_trim(pc.replace_substring(pc.ascii_ltrim(mantissa, "-"), ".", ""), "0")
    few = pc.less_equal(pc.binary_length(significant), digits)
    whole = pc.match_substring_regex(texts, r"\A-?[0-9]+\z")
    if not pc.any(whole).as_py():
        return few
    exact = _EXACT_DOUBLE if digits == SIGNIFICANT_DIGITS else _EXACT_FLOAT
    return pc.if_else(whole, pc.match_substring_regex(texts, exact), few)


def _in_range(texts: Array, values: Array, smallest: float) -> Array:
    """Whether a number became neither infinite nor so small that digits, or all of it, were lost."""
    size = pc.abs(values)
    fits = pc.and_(pc.is_finite(values), pc.greater_equal(size, smallest))
    zero = pc.equal(values, 0.0)
    if not pc.any(zero).as_py():
        return fits
    return pc.or_(fits, pc.and_(zero, pc.invert(pc.match_substring_regex(texts, r"\A-?[0.]*[1-9]"))))


@cache
def _spelled(words: str) -> Array:
    return pa.array(words.strip("(?:)").split("|"))


@cache
def _expression(kind: Type) -> str:
    whole = str(2**31 - 1)
    return rf"0|-?[1-9][0-9]{{0,8}}|{at_most(whole)}|-{at_most(str(2**31))}" if kind == INT else GRAMMAR[kind]


_READERS: dict[Type, Callable[[Array, Type], Array]] = {
    BOOLEAN: _read_boolean,
    INT: _read,
    LONG: _read,
    FLOAT: _read_float,
    DOUBLE: _read_double,
    DATE: _read,
    TIMESTAMP: _read,
    TIMESTAMPTZ: _read_timestamptz,
}
