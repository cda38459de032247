"""Whether anything changed that changes what dbt builds: one hash over the files of the dbt project."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from lakesmith.host.files import write_atomically

FILES = ("dbt_project.yml", "packages.yml", "dependencies.yml", "package-lock.yml", "selectors.yml", "profiles.yml")
FOLDERS = ("models", "macros", "tests", "seeds", "snapshots", "analyses", "functions")
INSTALLED = "dbt_packages"
_SKIPPED = frozenset({"target", "logs", "integration_tests", "__pycache__", "node_modules"})
_UNSURE_NS = 2_000_000_000  # a file this young when it was hashed may have changed again within its time stamp's grain


def fingerprint(root: Path, cache: Path, *, extra: Iterable[str] = ()) -> str:
    """Return a hash of everything under `root` that can change what dbt builds; artifacts and logs do not count.

    Contents are hashed, not times: a checkout that touches every file changes nothing. `cache` remembers the hash of each file by
    size and time, so that an unchanged project of 500 files takes milliseconds; it may be deleted.

    Args:
        root: The dbt project's folder.
        cache: A file that may be written.
        extra: What else matters: the target, variables, versions.
    """
    remembered = _Remembered(cache)
    digest = hashlib.sha256()
    for text in extra:
        digest.update(f"{text}\0".encode())
    for name, entry in _files(root, remembered.folders(root)):
        digest.update(f"{name}\0{remembered.hash_of(name, entry)}\n".encode())
    remembered.save()
    return digest.hexdigest()


def _files(root: Path, folders: Iterable[str]) -> Iterator[tuple[str, os.DirEntry[str] | Path]]:
    for name in FILES:
        if (root / name).is_file():
            yield name, root / name
    for folder in sorted({*folders, INSTALLED}):
        yield from _walk(root / folder, folder)


def _walk(folder: Path | str, name: str) -> Iterator[tuple[str, os.DirEntry[str]]]:
    try:
        with os.scandir(folder) as entries:
            found = sorted(entries, key=lambda entry: entry.name)
    except (FileNotFoundError, NotADirectoryError):
        return
    for entry in found:
        if entry.name.startswith(".") or entry.name in _SKIPPED:
            continue
        if entry.is_dir():
            yield from _walk(entry.path, f"{name}/{entry.name}")
        else:
            yield f"{name}/{entry.name}", entry


class _Remembered:
    """Hashes of files by size and time, and the project's folders by the hash of `dbt_project.yml`."""

    def __init__(self, cache: Path) -> None:
        self._cache = cache
        raw = _load(cache)
        self._written_ns = int(raw.get("written_ns", 0))
        self._known: dict[str, list[Any]] = raw.get("files", {})
        self._folders: dict[str, list[str]] = raw.get("folders", {})
        self._files: dict[str, list[Any]] = {}

    def hash_of(self, name: str, entry: os.DirEntry[str] | Path) -> str:
        """Return the hash of a file's content, reading it only if it may have changed."""
        status = entry.stat()
        known = self._known.get(name)
        sure = status.st_mtime_ns + _UNSURE_NS < self._written_ns
        if sure and known and known[:2] == [status.st_size, status.st_mtime_ns]:
            self._files[name] = known
        else:
            content = hashlib.sha256(Path(entry).read_bytes()).hexdigest()
            self._files[name] = [status.st_size, status.st_mtime_ns, content]
        return str(self._files[name][2])

    def folders(self, root: Path) -> list[str]:
        """Return the folders that `dbt_project.yml` names, or dbt's own defaults where it names none."""
        file = root / FILES[0]
        if not file.is_file():
            return list(FOLDERS)
        key = self.hash_of(FILES[0], file)
        if key not in self._folders:
            self._folders = {key: sorted({*FOLDERS, *_named_folders(file)})}
        return self._folders[key]

    def save(self) -> None:
        """Write the cache if anything in it changed."""
        if self._files == self._known:
            return
        state = {"written_ns": time.time_ns(), "files": self._files, "folders": self._folders}
        write_atomically(self._cache, json.dumps(state, separators=(",", ":")))


def _load(cache: Path) -> dict[str, Any]:
    try:
        raw = json.loads(cache.read_bytes())
    except (OSError, ValueError):
        return {}
    return raw if isinstance(raw, dict) else {}


def _named_folders(file: Path) -> list[str]:
    import yaml  # only when dbt_project.yml changed

    try:
        raw = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError):
        return []  # dbt says what is wrong with it
    settings = raw if isinstance(raw, dict) else {}
    values = [value for key, value in settings.items() if str(key).endswith("-paths") and isinstance(value, list)]
    return [str(folder).rstrip("/") for value in values for folder in value]
