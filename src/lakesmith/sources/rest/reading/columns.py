"""Columns as the stream wants them: parts of objects on their own, some left out, some of a type that the API writes as another."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Context, Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from lakesmith.model.streams import WORDS_KEY
from lakesmith.project.settings import DECIMAL
from lakesmith.sources.files.formats.nested.json_kinds import without_columns
from lakesmith.sources.files.formats.nested.json_values import dump
from lakesmith.sources.rest.planning.times import MILLISECONDS

if TYPE_CHECKING:
    from lakesmith.sources.rest.options import RestStreamOptions

INT, LONG = 2**31, 2**63
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LATEST = 300_000_000_000
"""No time that can be written lies so many seconds from 1970."""

EXACT = Context(prec=76)
NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,9})?")
WORDS = re.compile(r"[+-]?(nan|inf|infinity)", re.IGNORECASE)
EXACT_DOUBLE = 2**53
LARGEST_FLOAT = 3.4028235677973366e38

DEEPEST = 32
WHOLE = re.compile(r"[+-]?\d+")
COMPACT_DAY = re.compile(r"\d{8}")
TRUTHS = {"true": True, "false": False, "1": True, "0": False, "yes": True, "no": False}

Column = tuple[str, "pa.Array[Any]"]


class UnfitError(ValueError):
    """A value that a type cannot hold as it is."""


def shaped(rows: pa.RecordBatch, options: RestStreamOptions) -> pa.RecordBatch:
    """Return the columns that a stream wants; values that their type cannot hold stand at the end, in the API's own words."""
    columns: list[Column] = list(zip(rows.schema.names, rows.columns, strict=True))
    if options.flatten:
        columns = [part for name, values in columns for part in _parts(name, values, DEEPEST)]
    if options.select:
        columns = [column for column in columns if _is_in(column[0], options.select)]
    if options.exclude:
        columns = [column for column in columns if not _is_in(column[0], options.exclude)]
    if not columns:
        return without_columns(rows.num_rows)
    fields: list[pa.Field[Any]] = []
    arrays: list[pa.Array[Any]] = []
    beside: list[Column] = []
    for name, values in columns:
        made, words = _typed(values, options.types[name]) if name in options.types else (values, None)
        fields.append(pa.field(name, made.type))
        arrays.append(made)
        if words is not None:
            beside.append((name, words))
    fields += [pa.field(name, pa.string(), metadata={WORDS_KEY: b"1"}) for name, _ in beside]
    return pa.RecordBatch.from_arrays([*arrays, *(words for _, words in beside)], schema=pa.schema(fields))


def _is_in(name: str, chosen: tuple[str, ...]) -> bool:
    return any(name == one or name.startswith(f"{one}.") for one in chosen)


def _parts(name: str, values: Any, depth: int) -> Iterator[Column]:
    """Yield the parts of an object as columns of their own; an object without parts stays what it is."""
    if not pa.types.is_struct(values.type) or not values.type.num_fields or not depth:
        yield name, values
        return
    for part, inner in zip(values.type, values.flatten(), strict=True):
        yield from _parts(f"{name}.{part.name}", inner, depth - 1)


def _typed(values: Any, kind: str) -> tuple[Any, Any]:
    """Return values of a type, and the words for those it cannot hold; None for these where it holds all."""
    target, convert = _target(kind)
    if values.type == target:
        return values, None
    is_text = kind in ("string", "binary")
    made: list[Any] = []
    words: list[str | None] = []
    for value in values.to_pylist():
        try:
            is_nothing = value is None or (value == "" and not is_text)
            made.append(None if is_nothing else convert(value))
            words.append(None)
        except (UnfitError, ValueError, InvalidOperation, OverflowError):
            made.append(None)
            words.append(value if isinstance(value, str) else dump(value))
    told = pa.array(words, pa.string()) if any(word is not None for word in words) else None
    return pa.array(made, target), told


def _target(kind: str) -> tuple[Any, Callable[[Any], Any]]:
    decimal = DECIMAL.fullmatch(kind)
    if decimal:
        digits, scale = int(decimal[1]), int(decimal[2])
        return pa.decimal128(digits, scale), lambda value: _decimal(value, digits, scale)
    return KINDS[kind]


def _number(value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        raise UnfitError
    text = value.strip() if isinstance(value, str) else repr(value) if isinstance(value, float) else str(value)
    if not NUMBER.fullmatch(text):
        raise UnfitError
    return Decimal(text)


def _decimal(value: Any, digits: int, scale: int) -> Decimal:
    number = _number(value)
    if number != 0 and number.adjusted() >= digits - scale:
        raise UnfitError
    made = number.quantize(Decimal(1).scaleb(-scale), context=EXACT)
    if made != number:
        raise UnfitError
    return made


def _whole(value: Any, most: int) -> int:
    number = _number(value)
    if number != number.to_integral_value() or not -most <= number < most:
        raise UnfitError
    return int(number)


def _double(value: Any) -> float:
    """Return the double nearest to a number; a whole number, or one too large, must not become another."""
    if isinstance(value, float) or (isinstance(value, str) and WORDS.fullmatch(value.strip())):
        return float(value)
    number = _number(value)
    made = float(number)
    if math.isinf(made) or (abs(number) > EXACT_DOUBLE and number != Decimal(repr(made))):
        raise UnfitError
    return made


def _float(value: Any) -> float:
    made = _double(value)
    if math.isfinite(made) and abs(made) >= LARGEST_FLOAT:
        raise UnfitError
    return made


def _truth(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    found = TRUTHS.get(str(value).strip().lower())
    if found is None:
        raise UnfitError
    return found


def _day(value: Any) -> date:
    if not isinstance(value, str):
        raise UnfitError
    text = value.strip()
    if COMPACT_DAY.fullmatch(text):
        return date(int(text[:4]), int(text[4:6]), int(text[6:]))
    if len(text) > len("2024-01-31"):
        at = datetime.fromisoformat(text)
        if at.time() != datetime.min.time():
            raise UnfitError
        return at.date()
    return date.fromisoformat(text)


def _time(value: Any) -> datetime:
    at = _instant(value)
    if at.tzinfo is not None:
        raise UnfitError
    return at


def _time_utc(value: Any) -> datetime:
    at = _instant(value)
    if at.tzinfo is None:
        raise UnfitError
    return at.astimezone(UTC)


def _instant(value: Any) -> datetime:
    if isinstance(value, str) and not WHOLE.fullmatch(value.strip()):
        return datetime.fromisoformat(value.strip())
    number = _number(value)
    seconds = number / 1000 if abs(number) >= MILLISECONDS else number
    micros = seconds * 1_000_000
    if abs(seconds) > LATEST or micros != micros.to_integral_value():
        raise UnfitError
    return EPOCH + timedelta(microseconds=int(micros))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else dump(value)


KINDS: Mapping[str, tuple[Any, Callable[[Any], Any]]] = {
    "boolean": (pa.bool_(), _truth),
    "int": (pa.int32(), lambda value: _whole(value, INT)),
    "long": (pa.int64(), lambda value: _whole(value, LONG)),
    "float": (pa.float32(), _float),
    "double": (pa.float64(), _double),
    "date": (pa.date32(), _day),
    "timestamp": (pa.timestamp("us"), _time),
    "timestamptz": (pa.timestamp("us", "UTC"), _time_utc),
    "string": (pa.string(), _text),
    "binary": (pa.binary(), lambda value: _text(value).encode()),
}
