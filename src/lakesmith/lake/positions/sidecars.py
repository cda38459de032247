"""Checkpoints too large for a snapshot summary: objects named by their hash, a base and what changed since.

A large checkpoint is at most two objects, so that reading stays two requests however many commits came after the base: the base holds
a checkpoint whole, a delta the difference between that base and one later checkpoint. The summary names both with their hashes.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import threading
import zlib
from dataclasses import dataclass, field, replace
from typing import Any

from lakesmith.errors import CatalogBrokenError
from lakesmith.host import crash
from lakesmith.lake import points
from lakesmith.lake.positions.deltas import apply, canonical, diff
from lakesmith.lake.stores.store import Store
from lakesmith.model.loads import Checkpoint

INLINE_BYTES = 4096
COMMITS_PER_BASE = 100
COMPRESSION_LEVEL = 1
SIDECAR = "sidecar"
KNOWN_PATH = re.compile(r"[0-9a-f-]{1,64}/[0-9]+-[0-9a-f]{64}\.json\.gz")


@dataclass(frozen=True, slots=True)
class Named:
    """An object as a summary names it: its path below the lake's own folder, the SHA-256 and the length of its bytes."""

    path: str
    sha256: str
    size_bytes: int

    def as_json(self) -> dict[str, Any]:
        """Return it as the summary spells it."""
        return {SIDECAR: self.path, "sha256": self.sha256, "bytes": self.size_bytes}

    @classmethod
    def from_json(cls, raw: dict[str, Any]) -> Named:
        """Return what `as_json` described.

        Raises:
            ValueError: If it is not such a thing, or names a place outside the folder.
        """
        try:
            named = cls(str(raw[SIDECAR]), str(raw["sha256"]), int(raw["bytes"]))
        except (KeyError, TypeError) as error:
            raise ValueError("not a reference to a sidecar") from error
        if not KNOWN_PATH.fullmatch(named.path):
            raise ValueError("a sidecar of another name than Lakesmith gives")
        return named


@dataclass(frozen=True, slots=True)
class Reference:
    """What a summary says instead of a large checkpoint.

    `own` is the newest object, `outline` the checkpoint without position and open splits, `entries` how many the position has, `base`
    the object that `own` is a delta of (None: `own` is whole). `commits` and `delta_bytes` count the deltas written on that base.
    """

    own: Named
    outline: Checkpoint
    entries: int
    base: Named | None = None
    commits: int = 0
    delta_bytes: int = 0

    def encode(self) -> str:
        """Return the reference as canonical JSON."""
        since = (
            {"base": {**self.base.as_json(), "commits": self.commits, "deltas": self.delta_bytes}} if self.base else {}
        )
        outline = json.loads(self.outline.encode())
        return canonical({**self.own.as_json(), "entries": self.entries, "outline": outline, **since})

    @classmethod
    def decode(cls, said: str) -> Reference | None:
        """Return the reference in a summary; None if the summary holds the checkpoint itself.

        Raises:
            ValueError: If it is neither.
        """
        raw = json.loads(said)
        if not isinstance(raw, dict) or SIDECAR not in raw:
            return None
        own = cls(Named.from_json(raw), Checkpoint.decode(canonical(raw["outline"])), int(raw["entries"]))
        base = raw.get("base")
        if base is None:
            return own
        return replace(own, base=Named.from_json(base), commits=base["commits"], delta_bytes=base["deltas"])

    @property
    def objects(self) -> tuple[Named, ...]:
        """Everything that has to be there for the checkpoint to be read."""
        return (self.own,) if self.base is None else (self.own, self.base)


