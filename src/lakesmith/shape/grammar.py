r"""What counts as a value of a type when it is written as text: one regular expression per type, and nothing else.

The expressions are complete: what one of them matches, Arrow's own parser reads without loss. 30 February, `007`, 2^63 and
`1e999` are no more dates, longs and doubles than `3 pcs` is. RE2 and Python read them alike (`\A` and `\z` are added by the user).
"""

from __future__ import annotations

from lakesmith.model.types import BOOLEAN, DATE, DOUBLE, LONG, TIMESTAMP, TIMESTAMPTZ, Decimal, Type

BLANKS = " \t\n\r\v\f"
"""What is trimmed around a value before it is parsed."""

SIGNIFICANT_DIGITS = 15
"""How many decimal digits a double keeps, whatever they are."""


def at_most(digits: str) -> str:
    """Return an expression for the numbers of exactly that many digits that are not greater, without leading zeros.

    Examples:
        >>> at_most("42")
        '(?:[1-3][0-9]{1}|4[0-1]|42)'
    """
    options = []
    for place, digit in enumerate(digits):
        lowest = 1 if place == 0 else 0
        rest = len(digits) - place - 1
        if int(digit) > lowest:
            tail = f"[0-9]{{{rest}}}" if rest else ""
            options.append(f"{digits[:place]}[{lowest}-{int(digit) - 1}]{tail}")
    return f"(?:{'|'.join([*options, digits])})"


_LONG = rf"(?:0|-?[1-9][0-9]{{0,17}}|{at_most(str(2**63 - 1))}|-{at_most(str(2**63))})"
_WHOLE = r"(?:0|[1-9][0-9]*)"
_DOUBLE = rf"-?{_WHOLE}(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{{1,4}})?"
_LEAP = r"(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:0[48]|[2468][048]|[13579][26])00)"
_YEAR = r"(?:000[1-9]|00[1-9][0-9]|0[1-9][0-9]{2}|[1-9][0-9]{3})"
_DAY = r"(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)|02-(?:0[1-9]|1[0-9]|2[0-8]))"
_DATE = rf"(?:{_YEAR}-{_DAY}|{_LEAP}-02-29)"
_TIME = r"(?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:\.[0-9]{1,6})?)?"
_OFFSET = r"(?:Z|[+-](?:[01][0-9]|2[0-3])(?::?[0-5][0-9])?)"

TRUE = r"(?:true|True|TRUE)"
GRAMMAR: dict[Type, str] = {
    BOOLEAN: r"(?:true|True|TRUE|false|False|FALSE)",
    LONG: _LONG,
    DOUBLE: _DOUBLE,
    DATE: _DATE,
    TIMESTAMP: rf"{_DATE}[T ]{_TIME}",
    TIMESTAMPTZ: rf"{_DATE}[T ]{_TIME}{_OFFSET}",
}

ANY = r"(?:-?[0-9][-+.:0-9eETZ ]*|[tT][rR][uU][eE]|[fF][aA][lL][sS][eE])"
"""Matches whatever one of the expressions above matches, and little else; tells most words apart from values at once."""


def decimal_grammar(kind: Decimal) -> str:
    """Return the expression for plain numbers that a decimal type holds exactly; zeros may follow behind its last place."""
    digits = kind.precision - kind.scale
    whole = rf"(?:0|[1-9][0-9]{{0,{digits - 1}}})" if digits else "0"
    places = rf"(?:\.(?:[0-9]{{1,{kind.scale}}}0*))?" if kind.scale else r"(?:\.0+)?"
    return rf"-?{whole}{places}"
