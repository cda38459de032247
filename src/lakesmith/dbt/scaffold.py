"""Sources and one staging model per stream from bronze's real schema; what a person edited stays theirs."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from lakesmith.dbt.existing import ExistingTable
from lakesmith.dbt.staging import ScaffoldTable
from lakesmith.host.files import write_atomically
from lakesmith.model.streams import StreamId

SOURCES = "models/sources.yml"
OWN_SOURCES = "models/_lakesmith_sources.yml"  # where a person's own sources.yml must not be touched
_MARK = re.compile(r"^(?:--|#) Made by `lakesmith scaffold` \((?P<hash>[0-9a-f]{16})\)")
_COLUMN = re.compile(r"^ +- name: ['\"]?(\w+)['\"]?$", re.MULTILINE)
_PROMISE = "edit it and it is yours: it will not be written again"


AnyTable = ScaffoldTable | ExistingTable


@dataclass(frozen=True, slots=True)
class FileChange:
    """One file of a scaffold; `path` is relative to the project.

    `action`: create, update, unchanged, or kept (a person's; left alone). `note` says why, for people.
    """

    path: str
    action: str
    content: str = ""
    note: str = ""


def read_models(root: Path) -> dict[str, str]:
    """Return the SQL and YAML files under `models/` by their path relative to `root`."""
    files = (file for file in sorted((root / "models").rglob("*")) if file.suffix in {".sql", ".yml", ".yaml"})
    return {file.relative_to(root).as_posix(): file.read_text(encoding="utf-8") for file in files}


def apply_scaffold(root: Path, changes: Iterable[FileChange]) -> int:
    """Write what a plan says under `root`, each file whole or not at all; return how many were written.

    Raises:
        StorageUnavailableError: If a file cannot be written.
    """
    wanted = [change for change in changes if change.action in {"create", "update"}]
    for change in wanted:
        write_atomically(root / change.path, change.content)
    return len(wanted)


def plan_scaffold(
    tables: Sequence[AnyTable], existing: Mapping[str, str], *, only: Collection[StreamId] | None = None
) -> list[FileChange]:
    """Return what would be written for some streams and tables of others, given the files under `models/` by path. Pure.

    A file is written again only while it is as the scaffold left it: its first line bears the hash of the rest.

    Args:
        tables: The streams; all are declared as sources.
        existing: The files under `models/` by path.
        only: The streams whose models are meant; None: all.
    """
    ordered = sorted(tables, key=lambda table: table.id)
    theirs = {path: text for path, text in existing.items() if not is_own(text)}
    written = {Path(path).stem: path for path in theirs if path.endswith(".sql")}
    described = _names_in(theirs, "models")
    changes = [_sources(ordered, existing, theirs)]
    for table in (one for one in ordered if only is None or one.id in only):
        if table.model in written:
            changes.append(_left_alone(written[table.model], "a person wrote or edited this model"))
            continue
        changes.append(_change(f"{_folder(table)}/{table.model}.sql", _marked("--", table.sql()), existing))
        if table.model in described:
            changes.append(_left_alone(described[table.model], "a person describes this model here"))
        else:
            text = _dump({"version": 2, "models": [table.description()]})
            changes.append(_change(f"{_folder(table)}/{table.model}.yml", _marked("#", text), existing))
    return changes


def outdated(tables: Iterable[ScaffoldTable], existing: Mapping[str, str]) -> tuple[StreamId, ...]:
    """Return the streams of which the scaffold's own files describe a column that bronze has no more: it was renamed."""
    return tuple(table.spec.id for table in tables if _is_outdated(table, existing))


def _is_outdated(table: ScaffoldTable, existing: Mapping[str, str]) -> bool:
    text = existing.get(f"{_folder(table)}/{table.model}.yml", "")
    names = _COLUMN.findall(text)
    return is_own(text) and any(not name.startswith("_ls_") and table.schema.find(name) is None for name in names)


def _folder(table: AnyTable) -> str:
    return f"models/silver/{table.id.source}"


def is_own(text: str) -> bool:
    """Say whether the scaffold wrote this text and nobody changed it since."""
    first, _, rest = text.replace("\r\n", "\n").partition("\n")
    mark = _MARK.match(first)
    return mark is not None and mark["hash"] == _hash(rest)


def _sources(tables: Sequence[AnyTable], existing: Mapping[str, str], theirs: Mapping[str, str]) -> FileChange:
    """Declare the streams that no person declared."""
    path = OWN_SOURCES if SOURCES in theirs else SOURCES
    declared = {name for text in theirs.values() for name in _declared(text)}
    left = [table for table in tables if str(table.id) not in declared]
    if not left and path not in existing:
        return _left_alone(SOURCES, "a person declares these sources")
    by_source: dict[str, list[Any]] = {}
    for table in left:
        by_source.setdefault(table.id.source, []).append(table)
    text = _dump({"version": 2, "sources": [own[0].source_entry(name, own) for name, own in by_source.items()]})
    return _change(path, _marked("#", text), existing)


def _change(path: str, content: str, existing: Mapping[str, str]) -> FileChange:
    before = existing.get(path)
    if before is None:
        return FileChange(path, "create", content)
    if not is_own(before):
        return _left_alone(path, "a person edited this file")
    return FileChange(path, "unchanged" if before == content else "update", content)


def _left_alone(path: str, note: str) -> FileChange:
    return FileChange(path, "kept", note=note)


def _marked(comment: str, body: str) -> str:
    return f"{comment} Made by `lakesmith scaffold` ({_hash(body)}); {_PROMISE}.\n{body}"


def _hash(body: str) -> str:
    return hashlib.sha256(body.encode()).hexdigest()[:16]


def _dump(value: object) -> str:
    return str(yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=120))


def _entries(text: str, key: str) -> list[Mapping[str, object]]:
    try:
        raw = yaml.safe_load(text)
    except yaml.YAMLError:
        return []  # dbt says what is wrong with it
    found = raw.get(key) if isinstance(raw, dict) else None
    return [entry for entry in found or [] if isinstance(entry, dict)] if isinstance(found, list) else []


def _declared(text: str) -> list[str]:
    """The source tables a person's YAML declares, as `source.table`; nothing for SQL."""
    if "sources:" not in text:
        return []
    pairs = [(entry.get("name"), entry.get("tables")) for entry in _entries(text, "sources")]
    return [
        f"{source}.{table['name']}"
        for source, tables in pairs
        if isinstance(tables, list)
        for table in tables
        if isinstance(table, dict) and "name" in table
    ]


def _names_in(files: Mapping[str, str], key: str) -> dict[str, str]:
    yamls = {path: text for path, text in files.items() if not path.endswith(".sql") and f"{key}:" in text}
    return {str(entry.get("name")): path for path, text in yamls.items() for entry in _entries(text, key)}