@dataclass(slots=True)
class _Memory:
    """The checkpoint and the base read or written last: a commit looks at the same ones several times."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    checkpoint: tuple[str, Checkpoint] | None = None
    base: tuple[str, dict[str, Any]] | None = None


_memory = _Memory()


@dataclass(frozen=True, slots=True)
class Sidecars:
    """Writes and reads checkpoints; `folder` is the lake's own (`Layout.own`), below which each table has one by its uuid."""

    store: Store
    folder: str

    def write(self, table_uuid: str, checkpoint: Checkpoint, before: str | None = None) -> str:
        """Return what the summary says of a checkpoint; beyond 4 kB it is written aside, and durable when this returns.

        Writing the same again gives the same objects, so it may be repeated.

        Args:
            table_uuid: The table's identity.
            checkpoint: The checkpoint.
            before: What the summary of the checkpoint in force says; None at the very beginning.

        Raises:
            CatalogBrokenError: If the base of the checkpoint before is not what it was.
            StorageFullError: If the disk is full.
            StorageUnavailableError: If it cannot be written.
        """
        text = checkpoint.encode()
        if len(text.encode()) <= INLINE_BYTES:
            return text
        position = _as_object(checkpoint)
        earlier = Reference.decode(before) if before is not None else None
        reference = None
        if position is not None and earlier is not None:
            reference = self._write_delta(table_uuid, checkpoint, position, earlier)
        if reference is None:
            reference = self._write_base(table_uuid, checkpoint, position)
        said = reference.encode()
        _remember(checkpoint=(said, checkpoint))
        crash.point(points.SIDECAR_WRITTEN)
        return said

    def read(self, said: str) -> Checkpoint:
        """Return the checkpoint that a summary holds or names.

        Raises:
            CatalogBrokenError: If an object is missing, or is not the one that was written.
            StorageUnavailableError: If an object cannot be read now.
            ValueError: If the summary holds something else.
        """
        reference = Reference.decode(said)
        if reference is None:
            return Checkpoint.decode(said)
        kept = _memory.checkpoint
        if kept is not None and kept[0] == said:
            for named in reference.objects:
                self._check_there(named)
            return kept[1]
        checkpoint = self._read(reference)
        _remember(checkpoint=(said, checkpoint))
        return checkpoint

    def paths(self, said: str) -> frozenset[str]:
        """Return the objects that a summary needs, as the store addresses them; none for a checkpoint that it holds itself.

        Raises:
            ValueError: If it is neither a checkpoint nor a reference.
        """
        reference = Reference.decode(said)
        return frozenset(self._path(named) for named in reference.objects) if reference else frozenset()

    def _write_base(self, table_uuid: str, checkpoint: Checkpoint, position: dict[str, Any] | None) -> Reference:
        own = self._put(table_uuid, checkpoint.ordinal, _pack(checkpoint.encode()))
        if position is None:
            return Reference(own, outline(checkpoint), 1)
        _remember(base=(own.sha256, position))
        return Reference(own, outline(checkpoint), len(position))

    def _write_delta(
        self, table_uuid: str, checkpoint: Checkpoint, position: dict[str, Any], earlier: Reference
    ) -> Reference | None:
        """Write the difference to the base of `earlier`; None if it is time for a new base."""
        base = earlier.base or earlier.own
        if earlier.commits >= COMMITS_PER_BASE:
            return None
        old = self._base(base)
        if old is None:
            return None
        delta = diff(old, position)
        if canonical(apply(old, delta)).encode("utf-8", "surrogatepass") != checkpoint.position:
            return None  # it was not canonical, or changed in a way that Python does not see
        rest = json.loads(replace(checkpoint, position=b"").encode())
        packed = _pack(canonical({"base": base.sha256, "checkpoint": rest, "position": delta}))
        total = earlier.delta_bytes + len(packed)
        if total > base.size_bytes:
            return None
        own = self._put(table_uuid, checkpoint.ordinal, packed)
        return Reference(own, outline(checkpoint), len(position), base, earlier.commits + 1, total)

    def _put(self, table_uuid: str, ordinal: int, content: bytes) -> Named:
        digest = hashlib.sha256(content).hexdigest()
        named = Named(f"{table_uuid}/{ordinal}-{digest}.json.gz", digest, len(content))
        self.store.write(self._path(named), content)
        return named

    def _read(self, reference: Reference) -> Checkpoint:
        text = self._get(reference.own)
        if reference.base is None:
            return Checkpoint.decode(text)
        raw = json.loads(text)
        old = self._base(reference.base)
        if old is None or raw["base"] != reference.base.sha256:
            raise _broken(self._path(reference.own), "is a delta of another base")
        position = canonical(apply(old, raw["position"])).encode()
        return replace(Checkpoint.decode(canonical(raw["checkpoint"])), position=position)

    def _base(self, named: Named) -> dict[str, Any] | None:
        """Return the position in a base; None if it is no JSON object. Nobody may change what this returns."""
        kept = _memory.base
        if kept is not None and kept[0] == named.sha256:
            self._check_there(named)
            return kept[1]
        position = _as_object(Checkpoint.decode(self._get(named)))
        if position is not None:
            _remember(base=(named.sha256, position))
        return position

    def _get(self, named: Named) -> str:
        self._check_there(named)
        content = self.store.read(self._path(named))
        if hashlib.sha256(content).hexdigest() != named.sha256:
            raise _broken(self._path(named), "is not what was written: its hash is another")
        try:
            return gzip.decompress(content).decode()
        except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
            raise _broken(self._path(named), "cannot be unpacked") from error

    def _check_there(self, named: Named) -> None:
        size = self.store.size(self._path(named))
        if size is None:
            raise _broken(self._path(named), "is missing")
        if size != named.size_bytes:
            raise _broken(
                self._path(named), f"is not what was written: it has {size} bytes instead of {named.size_bytes}"
            )

    def _path(self, named: Named) -> str:
        return f"{self.folder}/{named.path}"


def read_outline(said: str) -> Checkpoint:
    """Return the checkpoint that a summary holds, or what the summary says of one that lies aside: no position, no open splits.

    Raises:
        ValueError: If the summary holds something else.
    """
    reference = Reference.decode(said)
    return Checkpoint.decode(said) if reference is None else reference.outline


def outline(checkpoint: Checkpoint) -> Checkpoint:
    """Return a checkpoint without what can be large."""
    return replace(checkpoint, position=b"", open_splits=())


def _pack(text: str) -> bytes:
    return gzip.compress(text.encode(), COMPRESSION_LEVEL, mtime=0)


def _as_object(checkpoint: Checkpoint) -> dict[str, Any] | None:
    """Return the position as a JSON object; None if it is something else, which is then always written whole."""
    try:
        position = json.loads(checkpoint.position)
    except ValueError:
        return None
    return position if isinstance(position, dict) else None


def _remember(
    *, checkpoint: tuple[str, Checkpoint] | None = None, base: tuple[str, dict[str, Any]] | None = None
) -> None:
    with _memory.lock:
        _memory.checkpoint = checkpoint or _memory.checkpoint
        _memory.base = base or _memory.base


def _broken(path: str, what: str) -> CatalogBrokenError:
    return CatalogBrokenError(
        f"A checkpoint of this table lies in an object of its own, which {what}.",
        where=path,
        fix="restore the object from a backup (it never changes, so any backup will do), or roll the table back to a snapshot before it",
    )
