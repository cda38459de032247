"""Tables with many small files, files that are old, and what a table needs as another library reads it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import polars as pl
from lake_loading import STREAM, open_batch, open_lake, read_back

from lakesmith.lake.upkeep.collect import Swept, collect
from lakesmith.lake.upkeep.planning import Rules

DAY_S = 86_400
EAGER = Rules(due_files=4)


def load(table: Any, *numbers: int, **given: Any) -> None:
    """Load batches, each in two files' worth of rows and with two rejects."""
    for number in numbers:
        open_batch(table, number, **given).commit()


def grow_older(root: Path | str, days: float, *, part: str = "") -> None:
    """Make every file below a folder whose path holds `part` so much older."""
    for path in Path(root).rglob("*"):
        if path.is_file() and part in str(path) and path.name != "catalog.db":
            found = path.stat()
            os.utime(path, ns=(found.st_atime_ns, found.st_mtime_ns - int(days * DAY_S * 1e9)))


def sweep(lake: Any, *, delete: bool = True) -> list[Swept]:
    """Run the collector over all tables."""
    return collect(lake.table(STREAM).services, lake.streams(), delete=delete)


def sweep_twice(lake: Any) -> list[Swept]:
    """Run the collector now and a day later."""
    sweep(lake)
    grow_older(lake.root, 1.01)
    return sweep(lake)


def files_below(root: Path | str) -> set[str]:
    """Return every file, by path below the folder."""
    return {str(path.relative_to(root)) for path in Path(root).rglob("*") if path.is_file()}


def needed_files(lake: Any) -> set[str]:
    """Return what all kept snapshots name, read with Polars and nothing of ours."""
    table = lake.open_catalog().load_table((STREAM.source, STREAM.name))
    found = {table.metadata_location}
    for snapshot in table.metadata.snapshots:
        found.add(snapshot.manifest_list)
        for manifest in _records(snapshot.manifest_list):
            found.add(manifest["manifest_path"])
            entries = _records(manifest["manifest_path"])
            found |= {entry["data_file"]["file_path"] for entry in entries if entry["status"] != 2}
    return {path.removeprefix("file://") for path in found}


def live_entries(lake: Any) -> list[dict[str, Any]]:
    """Return the manifest entries of the current snapshot, read with Polars."""
    snapshot = lake.open_catalog().load_table((STREAM.source, STREAM.name)).current_snapshot()
    manifests = [manifest["manifest_path"] for manifest in _records(snapshot.manifest_list)]
    return [entry for path in manifests for entry in _records(path) if entry["status"] != 2]


def _records(path: str) -> list[dict[str, Any]]:
    return pl.read_avro(path.removeprefix("file://")).to_dicts()


def rows_of(root: Path) -> list[dict[str, Any]]:
    return read_back(open_lake(root))
