"""Every key of lakesmith.yml in one list, for the reference page and the tests that hold it to the code."""

from __future__ import annotations

import re
import typing
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from lakesmith.project.connectors import ENGINES, PUBLISHERS, SOURCES, Connectors
from lakesmith.project.settings import ProjectSettings, PublishSettings, SourceSettings, StreamSettings, TargetSettings

_SECTIONS: tuple[tuple[str, type[BaseModel]], ...] = (
    ("", ProjectSettings),
    ("sources.<source>.", SourceSettings),
    ("sources.<source>.streams.<stream>.", StreamSettings),
    ("publish.<publish>.", PublishSettings),
    ("targets.<target>.", TargetSettings),
)
_PLUG_INS: tuple[tuple[str, str, str, str], ...] = (
    (SOURCES, "type", "Options", "sources.<source>."),
    (SOURCES, "type", "StreamOptions", "sources.<source>.streams.<stream>."),
    (PUBLISHERS, "format", "Options", "publish.<publish>."),
    (ENGINES, "engine", "Options", "targets.<target>."),
)
_ANY = {"sources": "mapping", "publish": "mapping", "targets": "mapping", "streams": "mapping or list"}
_TYPES = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
    "object": "mapping",
}


@dataclass(frozen=True, slots=True)
class Setting:
    """One key. `path` has `<names>` where a person chooses them; `default` None: it has to be given; `of`: the plug-in it needs."""

    path: str
    type: str
    default: str | None
    description: str
    of: str = ""


def settings_reference(connectors: Connectors) -> Iterator[Setting]:
    """Yield every key that lakesmith.yml may hold: Lakesmith's own, then those of every installed plug-in.

    Raises:
        ConfigError: If a plug-in cannot be loaded.
    """
    for prefix, model in _SECTIONS:
        yield from _settings(model, prefix, "")
    for group, word, options, prefix in _PLUG_INS:
        for name in connectors.names(group):
            yield from _settings(getattr(connectors.load(group, name), options), prefix, f"{word}: {name}")


def _settings(model: type[BaseModel], prefix: str, of: str) -> Iterator[Setting]:
    schema = model.model_json_schema()
    definitions = schema.get("$defs", {})
    required = schema.get("required", [])
    for name, field in model.model_fields.items():
        key = field.alias or name
        found = schema["properties"][key]
        default = None if key in required else _spell_default(found.get("default"))
        kind = _ANY.get(key, "") or _spell_type(found, definitions)
        yield Setting(prefix + key, kind, default, re.sub(r"\s+", " ", field.description or "").strip(), of)
        for inner, under in _inner(field.annotation):
            yield from _settings(inner, f"{prefix}{key}.{under}", of)


def _inner(annotation: Any) -> Iterator[tuple[type[BaseModel], str]]:
    """Yield the models inside an annotation, each with the names a person chooses on the way to it."""
    if typing.get_origin(annotation) is None:
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            yield annotation, ""
        return
    mapped = typing.get_origin(annotation) is dict
    for part in typing.get_args(annotation):
        for model, under in _inner(part):
            yield model, ("<name>." if mapped else "") + under


def _spell_default(value: Any) -> str:
    if value is None or value in ({}, []):
        return "left out"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _spell_type(schema: dict[str, Any], definitions: dict[str, Any]) -> str:
    if "$ref" in schema:
        return _spell_type(definitions[schema["$ref"].rpartition("/")[2]], definitions)
    if "enum" in schema or "const" in schema:
        return " | ".join(f"`{word}`" for word in schema.get("enum", [schema.get("const")]) if word is not None)
    for word in ("anyOf", "oneOf", "allOf"):
        if word in schema:
            kinds = [_spell_type(part, definitions) for part in schema[word] if part.get("type") != "null"]
            return " or ".join(dict.fromkeys(kinds))
    if schema.get("type") == "array":
        return f"list of {_spell_type(schema.get('items', {}), definitions)}"
    return _TYPES.get(schema.get("type", ""), "any value")
