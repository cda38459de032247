"""Whole columns of text read at once, where arithmetic proves that every text is spelled as the grammar says.

Arrow's parsers take more spellings than the grammar does. They are fast, though, and so is counting: a column whose texts are
together exactly as long as its numbers are when written plainly has no leading zero in it. What is not proven here is read text by text.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import cache
from struct import unpack_from

from lakesmith.model.types import BOOLEAN, DATE, DOUBLE, LONG, TIMESTAMP, TIMESTAMPTZ, Type
from lakesmith.shape.arrow import Array, DataType, pa, pc
from lakesmith.shape.arrow_types import arrow_type
from lakesmith.shape.grammar import ANY, BLANKS, GRAMMAR, SIGNIFICANT_DIGITS
from lakesmith.shape.spelled import MAY_BE, MAY_BE_UNBROKEN, MAY_BE_WORD, WORD_TEXTS
from lakesmith.shape.text import trim

_FIRST_DAY = date(1, 1, 1)
_FIRST_TIME = datetime(1, 1, 1)  # noqa: DTZ001 - the calendar's first moment, in a type without zone
_GREATEST_POWER = 18
_DATE_LENGTH = 10
_COLONS = 2
_DIGITS = tuple(b"%d" % digit for digit in range(10))
_EMPTY_OR_PLAIN = rf"\A[{BLANKS}]*(?:{ANY})?[{BLANKS}]*\z"
_EMPTY_OR_VALUE = rf"\A[{BLANKS}]*(?:{ANY}|{MAY_BE}|{MAY_BE_WORD})?[{BLANKS}]*\z"
_EMPTY_OR_UNBROKEN = rf"\A[{BLANKS}]*(?:{ANY}|{MAY_BE_UNBROKEN}|{MAY_BE_WORD})?[{BLANKS}]*\z"
_UNUSUAL_NUMBERS = (b"e", b"E", b"n", b"N", b"+")
"""What stands in every exponent, in every spelling of infinity and of not-a-number, and before no number of the grammar."""


def read_whole(texts: Array, kind: Type) -> Array | None:
    """Return plain strings as values of `kind`, null where a text is null; None unless all are proven to be spelled as `kind`.

    What comes back is what `text.parse` makes of the same texts.
    """
    reader = _READERS.get(kind)
    spelled = _bytes_of(texts) if reader is not None else None
    if reader is None or spelled is None:
        return None
    return reader(texts, spelled)


def count_longs(texts: Array) -> int:
    """Return how many of the texts, all proven to be doubles by `read_whole`, are longs too: those without a point, but for `-0`."""
    spelled = _bytes_of(texts) or b""
    whole = _present(texts) - spelled.count(b".")
    return whole - (_count(pc.equal(texts, "-0")) if whole and b"-" in spelled else 0)


def count_words(texts: Array, tell: Callable[[Array], None] | None = None) -> int | None:
    """Return how many texts are not empty, if none of them is a value of any type but string; None if one may be.

    Args:
        texts: Plain strings.
        tell: Where values in other spellings than the plain one count as well: is told of the words, such as `yes` and `off`, that
            may say true or false, where something is returned. Words they are all the same. None where only plain values count.
    """
    spelled = _bytes_of(texts)
    if spelled is None or any(digit in spelled for digit in _DIGITS):
        unbroken = spelled is not None and b" " not in spelled
        expression = _EMPTY_OR_PLAIN if tell is None else _EMPTY_OR_UNBROKEN if unbroken else _EMPTY_OR_VALUE
        may_be_values = _count(pc.match_substring_regex(texts, expression))
        return None if may_be_values else _present(texts)
    trimmed = trim(texts)  # without a digit, nothing but a word for true or false is a value
    flags = pc.is_in(trimmed, value_set=_booleans() if tell is None else _flags())
    if _count(flags):
        found = trimmed.filter(flags)
        if tell is None or _count(pc.is_in(found, value_set=_booleans())):
            return None
        tell(found)
    return _present(trimmed)


@cache
def _booleans() -> Array:
    return pa.array(GRAMMAR[BOOLEAN].strip("(?:)").split("|"))


@cache
def _flags() -> Array:
    return pa.concat_arrays([_booleans(), pa.array(WORD_TEXTS)])


def _bytes_of(texts: Array) -> bytes | None:
    """Return the texts one behind the other; None if there is none, or if something lies between them."""
    if texts.null_count == len(texts):
        return None
    _, offsets, content = texts.buffers()
    first, last = (unpack_from("=i", offsets, 4 * (texts.offset + at))[0] for at in (0, len(texts)))
    spelled: bytes = content.slice(first, last - first).to_pybytes()
    if texts.null_count and pc.sum(pc.binary_length(texts)).as_py() != len(spelled):
        return None
    return spelled


def _cast(texts: Array, target: DataType) -> Array | None:
    try:
        return texts.cast(target)
    except pa.ArrowInvalid:
        return None


def _read_longs(texts: Array, spelled: bytes) -> Array | None:
    if b"x" in spelled or b"X" in spelled:  # Arrow reads 0x1F
        return None
    values = _cast(texts, pa.int64())
    return values if values is not None and len(spelled) == _plain_length(values) else None


def _plain_length(longs: Array) -> int:
    """Return how many characters the numbers have together when written without sign and zeros that say nothing."""
    bounds = pc.min_max(longs)
    low, high = bounds["min"].as_py(), bounds["max"].as_py()
    count = _present(longs)
    length = count + (_count(pc.less(longs, 0)) if low < 0 else 0)
    for power in (10**digits for digits in range(1, _GREATEST_POWER + 1)):
        if low >= power:
            length += count
        elif high >= power:
            length += _count(pc.greater_equal(longs, power))
        if low <= -power:
            length += _count(pc.less_equal(longs, -power))
    return length


def _read_doubles(texts: Array, spelled: bytes) -> Array | None:
    """Read plain decimals that are short enough to be exact and far from the ends of the range of a double."""
    if any(mark in spelled for mark in _UNUSUAL_NUMBERS):
        return None
    values = _cast(texts, pa.float64())
    if values is None or pc.max(pc.binary_length(texts)).as_py() > SIGNIFICANT_DIGITS:
        return None
    return values if _has_plain_ends(texts, spelled) else None


def _has_plain_ends(texts: Array, spelled: bytes) -> bool:
    """Whether no decimal begins with a point, ends with one, or has a zero before its first digit."""
    zeros = _count(pc.starts_with(texts, "0"))
    if zeros and zeros != _count(pc.starts_with(texts, "0.")) + _count(pc.equal(texts, "0")):
        return False
    if b"-" in spelled and _count(pc.match_substring_regex(texts, r"\A-(?:0[0-9]|\.)")):
        return False
    return not _count(pc.starts_with(texts, ".")) and not _count(pc.ends_with(texts, "."))


def _read_dates(texts: Array, spelled: bytes) -> Array | None:
    if len(spelled) != _DATE_LENGTH * _present(texts):
        return None
    return _from(_FIRST_DAY, _cast(texts, arrow_type(DATE)))


def _read_timestamps(texts: Array, spelled: bytes) -> Array | None:
    """Read timestamps with seconds: Arrow takes dates and hours for timestamps too, which have fewer colons."""
    if spelled.count(b":") != _COLONS * _present(texts):
        return None
    return _from(_FIRST_TIME, _cast(texts, arrow_type(TIMESTAMP)))


def _read_utc_timestamps(texts: Array, spelled: bytes) -> Array | None:
    """Read timestamps with seconds and a Z, so that no colon is that of an offset."""
    count = _present(texts)
    if spelled.count(b"Z") != count or spelled.count(b":") != _COLONS * count:
        return None
    return _from(_FIRST_TIME.replace(tzinfo=UTC), _cast(texts, arrow_type(TIMESTAMPTZ)))


def _from(first: date, values: Array | None) -> Array | None:
    """Return values unless one of them lies before the calendar: Arrow knows the year 0."""
    if values is None:
        return None
    early = pc.less(pc.min(values), pa.scalar(first, values.type))
    return None if early.as_py() else values


def _read_booleans(texts: Array, spelled: bytes) -> Array | None:
    """Read `true` and `false`: Arrow also takes digits and any mixture of cases."""
    if b"1" in spelled or b"0" in spelled or not spelled.islower():
        return None
    return _cast(texts, pa.bool_())


def _present(values: Array) -> int:
    """Return how many values are not null."""
    return int(len(values) - values.null_count)


def _count(mask: Array) -> int:
    return int(pc.sum(mask).as_py() or 0)


_READERS: dict[Type, Callable[[Array, bytes], Array | None]] = {
    BOOLEAN: _read_booleans,
    LONG: _read_longs,
    DOUBLE: _read_doubles,
    DATE: _read_dates,
    TIMESTAMP: _read_timestamps,
    TIMESTAMPTZ: _read_utc_timestamps,
}
