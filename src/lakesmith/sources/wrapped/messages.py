"""What the programs say, whichever protocol they speak, and how a line of theirs becomes exact values."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from lakesmith.sources.files.formats.nested.json_values import UnreadableError, decode


@dataclass(frozen=True, slots=True)
class Record:
    """A record of a stream."""

    stream: str
    values: Mapping[str, Any] = field(repr=False)
    namespace: str | None = None


@dataclass(frozen=True, slots=True)
class State:
    """Where the program is once it has said all before; `counted` records since its last state, None if it does not say."""

    value: Any = field(repr=False)
    counted: int | None = None


@dataclass(frozen=True, slots=True)
class Shape:
    """The JSON Schema of a stream's records, and the fields that identify one."""

    stream: str
    schema: Mapping[str, Any]
    key: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Failure:
    """What the program says that went wrong; `is_config`: its user has to put something right."""

    text: str
    is_config: bool = False


@dataclass(frozen=True, slots=True)
class Notice:
    """What a person should know."""

    text: str


Message: TypeAlias = "Record | State | Shape | Failure | Notice | None"


def envelope(line: bytes) -> dict[str, Any]:
    """Return the message of a line.

    Raises:
        UnreadableError: If it is none: no JSON, no object, or without a type.
    """
    value = decode(line)
    if not isinstance(value, dict) or not isinstance(value.get("type"), str):
        raise UnreadableError("the line is no message: an object with a `type`")
    return value


def plain(value: Any) -> Any:
    """Return a value of a message as Python's JSON knows it: numbers keep their digits as far as a double has them."""
    from lakesmith.sources.files.formats.nested.json_values import dump

    return json.loads(dump(value))
