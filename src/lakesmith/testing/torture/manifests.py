"""What PyIceberg makes anew for each of the many thousand files that histories read, made once: readers of manifests, copies of schemas."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from importlib import import_module
from typing import Any


@contextlib.contextmanager
def remembering() -> Iterator[None]:
    """Let PyIceberg remember what it made of a schema, and take a schema, which is frozen, for a copy of itself; what it reads is the same."""
    avro_file: Any = import_module("pyiceberg.avro.file")
    header = avro_file.AvroFileHeader
    parse, resolve = header.get_schema, avro_file.resolve_reader
    schemas: dict[str, Any] = {}
    readers: dict[tuple[Any, ...], Any] = {}

    def get_schema(self: Any) -> Any:
        """Return the schema that a file was written with."""
        text = self.meta["avro.schema"]
        if text not in schemas:
            schemas[text] = parse(self)
        return schemas[text]

    def resolve_reader(written: Any, wanted: Any, types: Any = (), enums: Any = ()) -> Any:
        """Return what reads records that were written with one schema as those of another."""
        key = (id(written), id(wanted), *dict(types).items(), *dict(enums).items())
        if key not in readers:
            readers[key] = (
                resolve(written, wanted, dict(types), dict(enums)),
                written,
                wanted,
            )  # their ids stay theirs
        return readers[key][0]

    header.get_schema, avro_file.resolve_reader = get_schema, resolve_reader
    schema: Any = import_module("pyiceberg.schema").Schema
    schema.__deepcopy__ = _itself  # pydantic's own is inherited
    try:
        yield
    finally:
        del schema.__deepcopy__
        header.get_schema, avro_file.resolve_reader = parse, resolve


def _itself(value: Any, _memo: Any = None) -> Any:
    return value
