"""Everything that a table still needs: what its snapshots name, on every branch, and what a catalog restored from yesterday would."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lakesmith.errors import CatalogBrokenError, StorageUnavailableError
from lakesmith.lake import iceberg
from lakesmith.lake.catalogs.pointers import read_metadata
from lakesmith.lake.metadata import Metadata
from lakesmith.lake.positions.checkpoints import CHECKPOINT, find_bearer, name_sidecars
from lakesmith.lake.positions.sidecars import read_outline
from lakesmith.lake.quarantine.claims import Claim, ClaimStore
from lakesmith.lake.services import Services
from lakesmith.lake.upkeep.leases import leased
from lakesmith.model.streams import StreamId

if TYPE_CHECKING:
    from pyiceberg.io import FileIO
    from pyiceberg.table.snapshots import Snapshot

RESTORABLE = 10
"""How many earlier versions of the metadata keep what they name, for a catalog that is restored from a few commits ago."""


@dataclass(slots=True)
class Reach:
    """What must stay, by `key`, with its path and its bytes where a list says them (else None).

    `in_force` is the ordinal of the checkpoint in force, 0 before the first load.
    """

    objects: dict[str, tuple[str, int | None]] = field(default_factory=dict)
    in_force: int = 0
    _read: set[str] = field(default_factory=set)

    def holds(self, path: str) -> bool:
        """Whether an object is needed."""
        return key(path) in self.objects

    def add(self, path: str, size_bytes: int | None = None) -> None:
        """Take note of an object that is needed."""
        self.objects[key(path)] = (path, size_bytes)

    def first_time(self, path: str) -> bool:
        """Whether a list has not been read before; it is from now on."""
        fresh = path not in self._read
        self._read.add(path)
        return fresh


def key(path: str) -> str:
    """Return what tells objects of one table apart however they are addressed: folder and name.

    Names hold random bits, so the rest of a path only says by which road it is reached: scheme, authority, link or moved root.

    Examples:
        >>> key("s3a://bucket/lake/app/orders/data/1-2-ab.parquet") == key("/mnt//lake/app/orders/data/1-2-ab.parquet")
        True
    """
    return "/".join([part for part in path.split("/") if part][-2:])


def find_reach(services: Services, stream: StreamId, metadata: Metadata) -> Reach:
    """Return everything a table needs.

    Raises:
        LakesmithError: If something that names other things cannot be read; then nobody knows what is needed.
    """
    reach = Reach()
    bearer = find_bearer(metadata) if metadata.main_id is not None else None  # a first generation may be in the making
    if bearer is not None:
        reach.in_force = read_outline(bearer.summary[CHECKPOINT]).ordinal
    for version in _versions(services, stream, metadata):
        _add_version(reach, services, stream, version)
    for path in _logged(metadata):
        reach.add(path)
    return reach


def find_content(services: Services, stream: StreamId, metadata: Metadata, snapshot_id: int) -> Reach:
    """Return what one snapshot names.

    Raises:
        StorageUnavailableError: If a list of files cannot be read.
    """
    reach = Reach()
    table = iceberg.load(services.catalog(), stream, metadata)
    for snapshot in table.metadata.snapshots:
        if snapshot.snapshot_id == snapshot_id:
            _add_snapshot(reach, table.io, snapshot)
    return reach


def _versions(services: Services, stream: StreamId, metadata: Metadata) -> Iterator[Metadata]:
    """Yield the metadata as it is, as it was a few commits ago, and those that have snapshots which attached views name."""
    yield metadata
    missing = _viewed(services, stream) - metadata.snapshots().keys()
    for number, path in enumerate(_logged(metadata)):
        if number >= RESTORABLE and not missing:
            return
        version = read_metadata(services.store, path)
        if number < RESTORABLE or missing & version.snapshots().keys():
            missing -= version.snapshots().keys()
            yield version
    if missing:
        raise CatalogBrokenError(
            f"Views are attached to a snapshot of {stream} that is no longer known, so its files cannot be told.",
            where=metadata.path,
            fix="run `lakesmith run`, which attaches the views anew; until then nothing of this table is deleted",
        )


def _viewed(services: Services, stream: StreamId) -> set[int]:
    """Return the snapshots that attached views name; expiry keeps them, but another tool's may not."""
    return set(leased(services, stream))


def _logged(metadata: Metadata) -> list[str]:
    """Return the earlier metadata files that the log names, newest first."""
    return [str(entry["metadata-file"]) for entry in reversed(metadata.raw.get("metadata-log") or ())]


def _add_version(reach: Reach, services: Services, stream: StreamId, version: Metadata) -> None:
    reach.add(version.path)
    for kind in ("statistics", "partition-statistics"):
        for entry in version.raw.get(kind) or ():
            reach.add(entry["statistics-path"])
    claims = ClaimStore(services.store, services.layout)
    for path in (*name_sidecars(version, services.sidecars), *claims.paths(version)):
        reach.add(path)
    for claim in (*_claims(version), *claims.carried(version)):
        for name in claim.files:
            reach.add(f"{services.layout.quarantine(stream)}/{name}")
    for table in _readable(version.path, lambda: [iceberg.load(services.catalog(), stream, version)]):
        for snapshot in table.metadata.snapshots:
            _add_snapshot(reach, table.io, snapshot)


def _claims(version: Metadata) -> Iterator[Claim]:
    """Yield what the snapshots kept claim, on `main` or not: what was rolled back may come again."""
    yield from filter(None, map(Claim.of, version.snapshots().values()))


def _add_snapshot(reach: Reach, files: FileIO, snapshot: Snapshot) -> None:
    if not reach.first_time(snapshot.manifest_list):
        return
    reach.add(snapshot.manifest_list)
    for manifest in _readable(snapshot.manifest_list, lambda: snapshot.manifests(files)):
        if reach.first_time(manifest.manifest_path):
            reach.add(manifest.manifest_path, manifest.manifest_length)
            for entry in _readable(manifest.manifest_path, lambda: manifest.fetch_manifest_entry(files)):  # noqa: B023 - called at once
                reach.add(entry.data_file.file_path, entry.data_file.file_size_in_bytes)


def _readable(path: str, read: Any) -> list[Any]:
    try:
        return list(read())
    except Exception as error:
        raise StorageUnavailableError(
            f"A list of a table's files cannot be read ({type(error).__name__}), so nobody knows what it names.",
            where=path,
            fix="restore the file from a backup, or roll the table back to a snapshot before it; nothing of this table is deleted",
        ) from error
