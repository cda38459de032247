"""Which quarantine files landed batches claim: kept also when the snapshots that claimed them are expired.

A claim is in the summary of the load that made it. Before that snapshot falls out of the table's kept history, the claim is carried
over into an object of its own, which a table property names with its hash. Which claims count is decided on reading, by their ordinal:
what was rolled back counts no more, and counts again once the rollback is rolled back.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from lakesmith.errors import CatalogBrokenError
from lakesmith.host import crash
from lakesmith.lake import points
from lakesmith.lake.layout import Layout
from lakesmith.lake.metadata import Metadata, Snapshot
from lakesmith.lake.positions.checkpoints import CHECKPOINT
from lakesmith.lake.positions.sidecars import read_outline
from lakesmith.lake.stores.store import Store

BATCH_ID = "lakesmith.batch-id"
CLAIMS = "lakesmith.quarantine-files"
CARRIED = "lakesmith.claims"
UNDONE = "lakesmith.undone"
ORDINAL = "lakesmith.ordinal"
PER_OBJECT = 200
"""Claims in one object; each commit that adds one writes its object anew, and each object more is one more to read."""


@dataclass(frozen=True, slots=True)
class Claim:
    """The quarantine files, by name, that one landed batch put records into."""

    ordinal: int
    batch_id: str
    files: tuple[str, ...]

    @classmethod
    def of(cls, snapshot: Snapshot) -> Claim | None:
        """Return what a snapshot claims, None if nothing."""
        files = json.loads(snapshot.summary.get(CLAIMS, "[]"))
        if not files or BATCH_ID not in snapshot.summary:
            return None
        return cls(snapshot.number(ORDINAL), snapshot.summary[BATCH_ID], tuple(files))


@dataclass(frozen=True, slots=True)
class ClaimStore:
    """The objects that claims of expired snapshots are carried over into."""

    store: Store
    layout: Layout

    def landed(self, metadata: Metadata) -> Iterator[Claim]:
        """Yield the claims of all batches whose loads made the table's rows, newest first.

        Raises:
            CatalogBrokenError: If an object with claims is missing or is not what was written.
            StorageUnavailableError: If it cannot be read.
        """
        kept = [claim for snapshot in metadata.lineage() if (claim := Claim.of(snapshot)) is not None]
        yield from kept
        seen, undone = {claim.batch_id for claim in kept}, undone_before(metadata, metadata.main_id)
        newest = newest_ordinal(metadata)  # carried over later than a head that others went back to: no part of it
        for claim in self.carried(metadata):  # twice, if a rollback went to a snapshot just as the others forgot it
            if claim.batch_id not in seen and claim.ordinal <= newest and not is_undone(claim.ordinal, undone):
                seen.add(claim.batch_id)
                yield claim

    def carried(self, metadata: Metadata) -> Iterator[Claim]:
        """Yield every claim that was carried over, newest first, whether it counts now or not."""
        named = _parse(metadata.properties.get(CARRIED))
        while named is not None:
            raw = self._read(named)
            for ordinal, batch_id, files in reversed(raw["claims"]):
                yield Claim(ordinal, batch_id, tuple(files))
            named = raw["before"]

    def carry(self, metadata: Metadata, leaving: Iterable[Snapshot]) -> dict[str, str]:
        """Write down what snapshots claim that a commit is about to expire; return the properties to set in that commit.

        It is durable when this returns, and no harm if the commit does not land.

        Args:
            metadata: What the commit is built on.
            leaving: Snapshots that will not be part of the kept history any more.

        Raises:
            StorageFullError: If the disk is full.
            StorageUnavailableError: If it cannot be written, or what was carried before cannot be read.
            CatalogBrokenError: If what was carried before is damaged.
        """
        claims = sorted(filter(None, map(Claim.of, leaving)), key=lambda claim: claim.ordinal)
        if not claims:
            return {}
        before, taken_over = _parse(metadata.properties.get(CARRIED)), []
        if before is not None and before["claims"] + len(claims) <= PER_OBJECT:
            raw = self._read(before)
            before, taken_over = raw["before"], raw["claims"]
        rows = [*taken_over, *([claim.ordinal, claim.batch_id, list(claim.files)] for claim in claims)]
        content = json.dumps({"before": before, "claims": rows}, sort_keys=True, separators=(",", ":")).encode()
        digest = hashlib.sha256(content).hexdigest()
        name = f"{metadata.table_uuid}/{claims[-1].ordinal}-{digest}.json"
        self.store.write(f"{self._folder}/{name}", content)
        crash.point(points.CLAIMS_CARRIED)
        return {CARRIED: json.dumps({"path": name, "sha256": digest, "claims": len(rows)}, sort_keys=True)}

    def paths(self, metadata: Metadata) -> frozenset[str]:
        """Return the paths of the objects that the table's claims lie in; for the collector."""
        found, named = set(), _parse(metadata.properties.get(CARRIED))
        while named is not None:
            found.add(f"{self._folder}/{named['path']}")
            named = self._read(named)["before"]
        return frozenset(found)

    @property
    def _folder(self) -> str:
        return f"{self.layout.own}/claims"

    def _read(self, named: dict[str, Any]) -> dict[str, Any]:
        path = f"{self._folder}/{named['path']}"
        if self.store.size(path) is None:
            raise _broken(path, "is missing")
        content = self.store.read(path)
        if hashlib.sha256(content).hexdigest() != named["sha256"]:
            raise _broken(path, "is not what was written: its hash is another")
        read: dict[str, Any] = json.loads(content)
        return read


