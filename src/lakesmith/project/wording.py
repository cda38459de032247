"""What pydantic found, in the words of the project file and without the values it found it in."""

from __future__ import annotations

import typing
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel

from lakesmith.project.faults import Path, nearest

_EXPECTED: Mapping[str, str] = {
    "string_type": "text",
    "string_sub_type": "text",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "finite_number": "a finite number",
    "decimal_type": "a number",
    "decimal_parsing": "a number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "list_type": "a list",
    "tuple_type": "a list",
    "set_type": "a list",
    "frozen_set_type": "a list",
    "dict_type": "a mapping",
    "mapping_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "dataclass_type": "a mapping",
    "none_required": "left out",
    "path_type": "a path",
    "date_type": "a date such as 2026-10-01",
    "date_parsing": "a date such as 2026-10-01",
    "date_from_datetime_parsing": "a date such as 2026-10-01",
    "datetime_type": "a date and time",
    "datetime_parsing": "a date and time",
    "time_parsing": "a time of day such as 07:30",
    "url_type": "a URL",
    "url_parsing": "a URL",
    "uuid_parsing": "a UUID",
}
_BOUNDS: Mapping[str, str] = {
    "greater_than": "should be more than {gt}",
    "greater_than_equal": "should be {ge} or more",
    "less_than": "should be less than {lt}",
    "less_than_equal": "should be {le} or less",
    "string_too_short": "should have {min_length} or more characters",
    "string_too_long": "should have {max_length} or fewer characters",
    "string_pattern_mismatch": "should match the pattern {pattern}",
    "too_short": "should have {min_length} or more entries",
    "too_long": "should have {max_length} or fewer entries",
    "multiple_of": "should be a multiple of {multiple_of}",
    "url_scheme": "should be a URL that starts with {expected_schemes}",
    "union_tag_invalid": "should say which kind it is: {expected_tags}",
    "union_tag_not_found": "should say which kind it is, with {discriminator}",
}
_KINDS: tuple[tuple[type, str], ...] = (
    (bool, "true or false"),
    (int, "a number"),
    (float, "a number"),
    (str, "text"),
    (list, "a list"),
    (dict, "a mapping"),
)


@dataclass(frozen=True, slots=True)
class Complaint:
    """One thing a model did not accept, at a path below its section; `key`: the key there that is the trouble, if it is one."""

    path: Path
    message: str
    key: str | None = None


@dataclass(slots=True)
class _Expectations:
    nouns: list[str] = field(default_factory=list)
    allowed: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Validated:
    """What a model was given: the values, the model, keys that may stand beside its own, and the paths that came from references."""

    data: Any
    model: type[BaseModel]
    beside: tuple[str, ...] = ()
    hidden: frozenset[Path] = frozenset()


def complaints(errors: Iterable[Any], given: Validated) -> list[Complaint]:
    """Return the errors of one section as sentences.

    Args:
        errors: `ValidationError.errors(include_url=False)`.
        given: What was validated. Nothing a validator says about a hidden path is repeated.
    """
    result: list[Complaint] = []
    expected: dict[Path, _Expectations] = {}
    errors = list(errors)
    missing = [tuple(error["loc"]) for error in errors if error["type"] == "missing"]
    for error in errors:
        kind, loc = error["type"], tuple(error["loc"])
        path = loc_path(loc, given.data)
        if kind == "extra_forbidden":
            result.append(_unknown_key(loc, given, {str(lacks[-1]) for lacks in missing if lacks[:-1] == loc[:-1]}))
        elif kind == "missing":
            result.append(Complaint(loc_path(loc[:-1], given.data), f'missing key "{loc[-1]}"'))
        elif kind in _EXPECTED:
            expected.setdefault(path, _Expectations()).nouns.append(_EXPECTED[kind])
        elif kind in ("literal_error", "enum"):
            expected.setdefault(path, _Expectations()).allowed.extend(_words(error["ctx"]["expected"]))
        elif loc[-1:] == ("[key]",):
            result.append(
                Complaint(path[:-1], f'the name "{path[-1]}" {_other(error, given, path)}', key=str(path[-1]))
            )
        else:
            result.append(Complaint(path, _other(error, given, path)))
    for path, wanted in expected.items():
        if any(path == deeper[: len(path)] != deeper for deeper in expected):
            continue  # one form of the value fits as a whole; what is wrong inside it says more
        result.append(Complaint(path, _expectation(wanted, _at(given.data, path), secret=path in given.hidden)))
    return result


