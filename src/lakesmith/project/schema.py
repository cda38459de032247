"""lakesmith.yml as JSON Schema, so that an editor completes and checks it with the connectors that are installed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from lakesmith.errors import ConfigError
from lakesmith.host.files import write_atomically
from lakesmith.project.alerting import AlertsSettings
from lakesmith.project.connectors import ENGINES, PUBLISHERS, SOURCES, Connectors, modes_of
from lakesmith.project.monitoring import MonitorSettings
from lakesmith.project.paths import ProjectPaths
from lakesmith.project.settings import (
    IDENTIFIER,
    ProjectSettings,
    PublishSettings,
    SourceSettings,
    StreamSettings,
    TargetSettings,
)

DIALECT = "https://json-schema.org/draft/2020-12/schema"

_REFERENCE = {"type": "string", "pattern": r"^\$\{(env|file):[^{}]+\}$", "description": "A reference."}
_NAMES = {"pattern": f"^{IDENTIFIER}$"}


def json_schema(connectors: Connectors) -> dict[str, Any]:
    """Return the JSON Schema of lakesmith.yml with the options of every plug-in that can be loaded.

    A plug-in that cannot be loaded is left out: the editor then says so as Lakesmith does.
    """
    definitions: dict[str, Any] = {}
    project = _model(ProjectSettings, definitions)
    sections = {
        "sources": _by_word("type", SourceSettings, _loadable(connectors, SOURCES), definitions),
        "publish": _by_word("format", PublishSettings, _loadable(connectors, PUBLISHERS), definitions),
        "targets": _by_word("engine", TargetSettings, _loadable(connectors, ENGINES), definitions),
    }
    for name, entry in sections.items():
        description = ProjectSettings.model_fields[name].description
        shape = {"type": ["object", "null"], "propertyNames": _NAMES, "additionalProperties": entry}
        project["properties"][name] = {"description": description, **shape}
    for section, model in (("monitor", MonitorSettings), ("alerts", AlertsSettings)):
        project["properties"][section] = _model(model, definitions) | {
            "type": ["object", "null"],
            "description": ProjectSettings.model_fields[section].description,
        }
    project["patternProperties"] = {"^x-": {}}
    return {"$schema": DIALECT, "title": "lakesmith.yml", **project, "$defs": definitions}


def write_schema(paths: ProjectPaths, connectors: Connectors) -> Path:
    """Write `.lakesmith/schema.json` unless it says the same already, and return its path."""
    file = paths.state / "schema.json"
    text = json.dumps(json_schema(connectors), indent=1, ensure_ascii=False, sort_keys=True) + "\n"
    if not file.is_file() or file.read_text(encoding="utf-8") != text:
        write_atomically(file, text)
    return file


def _loadable(connectors: Connectors, group: str) -> dict[str, type[Any]]:
    found: dict[str, type[Any]] = {}
    for name in connectors.names(group):
        try:
            found[name] = connectors.load(group, name)
        except ConfigError:
            continue
    return found


def _by_word(
    word: str, model: type[BaseModel], plug_ins: dict[str, type[Any]], definitions: dict[str, Any]
) -> dict[str, Any]:
    """Return the schema of entries whose key `word` says which plug-in the rest of their keys belongs to."""
    own = _model(model, definitions)
    own["properties"][word]["enum"] = sorted(plug_ins)
    default = own["properties"][word].get("default")
    cases: list[dict[str, Any]] = []
    for name, plug_in in sorted(plug_ins.items()):
        options = _model(plug_in.Options, definitions, prefix=name)
        case = _joined(options, own)
        del case["type"]  # said below, for all of them
        if model is SourceSettings:
            case["properties"] = case["properties"] | {"streams": _streams(name, plug_in, definitions)}
            if getattr(plug_in, "needs_streams", True):
                case["required"] = [*case["required"], "streams"]
        if model is PublishSettings:
            _settle_path(case, needs_path=getattr(plug_in, "needs_path", True))
        condition: dict[str, Any] = {"properties": {word: {"const": name}}}
        if name != default:
            condition["required"] = [word]
        cases.append({"if": condition, "then": case})
    required = own.get("required", [])
    kind = "object" if required else ["object", "null"]
    return {"type": kind, "required": required, "properties": {word: own["properties"][word]}, "allOf": cases}


def _settle_path(case: dict[str, Any], *, needs_path: bool) -> None:
    """Ask for a `path` where files are written, and know none elsewhere."""
    if needs_path:
        case["required"] = [*case["required"], "path"]
    else:
        case["properties"] = {key: value for key, value in case["properties"].items() if key != "path"}


def _streams(name: str, source: type[Any], definitions: dict[str, Any]) -> dict[str, Any]:
    own = _model(StreamSettings, definitions)
    own["properties"]["mode"] = own["properties"]["mode"] | {
        "anyOf": [{"enum": list(modes_of(source))}, {"type": "null"}]
    }
    stream = _joined(_model(source.StreamOptions, definitions, prefix=name), own)
    stream["type"] = "object" if stream["required"] else ["object", "null"]
    mapping = {"type": "object", "propertyNames": _NAMES, "additionalProperties": stream, "minProperties": 1}
    names = {"type": "array", "items": {"type": "string"} | _NAMES, "uniqueItems": True, "minItems": 1}
    return {"description": SourceSettings.model_fields["streams"].description, "anyOf": [mapping, names]}


def _joined(theirs: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "description": theirs.get("description", ""),
        "properties": theirs.get("properties", {}) | own["properties"],
        "required": [*theirs.get("required", []), *own.get("required", [])],
        "additionalProperties": False,
    }


def _model(model: type[BaseModel], definitions: dict[str, Any], *, prefix: str = "lakesmith") -> dict[str, Any]:
    """Return a model's schema; its definitions move to the common ones, under names of their own."""
    schema = model.model_json_schema(ref_template=f"#/$defs/{prefix}.{{model}}")
    for name, definition in schema.pop("$defs", {}).items():
        definitions[f"{prefix}.{name}"] = _with_references(definition)
    found: dict[str, Any] = _with_references(schema)
    found.pop("title", None)
    return found


def _with_references(schema: Any) -> Any:
    """Allow `${env:…}` wherever a number, a truth value or one of a few words is expected: it is replaced before the check."""
    if isinstance(schema, list):
        return [_with_references(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    result = {
        key: value if key in ("enum", "const", "default", "examples") else _with_references(value)
        for key, value in schema.items()
    }
    closed = result.get("type") in ("integer", "number", "boolean") or (
        result.get("type") == "string" and {"enum", "const", "pattern"} & set(result)
    )
    if not closed:
        return result
    outside = {key: result.pop(key) for key in ("description", "default", "title") if key in result}
    return {"anyOf": [result, _REFERENCE], **outside}
