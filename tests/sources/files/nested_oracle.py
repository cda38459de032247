"""What a nested value must be after it was read: compared with what Python's own reader makes of the same text."""

import json
import math
from collections import Counter
from decimal import Decimal


def bare(value):
    """Return a value without the parts that are null: a part that is not there and one that is null are the same to a table."""
    if isinstance(value, dict):
        return {name: bare(item) for name, item in value.items() if item is not None}
    return [bare(item) for item in value] if isinstance(value, list) else value


def same(ours, theirs) -> bool:
    """Whether a value is the one that was sent: nothing more, nothing less, of the same kind."""
    if isinstance(theirs, dict):
        names = theirs.keys() | ours.keys() if isinstance(ours, dict) else ()
        return isinstance(ours, dict) and all(same(ours.get(name), theirs.get(name)) for name in names)
    if isinstance(theirs, list):
        return isinstance(ours, list) and len(ours) == len(theirs) and all(map(same, ours, theirs))
    if isinstance(theirs, bool) or theirs is None or isinstance(theirs, str):
        return type(ours) is type(theirs) and ours == theirs
    if isinstance(theirs, float) and math.isnan(theirs):
        return isinstance(ours, float) and math.isnan(ours)
    return isinstance(ours, int | float | Decimal) and not isinstance(ours, bool) and ours == theirs


def leaves(value) -> Counter:
    """Count the single values in a value, as text, and lists and objects without any; JSON in a text is looked into."""
    return Counter(spelled_leaves(value))


def spelled_leaves(value) -> list[str]:
    if value is None:
        return []
    if isinstance(value, dict | list):
        inner = value.values() if isinstance(value, dict) else value
        return [leaf for one in inner for leaf in spelled_leaves(one)] or [str(type(value)())]
    if isinstance(value, str) and value[:1] in ("[", "{"):
        try:
            return spelled_leaves(json.loads(value))
        except ValueError:
            pass
    return [spelled(value)]


def spelled(value) -> str:
    """Return a single value as text, numbers by what they are worth."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float | Decimal):
        return spelled(repr(value) if isinstance(value, float) else str(value))
    try:
        number = Decimal(value)
        if not number:
            return "0"  # -0 in a column of whole numbers is 0
        return f"{number.normalize():f}" if number.is_finite() and value.strip() == value else value
    except ArithmeticError:
        return value
