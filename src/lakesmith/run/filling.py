"""The commit group that is being filled: its stage, its receipts and its counts."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lakesmith.model.loads import Group, Head, Staged
from lakesmith.model.protocols import Bronze, Stage
from lakesmith.model.shapes import Reshape
from lakesmith.model.streams import Chunk, Reject
from lakesmith.model.types import Schema
from lakesmith.run.tally import Tally

if TYPE_CHECKING:
    import pyarrow as pa

    from lakesmith.model.shapes import Marks, Shaped


@dataclass(slots=True)
class Filling:
    """One group on top of `head`, until it is committed. `bytes` is the size of its rows as they were in memory."""

    bronze: Bronze
    head: Head | None
    group: Group
    tally: Tally = field(default_factory=Tally)
    staged: list[Staged] = field(default_factory=list)
    bytes: int = 0
    _stage: Stage | None = None
    _schema: Schema | None = None

    @property
    def reshape(self) -> Reshape:
        """How the data columns change by what was filled in so far."""
        before = self.head.schema.data if self.head else None
        return Reshape(before, self._schema or before or Schema())

    def add(self, chunk: Chunk, shaped: Shaped) -> None:
        """Stage a chunk in its new shape, and count it."""
        self.tally.add(chunk, shaped)
        stage = self._stage_of(shaped.reshape)
        if shaped.rows.num_rows:
            stage.write(shaped.rows, chunk.origin)
            self.bytes += shaped.rows.nbytes
        rejects = (*chunk.rejects, *shaped.rejects)
        if rejects:
            stage.reject(rejects)

    def derive(self, rows: pa.RecordBatch, reshape: Reshape, origin: str, marks: Marks) -> None:
        """Stage rows that Lakesmith makes itself, beside the law; they have the columns of `reshape.after`."""
        self._stage_of(reshape).write(rows, origin, marks)
        self.bytes += rows.nbytes
        self.tally.derive(rows.num_rows, marks)

    def carry(self, rejects: Iterable[Reject], reshape: Reshape) -> None:
        """Put records aside again that an earlier load put aside, and whose claim ends with the generation before."""
        for reject in rejects:
            self._stage_of(reshape).reject((reject,))
            self.tally.carry(reject.reason)

    def close(self) -> tuple[Staged, ...]:
        """Finish the files; return all receipts of the group."""
        if self._stage is not None:
            self.staged.append(self._stage.close())
            self._stage = None
        return tuple(self.staged)

    def abandon(self) -> None:
        """Stop writing. Files that exist stay: only the collector deletes."""
        if self._stage is not None:
            with suppress(OSError):  # a full disk fails the cleaning up as well, and must not hide what went wrong
                self._stage.abandon()

    def number(self, reshape: Reshape) -> Schema:
        """Return the full schema that a stage of `reshape` is written with, after those of the group that are closed."""
        return self.bronze.number(self.head, reshape, before=self.staged[-1].schema if self.staged else None)

    def _stage_of(self, reshape: Reshape) -> Stage:
        if self._stage is None or reshape.after != self._schema:
            self.close()
            schema = self.number(reshape)
            first_row = self.staged[-1].next_row if self.staged else 0
            self._stage = self.bronze.stage(self.group, schema, first_row)
            self._schema = reshape.after
        return self._stage
