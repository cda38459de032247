"""What a table holds, read from its bytes without the code under test: JSON, Avro by our own reader, Parquet by pyarrow and field ids."""

from __future__ import annotations

import hashlib
import json
import zlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from lakesmith.testing.torture.avro import read_avro
from lakesmith.testing.torture.columns import read_rows, schema_of
from lakesmith.testing.torture.records import line_of_row

CHECKPOINT = "lakesmith.checkpoint"
DELETED = 2
ITEM = "file://"


class UnreadableError(Exception):
    """A table cannot be read."""


@dataclass(frozen=True, slots=True)
class Contents:
    """One snapshot as a reader finds it: rows by sequence number (a number that occurs twice has two ids), and by id."""

    rows: tuple[tuple[int, int], ...]
    """Pairs of `_ls_seq` and `id`; of rows that are no deletion."""
    marks: tuple[tuple[int, int, int | None], ...] = ()
    """Of all rows `_ls_seq`, key, and `id`, which is None where the key was deleted."""
    lines: tuple[tuple[int, str], ...] = ()
    """Of rows that are no deletion `id`, and all values as text."""

    @property
    def current(self) -> Counter[int]:
        """Return the ids of the newest row of each key."""
        newest = {key: id_ for _seq, key, id_ in sorted(self.marks, key=lambda mark: mark[0])}
        return Counter(id_ for id_ in newest.values() if id_ is not None)

    @property
    def ids(self) -> Counter[int]:
        """Return how often each id occurs."""
        return Counter(row[1] for row in self.rows)


@dataclass(frozen=True, slots=True)
class _Seen:
    """A row: its number, its key, its id (None where the key was deleted), and all its values as text."""

    seq: int
    key: int
    id: int | None
    line: str


@dataclass(slots=True)
class Oracle:
    """Reads tables through `fetch`, which returns the content of a path or raises KeyError; remembers what it has read."""

    fetch: Callable[[str], bytes]
    folder: str
    _manifests: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    _rows: dict[tuple[str, int], tuple[_Seen, ...]] = field(default_factory=dict)
    """By path and schema."""
    _needs: dict[str, frozenset[str]] = field(default_factory=dict)

    def metadata(self, path: str) -> dict[str, Any]:
        """Return a metadata file."""
        found: dict[str, Any] = json.loads(self._get(path))
        return found

    def contents(self, metadata: dict[str, Any], snapshot_id: int | None) -> Contents:
        """Return the rows of a snapshot."""
        if snapshot_id is None:
            return Contents(())
        schema = schema_of(metadata)
        seen = [
            one for path in sorted(self.files(snapshot_of(metadata, snapshot_id))) for one in self._read(path, schema)
        ]
        marks = [(one.seq, one.key, one.id) for one in seen]
        there = [(one.seq, one.id, one.line) for one in seen if one.id is not None]
        return Contents(
            tuple((seq, id_) for seq, id_, _line in there),
            tuple(marks),
            tuple((id_, line) for _seq, id_, line in there),
        )

    def records(self, metadata: dict[str, Any], snapshot_id: int | None) -> list[dict[str, Any]]:
        """Return the rows of a snapshot with all their columns, found by their field ids, under the names they have in the table."""
        if snapshot_id is None:
            return []
        paths, schema = sorted(self.files(snapshot_of(metadata, snapshot_id))), schema_of(metadata)
        return [row for path in paths for row in read_rows(self._get(path), schema)]

    def files(self, snapshot: dict[str, Any]) -> set[str]:
        """Return the data files of a snapshot."""
        return {
            _plain(entry["data_file"]["file_path"])
            for manifest in self._avro(snapshot["manifest-list"])
            for entry in self._avro(manifest["manifest_path"])
            if entry["status"] != DELETED
        }

    def needs(self, metadata: dict[str, Any]) -> frozenset[str]:
        """Return every object that a retained snapshot names: manifest lists, manifests, data files, sidecars."""
        return frozenset().union(*(self._needs_of(snapshot) for snapshot in metadata.get("snapshots") or ()))

    def _needs_of(self, snapshot: dict[str, Any]) -> frozenset[str]:
        path = snapshot["manifest-list"]
        if path not in self._needs:
            manifests = {_plain(manifest["manifest_path"]) for manifest in self._avro(path)}
            said = json.loads(snapshot.get("summary", {}).get(CHECKPOINT) or "{}")
            named = [one["sidecar"] for one in (said, said.get("base") or {}) if "sidecar" in one]
            sidecars = [f"{self.folder}/{name}" for name in named]
            self._needs[path] = frozenset({_plain(path), *manifests, *self.files(snapshot), *sidecars})
        return self._needs[path]

    def position(self, metadata: dict[str, Any]) -> bytes | None:
        """Return the position of the nearest ancestor of the head of main that bears a checkpoint; None without snapshots."""
        for snapshot in ancestors(metadata, head(metadata)):
            text = (snapshot.get("summary") or {}).get(CHECKPOINT)
            if text is not None:
                return self._position(json.loads(text))
        return None

    def _position(self, said: dict[str, Any]) -> bytes:
        if "sidecar" not in said:
            return str(said["position"]).encode()
        raw = self._sidecar(said)
        if "base" not in said:
            return str(raw["position"]).encode()
        whole = json.loads(self._sidecar(said["base"])["position"])
        return json.dumps(_patched(whole, raw["position"]), sort_keys=True, separators=(",", ":")).encode()

    def _sidecar(self, said: dict[str, Any]) -> dict[str, Any]:
        packed = self._get(f"{self.folder}/{said['sidecar']}")
        if hashlib.sha256(packed).hexdigest() != said.get("sha256"):
            raise UnreadableError(f"the sidecar {said['sidecar']} has another hash than the snapshot says")
        found: dict[str, Any] = json.loads(zlib.decompress(packed, 31))
        return found

    def _read(self, path: str, schema: dict[str, Any]) -> tuple[_Seen, ...]:
        content, known = self._get(path), (path, schema["schema-id"])
        if known not in self._rows:
            self._rows[known] = tuple(map(_seen, read_rows(content, schema)))
        return self._rows[known]

    def _avro(self, path: str) -> list[dict[str, Any]]:
        content = self._get(path)
        if path not in self._manifests:
            self._manifests[path] = read_avro(content)
        return self._manifests[path]

    def _get(self, path: str) -> bytes:
        try:
            return self.fetch(_plain(path))
        except KeyError:
            raise UnreadableError(f"{path.rsplit('/', 1)[-1]} is not there") from None


