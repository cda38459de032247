"""A small reader of Avro files, for looking at manifests without the library that wrote them."""

from __future__ import annotations

import io
import json
import zlib
from collections.abc import Iterator
from typing import Any

MAGIC = b"Obj\x01"
SYNC = 16


def read_avro(content: bytes) -> list[Any]:
    """Return the records of an Avro file.

    Raises:
        ValueError: If it is damaged, or compressed in a way that is not known.
    """
    source = io.BytesIO(content)
    if source.read(4) != MAGIC:
        raise ValueError("not an Avro file")
    header = _map(source, lambda: source.read(_long(source)))
    schema, codec = json.loads(header["avro.schema"]), header.get("avro.codec", b"null").decode()
    sync = source.read(SYNC)
    names: dict[str, Any] = {}
    _note_names(schema, names)
    return list(_blocks(source, (schema, names), codec, sync))


def _blocks(source: io.BytesIO, schema: tuple[Any, dict[str, Any]], codec: str, sync: bytes) -> Iterator[Any]:
    while source.tell() < len(source.getbuffer()):
        count, size = _long(source), _long(source)
        packed = source.read(size)
        if codec not in ("null", "deflate"):
            raise ValueError(f"codec {codec} is not known")
        block = io.BytesIO(zlib.decompress(packed, -15) if codec == "deflate" else packed)
        for _ in range(count):
            yield _value(block, schema[0], schema[1])
        if source.read(SYNC) != sync:
            raise ValueError("a block does not end where it should")


def _note_names(schema: Any, names: dict[str, Any]) -> None:
    if isinstance(schema, list):
        for part in schema:
            _note_names(part, names)
    elif isinstance(schema, dict):
        if "name" in schema and schema.get("type") in ("record", "fixed", "enum"):
            names[schema["name"]] = schema
        for part in (schema.get("type"), schema.get("items"), schema.get("values")):
            _note_names(part, names)
        for field in schema.get("fields", ()):
            _note_names(field["type"], names)


def _value(source: io.BytesIO, schema: Any, names: dict[str, Any]) -> Any:  # noqa: PLR0911 - a case for each kind
    if isinstance(schema, list):
        return _value(source, schema[_long(source)], names)
    kind = schema["type"] if isinstance(schema, dict) else schema
    if isinstance(kind, (dict, list)):
        return _value(source, kind, names)
    if kind == "record":
        return {field["name"]: _value(source, field["type"], names) for field in schema["fields"]}
    if kind == "array":
        return list(_items(source, lambda: _value(source, schema["items"], names)))
    if kind == "map":
        return _map(source, lambda: _value(source, schema["values"], names))
    if kind == "fixed":
        return source.read(schema["size"])
    if kind in names:
        return _value(source, names[kind], names)
    return _PLAIN[kind](source)


def _items(source: io.BytesIO, read: Any) -> Iterator[Any]:
    while count := _long(source):
        if count < 0:
            count = -count
            _long(source)
        for _ in range(count):
            yield read()


def _map(source: io.BytesIO, read: Any) -> dict[str, Any]:
    def entry() -> tuple[str, Any]:
        key = source.read(_long(source)).decode()
        return key, read()

    return dict(_items(source, entry))


def _long(source: io.BytesIO) -> int:
    shift = value = 0
    while True:
        byte = source.read(1)
        if not byte:
            raise ValueError("the file ends too early")
        value |= (byte[0] & 0x7F) << shift
        if not byte[0] & 0x80:
            return (value >> 1) ^ -(value & 1)
        shift += 7


def _float(source: io.BytesIO) -> float:
    import struct

    return float(struct.unpack("<f", source.read(4))[0])


def _double(source: io.BytesIO) -> float:
    import struct

    return float(struct.unpack("<d", source.read(8))[0])


_PLAIN: dict[str, Any] = {
    "null": lambda _source: None,
    "boolean": lambda source: source.read(1) == b"\x01",
    "int": _long,
    "long": _long,
    "float": _float,
    "double": _double,
    "bytes": lambda source: source.read(_long(source)),
    "string": lambda source: source.read(_long(source)).decode(),
}
