"""Streams that a source found by itself (`include: "*"`): kept in `.lakesmith/found/`, so that a project is known without asking servers.

What a person writes about a stream of the same name wins. A table that was found stays a stream until the patterns change: that it is
gone is something to be told, not something to be forgotten.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from lakesmith.host.files import storage_errors, write_atomically
from lakesmith.model.streams import Discovery
from lakesmith.project.documents import Document
from lakesmith.project.faults import Place
from lakesmith.project.paths import ProjectPaths

PATTERNS = ("include", "exclude", "schema")
"""The options of a source that decide what it finds."""

RANK = 600_000


def merge_found(main: Document, root: Path, besides: Mapping[str, Mapping[str, Any]] | None = None) -> None:
    """Add what was found to the streams of a project, where its source still includes tables by the same patterns.

    Args:
        main: The project file.
        root: The project folder.
        besides: What was found and is not kept, by source and stream; None: nothing.
    """
    sources = main.data.get("sources")
    for name, source in sources.items() if isinstance(sources, dict) else ():
        if isinstance(source, dict) and source.get("include"):
            _merge(main, ("sources", name), source, _read(root, name, source) | dict((besides or {}).get(name, {})))


def keep_found(root: Path, name: str, source: Mapping[str, Any], found: Iterable[Discovery]) -> tuple[str, ...]:
    """Write down what a source found besides what is known already; return the names that are new.

    Args:
        root: The project folder.
        name: The source.
        source: What the project file says of it.
        found: What it takes in now.

    Raises:
        StorageUnavailableError: If the file cannot be written.
    """
    known = _read(root, name, source)
    new = {one.name: dict(one.said) for one in found if one.name not in known}
    if new:
        told = {"patterns": _patterns(source), "streams": known | new}
        write_atomically(_file(root, name), json.dumps(told, indent=1, sort_keys=True, ensure_ascii=False) + "\n")
    return tuple(new)


def _file(root: Path, name: str) -> Path:
    return ProjectPaths(root).state / "found" / f"{name}.json"


def _patterns(source: Mapping[str, Any]) -> dict[str, Any]:
    return {key: source[key] for key in PATTERNS if key in source}


def _read(root: Path, name: str, source: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was found by the patterns of today; a file that cannot be understood is as good as none: it is made again."""
    path = _file(root, name)
    with storage_errors(path):
        text = path.read_text("utf-8") if path.is_file() else ""
    try:
        told = json.loads(text or "{}")
    except ValueError:
        return {}
    same = isinstance(told, dict) and told.get("patterns") == _patterns(source)
    streams = told.get("streams") if same else None
    if not isinstance(streams, dict) or not all(isinstance(said, dict) for said in streams.values()):
        return {}
    return streams


def _literal(said: Any) -> Any:
    """Return what a stream says so that nothing in it is a reference: the names of tables are their owners' to choose."""
    if isinstance(said, Mapping):
        return {key: _literal(value) for key, value in said.items()}
    if isinstance(said, list | tuple):
        return [_literal(value) for value in said]
    return said.replace("${", "$${") if isinstance(said, str) else said


def _merge(main: Document, path: tuple[str, str], source: dict[str, Any], found: Mapping[str, Any]) -> None:
    streams, origin = source.get("streams") or {}, Place(RANK, f".lakesmith/found/{path[1]}.json", 1)
    if isinstance(streams, list):
        if not all(isinstance(item, str) for item in streams) or len(set(streams)) < len(streams):
            return  # a fault that is told elsewhere
        for index, item in enumerate(streams):
            main.keys[*path, "streams", item] = main.place((*path, "streams", index))
        streams = dict.fromkeys(streams)
    if not isinstance(streams, dict):
        return
    for name, said in found.items():
        if name not in streams:
            streams[name] = _literal(said)
            main.keys[*path, "streams", name] = origin
    source["streams"] = streams
