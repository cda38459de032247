"""The difference of two JSON values, whatever they mean: what was added or changed, and what is gone, at any depth of objects."""

from __future__ import annotations

import json
from typing import Any

SET, INSIDE, GONE = "+", "~", "-"

Delta = dict[str, Any]


def canonical(value: object) -> str:
    """Return a value as JSON with sorted keys and no blanks.

    Examples:
        >>> canonical({"b": [1, None], "a": "ä"})
        '{"a":"ä","b":[1,null]}'
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def diff(before: dict[str, Any], after: dict[str, Any]) -> Delta:
    """Return how to get from one object to the other. Arrays are taken whole.

    Python holds `1`, `1.0` and `true` for equal, so a change between those alone is not seen: compare what `apply` returns.

    Examples:
        >>> diff({"a": {"x": 1, "y": 2}, "b": 0, "c": 5}, {"a": {"x": 1, "y": 3}, "c": 5, "d": []})
        {'+': {'d': []}, '~': {'a': {'+': {'y': 3}}}, '-': ['b']}
    """
    put: dict[str, Any] = {}
    inside: dict[str, Delta] = {}
    for key, value in after.items():
        if key not in before:
            put[key] = value
        elif (old := before[key]) != value:
            if isinstance(old, dict) and isinstance(value, dict):
                inside[key] = diff(old, value)
            else:
                put[key] = value
    gone = sorted(before.keys() - after.keys())
    return {name: part for name, part in ((SET, put), (INSIDE, inside), (GONE, gone)) if part}


def apply(before: dict[str, Any], delta: Delta) -> dict[str, Any]:
    """Return the object that `diff` compared with; `before` stays as it is.

    Raises:
        ValueError: If the delta does not fit the object.

    Examples:
        >>> apply({"a": {"x": 1, "y": 2}, "b": 0}, {"~": {"a": {"+": {"y": 3}}}, "-": ["b"]})
        {'a': {'x': 1, 'y': 3}}
    """
    try:
        after = {**before, **delta.get(SET, {})}
        for key in delta.get(GONE, ()):
            del after[key]
        for key, part in delta.get(INSIDE, {}).items():
            after[key] = apply(before[key], part)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError("a delta does not fit its base") from error
    return after
