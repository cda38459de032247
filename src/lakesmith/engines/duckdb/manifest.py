"""The warehouse's list of contents: `manifest.json`. Its rename is the moment at which readers get a new set."""

from __future__ import annotations

import contextlib
import glob
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lakesmith.errors import ConfigError
from lakesmith.host.files import fsync_folder, storage_errors, write_atomically
from lakesmith.model.plans import Dataset

NAME = "manifest.json"
FORMAT = 1
_UNSAFE = re.compile(r'[/\\:*?"<>|%\x00-\x1f]|^\.')
_VERSION_FILE = re.compile(r"^\d{8}T\d{6}Z-[0-9a-f]{16}\.parquet$")


@dataclass(frozen=True, slots=True)
class Entry:
    """One data set with files relative to the warehouse, and its columns as (name, DuckDB type)."""

    dataset: Dataset
    columns: tuple[tuple[str, str], ...]

    def encode(self) -> dict[str, Any]:
        """Return the entry as it stands in the manifest."""
        told = self.dataset
        return {
            "schema": told.schema,
            "name": told.name,
            "files": list(told.files),
            "rows": told.rows,
            "columns": [{"name": name, "type": kind} for name, kind in self.columns],
            "tags": list(told.tags),
            "description": told.description,
            "built_at": told.built_at,
        }

    @classmethod
    def decode(cls, raw: Mapping[str, Any]) -> Entry:
        """Return the entry that `encode` wrote."""
        dataset = Dataset(
            name=raw["name"],
            schema=raw["schema"],
            files=tuple(raw["files"]),
            rows=raw["rows"],
            tags=tuple(raw["tags"]),
            description=raw["description"],
            built_at=raw["built_at"],
        )
        return cls(dataset, tuple((column["name"], column["type"]) for column in raw["columns"]))


@dataclass(frozen=True, slots=True)
class Manifest:
    """What readers can open since one swap. `version` is the ticket of that swap, `inputs` what the caller wants to find again."""

    target: str
    version: str
    built_at: str
    entries: tuple[Entry, ...] = ()
    inputs: Mapping[str, Any] = field(default_factory=dict)

    @property
    def files(self) -> set[str]:
        """All files, relative to the warehouse."""
        return {file for entry in self.entries for file in entry.dataset.files}

    def encode(self) -> dict[str, Any]:
        """Return the manifest as plain values."""
        return {
            "format": FORMAT,
            "target": self.target,
            "version": self.version,
            "built_at": self.built_at,
            "inputs": dict(self.inputs),
            "datasets": [entry.encode() for entry in self.entries],
        }

    @classmethod
    def decode(cls, raw: Mapping[str, Any]) -> Manifest:
        """Return the manifest that `encode` wrote.

        Raises:
            ValueError: If it has another format.
        """
        if raw["format"] != FORMAT:
            raise ValueError(raw["format"])
        entries = tuple(Entry.decode(entry) for entry in raw["datasets"])
        return cls(raw["target"], raw["version"], raw["built_at"], entries, raw["inputs"])


def read(warehouse: Path) -> Manifest | None:
    """Return what readers can open; None if nothing was ever swapped in.

    Raises:
        ConfigError: If the file is not a manifest of this format.
    """
    path = warehouse / NAME
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        return Manifest.decode(raw)
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError) as error:
        raise ConfigError(
            "The warehouse's list of contents cannot be read.",
            where=str(path),
            fix="remove that file and run again: everything in the warehouse can be built from bronze",
        ) from error


def write(warehouse: Path, manifest: Manifest) -> None:
    """Put `manifest` in force; errors as in `write_atomically`."""
    write_atomically(warehouse / NAME, json.dumps(manifest.encode(), indent=1, ensure_ascii=False) + "\n")


def version_path(schema: str, name: str, version: str) -> str:
    """Return where a version of a relation is kept, relative to the warehouse.

    Examples:
        >>> version_path("marts", "mart_a/b", "v1")
        'marts/mart_a%2Fb/v1.parquet'
    """
    folders = (_UNSAFE.sub(lambda found: f"%{ord(found[0]):02X}", part) for part in (schema, name))
    return f"{'/'.join(folders)}/{version}.parquet"


def next_file(warehouse: Path, target: str, version: str) -> Path:
    """Return the file of views that one swap builds aside."""
    return warehouse / f".{target}.{version}.duckdb"


def settle(warehouse: Path, manifest: Manifest) -> None:
    """Move the views of the manifest in force into place, if the swap that wrote it was cut off before it could.

    Where the file cannot be replaced (a reader has it open on Windows, a read-only mount) this waits for the next call.
    """
    following = next_file(warehouse, manifest.target, manifest.version)
    with contextlib.suppress(OSError):
        following.replace(warehouse / f"{manifest.target}.duckdb")
        fsync_folder(warehouse)


def collect(warehouse: Path, manifest: Manifest, previous: Manifest | None) -> None:
    """Remove versions that neither manifest names, and views left over by swaps that were cut off.

    Only files with names as this room makes them are touched; one that the system does not let go stays for the next time.
    """
    keep = manifest.files | (previous.files if previous else set())
    with storage_errors(warehouse):
        stale = [path for path in warehouse.glob("*/*/*.parquet") if _VERSION_FILE.match(path.name)]
        stale = [path for path in stale if path.relative_to(warehouse).as_posix() not in keep]
    for path in stale:
        with contextlib.suppress(OSError):
            path.unlink()
            path.parent.rmdir()  # refused, as wanted, while anything else is in it
    following = next_file(warehouse, manifest.target, manifest.version)
    for path in warehouse.glob(f".{glob.escape(manifest.target)}.*.duckdb*"):
        if path != following:
            with contextlib.suppress(OSError):
                path.unlink()
