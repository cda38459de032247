"""What dbt writes down: `manifest.json` and `run_results.json`, read tolerantly into frozen values."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lakesmith.errors import TransformError

MANIFEST = "manifest.json"
RUN_RESULTS = "run_results.json"
READABLE = {MANIFEST: range(11, 14), RUN_RESULTS: range(5, 8)}
_VERSION = re.compile(r"/v(\d+)\.json$")
_GROUPS = ("nodes", "sources", "exposures", "unit_tests", "metrics", "semantic_models", "saved_queries", "functions")


@dataclass(frozen=True, slots=True)
class Column:
    """A documented column."""

    name: str
    description: str = ""
    tags: tuple[str, ...] = ()


_BUILD = "_build__"


def schema_of_project(schema: str) -> str:
    """Return a schema as the project calls it: engines whose readers open the same database build aside, in `ls_<target>_build__<schema>`.

    Examples:
        >>> schema_of_project("ls_prod_build__marts"), schema_of_project("marts")
        ('marts', 'marts')
    """
    return schema.partition(_BUILD)[2] or schema


@dataclass(frozen=True, slots=True)
class Node:
    """A model, seed, snapshot, analysis, source table, exposure, test or unit test of a dbt project.

    `attached` is the node a test is about, `column` its column; both empty for tests of the project as a whole. `severity` is warn
    or error, for tests. `patch_path` is the YAML file that describes it. `path` is relative to the package it comes from. `source` is the source's name, for source tables.
    """

    unique_id: str
    resource_type: str
    name: str
    package: str
    path: str = ""
    fqn: tuple[str, ...] = ()
    schema: str = ""
    alias: str = ""
    description: str = ""
    tags: tuple[str, ...] = ()
    depends_on: tuple[str, ...] = ()
    materialized: str = ""
    columns: tuple[Column, ...] = ()
    meta: Mapping[str, Any] = field(default_factory=dict)
    source: str = ""
    attached: str = ""
    column: str = ""
    severity: str = ""
    test: str = ""
    exposure_type: str = ""
    checksum: str = ""
    version: str = ""
    patch_path: str = ""
    config: Mapping[str, Any] = field(default_factory=dict)

    @property
    def relation(self) -> str:
        """`schema.name` in the engine; empty for what is no relation."""
        if (
            not self.schema
            or self.resource_type in {"test", "unit_test", "exposure"}
            or self.materialized == "ephemeral"
        ):
            return ""
        return f"{self.schema}.{self.alias}"

    @property
    def compiled_path(self) -> str:
        """Where the SQL that ran is, relative to the project."""
        return f"target/compiled/{self.package}/{self.path}"


@dataclass(frozen=True, slots=True)
class Manifest:
    """All nodes by unique id, and the project they belong to."""

    project: str
    adapter: str
    dbt_version: str
    invocation_id: str
    nodes: Mapping[str, Node]

    def tests_of(self, unique_id: str) -> tuple[Node, ...]:
        """Return the tests that are about a node."""
        return tuple(node for node in self.nodes.values() if node.attached == unique_id)


@dataclass(frozen=True, slots=True)
class RunResult:
    """How one node ended. `rows` and `failures` are None where dbt does not say; `timing_s` holds seconds by phase."""

    unique_id: str
    status: str
    seconds: float
    message: str = ""
    rows: int | None = None
    failures: int | None = None
    timing_s: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RunResults:
    """How the nodes of one invocation ended."""

    invocation_id: str
    dbt_version: str
    seconds: float
    results: tuple[RunResult, ...]


def read_manifest(folder: Path) -> Manifest:
    """Return `manifest.json` of a target folder.

    Raises:
        TransformError: If it is missing, damaged, or of a version that is not known.
    """
    raw = _read(folder / MANIFEST)
    about = raw["metadata"]
    entries = [entry for group in _GROUPS for entry in (raw.get(group) or {}).values()]
    return Manifest(
        project=about.get("project_name") or "",
        adapter=about.get("adapter_type") or "",
        dbt_version=about.get("dbt_version") or "",
        invocation_id=about.get("invocation_id") or "",
        nodes={entry["unique_id"]: _node(entry) for entry in entries},
    )


def read_run_results(folder: Path) -> RunResults:
    """Return `run_results.json` of a target folder.

    Raises:
        TransformError: If it is missing, damaged, or of a version that is not known.
    """
    raw = _read(folder / RUN_RESULTS)
    about = raw["metadata"]
    return RunResults(
        invocation_id=about.get("invocation_id") or "",
        dbt_version=about.get("dbt_version") or "",
        seconds=float(raw.get("elapsed_time") or 0.0),
        results=tuple(_result(entry) for entry in raw.get("results") or ()),
    )


def _read(path: Path) -> dict[str, Any]:
    again = "run `lakesmith dbt parse`, which writes it anew"
    try:
        raw = json.loads(path.read_bytes())
        version = int((_VERSION.search(raw["metadata"]["dbt_schema_version"]) or [0, 0])[1])
    except FileNotFoundError as error:
        raise TransformError(f"dbt's {path.name} is missing.", where=str(path), fix=again) from error
    except (ValueError, KeyError, TypeError) as error:
        raise TransformError(f"dbt's {path.name} is damaged.", where=str(path), fix=again) from error
    if version not in READABLE[path.name]:
        raise TransformError(
            f"dbt's {path.name} is of version {version}, and versions {READABLE[path.name][0]} to {READABLE[path.name][-1]} are known.",
            where=str(path),
            fix="install a dbt-core that this Lakesmith supports, then " + again,
        )
    return dict(raw)


def _node(raw: Mapping[str, Any]) -> Node:
    config = raw.get("config") or {}
    depends_on = tuple((raw.get("depends_on") or {}).get("nodes") or ())
    is_test = raw["resource_type"] in {"test", "unit_test"}
    return Node(
        unique_id=raw["unique_id"],
        resource_type=raw["resource_type"],
        name=raw["name"],
        package=raw.get("package_name") or "",
        path=(raw.get("original_file_path") or "").replace("\\", "/"),
        fqn=tuple(raw.get("fqn") or ()),
        schema=schema_of_project(raw.get("schema") or ""),
        alias=raw.get("identifier") or raw.get("alias") or raw["name"],
        description=raw.get("description") or "",
        tags=tuple(raw.get("tags") or ()),
        depends_on=depends_on,
        materialized=config.get("materialized") or "",
        columns=tuple(_column(column) for column in (raw.get("columns") or {}).values()),
        meta=raw.get("meta") or {},
        source=raw.get("source_name") or "",
        attached=(raw.get("attached_node") or _only_parent(raw, depends_on)) if is_test else "",
        column=raw.get("column_name") or "",
        severity=str(config.get("severity") or "error").lower() if is_test else "",
        test=(raw.get("test_metadata") or {}).get("name") or "",
        exposure_type=str(raw.get("type") or ""),
        checksum=(raw["checksum"] or {}).get("checksum", "") if isinstance(raw.get("checksum"), dict) else "",
        version=str(raw.get("version") or ""),
        patch_path=(raw.get("patch_path") or "").partition("://")[2].replace("\\", "/"),
        config=config,
    )


def _only_parent(raw: Mapping[str, Any], depends_on: tuple[str, ...]) -> str:
    """Tests of source tables name no node they are attached to; they depend on it alone."""
    if raw["resource_type"] == "unit_test" or raw.get("test_metadata"):
        return depends_on[0] if depends_on else ""
    return ""


def _column(raw: Mapping[str, Any]) -> Column:
    return Column(raw["name"], raw.get("description") or "", tuple(raw.get("tags") or ()))


def _result(raw: Mapping[str, Any]) -> RunResult:
    rows = (raw.get("adapter_response") or {}).get("rows_affected")
    return RunResult(
        unique_id=raw["unique_id"],
        status=raw.get("status") or "",
        seconds=float(raw.get("execution_time") or 0.0),
        message=raw.get("message") or "",
        rows=rows if isinstance(rows, int) and rows >= 0 else None,
        failures=raw.get("failures"),
        timing_s={phase["name"]: _seconds(phase) for phase in raw.get("timing") or () if phase.get("completed_at")},
    )


def _seconds(phase: Mapping[str, str]) -> float:
    from datetime import datetime

    began, ended = (datetime.fromisoformat(phase[key]) for key in ("started_at", "completed_at"))
    return (ended - began).total_seconds()
