"""Whether a row tells a document: leaf by leaf, with the values that stand in siblings brought back to their field."""

from __future__ import annotations

import contextlib
import json
import math
import re
import struct
from base64 import b64encode
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from lakesmith.testing.torture.mongodb.words import FOLDED

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
BESIDE = "_json"
"""How a column's name ends in which values of other types stand that have no column; no field of ours is called so."""
UUIDS, OLD = 4, 2
"""Subtypes of binary values."""
_TIME = re.compile(r"(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(?:\.(\d+))?(?:Z|\+00:?(?:00)?)?")


def read(raw: bytes) -> dict[str, Any]:
    """Return a document as the driver's own codec reads it, dates as milliseconds."""
    import bson
    from bson.codec_options import CodecOptions, DatetimeConversion

    kept: CodecOptions[Any] = CodecOptions(datetime_conversion=DatetimeConversion.DATETIME_MS)
    return bson.decode(raw, kept)


def difference(document: Mapping[str, Any], row: Mapping[str, Any]) -> str:
    """Return what a row tells otherwise than a document, by the path; empty if it tells all of it and nothing else."""
    return differs(document, columns_of(row))


def columns_of(row: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return what a row tells of each field: what stands in its column and in the siblings of that, by their names."""
    told: dict[str, dict[str, Any]] = {}
    for name, got in row.items():
        if got is not None and not name.startswith("_ls_") and name != "_id_key":
            told.setdefault(_base(name), {})[name] = got
    return told


def differs(document: Mapping[str, Any], columns: Mapping[str, Mapping[str, Any]]) -> str:
    """Return what the columns of a row tell otherwise than a document; its `_id` is compared first, as it stands first."""
    told = dict(columns)
    for name, value in document.items():
        column = FOLDED.get(name, name)
        found = told.pop(column, {})
        if value is None:
            if found:
                return f"{name}: null, but {found}"
            continue
        if len(found) != 1:
            return f"{name}: {value!r}, but {found or 'nothing'}"
        [(where, got)] = found.items()
        if not is_same(value, got, is_json="json" in where[len(column) :]):
            return f"{name}: {value!r}, but {where} is {got!r}"
    return f"nothing, but {told}" if told else ""


def is_same(value: Any, got: Any, *, is_json: bool = False) -> bool:
    """Whether a value of bronze is a value of a document, in its own type or in a wider one that loses nothing of it."""
    if value is None or got is None:
        return value is None and got is None
    if isinstance(got, str) and not (isinstance(value, str) and not is_json):
        return _is_text_of(value, got, is_json=is_json)
    return _is_value(value, got)


def _is_value(value: Any, got: Any) -> bool:  # noqa: PLR0911 - a table of types
    from bson import Binary, DatetimeMS, Decimal128

    match value:
        case dict():
            return isinstance(got, Mapping) and not difference(value, got)
        case list():
            is_list = isinstance(got, list) and len(got) == len(value)
            return is_list and all(is_same(one, other) for one, other in zip(value, got, strict=True))
        case bool():
            return got is value
        case int() | float():
            return not isinstance(got, bool) and _is_number(value, got)
        case Decimal128():
            told = Decimal(repr(got)) if isinstance(got, float) else got
            return _is_decimal(value.to_decimal(), told) if isinstance(told, Decimal) else False
        case DatetimeMS():
            return isinstance(got, datetime) and _aware(got) == EPOCH + timedelta(milliseconds=int(value))
        case Binary() | bytes():
            return getattr(value, "subtype", 0) in (0, OLD) and got == bytes(value)
        case str():
            return bool(got == value)
        case _:
            return False


def _is_number(value: Any, got: Any) -> bool:
    if isinstance(value, float) and isinstance(got, float):
        return struct.pack("<d", value) == struct.pack("<d", got)
    if isinstance(value, int) and isinstance(got, int | float | Decimal):
        return bool(math.isfinite(got) and got == value)
    if isinstance(got, int):  # a double without a fraction
        return bool(math.isfinite(value) and value == got)
    return isinstance(got, Decimal) and math.isfinite(value) and Decimal(repr(value)) == got


def _is_decimal(value: Decimal, got: Decimal) -> bool:
    if value.is_nan() or got.is_nan():
        return value.is_nan() and got.is_nan()
    return value == got and (bool(value) or value.is_signed() == got.is_signed())


def _is_text_of(value: Any, got: str, *, is_json: bool) -> bool:
    """Whether a text tells a value: as people write it, or as JSON, plain or extended."""
    if not is_json and _is_written(value, got):
        return True
    with contextlib.suppress(ValueError, TypeError, KeyError):
        return _is_told(value, json.loads(got))
    return False


def _is_written(value: Any, got: str) -> bool:  # noqa: PLR0911 - a table of types
    from bson import Binary, DatetimeMS, Decimal128, ObjectId

    with contextlib.suppress(ValueError, InvalidOperation):
        match value:
            case bool():
                return got == str(value).lower()
            case int():
                return got == str(value)
            case float():
                return (math.isnan(value) and got.lower() == "nan") or _is_number(value, float(got))
            case Decimal128():
                return _is_decimal(value.to_decimal(), Decimal(got))
            case DatetimeMS():
                return _moment(got) == EPOCH + timedelta(milliseconds=int(value))
            case ObjectId():
                return got == str(value)
            case Binary() if value.subtype == UUIDS:
                return got == str(UUID(bytes=bytes(value)))
            case bytes():
                return got in (bytes(value).hex(), f"\\x{bytes(value).hex()}", b64encode(value).decode())
    return False


def _is_told(value: Any, said: Any) -> bool:
    """Whether parsed JSON is a value."""
    if value is None or said is None:
        return value is None and said is None
    if isinstance(said, dict) and said == _extended(value):
        return True
    if isinstance(value, dict):
        return isinstance(said, dict) and _is_told_object(value, said)
    if isinstance(value, list):
        is_list = isinstance(said, list) and len(said) == len(value)
        return is_list and all(_is_told(one, other) for one, other in zip(value, said, strict=True))
    if isinstance(said, str):
        return said == value or (not isinstance(value, str) and _is_text_of(value, said, is_json=False))
    return _is_value(value, said)


def _is_told_object(value: Mapping[str, Any], said: Mapping[str, Any]) -> bool:
    """Whether an object of JSON tells one: its parts may stand beside their names too, by what kind they are."""
    told: dict[str, list[Any]] = {}
    for name, one in said.items():
        if one is not None:
            told.setdefault(_base(name), []).append(one)
    for name, part in value.items():
        found = told.pop(name, None) or told.pop(FOLDED.get(name, name), [])
        if part is None and not found:
            continue
        if len(found) != 1 or not (
            _is_told(part, found[0]) or (isinstance(found[0], str) and _is_text_of(part, found[0], is_json=True))
        ):
            return False
    return not told


def _extended(value: Any) -> Any:
    from bson import json_util

    return json.loads(json_util.dumps({"v": value}, json_options=json_util.CANONICAL_JSON_OPTIONS))["v"]


def _base(name: str) -> str:
    bare = name.partition("__")[0]
    while bare.endswith(BESIDE):
        bare = bare.removesuffix(BESIDE)
    return bare


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _moment(text: str) -> datetime:
    found = _TIME.fullmatch(text)
    if found is None:
        raise ValueError(text)
    day, clock, rest = found.groups()
    return datetime.fromisoformat(f"{day}T{clock}.{(rest or '0')[:6]:0<6}+00:00")


def key_of(document: Mapping[str, Any]) -> str:
    """Return what tells a document apart by its `_id`: its type, but for numbers, which are the same where the number is."""
    from bson import Decimal128, json_util

    id_ = document["_id"]
    if isinstance(id_, Decimal128):
        id_ = id_.to_decimal()
    if isinstance(id_, int | float | Decimal) and not isinstance(id_, bool):
        return f"number {Decimal(id_).normalize()}"
    return f"{type(id_).__name__} {json_util.dumps(id_, json_options=json_util.CANONICAL_JSON_OPTIONS)}"


def at_path(document: Mapping[str, Any], path: Sequence[str]) -> Any:
    """Return the value at a path of names, None where there is none or a list is on the way."""
    found: Any = document
    for name in path:
        found = found.get(name) if isinstance(found, Mapping) else None
    return found