def _seen(row: dict[str, Any]) -> _Seen:
    key = row["id"] if row.get("key") is None else row["key"]
    if row.get("_ls_op") == "d":
        return _Seen(row["_ls_seq"], key, None, "")
    return _Seen(row["_ls_seq"], key, row["id"], line_of_row(row))


def _patched(whole: dict[str, Any], delta: dict[str, Any]) -> dict[str, Any]:
    """Return an object with what a delta adds (`+`), removes (`-`) and changes inside (`~`)."""
    inside = {key: _patched(whole[key], part) for key, part in delta.get("~", {}).items()}
    kept = {key: value for key, value in whole.items() if key not in delta.get("-", ())}
    return {**kept, **delta.get("+", {}), **inside}


def head(metadata: dict[str, Any]) -> int | None:
    """Return the snapshot that readers see."""
    found = (metadata.get("refs") or {}).get("main")
    return None if found is None else int(found["snapshot-id"])


def snapshot_of(metadata: dict[str, Any], snapshot_id: int) -> dict[str, Any]:
    """Return a snapshot.

    Raises:
        UnreadableError: If the metadata has none of that id.
    """
    for snapshot in metadata.get("snapshots") or ():
        if snapshot["snapshot-id"] == snapshot_id:
            return dict(snapshot)
    raise UnreadableError(f"snapshot {snapshot_id} is named and not there")


def ancestors(metadata: dict[str, Any], start: int | None) -> list[dict[str, Any]]:
    """Return a snapshot and those it was built on, newest first, as far as they are kept."""
    known = {snapshot["snapshot-id"]: snapshot for snapshot in metadata.get("snapshots") or ()}
    found = []
    while start is not None and start in known:
        found.append(known[start])
        start = known[start].get("parent-snapshot-id")
    return found


def clock_faults(metadata: dict[str, Any]) -> list[str]:
    """Return what is wrong with the order of times in a table's metadata."""
    last = metadata["last-updated-ms"]
    logs = {
        "the snapshot log": [entry["timestamp-ms"] for entry in metadata.get("snapshot-log") or ()],
        "the metadata log": [entry["timestamp-ms"] for entry in metadata.get("metadata-log") or ()],
    }
    faults = [f"{name} goes back" for name, times in logs.items() if times != sorted(times)]
    faults += [f"{name} is ahead of last-updated-ms" for name, times in logs.items() if times and times[-1] > last]
    times = {snapshot["snapshot-id"]: snapshot["timestamp-ms"] for snapshot in metadata.get("snapshots") or ()}
    faults += [
        f"snapshot {snapshot['snapshot-id']} is older than its parent"
        for snapshot in metadata.get("snapshots") or ()
        if times.get(snapshot.get("parent-snapshot-id"), 0) > snapshot["timestamp-ms"]
    ]
    return faults


def _plain(path: str) -> str:
    return path.removeprefix(ITEM)
