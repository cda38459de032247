"""The row law of one commit group, counted chunk by chunk."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lakesmith.model.loads import Counts
from lakesmith.model.streams import Chunk

if TYPE_CHECKING:
    from lakesmith.model.shapes import Marks, Shaped


@dataclass(slots=True)
class Tally:
    """What one group has met so far. `derived` rows are Lakesmith's own and stand beside the law.

    `carried` counts rejects that another load has met before: they are part of the law, and of no limit. `ops` counts rows by `_ls_op`.
    """

    counted: int | None = 0
    written: int = 0
    derived: int = 0
    carried: int = 0
    rejects: Counter[str] = field(default_factory=Counter)
    filtered: Counter[str] = field(default_factory=Counter)
    ops: Counter[str] = field(default_factory=Counter)

    def add(self, chunk: Chunk, shaped: Shaped) -> None:
        """Count a chunk and what became of it."""
        self.counted = None if self.counted is None or chunk.counted is None else self.counted + chunk.counted
        self.written += shaped.rows.num_rows
        self.ops["r"] += shaped.rows.num_rows
        self.rejects.update(reject.reason for reject in (*chunk.rejects, *shaped.rejects))
        self.filtered.update(shaped.filtered)
        if chunk.held:
            self.filtered["held"] += chunk.held

    def derive(self, rows: int, marks: Marks) -> None:
        """Count rows that Lakesmith made."""
        self.derived += rows
        self.ops.update(op for op in marks.op.to_pylist() if op is not None)

    def carry(self, reason: str) -> None:
        """Count a reject that stays in quarantine."""
        self.rejects[reason] += 1
        self.carried += 1
        self.counted = None if self.counted is None else self.counted + 1

    def counts(self) -> Counts:
        """Return the row law of the group so far."""
        rejects, filtered = self.rejects.total(), self.filtered.total()
        read = self.written + rejects + filtered if self.counted is None else self.counted
        return Counts(read, self.written, rejects, filtered, self.derived, proven=self.counted is not None)