def _unknown_key(loc: Path, given: Validated, missing: set[str]) -> Complaint:
    key = str(loc[-1])
    known = _keys_at(given.model, loc[:-1]) | set(given.beside if len(loc) == 1 else ())
    meant = nearest(key, missing) or nearest(key, known)  # what has to be there and is not, is the likeliest
    return Complaint(loc_path(loc[:-1], given.data), f'unknown key "{key}"{meant}', key=key)


def _words(expected: str) -> list[str]:
    return expected.replace("'", "").replace(" or ", ", ").split(", ")


def loc_path(loc: Path, data: Any) -> Path:
    """Return a pydantic location as a path into `data`: names of union members and other marks are left out."""
    path: list[str | int] = []
    value = data
    for part in loc:
        known = part in value if isinstance(value, dict) else isinstance(value, list) and part in range(len(value))
        if known:
            path.append(part)
            value = value[part]
    return tuple(path)


def _at(data: Any, path: Path) -> Any:
    for part in path:
        try:
            data = data[part]
        except (KeyError, IndexError, TypeError):
            return None
    return data


def _expectation(wanted: _Expectations, value: Any, *, secret: bool) -> str:
    if wanted.allowed and not wanted.nouns:
        hint = "" if secret or not isinstance(value, str) else nearest(value, wanted.allowed)
        return (
            f"should be {'one of ' if len(wanted.allowed) > 1 else ''}{', '.join(dict.fromkeys(wanted.allowed))}{hint}"
        )
    nouns = list(dict.fromkeys([*wanted.nouns, *wanted.allowed]))
    got = next((noun for kind, noun in _KINDS if isinstance(value, kind)), "nothing")
    got = "the value of its reference" if secret else got
    quotes = ": write it in quotes" if "text" in nouns and isinstance(value, (bool, int, float)) else ""
    return f"should be {' or '.join(nouns)}, not {got}{quotes}"


def _other(error: Any, given: Validated, path: Path) -> str:
    kind, context = error["type"], error.get("ctx", {})
    if kind in _BOUNDS:
        return _BOUNDS[kind].format(**{name: _spell_bound(bound) for name, bound in context.items()})
    below = [_at(given.data, hidden) for hidden in given.hidden if hidden[: len(path)] == path]
    text = str(context.get("error", "")) if kind in ("value_error", "assertion_error") else ""
    # What a validator says of a referenced value can repeat it; so can pydantic's other texts of any value.
    if path in given.hidden or any(isinstance(value, str) and value in text for value in below):
        return "the value that its reference gives is not accepted"
    return text or f"is not accepted ({kind.replace('_', ' ')})"


def _spell_bound(bound: Any) -> Any:
    return f"{bound:g}" if isinstance(bound, float) else bound


def _keys_at(model: type[BaseModel], loc: Path) -> set[str]:
    models = {model}
    for part in loc:
        inner = {found for each in models for found in _models_in(_annotation(each, part))}
        models = inner or models
    return {key for each in models for key in keys_of(each)}


def keys_of(model: type[BaseModel]) -> tuple[str, ...]:
    """Return the keys a model takes, as they are written in the file."""
    return tuple(field.alias or name for name, field in model.model_fields.items())


def _annotation(model: type[BaseModel], key: str | int) -> Any:
    return next((f.annotation for name, f in model.model_fields.items() if key in (name, f.alias)), None)


def _models_in(annotation: Any) -> set[type[BaseModel]]:
    if typing.get_origin(annotation) is None and isinstance(annotation, type):
        return {annotation} if issubclass(annotation, BaseModel) else set()
    return {found for part in typing.get_args(annotation) for found in _models_in(part)}
