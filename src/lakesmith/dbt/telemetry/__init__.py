"""Models over the record of runs: silver views, gold facts and two marts, as files that a project takes in and may edit."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from lakesmith.dbt.scaffold import FileChange

HOME = Path(__file__).parent
_TOKEN = "SOURCE"  # noqa: S105 - what stands for the name of the source in the files here
_MARK = re.compile(r"^(?:--|#) Made by `lakesmith scaffold telemetry` \((?P<hash>[0-9a-f]{16})\)")
_PROMISE = "edit it and it is yours: it will not be written again"
_FOLDERS = {"silver": "models/silver/SOURCE", "gold": "models/gold/telemetry", "marts": "models/marts/telemetry"}


def plan_telemetry(source: str, existing: Mapping[str, str]) -> list[FileChange]:
    """Return what would be written for a source of `type: lakesmith`. Pure but for the files of this package.

    A file is written again only while it is as it was left; what a person edited stays.

    Args:
        source: The name of the source.
        existing: The files under `models/` and `tests/` of the project by path.
    """
    return [_change(path, content, existing, source) for path, content in _files(source)]


def tables() -> tuple[str, ...]:
    """Return the tables of the source that the models read."""
    declared: dict[str, Any] = yaml.safe_load(_text(HOME / "models" / "silver" / f"_{_TOKEN}_sources.yml"))
    return tuple(table["name"] for table in declared["sources"][0]["tables"])


def _files(source: str) -> Iterator[tuple[str, str]]:
    for layer, folder in _FOLDERS.items():
        for file in sorted((HOME / "models" / layer).iterdir()):
            yield f"{folder}/{file.name}".replace(_TOKEN, source), _text(file).replace(_TOKEN, source)
    for file in sorted((HOME / "tests").iterdir()):
        yield f"tests/{file.name}", _text(file).replace(_TOKEN, source)


def _text(file: Path) -> str:
    return file.read_text(encoding="utf-8")


def _change(path: str, body: str, existing: Mapping[str, str], source: str) -> FileChange:
    before = existing.get(path)
    content = f"{'--' if path.endswith('.sql') else '#'} Made by `lakesmith scaffold telemetry` ({_hash(body)}); {_PROMISE}.\n{body}"
    if before is None:
        if path.endswith("_sources.yml") and _declares(existing, source):
            return FileChange(path, "kept", note="these sources are declared elsewhere")
        return FileChange(path, "create", content)
    if not _is_own(before):
        return FileChange(path, "kept", note="a person wrote or edited this file")
    return FileChange(path, "unchanged" if before == content else "update", content)


def _is_own(text: str) -> bool:
    first, _, rest = text.replace("\r\n", "\n").partition("\n")
    mark = _MARK.match(first)
    return mark is not None and mark["hash"] == _hash(rest)


def _hash(body: str) -> str:
    return hashlib.sha256(body.encode()).hexdigest()[:16]


def _declares(existing: Mapping[str, str], source: str) -> bool:
    """Whether some file of the project declares the source."""
    for path, text in existing.items():
        if path.endswith((".yml", ".yaml")) and "sources:" in text:
            try:
                found = yaml.safe_load(text)
            except yaml.YAMLError:
                continue  # dbt says what is wrong with it
            listed = found.get("sources") if isinstance(found, dict) else None
            if any(isinstance(entry, dict) and entry.get("name") == source for entry in listed or ()):
                return True
    return False
