"""Arrow values of one type brought into another without losing anything: what does not fit is left out and pointed at."""

from __future__ import annotations

from dataclasses import dataclass

from lakesmith.model.spellings import Spelling
from lakesmith.model.types import BINARY, BOOLEAN, DATE, DOUBLE, FLOAT, INT, LONG, STRING, Type
from lakesmith.shape.arrow import Array, DataType, is_, pa, pc
from lakesmith.shape.arrow_types import arrow_type, is_list, type_of
from lakesmith.shape.relate import is_flat, is_number
from lakesmith.shape.render import as_text
from lakesmith.shape.spelled import parse_spelled
from lakesmith.shape.text import keep, parse, trim
from lakesmith.shape.whole import read_whole

_EXACT = {pa.float64(): 2**53, pa.float32(): 2**24}
_TICKS_PER_S = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}
_LONGEST_US = 2**63 - 1
_SIMPLE = (BOOLEAN, INT, LONG, FLOAT, DOUBLE, DATE, BINARY)


@dataclass(frozen=True, slots=True)
class Fitted:
    """`values` with null where a value did not fit; `misfits` is true there, or None where everything fitted."""

    values: Array
    misfits: Array | None = None


def fit_text(texts: Array, kind: Type, spelling: Spelling | None = None) -> Fitted:
    """Return texts as values of `kind`, spelled plainly or as said.

    Blanks around them do not count, and nothing but blanks is null, unless `kind` is string.
    """
    if kind == STRING:
        return Fitted(texts)
    if spelling is not None and spelling.takes(kind):
        trimmed = trim(texts)
        return _compared(parse_spelled(trimmed, kind, spelling), trimmed)
    values = read_whole(texts, kind)
    if values is not None:
        return Fitted(values)
    trimmed = trim(texts)
    return _compared(parse(trimmed, kind), trimmed)


def fit_flat(values: Array, kind: Type) -> Fitted:
    """Return `values`, plain as `plain` makes them, as values of a `kind` without parts."""
    target = arrow_type(kind)
    if values.type == target:
        return Fitted(values)
    if is_.is_null(values.type):
        return Fitted(pa.nulls(len(values), target))
    seen = type_of(values.type)
    if kind == STRING:
        return (
            Fitted(as_text(values)) if seen is not None and _is_textual(values.type, seen) else _nothing(values, target)
        )
    if seen is None or not is_flat(seen):
        return _nothing(values, target)
    return _compared(_convert(values, kind, seen, target), values)


def plain(values: Array) -> Array:
    """Return values in the plain layout of their Arrow type: no dictionaries, views, large offsets or extensions.

    Types that no engine reads (time, uuid, interval, wider decimals) become text here.
    """
    kind = values.type
    if is_.is_dictionary(kind):
        return plain(values.cast(kind.value_type))
    if is_.is_run_end_encoded(kind):
        return plain(pc.run_end_decode(values))
    ours = type_of(kind)
    if ours == STRING:
        return values if kind == pa.string() else as_text(values)
    if isinstance(kind, pa.BaseExtensionType):
        return plain(values.storage)
    return values.cast(arrow_type(ours)) if ours in _SIMPLE and not is_.is_uint64(kind) else values


def _is_textual(kind: DataType, seen: Type) -> bool:
    return is_flat(seen) and not is_.is_binary(kind)


def _convert(values: Array, kind: Type, seen: Type, target: DataType) -> Array:
    """Return what fits, null for the rest."""
    source = values.type
    if is_.is_timestamp(target):
        return _to_timestamp(values, target)
    if is_.is_integer(source):
        return _from_integer(values, kind, target)
    if is_.is_floating(source) and (is_.is_integer(target) or is_.is_floating(target)):
        return _from_float(values, kind, target)
    return parse(as_text(values), kind) if is_number(seen) and is_number(kind) else pa.nulls(len(values), target)


def _from_float(values: Array, kind: Type, target: DataType) -> Array:
    source = values.type
    if is_.is_integer(target):
        exact = pc.less_equal(pc.abs(values), pa.scalar(float(_EXACT[source]), source))
        whole = pc.and_(pc.equal(pc.floor(values), values), exact)
        return _from_integer(keep(values, whole).cast(pa.int64()), kind, target)
    there = values.cast(target, safe=False)
    return keep(there, pc.or_(pc.equal(there.cast(source, safe=False), values), pc.is_nan(values)))


def _from_integer(values: Array, kind: Type, target: DataType) -> Array:
    if is_.is_integer(target):
        low, high = -(2 ** (target.bit_width - 1)), 2 ** (target.bit_width - 1) - 1
    elif is_.is_floating(target):
        low, high = -_EXACT[target], _EXACT[target]
    elif is_.is_decimal(target):
        return parse(values.cast(pa.string()), kind)
    else:
        return pa.nulls(len(values), target)
    fits = pc.less_equal(values, pa.scalar(high, pa.uint64() if is_.is_uint64(values.type) else pa.int64()))
    if not is_.is_unsigned_integer(values.type):
        fits = pc.and_(fits, pc.greater_equal(values, low))
    return keep(values, fits).cast(target)


def _to_timestamp(values: Array, target: DataType) -> Array:
    """Bring dates and timestamps to microseconds; what has no zone does not fit what has one, nor the other way round."""
    source = values.type
    if is_.is_date(source) and target.tz is None:
        return values.cast(target)
    if not is_.is_timestamp(source):
        return pa.nulls(len(values), target)
    if (source.tz is None) != (target.tz is None):
        return pa.nulls(len(values), target)
    ticks = values.cast(pa.int64())
    per_s = _TICKS_PER_S[source.unit]
    if per_s > _TICKS_PER_S["us"]:
        micros = pc.divide(ticks, 1_000)
        whole = pc.equal(pc.multiply(micros, 1_000), ticks)
        return keep(micros, whole).cast(target)
    factor = _TICKS_PER_S["us"] // per_s
    limit = _LONGEST_US // factor
    fits = pc.and_(pc.less_equal(ticks, limit), pc.greater_equal(ticks, -limit))
    return pc.multiply(keep(ticks, fits), factor).cast(target)


def _compared(values: Array, origin: Array) -> Fitted:
    if values.null_count == origin.null_count:
        return Fitted(values)
    return Fitted(values, pc.and_(values.is_null(), origin.is_valid()))


def _nothing(values: Array, target: DataType) -> Fitted:
    return _compared(pa.nulls(len(values), target), values)


def only(values: Array, misfits: Array) -> Array:
    """Return only the values that are misfits, null elsewhere."""
    if is_list(values.type) or is_.is_nested(values.type):
        # Arrow's if_else does not know every nested layout; take does.
        rows = pc.if_else(misfits, pa.array(range(len(values)), pa.int64()), None)
        return values.take(rows)
    return pc.if_else(misfits, values, pa.scalar(None, values.type))
