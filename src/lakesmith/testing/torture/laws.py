"""What must hold of a table after every single step, whatever happened to it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from lakesmith.testing.torture.feed import Feed, reached
from lakesmith.testing.torture.oracle import Contents, Oracle, UnreadableError, ancestors, clock_faults, head
from lakesmith.testing.torture.records import line_of

FOREIGN = 1_000_000_000
"""Rows with this id or a higher one were written by somebody else."""
MAY_LOWER = ("rollback", "foreign rollback", "restore")
SHIFT = 32


class BrokenError(Exception):
    """A law does not hold. `kind` is lost, doubled, unreadable or another word for what is broken."""

    def __init__(self, kind: str, found: str) -> None:
        super().__init__(f"{kind}: {found}")
        self.kind = kind


@dataclass(slots=True)
class Witness:
    """Looks at one table whenever its pointer has moved, and remembers what readers have seen of it."""

    oracle: Oracle
    feed: Feed
    path: str | None = None
    updated_ms: int = 0
    position: bytes | None = None
    seen: dict[int, int] = field(default_factory=dict)
    """The id of the row behind every `_ls_seq` that a reader may have seen."""
    highest: int = 0
    ever: set[tuple[int, int]] = field(default_factory=set)
    """Every pair of number and row that readers may have seen, also before an earlier catalog was put back."""
    kept: set[int] = field(default_factory=set)
    """Of a table with history, the records it holds."""
    has_foreign: bool = False
    _needed: frozenset[str] = frozenset()

    def look(self, path: str, cause: str) -> None:
        """Check the version of the table at `path`, which became current because of `cause`.

        Raises:
            BrokenError: If a law does not hold.
        """
        try:
            metadata = self.oracle.metadata(path)
            contents = self.oracle.contents(metadata, head(metadata))
            position = self.oracle.position(metadata)
            self._needed = self.oracle.needs(metadata)
        except (UnreadableError, ValueError, KeyError, OSError) as error:
            raise BrokenError("unreadable", f"after {cause}, {error}") from error
        self._check_clock(metadata, cause)
        self._check_contents(contents, position, cause)
        self._check_progress(position, cause)
        self._check_numbers(metadata, contents, cause)
        self.path, self.position = path, position
        self.has_foreign = any(id_ >= FOREIGN for _seq, id_ in contents.rows)

    def check_objects(self, objects: Any) -> None:
        """Check that every object a retained snapshot names is there.

        Raises:
            BrokenError: If one is gone.
        """
        gone = self._needed.difference(objects)
        if gone:
            raise BrokenError("unreadable", f"{len(gone)} objects are gone that kept snapshots name: {min(gone)}")

    def _check_clock(self, metadata: dict[str, Any], cause: str) -> None:
        faults = clock_faults(metadata)
        if metadata["last-updated-ms"] < self.updated_ms and cause != "restore":
            faults.append("last-updated-ms goes back")
        self.updated_ms = metadata["last-updated-ms"]
        if faults:
            raise BrokenError("clock", f"after {cause}, {'; '.join(faults)}")

    def _check_contents(self, contents: Contents, position: bytes | None, cause: str) -> None:
        wanted, _rejects = self.feed.truth(position)
        found = contents.ids
        if self.feed.mode == "history":
            self._check_kept(found, cause)
            found = contents.current
        times_found = {id_: times for id_, times in found.items() if id_ < FOREIGN}
        lost, extra = wanted.difference(times_found), set(times_found).difference(wanted)
        doubled = [id_ for id_, times in times_found.items() if times > 1]
        for kind, broken in (("lost", lost), ("doubled", doubled), ("doubled", extra)):
            if broken:
                text = f"after {cause}, at {_said(position)}: {len(broken)} rows, such as {sorted(broken)[:3]}"
                raise BrokenError(kind, text)
        self._check_values(contents, cause)
        if position is not None and not self.feed.is_complete(position):
            raise BrokenError("lost", f"after {cause}, readers see a part of a copy: {_said(position)}")

    def _check_values(self, contents: Contents, cause: str) -> None:
        """Check that each row has the values of its record, where a reader who goes by field ids looks for them."""
        for id_, line in contents.lines:
            if id_ < FOREIGN and line != line_of(id_):
                raise BrokenError(
                    "values", f"after {cause}, row {id_} reads {line:.300}, its record {line_of(id_):.300}"
                )

    def _check_kept(self, ids: Counter[int], cause: str) -> None:
        """Check that each record came once, and that of what was there before nothing is gone."""
        own = {id_ for id_ in ids if id_ < FOREIGN}
        doubled = [id_ for id_ in own if ids[id_] > 1]
        if doubled:
            raise BrokenError(
                "doubled", f"after {cause}, history has {len(doubled)} records twice, such as {min(doubled)}"
            )
        if cause not in (*MAY_LOWER, "rebuild") and not self.kept <= own:
            raise BrokenError(
                "lost", f"after {cause}, history lost {len(self.kept - own)} records, such as {min(self.kept - own)}"
            )
        self.kept = own

    def _check_progress(self, position: bytes | None, cause: str) -> None:
        if cause not in MAY_LOWER and reached(position) < reached(self.position):
            raise BrokenError("lost", f"{cause} took the table back from {_said(self.position)} to {_said(position)}")
        if self.has_foreign and cause not in MAY_LOWER and reached(position) != reached(self.position):
            raise BrokenError("foreign", f"{cause} loaded over rows that somebody else had added")

    def _check_numbers(self, metadata: dict[str, Any], contents: Contents, cause: str) -> None:
        """Check that a number stands for one row for ever, and that new rows have higher numbers than all before."""
        own = [row for row in contents.rows if row[1] < FOREIGN]
        known = set(self.ever)
        self.ever.update(own)
        if cause == "restore":  # numbers that only the lost versions had may come again
            self.seen = dict(own)
            self.highest = max(self.seen, default=0)
            return
        if cause in MAY_LOWER:  # what readers saw at any time may come again
            self.seen.update(row for row in own if row in known)
        fresh = [(seq, id_) for seq, id_ in own if self.seen.get(seq) != id_]
        if fresh and min(fresh)[0] <= self.highest:
            told = f"row {min(fresh)[1]} came with number {min(fresh)[0]:#x} after readers had seen {self.highest:#x}"
            raise BrokenError("order", f"after {cause}, {told}")
        self.seen.update(fresh)
        self.highest = max([self.highest, *(seq for seq, _id in fresh)])
        self._check_ordinals(metadata, cause)

    def _check_ordinals(self, metadata: dict[str, Any], cause: str) -> None:
        said = [
            int((snapshot.get("summary") or {}).get("lakesmith.ordinal", 0))
            for snapshot in ancestors(metadata, head(metadata))
        ]
        ordinals = [ordinal for ordinal in reversed(said) if ordinal]
        if ordinals != sorted(set(ordinals)):
            raise BrokenError("order", f"after {cause}, ordinals in order of commits are {ordinals}")


def _said(position: bytes | None) -> str:
    return "the beginning" if position is None else position.decode()[:80]
