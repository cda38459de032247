"""What a table's metadata says about a group: landed, still free to land, or fenced; and whether a batch is lawful."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator

from lakesmith.errors import FencedError, RowLawError
from lakesmith.lake.checkpoints import highest_ordinal, in_force
from lakesmith.lake.metadata import Metadata
from lakesmith.lake.numbering import may_read
from lakesmith.lake.summaries import read_commit
from lakesmith.model.loads import Batch, Commit, Group
from lakesmith.model.types import Field, List, Map, Schema, Struct, Type


def find_landed(metadata: Metadata | None, group: Group) -> Commit | None:
    """Return the group's commit if it landed, None if it may be sent.

    Args:
        metadata: The table's newest metadata, None where there is no table.
        group: The group, which says what it expects the table to be.

    Raises:
        FencedError: If it can never land: another loader was faster, or the table was rolled back or replaced.
        ForeignCommitError: If something that is not Lakesmith changed the table's rows.
    """
    if metadata is None:
        if group.expect_snapshot is not None:
            raise _fenced(group, "the table is gone")
        return None
    if metadata.table_uuid != group.table_uuid:
        raise _fenced(group, "the table is another one by now")
    for commit in filter(None, map(read_commit, metadata.ancestors())):
        if commit.batch_id == group.batch_id:
            return commit
    _check_unmoved(metadata, group)
    return None


def _check_unmoved(metadata: Metadata, group: Group) -> None:
    """The checkpoint in force must be the one the group was opened on; upkeep may have come since."""
    now = in_force(metadata)
    if highest_ordinal(metadata) >= group.ordinal:
        raise _fenced(group, f"ordinal {highest_ordinal(metadata)} has been committed")
    if group.expect_snapshot == metadata.main_id:
        return
    ancestors = {snapshot.id for snapshot in metadata.ancestors()}
    if group.expect_snapshot not in ancestors or in_force(metadata, group.expect_snapshot) != now:
        raise _fenced(group, "the table is no longer built on the snapshot that the load started from")


def check_schemas(group: Group, batch: Batch, schema: Schema) -> None:
    """Check that every receipt was written with the field ids that the commit gives.

    Raises:
        FencedError: If somebody else gave one of the ids to another column meanwhile.
    """
    final = {field.id: (field.name, field.type) for field in all_fields(schema.fields)}
    for receipt in batch.staged:
        for field in all_fields(receipt.schema.fields):
            name, type_ = final.get(field.id, ("", None))
            if name != field.name or type_ is None or not may_read(field.type, type_):
                raise _fenced(
                    group, f"column {field.name!r} was written with field id {field.id}, which it no longer has"
                )


def all_fields(fields: Iterable[Field]) -> Iterator[Field]:
    """Yield columns and all their parts, the elements of lists and maps too, each with its field id."""
    for field in fields:
        yield field
        yield from all_fields(_parts(field.type))


def _parts(type_: Type) -> tuple[Field, ...]:
    match type_:
        case Struct(fields):
            return fields
        case List(element, element_id):
            return (Field("element", element, id=element_id),)
        case Map(key, value, key_id, value_id):
            return (Field("key", key, id=key_id), Field("value", value, id=value_id))
    return ()


def _fenced(group: Group, why: str) -> FencedError:
    return FencedError(
        f"Another program changed {group.stream} while this load ran: {why}. Nothing of this batch became visible.",
        where=f"{group.stream}, ordinal {group.ordinal}",
        fix="see that one machine alone loads into this lake, then run the same command again: it resumes from the table",
    )


def check_batch(group: Group, batch: Batch) -> None:
    """Check a batch against its group and the row law.

    Raises:
        RowLawError: If the counts do not fit each other or the receipts.
        ValueError: If a receipt or the checkpoint belongs to another group.
    """
    if batch.checkpoint.stream != group.stream or batch.checkpoint.ordinal != group.ordinal:
        raise ValueError(
            f"the checkpoint of {batch.checkpoint.stream} {batch.checkpoint.ordinal} is not of group {group.ordinal}"
        )
    if any(receipt.ordinal != group.ordinal for receipt in batch.staged):
        raise ValueError(f"a receipt is not of group {group.ordinal} of {group.stream}")
    broken = next(_broken_laws(batch), None)
    if broken is not None:
        raise RowLawError(
            f"The rows of {group.stream} do not add up: {broken}.",
            where=f"{group.stream}, ordinal {group.ordinal}",
            fix="nothing was committed; run again, and report it with the log if it comes back",
        )


def _broken_laws(batch: Batch) -> Iterator[str]:
    counts = batch.counts
    staged = sum(receipt.rows for receipt in batch.staged)
    in_files = sum(file.rows for receipt in batch.staged for file in receipt.files)
    rejects = sum(receipt.rejects for receipt in batch.staged)
    ranges = sorted((file.first_seq, file.last_seq) for receipt in batch.staged for file in receipt.files)
    if not counts.holds:
        yield f"{counts.read} read, but {counts.written} written + {counts.quarantined} quarantined + {counts.filtered} filtered"
    if not counts.written + counts.derived == staged == in_files:
        yield f"{counts.written} written + {counts.derived} derived, but {staged} staged and {in_files} in files"
    if counts.quarantined != rejects:
        yield f"{counts.quarantined} quarantined, but {rejects} put aside"
    if any(after[0] <= before[1] for before, after in itertools.pairwise(ranges)):
        yield "two staged files bear the same row numbers"
