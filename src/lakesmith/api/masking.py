"""Takes secrets out of values before anything is made of them: an escaped secret would not be known again."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar

Value = TypeVar("Value")


def masked(value: Value, mask: Callable[[str], str]) -> Value:
    """Return a value of frozen dataclasses, mappings and sequences with every text in it masked."""
    found: Any = _masked(value, mask)
    done: Value = found
    return done


def _masked(value: Any, mask: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return mask(value)
    if is_dataclass(value) and not isinstance(value, type):
        before = {one.name: getattr(value, one.name) for one in fields(value)}
        after = {name: _masked(part, mask) for name, part in before.items()}
        changed = {name: part for name, part in after.items() if part is not before[name]}
        return replace(value, **changed) if changed else value
    if isinstance(value, Mapping):
        return {_masked(key, mask): _masked(part, mask) for key, part in value.items()}
    if isinstance(value, Sequence):
        return tuple(_masked(part, mask) for part in value)
    return value
