"""Rows that Lakesmith makes itself: of keys that vanished from a copy of the whole, and of what a new generation keeps."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lakesmith.errors import ProjectFileError
from lakesmith.model.shapes import Marks, Reshape
from lakesmith.model.streams import Reject
from lakesmith.run.filling import Filling

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lakesmith.model.loads import QuarantinedRow, Staged
    from lakesmith.model.streams import Kept, StreamSpec
    from lakesmith.model.types import Schema

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
    import pyarrow as pa

    if filling.head is None or not filling.head.rows:
        return
    key = tuple(bronze_column(spec, reshape.after, name) for name in spec.key)
    keys = filling.close() if staged is None else staged
    for rows in filling.bronze.vanished(keys, filling.number(reshape), key):
        gone = pa.repeat(pa.scalar("d"), rows.num_rows)
        filling.derive(rows, reshape, VANISHED, Marks(gone, derived=rows.num_rows))


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


def bronze_column(spec: StreamSpec, schema: Schema, written: str) -> str:
    """Return the bronze column that the project calls `written`, as the source does or in other case.

    Raises:
        ProjectFileError: If the table has none.
    """
    for same in (str, str.casefold):
        for field in schema.data:
            if same(written) in (same(field.source_name), same(field.name)):
                return field.name
    raise ProjectFileError(
        f"{spec.id} has no column {written!r}, which `key:` names. Nothing of it was loaded.",
        where=spec.where,
        fix=f"correct `key:`; the columns are {', '.join(schema.data.names)}",
    )
