"""What rows have to tell of documents, judged by pymongo's own reading of them."""

from __future__ import annotations

import datetime as dt
import json
import struct
from decimal import Decimal
from uuid import UUID

import bson
from bson import json_util
from bson.binary import Binary
from bson.code import Code
from bson.codec_options import CodecOptions, DatetimeConversion
from bson.json_util import CANONICAL_JSON_OPTIONS

OPTIONS = CodecOptions(datetime_conversion=DatetimeConversion.DATETIME_MS, tz_aware=True)
EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
SIBLING = "__json"


def read(document: bytes) -> dict:
    return bson.decode(document, OPTIONS)


def canonical(value):
    """Return a value as canonical extended JSON, parsed."""
    return json.loads(
        json_util.dumps({"v": value}, json_options=CANONICAL_JSON_OPTIONS),
    )["v"]


def rows_of(decoded) -> list[dict]:
    for batch in decoded.batches:
        batch.validate(full=True)
    return [row for batch in decoded.batches for row in batch.to_pylist()]


def check_rows(rows: list[dict], documents: list[bytes]) -> None:
    """Assert that rows tell all of these documents, each of which has an `_id` of its own, and nothing else."""
    told = {str(row["_id"]): row for row in rows}
    assert len(rows) == len(documents) == len(told)
    for raw in documents:
        document = read(raw)
        check_object(document, told[str(document["_id"])])


def check_object(value: dict, row: dict) -> None:
    row = {name: item for name, item in row.items() if item is not None}
    rest = json.loads(row.pop("_rest", "{}"))
    for name, item in value.items():
        if name in rest:
            assert rest.pop(name) == canonical(item), name
        elif item is not None:
            check_field(name, item, row)
    assert rest == {}
    assert row == {}


def check_field(name: str, item, row: dict) -> None:
    if name in row and is_same(item, row[name]):
        row.pop(name)
        return
    sibling = next(one for one in (name + SIBLING, name + SIBLING * 2, name + SIBLING * 3) if is_told(item, row, one))
    row.pop(sibling)


def is_told(item, row: dict, name: str) -> bool:
    try:
        return isinstance(row.get(name), str) and json.loads(row[name]) == canonical(item)
    except json.JSONDecodeError:
        return False


def is_same(value, got) -> bool:
    if value is None or got is None:
        return value is None and got is None
    return next(same for kind, same in SAME if isinstance(value, kind))(value, got)


def has_regex(value) -> bool:
    """Whether there is a pattern in it: pymongo forgets the flags that it does not know."""
    if isinstance(value, bson.Regex):
        return True
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return any(map(has_regex, inner))


def is_same_object(value, got) -> bool:
    try:
        check_object(value, got)
    except (AssertionError, StopIteration, AttributeError):
        return False
    return True


def is_same_decimal(value, got) -> bool:
    told = value.to_decimal()
    return isinstance(got, Decimal) and got == told and (bool(got) or not told.is_signed())


def is_same_binary(value, got) -> bool:
    if value.subtype == 4:
        return len(value) == 16 and got == str(UUID(bytes=bytes(value)))
    return value.subtype == 2 and got == bytes(value)


SAME = (
    (dict, is_same_object),
    (list, lambda value, got: isinstance(got, list) and len(got) == len(value) and all(map(is_same, value, got))),
    (bool, lambda value, got: got is value),
    (float, lambda value, got: isinstance(got, float) and struct.pack("<d", value) == struct.pack("<d", got)),
    (int, lambda value, got: type(got) in {int, float} and int(got) == value),
    (bson.ObjectId, lambda value, got: got == str(value)),
    (bson.DatetimeMS, lambda value, got: got == EPOCH + dt.timedelta(milliseconds=int(value))),
    (bson.Decimal128, is_same_decimal),
    (Binary, is_same_binary),
    (bytes, lambda value, got: got == value),
    (Code, lambda _value, _got: False),
    (str, lambda value, got: got == value),
    (object, lambda _value, _got: False),
)
