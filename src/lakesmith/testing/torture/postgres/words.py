"""Values by type, as SQL writes them, and one way to write what is the same in the server and in bronze."""

from __future__ import annotations

import contextlib
import json
import re
import struct
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

TEXTS = (
    "''",
    "'plain'",
    "'it''s'",
    "'ä ö 😀'",
    "E'tab\\tline\\nend'",
    "'NULL'",
    "repeat('long ', 60)",
    "'{not,array}'",
)

VALUES: dict[str, tuple[str, ...]] = {
    "integer": ("0", "1", "-7", "2147483647", "-2147483648"),
    "bigint": ("0", "-1", "9223372036854775807", "-9223372036854775808"),
    "text": TEXTS,
    "character varying(400)": TEXTS,
    "numeric(9,2)": ("0", "1.5", "-1234567.89", "'NaN'"),
    "numeric": ("0", "1e-9", "-12345678901234567890.5", "1e40", "'NaN'", "1e-12"),
    "double precision": ("0.1", "-1e300", "'NaN'", "'Infinity'", "'-Infinity'", "1e-7"),
    "real": ("0.1", "1e30", "'NaN'", "'-Infinity'"),
    "boolean": ("true", "false"),
    "date": ("'2026-03-01'", "'0001-01-01'", "'9999-12-31'", "'infinity'", "'0044-03-15 BC'", "'20000-01-01'"),
    "timestamp without time zone": (
        "'2026-03-01 12:34:56.789'",
        "'-infinity'",
        "'0044-03-15 01:02:03 BC'",
        "'2026-03-02'",
    ),
    "timestamp with time zone": ("'2026-03-01 12:34:56.000001+02'", "'infinity'", "'12026-01-01 00:00+00'"),
    "bytea": ("''", r"'\x00ff10'"),
    "uuid": ("'00000000-0000-0000-0000-0000000000ff'", "gen_random_uuid()"),
    "jsonb": ("""'{"a": [1, null], "ü": "x"}'""", "'null'", "'[]'"),
    "interval": ("'1 mon 2 days 03:04:05.6'", "'-1 day'"),
    "int4range": ("'[1,5)'", "'empty'"),
    "inet": ("'10.0.0.1/8'", "'::1'"),
    "integer[]": ("'{}'", "'{1,NULL,3}'", "'{{1,2},{3,4}}'", "'[0:1]={5,6}'"),
    "text[]": ("""'{a,NULL,"b c","d\\"e"}'""", "'{}'", """'{"",NULL,"NULL"}'""", "'{{x},{y}}'"),
    "mood": ("'sad'", "'glad'"),
    "price": ("1.25", "99999.99"),
}
"""Type → values, the rare ones among them."""

RETYPES: dict[str, tuple[tuple[str, str], ...]] = {
    "integer": (("bigint", ""), ("text", "{}::text"), ("numeric(9,2)", "({} % 1000)::numeric(9,2)")),
    "bigint": (("integer", "({} % 1000)::integer"), ("text", "{}::text")),
    "character varying(400)": (("text", ""),),
    "text": (("integer", "length({})"), ("character varying(400)", "left({}, 400)")),
    "numeric(9,2)": (("numeric", ""), ("text", "{}::text")),
    "real": (("double precision", ""),),
    "date": (("timestamp without time zone", ""), ("text", "{}::text")),
    "timestamp without time zone": (("timestamp with time zone", ""),),
    "mood": (("text", "{}::text"),),
}
"""Type → types that a column of it may become, and how."""

ASIDE = "__added"
"""How the name of a column of bronze ends that stepped aside for another one of its name."""

BESIDE = " \x1f "
"""What stands between several values of one row that are told under one name; no value has it."""

SINGLE_DIGITS, SINGLE_MOST = 9, Decimal("3.4e38")
"""How many digits tell any number of four bytes, and what they hold at most, about."""

_TIME = re.compile(r"(\d{4})-(\d\d)-(\d\d)(?:[ T](\d\d:\d\d:\d\d)(\.\d+)?(?:Z|\+00(?::00)?)?)?")
_SPECIAL = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}
_QUOTED = re.compile(r'[{}",\\\s]')


def canon(value: Any) -> str | None:
    """Return a value of bronze, or a word, in the one way: equal texts for equal values, whatever their types are.

    Examples:
        >>> canon(Decimal("1.50")), canon("1.5"), canon(date(2026, 1, 2)), canon("2026-01-02 00:00:00+00")
        ('1.5', '1.5', '2026-01-02', '2026-01-02')
        >>> canon(1.0000000150474662e30) == canon("1e+30")
        True
    """
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, bytes):
        return f"\\x{value.hex()}"
    if isinstance(value, list):
        return _array(value)
    if isinstance(value, datetime):
        value = (value if value.tzinfo is None else value.astimezone(UTC).replace(tzinfo=None)).isoformat(" ")
    text = value.isoformat() if isinstance(value, date) else str(value)
    if text.startswith("[") and text.endswith("]"):  # a list in a column of texts
        with contextlib.suppress(ValueError):
            return _array(json.loads(text))
    return _time(text) or _number(text) or text


def _time(text: str) -> str:
    found = _TIME.fullmatch(text)
    if found is None:
        return ""
    day, clock, rest = "-".join(found.group(1, 2, 3)), found.group(4), (found.group(5) or "").rstrip("0.")
    return day if clock in {None, "00:00:00"} and not rest else f"{day} {clock}{rest}"


def _number(text: str) -> str:
    if text.lower() in _SPECIAL:
        return _SPECIAL[text.lower()]
    if not text[-1:].isdigit() or not text.isascii() or " " in text or "_" in text:
        return ""
    try:
        number = Decimal(text)
    except InvalidOperation:
        return ""
    plain = f"{_shortest(number):f}"  # not `normalize`, which rounds
    return (plain.rstrip("0").rstrip(".") if "." in plain else plain) if number else "0"


def _shortest(number: Decimal) -> Decimal:
    """Return a number of four bytes, written as one of eight bytes is, as it is written by itself: 0.1, not 0.10000000149011612."""
    is_long = len(number.as_tuple().digits) > SINGLE_DIGITS and abs(number) < SINGLE_MOST
    if not is_long or (abs(number) < 1 << 63 and number == int(number)):  # an integer
        return number
    value = float(number)
    if Decimal(repr(value)) != number or _single(value) != value:
        return number
    told = (f"{value:.{digits}g}" for digits in range(6, SINGLE_DIGITS + 1))
    return next((Decimal(text) for text in told if _single(float(text)) == value), number)


def _single(value: float) -> float:
    return float(struct.unpack("f", struct.pack("f", value))[0])


def _array(items: Sequence[Any]) -> str:
    """Return a list as the server writes an array."""
    return "{" + ",".join(map(_element, items)) + "}"


def _element(item: Any) -> str:
    if item is None:
        return "NULL"
    text = str(item)
    if isinstance(item, str) and (not text or text.upper() == "NULL" or _QUOTED.search(text)):
        return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return text
