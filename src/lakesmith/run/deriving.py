"""Rows that Lakesmith makes itself: of keys that vanished from a copy of the whole or a part, and of what a new generation keeps."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lakesmith.errors import ProjectFileError
from lakesmith.model.shapes import Marks, Reshape
from lakesmith.model.streams import Reject
from lakesmith.model.types import Decimal, Scalar
from lakesmith.run.filling import Filling

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from lakesmith.model.loads import QuarantinedRow, Staged
    from lakesmith.model.shapes import Shaped
    from lakesmith.model.streams import Chunk, Kept, Split, StreamSpec
    from lakesmith.model.types import Field, Schema

VANISHED = "vanished"
"""`_ls_source` of rows that say that a key is gone."""


def add_vanished(
    filling: Filling, spec: StreamSpec, reshape: Reshape, *, staged: Sequence[Staged] | None = None
) -> None:
    """Add a `d` row for each key that the table has and the source has not.

    Args:
        filling: Where they are added.
        spec: The stream, which has a key.
        reshape: Its columns.
        staged: Receipts for the keys of all of the source; those of the group if it is None, which then holds all of it.

    Raises:
        ProjectFileError: If the key names a column that the table does not have.
        StorageUnavailableError: If a file cannot be read or written.
        StorageFullError: If the disk is full.
    """
    if filling.head is None or not filling.head.rows:
        return
    key = tuple(bronze_column(spec, reshape.after, name) for name in spec.key)
    _add_gone(filling, reshape, key, filling.close() if staged is None else staged)


def _add_gone(
    filling: Filling,
    reshape: Reshape,
    key: tuple[str, ...],
    staged: Sequence[Staged],
    origins: Collection[str] | None = None,
) -> None:
    import pyarrow as pa

    for rows in filling.bronze.vanished(staged, filling.number(reshape), key, origins=origins):
        gone = pa.repeat(pa.scalar("d"), rows.num_rows)
        filling.derive(rows, reshape, VANISHED, Marks(gone, derived=rows.num_rows))


@dataclass(slots=True)
class Restating:
    """The origins of which the open group brings all there is by now, and what of them was put aside on the way."""

    spec: StreamSpec
    _ended: set[str] = field(default_factory=set)
    _aside: set[str] = field(default_factory=set)

    def take(self, chunk: Chunk, shaped: Shaped) -> None:
        """Take note of records that came and are no rows: their keys are not known, and not gone."""
        if chunk.rejects or shaped.rejects or shaped.filtered or chunk.held:
            self._aside.add(chunk.origin)

    def end(self, split: Split) -> None:
        """Take note of a split that was read to its end."""
        if split.restates and self.spec.mode == "dedupe" and self.spec.key:
            self._ended.add(split.restates)

    @property
    def is_due(self) -> bool:
        """Whether there is anything to look for."""
        return bool(self._ended)

    def add_vanished(self, filling: Filling, reshape: Reshape) -> list[str]:
        """Add a `d` row for each key whose current row came from one of the origins, and that came from nowhere now.

        Done once for a group. An origin of which records were put aside is left as it is. Returns what a person should know of that.

        Raises:
            StorageUnavailableError: If a file cannot be read or written.
            StorageFullError: If the disk is full.
        """
        ended, self._ended = self._ended, set()
        if not ended or filling.head is None or not filling.head.rows:
            return []
        found = (find_column(reshape.after, name) for name in self.spec.key)
        key = [column for column in found if column is not None]  # one that never had a value is null in every row
        why_not = _doubt(key, reshape)
        if why_not:
            return [f"Rows that vanished were not looked for: {why_not}."]
        whole = ended - self._aside
        if whole and key:
            _add_gone(filling, reshape, tuple(column.name for column in key), filling.close(), whole)
        return _told_aside(sorted(ended - whole))


def _doubt(key: Sequence[Field], reshape: Reshape) -> str:
    """Return why a key that came may not be found among those that came, empty if it is."""
    from lakesmith.shape.names import is_sibling, sibling_name

    if not all(isinstance(column.type, (Scalar, Decimal)) for column in key):
        return "a column of the key is a list or an object"
    names = {column.name for column in key}
    nulled = {drift.column for drift in reshape.drift if drift.outcome == "nulled"}
    beside = {
        column.name
        for column in key
        for other in reshape.after.data
        if is_sibling(other.name) and other.name == sibling_name(column.name, other.name.rpartition("__")[2])
    }
    return "a column of the key has values that do not fit its type" if beside | (names & nulled) else ""


def _told_aside(origins: Sequence[str]) -> list[str]:
    if not origins:
        return []
    more = f" and {len(origins) - 1:,} more" if len(origins) > 1 else ""
    return [f"Rows that vanished from {origins[0]}{more} were not looked for: records from there were put aside."]


def add_kept(filling: Filling, kept: Kept) -> None:
    """Add the rows of the generation before that stay, in the order they came, and what of them waits in quarantine.

    Raises:
        StorageUnavailableError: If a file cannot be read or written.
        StorageFullError: If the disk is full.
    """
    if filling.head is None:
        return
    known = filling.head.schema.data
    for rows, origin, op in filling.bronze.rows_from(kept.origins):
        filling.derive(rows, Reshape(known, known), origin, Marks(op, derived=rows.num_rows))
    waiting = (row for row in filling.bronze.quarantined() if _origin_of(row) in kept.origins)
    filling.carry(map(_reject_of, waiting), Reshape(known, known))


def _origin_of(row: QuarantinedRow) -> str:
    """Return the origin that a place such as `a.csv:3` or `a.csv, row 3` begins with."""
    return re.sub(r"(:|, row )\d+\Z", "", row.where)


def _reject_of(row: QuarantinedRow) -> Reject:
    return Reject(row.reason, row.where, row.raw, row.column, row.masked, row.cut, row.mark)


def find_column(schema: Schema, written: str) -> Field | None:
    """Return the bronze column that the project calls `written`, as the source does or in other case; None if there is none."""
    for same in (str, str.casefold):
        for column in schema.data:
            if same(written) in (same(column.source_name), same(column.name)):
                return column
    return None


def bronze_column(spec: StreamSpec, schema: Schema, written: str) -> str:
    """Return the name of the bronze column that the project calls `written`; see `find_column`.

    Raises:
        ProjectFileError: If the table has none.
    """
    column = find_column(schema, written)
    if column is not None:
        return column.name
    raise ProjectFileError(
        f"{spec.id} has no column {written!r}, which `key:` names. Nothing of it was loaded.",
        where=spec.where,
        fix=f"correct `key:`; the columns are {', '.join(schema.data.names)}",
    )