def _parse(text: str | None) -> dict[str, Any] | None:
    read: dict[str, Any] | None = json.loads(text) if text else None
    return read


def _broken(path: str, what: str) -> CatalogBrokenError:
    return CatalogBrokenError(
        f"The object that names older quarantine files of this table {what}.",
        where=path,
        fix="restore the object from a backup: it never changes, so any backup will do; bronze is not affected",
    )


def undone_before(metadata: Metadata, head: int | None) -> str:
    """Return the ordinals that are no part of a snapshot's rows, as its summary or that of the load before it spells them."""
    for snapshot in metadata.ancestors(head) if head is not None else ():
        if BATCH_ID in snapshot.summary:
            return snapshot.summary.get(UNDONE, "")
    return ""


def newest_ordinal(metadata: Metadata) -> int:
    """Return the ordinal of the newest load that made the rows of `main`; 0 before the first."""
    bearers = (snapshot for snapshot in metadata.ancestors() if CHECKPOINT in snapshot.summary)
    bearer = next(bearers, None)
    return read_outline(bearer.summary[CHECKPOINT]).ordinal if bearer else 0


def is_undone(ordinal: int, undone: str) -> bool:
    """Whether an ordinal is among those undone.

    Examples:
        >>> is_undone(7, "3,5-9"), is_undone(4, "3,5-9")
        (True, False)
    """
    return any(first <= ordinal <= last for first, last in _ranges(undone))


def undo(undone: str, first: int, last: int) -> str:
    """Return the ordinals undone once `first` to `last` are undone as well, spelled as short as can be.

    Examples:
        >>> undo("3,5-9", 10, 12), undo("3,5-9", 1, 20), undo("", 4, 4), undo("3", 5, 4)
        ('3,5-12', '1-20', '4', '3')
    """
    merged: list[tuple[int, int]] = []
    for low, high in sorted([*_ranges(undone), *([(first, last)] if first <= last else [])]):
        if merged and low <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(high, merged[-1][1]))
        else:
            merged.append((low, high))
    return ",".join(str(low) if low == high else f"{low}-{high}" for low, high in merged)


def _ranges(undone: str) -> Iterator[tuple[int, int]]:
    for part in filter(None, undone.split(",")):
        low, _, high = part.partition("-")
        yield int(low), int(high or low)
