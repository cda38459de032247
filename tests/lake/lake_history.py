"""A table's metadata as any order of commits leaves it, without files: for laws over many histories."""

from __future__ import annotations

import itertools

from lake_loading import NOON

from lakesmith.lake.commits.expiry import DAYS, KEEP_PROPERTY, choose_expired, leaving
from lakesmith.lake.layout import Layout
from lakesmith.lake.metadata import BUILD, FRESH, MAIN, ROLLED_BACK_TO, SWAPPED_FROM, Metadata, to_ms
from lakesmith.lake.positions.checkpoints import CHECKPOINT
from lakesmith.lake.quarantine.claims import BATCH_ID, CLAIMS, ORDINAL, UNDONE, ClaimStore, undo, undone_before
from lakesmith.lake.stores.store import FolderStore
from lakesmith.model.loads import Checkpoint
from lakesmith.model.streams import StreamId


class History:
    """A table's metadata as commits of every kind leave it, and an oracle of whose rows each snapshot holds.

    Each commit to `main` expires as the real ones do; the parents of snapshots whose parent goes are forgotten, as PyIceberg does it.
    """

    def __init__(self, folder: str, keep: int) -> None:
        self.keep, self.ids = keep, itertools.count(1)
        self.claims = ClaimStore(FolderStore(folder), Layout(folder))
        self.raw = {
            "table-uuid": "t",
            "snapshots": [],
            "refs": {},
            "snapshot-log": [],
            "properties": {KEEP_PROPERTY: str(keep)},
        }
        self.now_ms, self.ordinal = to_ms(NOON), 0
        self.holds: dict[int, tuple[str, ...]] = {}
        self.leased: set[int] = set()

    @property
    def metadata(self) -> Metadata:
        return Metadata("", self.raw)

    def head(self, branch: str = MAIN) -> int | None:
        return self.metadata.head_of(branch)

    def load(self, branch: str = MAIN) -> None:
        """Append a batch that claims a quarantine file."""
        fresh = branch == BUILD and self.head(BUILD) is None
        at = self.head(MAIN if fresh else branch)
        self.ordinal += 1
        batch = f"batch {self.ordinal}"
        undone = undo("", 1, self.ordinal - 1) if fresh else undone_before(self.metadata, at)
        summary = {BATCH_ID: batch, CLAIMS: f'["{batch}"]', **self._said(undone), **({FRESH: "x"} if fresh else {})}
        self._add(branch, summary, (batch,) if fresh or at is None else (*self.holds[at], batch))

    def upkeep(self) -> None:
        """Rewrite files; what is there stays. It expires nothing."""
        if (head := self.head()) is not None:
            self._add(MAIN, {"operation": "replace"}, self.holds[head], expire=False)

    def swap(self) -> None:
        """Make what was built aside current."""
        if (source := self.head(BUILD)) is not None:
            undone = undone_before(self.metadata, source)
            self._add(
                MAIN, {SWAPPED_FROM: str(source), BATCH_ID: "swap", **self._said(undone)}, self.holds[source], source
            )

    def rollback(self, which: int) -> None:
        """Go back to some snapshot that readers saw."""
        kept = [
            s for s in self.metadata.snapshots().values() if s.id in self.metadata.once_main and CHECKPOINT in s.summary
        ]
        if kept:
            source = kept[which % len(kept)]
            self.ordinal += 1
            undone = undo(source.summary.get(UNDONE, ""), source.number(ORDINAL) + 1, self.ordinal)
            self._add(
                MAIN,
                {ROLLED_BACK_TO: str(source.id), BATCH_ID: "back", **self._said(undone)},
                self.holds[source.id],
                source.id,
            )

    def lease(self) -> None:
        """Attach a view to what readers see."""
        self.leased |= {self.head()} - {None}

    def wait(self, hours: int) -> None:
        self.now_ms += hours * 3_600_000

    def _said(self, undone: str) -> dict[str, str]:
        checkpoint = Checkpoint(StreamId("app", "orders"), b"{}", self.ordinal).encode()
        return {CHECKPOINT: checkpoint, ORDINAL: str(self.ordinal), **({UNDONE: undone} if undone else {})}

    def _add(self, branch, summary, holds, source=None, *, expire=True) -> None:
        before, new, parent = self.metadata, next(self.ids), self.head(branch) or self.head()
        self.now_ms += 1
        dead = (BUILD,) if branch == MAIN and before.refs.get(BUILD, source) != source else ()
        gone, properties = [], {}
        if branch == MAIN and expire:
            leased = self.leased | ({source} - {None})
            gone = choose_expired(before, leased=leased, at_ms=self.now_ms, without=dead)
            properties = self.claims.carry(before, leaving(before, gone, source))
        snapshot = {
            "snapshot-id": new,
            "parent-snapshot-id": parent,
            "timestamp-ms": self.now_ms,
            "sequence-number": new,
        }
        refs = {**self.raw["refs"], branch: {"snapshot-id": new}}
        if branch == MAIN and (dead or SWAPPED_FROM in summary):
            refs.pop(BUILD, None)
        kept = [one for one in self.raw["snapshots"] if one["snapshot-id"] not in gone]
        snapshots = [{**one, "parent-snapshot-id": None} if one["parent-snapshot-id"] in gone else one for one in kept]
        log = [*self.raw["snapshot-log"], *([{"snapshot-id": new}] if branch == MAIN else [])]
        self.raw = {
            **self.raw,
            "refs": refs,
            "snapshots": [*snapshots, {**snapshot, "summary": summary}],
            "snapshot-log": [entry for entry in log if entry["snapshot-id"] not in gone],
            "properties": {**self.raw["properties"], **properties},
        }
        self.holds[new] = holds
        self.check(before, gone, dead)

    def check(self, before: Metadata, gone: list[int], dead: tuple[str, ...]) -> None:
        """Check what must hold after every commit."""
        kept = self.metadata.snapshots()
        assert {head for name, head in before.refs.items() if name not in dead} <= kept.keys()
        assert self.leased <= kept.keys()
        assert before.main_id is None or next(s for s in before.ancestors() if CHECKPOINT in s.summary).id in kept
        if (building := self.head(BUILD)) is not None:
            *_, begun = self.metadata.ancestors(building) if self.head() is None else self._until_fresh(building)
            assert FRESH in begun.summary
        if gone:
            aside = {s.id for s in self.metadata.ancestors(self.head(BUILD))} if self.head(BUILD) else set()
            assert (
                len(kept.keys() - self.leased - aside)
                <= self.keep + DAYS + self._upkeep_at_head() + len(before.refs) + 1
            )
        landed = [claim.batch_id for claim in self.claims.landed(self.metadata)]
        if self.head() is not None:
            assert sorted(landed) == sorted(self.holds[self.head()])

    def _until_fresh(self, head: int):
        for snapshot in self.metadata.ancestors(head):
            yield snapshot
            if FRESH in snapshot.summary:
                return

    def _upkeep_at_head(self) -> int:
        return len(list(itertools.takewhile(lambda s: CHECKPOINT not in s.summary, self.metadata.ancestors())))
