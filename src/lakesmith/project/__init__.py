"""The project file: `lakesmith.yml` as values that know where they are written."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from lakesmith.project.paths import PROJECT_FILE, ProjectPaths

if TYPE_CHECKING:
    from lakesmith.project.config import ProjectConfig, PublishConfig, SourceConfig, TargetConfig
    from lakesmith.project.connectors import Connectors
    from lakesmith.project.load import find_root, load_project
    from lakesmith.project.reference import Setting, settings_reference
    from lakesmith.project.schema import json_schema, write_schema
    from lakesmith.project.settings import Pipeline, Schedule
    from lakesmith.project.starter import init_project, templates

# Loaded when first used: whoever needs only the paths of a project needs no pydantic.
_HOMES = {
    "ProjectConfig": "config",
    "PublishConfig": "config",
    "SourceConfig": "config",
    "TargetConfig": "config",
    "Connectors": "connectors",
    "find_root": "load",
    "load_project": "load",
    "Setting": "reference",
    "settings_reference": "reference",
    "json_schema": "schema",
    "write_schema": "schema",
    "Pipeline": "settings",
    "Schedule": "settings",
    "init_project": "starter",
    "templates": "starter",
}

__all__ = [
    "PROJECT_FILE",
    "Connectors",
    "Pipeline",
    "ProjectConfig",
    "ProjectPaths",
    "PublishConfig",
    "Schedule",
    "Setting",
    "SourceConfig",
    "TargetConfig",
    "find_root",
    "init_project",
    "json_schema",
    "load_project",
    "settings_reference",
    "templates",
    "write_schema",
]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{home}"), name)
