"""From a folder to a checked project: read, refuse, resolve, validate, and tell every fault at once."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from lakesmith.errors import ProjectNotFoundError
from lakesmith.host import Host
from lakesmith.model.streams import Discovery
from lakesmith.project.alerting import read_alerts
from lakesmith.project.config import ProjectConfig
from lakesmith.project.connectors import Connectors
from lakesmith.project.credentials import refuse_literals
from lakesmith.project.documents import Document, merge_sources, read_document
from lakesmith.project.faults import Faults, Place
from lakesmith.project.found import keep_found, merge_found
from lakesmith.project.monitoring import read_monitor
from lakesmith.project.outputs import check_default_target, read_publish, read_targets
from lakesmith.project.paths import PROJECT_FILE, ProjectPaths
from lakesmith.project.pins import with_pins
from lakesmith.project.references import Lookup, read_dotenv, resolve_document
from lakesmith.project.sections import Sheet
from lakesmith.project.settings import FORMAT_VERSION, ProjectSettings
from lakesmith.project.streams import read_sources

_ALSO_SEEN = ("lakesmith.yaml", "lakesmith.YML", "Lakesmith.yml")


def find_root(start: Path) -> Path:
    """Return the closest folder with a `lakesmith.yml`, from `start` upwards.

    Raises:
        ProjectNotFoundError: If there is none.
    """
    here = start.absolute()
    for folder in (here, *here.parents):
        if ProjectPaths(folder).file.is_file():
            return folder
    raise _not_found(here)


def _not_found(folder: Path) -> ProjectNotFoundError:
    near = next((name for name in _ALSO_SEEN if (folder / name).is_file()), None)
    if near:
        return ProjectNotFoundError(
            f"There is no {PROJECT_FILE} here.", where=str(folder), fix=f"rename {near} to {PROJECT_FILE}"
        )
    return ProjectNotFoundError(
        f"There is no {PROJECT_FILE} here or in a folder above.",
        where=str(folder),
        fix="go to a project's folder, or make one: lakesmith init NAME",
    )


def load_project(
    root: Path,
    *,
    host: Host,
    connectors: Connectors | None = None,
    environ: Mapping[str, str] | None = None,
    found: Mapping[str, Mapping[str, Any]] | None = None,
) -> ProjectConfig:
    """Return the project in a folder.

    Args:
        root: The folder of `lakesmith.yml`.
        host: Its secrets learn every value that came out of a reference.
        connectors: The plug-ins to know; None: those that are installed.
        environ: Where `${env:…}` looks before `.env`; None: the environment of this process.
        found: What sources found that is not kept, by source and stream; None: nothing.

    Raises:
        ProjectNotFoundError: If the folder has no `lakesmith.yml`.
        ProjectFileError: If anything in it is wrong; all faults at once, each with file and line.
    """
    if not ProjectPaths(root).file.is_file():
        raise _not_found(root.absolute())
    faults = Faults()
    document = _read_files(root, faults)
    if document is None:
        raise faults.error(host.secrets)
    config_hash = _hash(document.data)
    merge_found(document, root, found)
    refuse_literals(document, faults, host.secrets)
    dotenv = read_dotenv(root, faults)
    lookup = Lookup(root, os.environ if environ is None else environ, dotenv)
    resolved = resolve_document(document, lookup, host.secrets, faults)
    sheet = Sheet(document, resolved, faults, connectors or Connectors.installed())
    project = _read_project(sheet, root, lookup, config_hash)
    if project is None or faults.found:
        raise faults.error(host.secrets)
    return project


def keep_streams(root: Path, source: str, found: Iterable[Discovery]) -> tuple[str, ...]:
    """Write down streams that a source found; return the names that are new, which the project has once it is loaded again.

    Raises:
        StorageUnavailableError: If they cannot be written down.
    """
    document = _read_files(root, Faults())
    said = document.data.get("sources", {}).get(source) if document is not None else None
    return keep_found(root, source, said, found) if isinstance(said, dict) else ()


def _read_files(root: Path, faults: Faults) -> Document | None:
    document = read_document(ProjectPaths(root).file.read_bytes(), Place(0, PROJECT_FILE, 1), faults)
    if document is None:
        return None
    if document.data is None:
        document.data = {}
    if not isinstance(document.data, dict):
        faults.add(Place(0, PROJECT_FILE, 1), (), "should be a mapping that starts with `version: 1`")
        return None
    version = document.data.get("version")
    if isinstance(version, int) and not isinstance(version, bool) and version > FORMAT_VERSION:
        message = (
            f"{version} is newer than {FORMAT_VERSION}, the newest that this Lakesmith reads: pip install -U lakesmith"
        )
        faults.add(document.place(("version",)), ("version",), message)
        return None
    for rank, file in enumerate(sorted((root / "sources").glob("*.yml")), start=1):
        split = read_document(file.read_bytes(), Place(rank, f"sources/{file.name}", 1), faults)
        if split is not None:
            merge_sources(document, split, faults)
    for file in sorted((root / "sources").glob("*.yaml")):
        faults.add(Place(500_000, f"sources/{file.name}", 1), (), "is not read: rename it to end in .yml")
    # `x-…` keys hold anchors for other places, and mean nothing by themselves.
    document.data = {key: value for key, value in document.data.items() if not key.startswith("x-")}
    return document


def _read_project(sheet: Sheet, root: Path, lookup: Lookup, config_hash: str) -> ProjectConfig | None:
    data = sheet.resolved.data
    if "version" not in data:
        sheet.fault((), f'missing key "version": write `version: {FORMAT_VERSION}`')
    settings = sheet.check(ProjectSettings, {"version": FORMAT_VERSION} | _without_nothing(data), ())
    sources, publish, targets = read_sources(sheet), read_publish(sheet), read_targets(sheet)
    sources = with_pins(sources, root, sheet.faults)
    monitor, alerts = read_monitor(sheet), read_alerts(sheet)
    if settings is not None:
        check_default_target(sheet, settings.default_target)
    if settings is None:
        return None
    return ProjectConfig(
        name=settings.name,
        version=settings.version,
        root=root.absolute(),
        config_hash=config_hash,
        default_target=settings.default_target,
        schedule=settings.schedule,
        pipelines=settings.pipelines,
        sources=sources,
        publish=publish,
        targets=targets,
        environment=lookup.added(),
        monitor=monitor,
        alerts=alerts,
    )


def _without_nothing(data: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out sections that were begun and are still empty (`publish:`)."""
    return {key: value for key, value in data.items() if value is not None or key in ("name", "version")}


def _hash(data: Any) -> str:
    """Return the hash of the text's meaning: references stay as they are written, so a new password changes nothing."""
    text = json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()
