"""One record of JSON, read exactly: what a value of a lake cannot hold is told by a class of its own, or refused with a reason.

Whole numbers of 64 bits are ints, up to 38 digits `Decimal`. A number with a point or exponent is the double nearest to it, if it has
at most 17 significant digits and lies in a double's range: that many are enough to give every double back. All other numbers keep
their digits as `Digits`, which is text. A key that stands twice in one object, half a surrogate pair, and nesting deeper than
`MAX_DEPTH` are refused. NaN and Infinity, which Python's `json` writes, are read as doubles.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from lakesmith.sources.files.limits import NESTING_DEPTH, NUMBER_DIGITS

MAX_DEPTH = NESTING_DEPTH
"""How many objects and lists may lie in each other, the record itself among them."""

LONGEST_KEY = 4_096
"""How many characters a key may have: a longer one is no name."""

LONGEST_LONG = 18
DOUBLE_DIGITS = 17
SMALLEST_NORMAL = 2.2250738585072014e-308
BRACKETS = b"[]{}"
NO_BRACKETS = bytes(set(range(256)) - set(BRACKETS))
STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL)
SURROGATE = re.compile("[\ud800-\udfff]")
BLANKS = " \t\r\n"
BOM = "\ufeff"

TOO_DEEP = f"objects and lists are nested deeper than {MAX_DEPTH} levels"
NOT_TEXT = "the record is not valid {}"


class UnreadableError(ValueError):
    """Why a record cannot become a row."""


class Digits(str):
    """A number that neither a long, a decimal nor a double holds exactly, as it was written."""

    __slots__ = ()


def decode(raw: bytes, encoding: str = "utf-8") -> Any:
    """Return the value that `raw` holds.

    Raises:
        UnreadableError: If it is no JSON, or holds what no table can.
    """
    try:
        text = raw.decode(encoding).strip(BLANKS)
    except UnicodeDecodeError:
        raise UnreadableError(NOT_TEXT.format(encoding)) from None
    if is_too_deep(raw):
        raise UnreadableError(TOO_DEEP)
    try:
        value = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise UnreadableError(_fault(raw, text, error)) from None
    if "\\u" in text and _has_half_pair(value):
        raise UnreadableError("a text holds half of a surrogate pair, which is no character")
    return value


def decode_object(raw: bytes, encoding: str = "utf-8") -> dict[str, Any]:
    """Return the object that `raw` holds.

    Raises:
        UnreadableError: If it is no JSON, no object, or holds what no table can.
    """
    value = decode(raw, encoding)
    if isinstance(value, dict):
        return value
    raise UnreadableError(f"the record is {NAMES.get(type(value), 'a number')}, not an object")


def is_too_deep(raw: bytes) -> bool:
    """Whether objects and lists lie in each other deeper than `MAX_DEPTH`."""
    if raw.count(b"[") + raw.count(b"{") <= MAX_DEPTH:
        return False
    left = STRING.sub(b"", raw).translate(None, NO_BRACKETS)
    for _ in range(MAX_DEPTH):
        before, left = left, left.replace(b"[]", b"").replace(b"{}", b"")
        if left == before:
            break
    return b"[]" in left or b"{}" in left or left.count(b"[") + left.count(b"{") > MAX_DEPTH


def dump(value: Any) -> str:
    """Return a value as JSON text, numbers as they were written."""
    if isinstance(value, Digits):
        return str(value)
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, dict):
        return (
            "{" + ", ".join(f"{json.dumps(key, ensure_ascii=False)}: {dump(item)}" for key, item in value.items()) + "}"
        )
    if isinstance(value, list):
        return f"[{', '.join(map(dump, value))}]"
    return json.dumps(value, ensure_ascii=False)


def _read_int(text: str) -> int | Decimal | Digits:
    if len(text) <= LONGEST_LONG:
        return int(text)
    digits = text.removeprefix("-")
    if len(digits) > NUMBER_DIGITS:
        return Digits(text)
    number = int(text)
    return number if -(2**63) <= number < 2**63 else Decimal(number)


def _read_float(text: str) -> float | Digits:
    number = float(text)
    if len(text) <= DOUBLE_DIGITS and "e" not in text and "E" not in text:
        return number
    mantissa = re.split("[eE]", text)[0]
    digits = mantissa.replace(".", "").lstrip("-0")
    if not digits:
        return number
    is_normal = SMALLEST_NORMAL <= abs(number) < math.inf
    return number if is_normal and len(digits.rstrip("0")) <= DOUBLE_DIGITS else Digits(text)


def _once(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if max(map(len, made), default=0) > LONGEST_KEY:
        raise UnreadableError(f"a key is longer than {LONGEST_KEY:,} characters")
    if len(made) == len(pairs):
        return made
    seen: set[str] = set()
    for key, _ in pairs:
        if key in seen:
            raise UnreadableError(f"the key {dump(key[:100])} stands twice in one object")
        seen.add(key)
    return made


def _fault(raw: bytes, text: str, error: json.JSONDecodeError) -> str:
    """Say what is wrong and where; the record's own first line is line 1, and is not mentioned where it is the only one."""
    if text.startswith(BOM):
        return "a byte order mark stands in the middle of the file"
    lead = len(raw) - len(raw.lstrip(BLANKS.encode()))
    column = error.colno + (lead if error.lineno == 1 and b"\n" not in raw[:lead] else 0)
    line = error.lineno + raw.count(b"\n", 0, lead)
    at = f"line {line} of it, column {column}" if line > 1 else f"column {column}"
    return f"not JSON: {error.msg[0].lower()}{error.msg[1:]}, {at}"


def _has_half_pair(value: Any) -> bool:
    if isinstance(value, str):
        return SURROGATE.search(value) is not None
    if isinstance(value, dict):
        return any(_has_half_pair(key) or _has_half_pair(item) for key, item in value.items())
    return isinstance(value, list) and any(map(_has_half_pair, value))


NAMES = {str: "a text", list: "a list", bool: "a boolean", type(None): "null"}
_DECODER = json.JSONDecoder(parse_int=_read_int, parse_float=_read_float, object_pairs_hook=_once)
