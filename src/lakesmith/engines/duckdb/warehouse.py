"""The swap: tested relations become what readers open, all together."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING

from lakesmith.engines.duckdb import manifest as manifests
from lakesmith.engines.duckdb import spelling as sql
from lakesmith.engines.duckdb.connect import connected
from lakesmith.engines.duckdb.export import export
from lakesmith.engines.duckdb.manifest import Entry, Manifest
from lakesmith.engines.duckdb.options import DuckDBOptions
from lakesmith.errors import ConfigError
from lakesmith.host import crash
from lakesmith.host.clock import Clock
from lakesmith.host.files import fsync_file
from lakesmith.host.ids import Ids
from lakesmith.model.plans import Dataset

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True, slots=True)
class Warehouse:
    """The folder that readers open, for one target."""

    folder: Path
    target: str
    options: DuckDBOptions

    def manifest(self) -> Manifest | None:
        """Return what readers can open; finishes a swap that was cut off after its commit."""
        manifest = manifests.read(self.folder)
        if manifest is not None:
            manifests.settle(self.folder, manifest)
        return manifest

    def absolute(self, dataset: Dataset) -> Dataset:
        """Return the data set with absolute paths."""
        return replace(dataset, files=tuple(str(self.folder / file) for file in dataset.files))

    def begin(self, clock: Clock, ids: Ids) -> tuple[Manifest | None, Manifest]:
        """Return the manifest in force, and an empty one with a new version.

        Raises:
            ConfigError: If another target publishes into this folder.
        """
        previous = self.manifest()
        if previous is not None and previous.target != self.target:
            raise ConfigError(
                f"This warehouse belongs to the target {previous.target!r}; {self.target!r} would take away what its readers see.",
                where=str(self.folder),
                fix="give each target its own warehouse folder",
            )
        now = clock.now().astimezone(UTC)
        return previous, Manifest(self.target, f"{now:%Y%m%dT%H%M%SZ}-{ids.ticket()}", f"{now:%Y-%m-%dT%H:%M:%SZ}")

    def export(self, build: duckdb.DuckDBPyConnection, datasets: Iterable[Dataset], new: Manifest) -> tuple[Entry, ...]:
        """Write a new version of every data set; readers do not see it yet. Errors as in `export.export`."""
        entries = []
        for dataset in datasets:
            file = manifests.version_path(dataset.schema, dataset.name, new.version)
            rows, columns = export(build, (dataset.schema, dataset.name), self.folder / file)
            told = replace(dataset, files=(file,), rows=rows, built_at=dataset.built_at or new.built_at)
            entries.append(Entry(told, columns))
            crash.point("swap.exported-one")
        return tuple(entries)

    def commit(self, previous: Manifest | None, new: Manifest) -> None:
        """Put `new` in force: views aside, manifest (the commit), views into place; then old versions go."""
        self._build_views(new)
        crash.point("swap.views-built")
        manifests.write(self.folder, new)
        crash.point("swap.committed")
        manifests.settle(self.folder, new)
        crash.point("swap.settled")
        manifests.collect(self.folder, new, previous)

    def _build_views(self, new: Manifest) -> None:
        path = manifests.next_file(self.folder, self.target, new.version)
        with connected(path, self.options) as connection:
            create_views(connection, self.folder, new.entries)
        fsync_file(path)


def create_views(connection: duckdb.DuckDBPyConnection, folder: Path, entries: Iterable[Entry]) -> None:
    """Make one view per data set, over its files below `folder`, with its description as the comment."""
    for dataset in (entry.dataset for entry in entries):
        relation = f"{sql.name(dataset.schema)}.{sql.name(dataset.name)}"
        files = sql.paths(str(folder.absolute() / file) for file in dataset.files)
        connection.execute(f"CREATE SCHEMA IF NOT EXISTS {sql.name(dataset.schema)}")
        connection.execute(f"CREATE VIEW {relation} AS SELECT * FROM read_parquet({files})")  # noqa: S608 - every part is quoted by `spelling`
        if dataset.description:
            connection.execute(f"COMMENT ON VIEW {relation} IS {sql.text(dataset.description)}")


def merged(
    folder: Path, previous: Manifest | None, exported: Sequence[Entry], keep: Collection[str] | None
) -> tuple[Entry, ...]:
    """Return what readers get next, by relation: the new versions, and of what they have those that stay.

    Args:
        folder: The warehouse.
        previous: The manifest in force.
        exported: The new versions.
        keep: Relations that stay though they have no new version; None: all.
    """
    entries = {
        entry.dataset.relation: entry for entry in (previous.entries if previous else ()) if _stays(folder, entry, keep)
    }
    entries |= {entry.dataset.relation: entry for entry in exported}
    return tuple(entries[relation] for relation in sorted(entries))


def _stays(folder: Path, entry: Entry, keep: Collection[str] | None) -> bool:
    named = keep is None or entry.dataset.relation in keep
    return named and all(
        (folder / file).exists() for file in entry.dataset.files
    )  # a view on a missing file cannot be made
