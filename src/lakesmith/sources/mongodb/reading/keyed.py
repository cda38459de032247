"""The text of an `_id`, which is another one for each two documents: 5 and "5" are two, 5 and 5.0 are one to MongoDB."""

from __future__ import annotations

import struct
from typing import Any

from lakesmith.sources.mongodb.elements import Element, find

KEY = "_id_key"
"""The column of that text."""

_LENGTH = struct.Struct("<i")


def key_of(element: Element) -> str:
    r"""Return the text: the type's name, and the value as people write it; numbers by their value alone.

    Examples:
        >>> key_of(Element(0x10, b"\5\0\0\0")), key_of(Element(0x02, b"\2\0\0\x005\0"))
        ('number:5', 'string:5')
    """
    kind, value = element.type, element.value
    if kind == 0x07:  # noqa: PLR2004 - BSON's own number
        return f"objectId:{value.hex()}"
    if kind == 0x02:  # noqa: PLR2004
        return f"string:{value[4:-1].decode('utf-8', 'backslashreplace')}"
    if element.bracket == "number":
        return f"number:{_digits(element)}"
    return f"{element.bracket}:{_extended(element)}"


def with_key(raw: bytes, element: Element) -> bytes:
    """Return a document with the text as one more field, the first: no limit of fields reaches it there."""
    text = key_of(element).encode()
    added = b"\x02" + KEY.encode() + b"\0" + _LENGTH.pack(len(text) + 1) + text + b"\0"
    return _LENGTH.pack(len(raw) + len(added)) + added + raw[4:]


def id_of(raw: bytes) -> Element | None:
    """Return a document's `_id`, which is its first field wherever the server stores it.

    Raises:
        BrokenDocumentError: If the bytes are no document.
    """
    if raw[4:9] == b"\x07_id\0" and len(raw) >= 22:  # noqa: PLR2004 - the length of one with nothing else
        return Element(0x07, raw[9:21])
    return find(raw, ("_id",))


def _digits(element: Element) -> str:
    rank = element.rank
    if rank is None:
        value = element.python
        return str(value).lower()
    from decimal import Decimal

    number = Decimal(rank)
    if not number:
        return "0"
    if number == number.to_integral_value() and number.adjusted() < 40:  # noqa: PLR2004 - written out, not as a power
        return str(int(number))
    sign, digits, exponent = number.as_tuple()
    bare = "".join(map(str, digits)).rstrip("0")
    power = int(exponent) + len(digits) - len(bare)
    return f"{'-' if sign else ''}{bare}e{power}"


def _extended(element: Element) -> str:
    from bson import json_util

    value: Any = element.python
    return json_util.dumps(_plain(value), json_options=json_util.CANONICAL_JSON_OPTIONS)


def _plain(value: Any) -> Any:
    """Return a value with objects as dictionaries, which the JSON writer knows."""
    from bson.raw_bson import RawBSONDocument

    if isinstance(value, RawBSONDocument):
        return {name: _plain(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value
