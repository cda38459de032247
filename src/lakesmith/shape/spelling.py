"""Types as people write them in the project file."""

from __future__ import annotations

import re

from lakesmith.model.types import SCALARS, Decimal, Scalar, Type

MAX_DIGITS = 38
_ALIASES = {
    "bool": "boolean",
    "integer": "long",
    "bigint": "long",
    "text": "string",
    "varchar": "string",
    "float64": "double",
    "datetime": "timestamp",
}
_DECIMAL = re.compile(r"(?:decimal|numeric)\s*\(\s*(\d{1,3})\s*(?:,\s*(\d{1,3})\s*)?\)")


def parse_type(text: str) -> Type:
    """Return the type that `text` names.

    Raises:
        ValueError: If it names none of the types a column can be pinned to.

    Examples:
        >>> str(parse_type("Decimal(12,2)"))
        'decimal(12, 2)'
    """
    word = text.strip().lower()
    word = _ALIASES.get(word, word)
    if word in SCALARS:
        return Scalar(word)
    found = _DECIMAL.fullmatch(word)
    if found:
        precision, scale = int(found[1]), int(found[2] or 0)
        if 1 <= precision <= MAX_DIGITS and scale <= precision:
            return Decimal(precision, scale)
    raise ValueError(
        f"unknown type {text!r}: use one of {', '.join(SCALARS)} or decimal(precision, scale), at most 38 digits"
    )
