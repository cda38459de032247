"""Pinned schemas: `schemas/<source>.<stream>.yml` as values that know their lines, and as text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path as FilePath
from typing import Any

import yaml

from lakesmith.model.shapes import Pin
from lakesmith.model.spellings import parse_spelling
from lakesmith.model.streams import StreamId
from lakesmith.model.types import STRING, Decimal, Field, List, Map, Scalar, Schema, Struct, Type
from lakesmith.project.config import SourceConfig
from lakesmith.project.documents import CoreDumper, Document, read_document
from lakesmith.project.faults import Faults, Path, Place, nearest
from lakesmith.project.settings import DECIMAL, check_type

FOLDER = "schemas"
KEYS = ("type", "format", "source_name", "doc", "fields", "element", "value")
PARTS = {"struct": "fields", "list": "element", "map": "value"}
_FIRST_RANK = 1_000_000  # after lakesmith.yml and sources/, in the order of faults
_WIDTH = 120


def pin_path(stream: StreamId) -> str:
    """Return the file of a stream's pinned schema, relative to the project."""
    return f"{FOLDER}/{stream}.yml"


def with_pins(sources: Mapping[str, SourceConfig], root: FilePath, faults: Faults) -> dict[str, SourceConfig]:
    """Return the sources with the pinned schemas of their streams; what is wrong with these becomes faults."""
    streams = {str(stream.id): stream for source in sources.values() for stream in source.streams}
    pins: dict[str, Pin | None] = {}
    for rank, file in enumerate(sorted((root / FOLDER).glob("*.yml")), start=_FIRST_RANK):
        origin = Place(rank, f"{FOLDER}/{file.name}", 1)
        if file.stem not in streams:
            faults.add(origin, (), f'there is no stream "{file.stem}" in this project{nearest(file.stem, streams)}')
        else:
            pins[file.stem] = read_pin(file.read_bytes(), origin, faults)
    if not pins:
        return dict(sources)
    return {
        name: replace(source, streams=tuple(replace(s, pin=pins.get(str(s.id))) for s in source.streams))
        for name, source in sources.items()
    }


def read_pin(content: bytes, origin: Place, faults: Faults) -> Pin | None:
    """Return the pinned schema in a file, or None after noting why it cannot be read."""
    before = len(faults.found)
    document = read_document(content, origin, faults)
    if document is None:
        return None
    reader = _Reader(document, faults, origin)
    columns = reader.columns()
    return Pin(Schema(columns), origin.file, reader.lines) if len(faults.found) == before else None


def write_pin(stream: StreamId, schema: Schema) -> str:
    """Return the text of a pinned schema: the data columns of a table, without siblings, which hold what does not fit."""
    head = (
        f"# What {stream} may look like where `on_drift: freeze` holds: a load of anything else stops before its commit.\n"
        f"# Written by `lakesmith drift pin {stream}`; edit it as you like.\n"
    )
    return head + str(
        yaml.dump(
            {"columns": _fields(schema.data.fields)},
            sort_keys=False,
            allow_unicode=True,
            width=_WIDTH,
            default_flow_style=None,
            Dumper=CoreDumper,
        )
    )


def _fields(fields: tuple[Field, ...]) -> dict[str, Any]:
    return {f.name: _entry(f.type, f) for f in fields if "__" not in f.name}


def _entry(kind: Type, of: Field | None = None) -> dict[str, Any]:
    word = next(
        (word for word, known in ((("struct"), Struct), ("list", List), ("map", Map)) if isinstance(kind, known)), ""
    )
    entry: dict[str, Any] = {"type": word or str(kind)}
    if of is not None and of.source_name not in ("", of.name):
        entry["source_name"] = of.source_name
    if of is not None and of.spelling:
        entry["format"] = of.spelling
    if of is not None and of.doc:
        entry["doc"] = of.doc
    if isinstance(kind, Struct):
        entry["fields"] = _fields(kind.fields)
    elif isinstance(kind, List):
        entry["element"] = _entry(kind.element)
    elif isinstance(kind, Map):
        entry["value"] = _entry(kind.value)
    return entry


@dataclass(slots=True)
class _Reader:
    """Reads one file; `lines` is filled on the way, by dotted path of columns and their parts."""

    document: Document
    faults: Faults
    origin: Place
    lines: dict[str, int] = field(default_factory=dict)

    def columns(self) -> tuple[Field, ...]:
        """Return the columns; faults are noted."""
        data = self.document.data
        if not isinstance(data, dict) or not isinstance(data.get("columns"), dict) or not data["columns"]:
            self.faults.add(self.origin, (), "should hold one key, `columns:`, a mapping from names to types")
            return ()
        for key in data.keys() - {"columns"}:
            self._fault((key,), f'unknown key "{key}": a pinned schema holds one, `columns:`')
        return self._fields(data["columns"], ("columns",), "")

    def _fields(self, entries: Mapping[str, Any], path: Path, dotted: str) -> tuple[Field, ...]:
        out = []
        for name, entry in entries.items():
            at = (*path, name)
            self.lines[dotted + name] = self.document.key_place(at).line
            if "__" in name or name.startswith("_ls_"):
                self._fault(at, "is a name that Lakesmith keeps for its own columns")
            kind = self._type(entry, at, dotted + name)
            text = entry if isinstance(entry, dict) else {}
            source_name, doc = str(text.get("source_name") or name), str(text.get("doc") or "")
            out.append(Field(name, kind, source_name, doc, spelling=self._format(text, at, kind)))
        return tuple(out)

    def _type(self, entry: Any, path: Path, dotted: str) -> Type:
        if isinstance(entry, str):
            entry = {"type": entry}
        if not isinstance(entry, dict) or not isinstance(entry.get("type"), str):
            self._fault(path, "should be a type, or a mapping with the key `type:`")
            return STRING
        for key in entry.keys() - set(KEYS):
            self._fault((*path, key), f'unknown key "{key}"{nearest(key, KEYS)}')
        word = entry["type"]
        inner = PARTS.get(word)
        if inner is None:
            return self._scalar(word, (*path, "type"))
        if not isinstance(entry.get(inner), dict):
            self._fault(path, f'missing key "{inner}": what a {word} holds')
            return STRING
        if word == "struct":
            return Struct(self._fields(entry[inner], (*path, inner), f"{dotted}."))
        held = self._type(entry[inner], (*path, inner), dotted)
        return List(held) if word == "list" else Map(STRING, held)

    def _format(self, entry: Mapping[str, Any], path: Path, kind: Type) -> str:
        if "format" not in entry:
            return ""
        try:
            spelling = parse_spelling(str(entry["format"]))
        except ValueError as error:
            self._fault((*path, "format"), str(error))
            return ""
        if not spelling.takes(kind):
            self._fault((*path, "format"), f"format {spelling} holds no {kind}, but {spelling.type}")
        return str(spelling)

    def _scalar(self, word: str, path: Path) -> Type:
        try:
            check_type(word)
        except ValueError as error:
            self._fault(path, f'"{word}" {error}, or struct, list, map')
            return STRING
        found = DECIMAL.fullmatch(word)
        return Decimal(int(found[1]), int(found[2])) if found else Scalar(word)

    def _fault(self, path: Path, message: str) -> None:
        self.faults.add(self.document.key_place(path), path, message)
