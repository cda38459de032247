"""A lake in a new place: every object copied and compared, paths rewritten, and the old lake closed for loads before the new one opens."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, cast
from uuid import NAMESPACE_URL, uuid5

from pyiceberg.exceptions import NamespaceAlreadyExistsError, TableAlreadyExistsError

from lakesmith.errors import CatalogBrokenError, FencedError, UsageError
from lakesmith.host import crash
from lakesmith.lake.catalogs.pointers import MOVED, MOVED_FILE, is_below, read_metadata
from lakesmith.lake.lake import Lake
from lakesmith.lake.metadata import Metadata
from lakesmith.lake.moving import repath
from lakesmith.lake.moving.closing import close_table
from lakesmith.lake.stores.store import Output, Store
from lakesmith.model.streams import StreamId

CHUNK = 4 << 20
THREADS = 4
LEFT_BEHIND = ("leases/", "collector/", "clock", MOVED_FILE)
COPIED, CLOSED, REWRITTEN, REGISTERED = (
    "lake.move.copied",
    "lake.move.closed",
    "lake.move.rewritten",
    "lake.move.registered",
)
CRASH_POINTS = (COPIED, CLOSED, REWRITTEN, REGISTERED)


class _Target(Store, Protocol):
    """A store that can write over what a killed attempt left."""

    def create(self, path: str, *, overwrite: bool = False) -> Output: ...


@dataclass(frozen=True, slots=True)
class Moved:
    """What a move did; `copied` and `copied_bytes` leave out what an attempt before had brought over already."""

    tables: int = 0
    rows: int = 0
    objects: int = 0
    copied: int = 0
    copied_bytes: int = 0

    def __add__(self, other: Moved) -> Moved:
        mine, theirs = (tuple(getattr(each, name) for name in self.__slots__) for each in (self, other))
        return Moved(*(a + b for a, b in zip(mine, theirs, strict=True)))


def move(source: Lake, target: Lake) -> Moved:
    """Copy a lake, compare every byte, close the old one for loads and register the tables in the new catalog. Safe to repeat after a kill.

    With the same place as source and target this settles a copied folder: paths that still name the original are rewritten in place, and
    the original, wherever it is, is not touched.

    Raises:
        UsageError: If there is nothing to move, or the new place lies inside the old one or holds other files.
        FencedError: If a load committed to the old lake meanwhile; repeating copies what is new.
        CatalogBrokenError: If something cannot be read, or the new catalog has other tables of the same names.
        StorageUnavailableError: If a store or a catalog cannot be reached.
    """
    here = source.root == target.root
    streams = source.streams()
    _refuse_nonsense(source, target, streams)
    moved = _copy_objects(
        source.services.store, _own_files(source), _Places(source.root, source.root, target.root), target
    )
    jobs = [_Job(source, target, stream, _find(source, stream)) for stream in streams]
    moved = sum((job.copy() for job in jobs), moved)
    crash.point(COPIED)
    if not here:
        said = json.dumps({"to": target.root}, sort_keys=True)
        source.services.store.write(f"{source.services.layout.own}/{MOVED_FILE}", said.encode())
        for job in jobs:
            close_table(source, job.stream, job.metadata(), target.root)
        crash.point(CLOSED)
        jobs = [replace(job, path=_find(source, job.stream)) for job in jobs]
    for job in jobs:
        moved += job.finish()
    return replace(moved, tables=len(jobs))


def _refuse_nonsense(source: Lake, target: Lake, streams: list[StreamId]) -> None:
    if not streams:
        raise UsageError(
            "There is no table in this lake, so there is nothing to move.",
            where=source.root,
            fix="load something first",
        )
    at_home = all(is_below(_find(source, stream), source.root) for stream in streams)
    if source.root == target.root and at_home:
        raise UsageError(
            "This lake is where its catalog says, so there is nothing to settle.",
            where=source.root,
            fix="name another place with `--to`",
        )
    if source.root != target.root and (is_below(target.root, source.root) or is_below(source.root, target.root)):
        raise UsageError("A lake cannot be moved into itself.", where=target.root, fix="name a place beside it")
    if source.root != target.root:
        _refuse_occupied(target, streams)


def _refuse_occupied(target: Lake, streams: list[StreamId]) -> None:
    layout = target.services.layout
    ours = (layout.own, layout.catalog, f"{target.root}/.clock", *(layout.table(stream) for stream in streams))
    theirs = next((one.path for one in target.services.store.list(target.root) if not one.path.startswith(ours)), None)
    if theirs is not None and not target.streams():
        raise UsageError(
            "The new place is not empty: there are files in it that are no part of a lake.",
            where=theirs,
            fix="name a folder or a prefix of its own for the lake",
        )


def _find(lake: Lake, stream: StreamId) -> str:
    found = lake.directory.find(stream)
    if found is None:
        raise CatalogBrokenError(
            f"The catalog does not name {stream} any more.", where=lake.directory.place, fix="repeat the move"
        )
    return found.removeprefix("file://")


def _own_files(source: Lake) -> Iterator[str]:
    own = source.services.layout.own
    for stored in source.services.store.list(own):
        if not stored.path.removeprefix(f"{own}/").startswith(LEFT_BEHIND):
            yield stored.path


@dataclass(frozen=True, slots=True)
class _Places:
    """Roots: the one that metadata names, the one where the objects really are (another in a copied folder), and the new one."""

    recorded: str
    actual: str
    new: str

    def actually(self, path: str) -> str:
        """Return where an object that metadata names can be read."""
        return self.actual + self._inside(path)

    def to(self, path: str) -> str:
        """Return where an object goes."""
        return self.new + self._inside(path)

    def rewritten(self, path: str) -> str:
        """Return where the rewritten copy of a metadata object goes: beside the original if that has the same place."""
        new = self.to(path)
        if new != self.actually(path):
            return new
        folder, _, name = new.rpartition("/")
        return f"{folder}/{uuid5(NAMESPACE_URL, f'{self.recorded} {self.new}').hex[:12]}-{name}"

    def metadata(self, path: str) -> str:
        """Return where the rewritten metadata file goes, by a name that counts on from the old one."""
        folder, _, name = self.to(path).rpartition("/")
        return f"{folder}/{name.partition('-')[0]}-{uuid5(NAMESPACE_URL, f'{path} {self.new}')}.metadata.json"

    def _inside(self, path: str) -> str:
        plain = path.removeprefix("file://")
        for root in (self.recorded, self.new):
            if plain.startswith(f"{root}/"):
                return plain.removeprefix(root)
        raise CatalogBrokenError(
            "A table names a file that lies outside the lake, and is not moved with it.",
            where=plain,
            fix="let the tool that wrote it there rewrite the table's files, then move the lake",
        )


@dataclass(frozen=True, slots=True)
class _Job:
    """One table on its way; `path` is its newest metadata file as the old catalog names it."""

    source: Lake
    target: Lake
    stream: StreamId
    path: str
    compared: set[str] = field(default_factory=set)
    """Data files that have been found equal."""

    @property
    def places(self) -> _Places:
        inside = self.source.services.layout.table(self.stream).removeprefix(self.source.root)
        recorded, found, _ = self.path.rpartition(f"{inside}/metadata/")
        if not found:
            raise CatalogBrokenError(
                f"The metadata of {self.stream} is not where Lakesmith keeps it.",
                where=self.path,
                fix="move the table by hand",
            )
        return _Places(recorded, self.source.root, self.target.root)

    def metadata(self) -> Metadata:
        """Return the table's metadata, read from where it really is."""
        found = read_metadata(self.source.services.store, self.places.actually(self.path))
        to = found.properties.get(MOVED)
        if to not in (None, self.target.root):
            raise UsageError(f"This lake has been moved to {to} already.", where=self.path, fix=f"write `lake: {to}`")
        return Metadata(self.path, found.raw)

    def copy(self) -> Moved:
        """Bring every data file over that has not been yet, and compare it."""
        manifests = self._manifests(self._lists(self.metadata()))
        named = [entry for manifest in manifests.values() for entry in repath.data_paths(manifest)]
        files = {path: (rows, size) for path, rows, size in named if path not in self.compared}
        moved = _copy_objects(self.source.services.store, files, self.places, self.target)
        for path, (rows, size) in files.items():
            self._check_file(self.places.to(path), rows, size)
        self.compared.update(files)
        return moved

    def finish(self) -> Moved:
        """Rewrite the metadata, compare it, and register the table."""
        moved = self.copy()  # what came between the first copy and the closing of the old table
        metadata = self.metadata()
        new_path = self._rewrite(metadata)
        self._check_rewritten(metadata, new_path)
        crash.point(REWRITTEN)
        register(self.target, self.stream, self.path, new_path)
        crash.point(REGISTERED)
        current = next(metadata.ancestors(), None)
        return replace(moved, rows=current.number("total-records") if current else 0)

    def _lists(self, metadata: Metadata) -> dict[str, repath.Rows]:
        paths = [snapshot["manifest-list"] for snapshot in metadata.raw.get("snapshots") or ()]
        return {path: self._read(path) for path in paths}

    def _manifests(self, lists: dict[str, repath.Rows]) -> dict[str, repath.Rows]:
        paths = {path for rows in lists.values() for path in repath.manifests_of(rows)}
        return {path: self._read(path) for path in sorted(paths)}

    def _read(self, path: str) -> repath.Rows:
        return repath.read_rows(self.source.services.store.read(self.places.actually(path)))

    def _rewrite(self, metadata: Metadata) -> str:
        store, places = self.target.services.store, self.places
        lists = self._lists(metadata)
        written: dict[str, tuple[str, int]] = {}
        for path, manifest in self._manifests(lists).items():
            content = repath.write_rows(repath.repath_manifest(manifest, places.to), "manifest_entry")
            written[path] = (places.rewritten(path), len(content))
            store.write(places.rewritten(path), content)
        for path, listing in lists.items():
            store.write(
                places.rewritten(path), repath.write_rows(repath.repath_list(listing, written), "manifest_file")
            )
        raw = repath.repath_metadata(metadata.raw, places.to, {path: places.rewritten(path) for path in lists})
        new_path = places.metadata(self.path)
        store.write(new_path, json.dumps(raw, separators=(",", ":")).encode())
        return new_path

    def _check_rewritten(self, metadata: Metadata, new_path: str) -> None:
        """What is named in the new place is what the old one named, record for record."""
        there = _Job(self.target, self.target, self.stream, new_path)
        for old, new in zip(
            metadata.raw.get("snapshots") or (), there.metadata().raw.get("snapshots") or (), strict=True
        ):
            before, after = self._entries(old["manifest-list"]), there._entries(new["manifest-list"])
            if before != after:
                raise _unequal(new["manifest-list"])

    def _entries(self, manifest_list: str) -> list[tuple[Any, ...]]:
        """Return all that a snapshot names, with paths below the lake's root."""
        listing = self._read(manifest_list)
        found: list[tuple[Any, ...]] = []
        length = listing.at(repath.MANIFEST_LENGTH)
        for record, path in zip(listing.records, repath.manifests_of(listing), strict=True):
            summary = [
                value for place, value in enumerate(map(record.__getitem__, range(len(record)))) if place != length
            ]
            manifest = repath.repath_manifest(self._read(path), self.places._inside)  # noqa: SLF001 - its own places
            found.append((summary[1:], manifest.records))
        return found

    def _check_file(self, path: str, rows: int, size: int) -> None:
        import pyarrow.parquet as pq

        store = self.target.services.store
        if store.size(path) != size:
            raise _unequal(path)
        with store.open(path) as file:
            if pq.read_metadata(file).num_rows != rows:
                raise _unequal(path)


