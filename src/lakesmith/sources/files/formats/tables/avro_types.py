"""Avro schemas as Arrow types, and the values that Arrow does not take as fastavro decodes them.

Where a union has several branches besides null, numbers that one type holds exactly are that type; anything else is text, whose type
is learned from the whole where it is a column. A record inside itself, and whatever Arrow has no type for, is JSON text.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from dataclasses import field as part
from decimal import Context, Decimal
from typing import Any, Literal, TypeAlias
from uuid import UUID

import pyarrow as pa

from lakesmith.model.streams import TEXT_KEY

Node: TypeAlias = Any
"""An Avro schema as JSON has it: a name, a list (a union), or an object."""

Change = Callable[[Any], Any]

_PLAIN: Mapping[str, tuple[pa.DataType, str]] = {
    "boolean": (pa.bool_(), "bool"),
    "int": (pa.int32(), "int"),
    "long": (pa.int64(), "int"),
    "float": (pa.float32(), "float"),
    "double": (pa.float64(), "float"),
    "bytes": (pa.binary(), "bytes"),
    "string": (pa.string(), "str"),
}
_UNITS: tuple[tuple[str, Literal["ms", "us", "ns"]], ...] = (("millis", "ms"), ("micros", "us"), ("nanos", "ns"))
_ZONES: tuple[tuple[str, str | None], ...] = (("", "UTC"), ("local-", None))
_LOGICAL: Mapping[tuple[str, str], pa.DataType] = {
    ("int", "date"): pa.date32(),
    ("int", "time-millis"): pa.time32("ms"),
    ("long", "time-micros"): pa.time64("us"),
    **{
        ("long", f"{local}timestamp-{unit}"): pa.timestamp(short, zone)
        for local, zone in _ZONES
        for unit, short in _UNITS
    },
}
_MOST_DIGITS = 76
_DIGITS_128 = 38
_EXACT = Context(prec=2000)
_UUID_BYTES = 16
_DURATION_BYTES = 12
_EXACT_IN: Mapping[pa.DataType, set[pa.DataType]] = {
    pa.int32(): {pa.int64(), pa.float64()},
    pa.float32(): {pa.float64()},
}


class DamagedError(ValueError):
    """What is wrong with a file, in words that hold none of its values."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What values of a schema are in Arrow.

    `decoded` is the Python type that fastavro gives them; `change` brings one of them to what Arrow takes, None where it is that
    already; `parts` are those of a record. `is_mixed` says that values of several types are written as text,
    `is_weightless` that a value takes no byte in the file, so that any number of them may be claimed.
    """

    type: pa.DataType
    decoded: str
    change: Change | None = None
    parts: Mapping[str, Kind] = part(default_factory=dict)
    is_mixed: bool = False
    is_weightless: bool = False

    def column(self, name: str, values: Sequence[Any]) -> tuple[pa.Array[Any], pa.Field[Any]]:
        """Return values as a column; as text where one of them does not fit the type that was declared."""
        changed = [self.changed(value) for value in values] if self.change else values
        try:
            return pa.array(changed, self.type), self.field(name)
        except (pa.ArrowInvalid, OverflowError):
            texts = [None if value is None else as_json(value) for value in changed]
            return pa.array(texts, pa.string()), pa.field(name, pa.string())

    def field(self, name: str) -> pa.Field[Any]:
        """Return the column of that name."""
        return pa.field(name, self.type, metadata={TEXT_KEY: b"1"} if self.is_mixed else None)

    def changed(self, value: Any) -> Any:
        """Return a value as Arrow takes it."""
        return value if value is None or self.change is None else self.change(value)


_NOTHING = Kind(pa.null(), "null", is_weightless=True)


def compile_schema(schema: Node) -> tuple[Kind, bool]:
    """Return what records of a schema are in Arrow, and whether one may lie inside itself; all names in it have to be full."""
    compiler = _Compiler()
    return compiler.kind(schema), compiler.is_recursive


def without_logical_types(schema: Node) -> Node:
    """Return a schema that describes the same bytes and says no more about them."""
    if isinstance(schema, list):
        return [without_logical_types(branch) for branch in schema]
    if not isinstance(schema, dict):
        return schema
    plain = {key: value for key, value in schema.items() if key != "logicalType" and not key.startswith("__")}
    for key in ("type", "items", "values"):
        if key in plain:
            plain[key] = without_logical_types(plain[key])
    if "fields" in plain:
        plain["fields"] = [
            {"name": one["name"], "type": without_logical_types(one["type"])} for one in schema["fields"]
        ]
    return plain


class _Compiler:
    def __init__(self) -> None:
        self._named: dict[str, Node] = {}
        self._open: list[str] = []
        self.is_recursive = False

    def kind(self, node: Node) -> Kind:
        if isinstance(node, list):
            return self._union(node)
        if isinstance(node, dict):
            return self._object(node)
        if node == "null":
            return _NOTHING
        return Kind(*_PLAIN[node]) if node in _PLAIN else self._named_kind(node)

    def _object(self, node: Mapping[str, Node]) -> Kind:
        name = node["type"]
        if not isinstance(name, str):
            return self.kind(name)
        if name in ("record", "error", "enum", "fixed"):
            self._named[node["name"]] = node
            return self._named_kind(node["name"])
        nested = {"array": self._array, "map": self._map}.get(name)
        return nested(node) if nested else self._logical(node) or self.kind(name)

    def _named_kind(self, name: str) -> Kind:
        node = self._named[name]
        if node["type"] == "enum":
            return Kind(pa.string(), "str")
        if node["type"] == "fixed":
            return self._logical(node) or Kind(pa.binary(node["size"]), "bytes", is_weightless=not node["size"])
        if name in self._open:
            self.is_recursive = True
            return Kind(pa.string(), "dict", as_json)
        self._open.append(name)
        parts = {one["name"]: self.kind(one["type"]) for one in node["fields"]}
        self._open.pop()
        kind = pa.struct([pa.field(part, inner.type) for part, inner in parts.items()])
        changes = any(inner.change for inner in parts.values())

        def change(value: Any) -> Any:
            return {part: inner.changed(value[part]) for part, inner in parts.items()}

        is_weightless = all(inner.is_weightless for inner in parts.values())
        return Kind(kind, "dict", change if changes else None, parts, is_weightless=is_weightless)

    def _array(self, node: Node) -> Kind:
        inner = self.kind(node["items"])
        if inner.is_weightless:
            raise DamagedError("its schema has lists whose elements take no byte, and so any length")

        def change(value: Any) -> Any:
            return [inner.changed(one) for one in value]

        return Kind(pa.list_(inner.type), "list", change if inner.change else None)

    def _map(self, node: Node) -> Kind:
        inner = self.kind(node["values"])
        return Kind(
            pa.map_(pa.string(), inner.type),
            "dict",
            lambda value: [(key, inner.changed(one)) for key, one in value.items()],
        )

    def _logical(self, node: Node) -> Kind | None:
        name, logical = node["type"], node.get("logicalType")
        if (name, logical) in _LOGICAL:
            return Kind(_LOGICAL[name, logical], "int")
        if logical == "decimal" and name in ("bytes", "fixed"):
            return _decimal(node)
        if (name, logical, node.get("size")) == ("fixed", "uuid", _UUID_BYTES):
            return Kind(pa.string(), "bytes", lambda value: str(UUID(bytes=value)))
        if (name, logical, node.get("size")) == ("fixed", "duration", _DURATION_BYTES):
            return Kind(pa.string(), "bytes", _duration)
        return None

    def _union(self, node: list[Node]) -> Kind:
        branches = [self.kind(branch) for branch in node if branch != "null"]
        if not branches:
            return replace(_NOTHING, is_weightless=False)
        if len(branches) == 1:
            return branches[0]
        for widest in branches:
            if all(one.type == widest.type or widest.type in _EXACT_IN.get(one.type, ()) for one in branches):
                return Kind(widest.type, widest.decoded, widest.change)
        return Kind(pa.string(), "", _Mixed(branches), is_mixed=True)


class _Mixed:
    """Writes a value of one of several branches as text: as its branch has it, where its Python type tells which one that is."""

    def __init__(self, branches: Sequence[Kind]) -> None:
        names = [branch.decoded for branch in branches]
        self._branches = {branch.decoded: branch for branch in branches if names.count(branch.decoded) == 1}

    def __call__(self, value: Any) -> str:
        branch = self._branches.get(type(value).__name__)
        if branch is None or pa.types.is_nested(branch.type) or pa.types.is_boolean(branch.type):
            return as_json(value)
        changed = branch.changed(value)
        if isinstance(changed, (str, bytes, Decimal)) or pa.types.is_floating(branch.type):
            return as_json(changed)
        try:
            return str(pa.scalar(changed, branch.type).cast(pa.string()).as_py())
        except (pa.ArrowInvalid, OverflowError):
            return as_json(value)


def _decimal(node: Node) -> Kind:
    precision, scale = int(node.get("precision", 0)), int(node.get("scale", 0))

    def change(value: bytes) -> Any:
        return Decimal(int.from_bytes(value, "big", signed=True)).scaleb(-scale, context=_EXACT)

    if not 0 <= scale <= precision <= _MOST_DIGITS or not precision:
        return Kind(pa.string(), "bytes", lambda value: f"{change(value):f}")
    kind = pa.decimal128(precision, scale) if precision <= _DIGITS_128 else pa.decimal256(precision, scale)
    return Kind(kind, "bytes", change)


def _duration(value: bytes) -> str:
    months, days, millis = (int.from_bytes(value[at : at + 4], "little") for at in (0, 4, 8))
    return f"P{months}M{days}DT{millis // 1000}.{millis % 1000:03d}S"


def as_json(value: Any) -> str:
    """Return a value as text: texts and decimals as they are, bytes in base64, anything else as JSON."""
    return value if isinstance(value, str) else _plain(value) if _is_odd(value) else _dumped(value)


def _is_odd(value: Any) -> bool:
    return isinstance(value, (bytes, Decimal))


def _dumped(value: Any) -> str:
    return json.dumps(value, default=_plain, ensure_ascii=False)


def _plain(value: Any) -> str:
    return base64.b64encode(value).decode() if isinstance(value, bytes) else f"{value:f}"