def _copy_objects(store: Store, paths: Iterable[str], places: _Places, target: Lake) -> Moved:
    """Copy objects that are not there yet, a few at a time, and read each back."""
    there = cast("_Target", target.services.store)

    def bring(path: str) -> Moved:
        """Copy one object."""
        actual, new = places.actually(path), places.to(path)
        if actual == new:
            return Moved(objects=1)
        size = store.size(actual)
        if there.size(new) == size and _digest(there, new) == _digest(store, actual):
            return Moved(objects=1)
        digest = _copy(store, actual, there, new)
        if _digest(there, new) != digest:
            raise _unequal(new)
        return Moved(objects=1, copied=1, copied_bytes=size or 0)

    with ThreadPoolExecutor(THREADS, thread_name_prefix="lakesmith-move") as pool:
        return sum(pool.map(bring, paths), Moved())


def _copy(store: Store, path: str, there: _Target, new: str) -> str:
    digest = hashlib.sha256()
    out = there.create(new, overwrite=True)
    try:
        with store.open(path) as file:
            while chunk := file.read(CHUNK):
                digest.update(chunk)
                out.write(chunk)
        out.close()
    except BaseException:
        out.abandon()
        raise
    return digest.hexdigest()


def _digest(store: Store, path: str) -> str:
    digest = hashlib.sha256()
    with store.open(path) as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _unequal(path: str) -> CatalogBrokenError:
    return CatalogBrokenError(
        "An object of the new lake is not what the old lake has, so nothing was registered.",
        where=path,
        fix="see that nobody else writes into the new place, and repeat the move",
    )


def register(lake: Lake, stream: StreamId, old_path: str, new_path: str) -> None:
    """Make the catalog of a lake name a metadata file; done already is fine.

    Raises:
        CatalogBrokenError: If the catalog has another table of that name.
    """
    catalog = lake.open_catalog()
    known = lake.directory.find(stream)
    if known is not None and known.removeprefix("file://") == old_path and lake.address.catalog_kind == "sqlite":
        _repoint(lake, stream, old_path, new_path)
        return
    with suppress(NamespaceAlreadyExistsError):
        catalog.create_namespace_if_not_exists((stream.source,))
    try:
        catalog.register_table((stream.source, stream.name), new_path)
    except TableAlreadyExistsError:
        _check_same(lake, stream, new_path)


def _check_same(lake: Lake, stream: StreamId, new_path: str) -> None:
    store = lake.services.store
    there = lake.services.pointers.read(stream)
    if there is None or there.table_uuid != read_metadata(store, new_path).table_uuid:
        raise CatalogBrokenError(
            f"The catalog of the new place has another table {stream} already.",
            where=lake.directory.place,
            fix="give the new lake a catalog of its own, or a name in it: `?catalog=NAME`",
        )


def _repoint(lake: Lake, stream: StreamId, old_path: str, new_path: str) -> None:
    statement = (
        "UPDATE iceberg_tables SET metadata_location = ?, previous_metadata_location = NULL"
        " WHERE catalog_name = ? AND table_namespace = ? AND table_name = ? AND metadata_location IN (?, ?)"
    )
    values = (new_path, lake.address.catalog_name, stream.source, stream.name, old_path, f"file://{old_path}")
    with closing(sqlite3.connect(lake.directory.place, timeout=30)) as connection, connection:
        connection.execute("PRAGMA synchronous = FULL")
        if connection.execute(statement, values).rowcount != 1:
            raise FencedError(
                f"Somebody else changed {stream} meanwhile.", where=lake.directory.place, fix="repeat the move"
            )


__all__ = ["CRASH_POINTS", "Moved", "move"]
