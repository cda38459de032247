"""What a table's metadata says about a group: landed, still free to land, or fenced; and whether a batch is lawful."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator

from lakesmith.errors import FencedError, RowLawError
from lakesmith.lake.commits.summaries import read_commit
from lakesmith.lake.metadata import BUILD, FRESH, MAIN, Metadata
from lakesmith.lake.numbering import may_read
from lakesmith.lake.positions.checkpoints import CHECKPOINT, find_said, highest_ordinal
from lakesmith.lake.positions.sidecars import read_outline
from lakesmith.lake.quarantine.claims import BATCH_ID
from lakesmith.model.loads import Batch, Commit, Group
from lakesmith.model.types import Field, Schema, Type, parts

HIGHEST = "lakesmith.highest-ordinal"
NOTHING_LOADED = "none"


def said_in_force(metadata: Metadata | None, branch: str = MAIN) -> str | None:
    """Return what the summary says that bears the checkpoint in force on a branch; None where nothing was ever loaded.

    Raises:
        ForeignCommitError: If something else than upkeep came after it, or no ancestor bears one.
    """
    if metadata is None:
        return None
    head = metadata.head_of(branch)
    if head is None and (branch != MAIN or _is_only_built_aside(metadata)):
        return None
    return find_said(metadata, head)


def _is_only_built_aside(metadata: Metadata) -> bool:
    """Whether the table was made by a generation that nobody has swapped in yet."""
    if BUILD not in metadata.refs or metadata.once_main:
        return False
    return metadata.snapshots().keys() == {snapshot.id for snapshot in metadata.ancestors(metadata.refs[BUILD])}


def highest_known(metadata: Metadata) -> int:
    """Return the highest ordinal ever committed to the table, on any branch, also by what was rolled back or thrown away."""
    return max(int(metadata.properties.get(HIGHEST, 0)), highest_ordinal(metadata))


def replaced_by_build(metadata: Metadata | None) -> str:
    """Return what a generation that begins now takes the place of: the generation and ordinal in force.

    Raises:
        ForeignCommitError: If something else than upkeep came after them, or no ancestor bears any.
    """
    said_in_force(metadata)
    return describe(newest_said(metadata))


def newest_said(metadata: Metadata | None) -> str | None:
    """Return what the summary says that bears the newest checkpoint of `main`, whatever others did after it; None if none is known."""
    if metadata is None or metadata.main_id is None:
        return None
    return next((found.summary[CHECKPOINT] for found in metadata.ancestors() if CHECKPOINT in found.summary), None)


def describe(said: str | None) -> str:
    """Return generation and ordinal of a checkpoint, as `3.17`; of none, that nothing was loaded."""
    if said is None:
        return NOTHING_LOADED
    outline = read_outline(said)
    return f"{outline.generation}.{outline.ordinal}"


def find_building(metadata: Metadata) -> int | None:
    """Return the newest snapshot of the generation that is being built aside, None if there is none that could still be swapped in."""
    head = metadata.head_of(BUILD)
    chain = list(metadata.ancestors(head)) if head is not None else []
    if not chain or CHECKPOINT not in chain[0].summary:
        return None
    begun = next((snapshot for snapshot in chain if FRESH in snapshot.summary), None)
    return head if begun is not None and begun.summary[FRESH] == replaced_by_build(metadata) else None


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
            raise fenced(group, "the table is gone")
        return None
    if metadata.table_uuid != group.table_uuid:
        raise fenced(group, "the table is another one by now")
    if (landed := find_ticket(metadata, group.batch_id, group.branch)) is not None:
        return landed
    _check_unmoved(metadata, group)
    return None


def find_ticket(metadata: Metadata, ticket: str, branch: str = MAIN) -> Commit | None:
    """Return the commit that bears a ticket, on a branch or among the rows of `main`; None if it is in neither."""
    heads = {metadata.head_of(branch), metadata.main_id} - {None}
    chains = (walk for head in heads for walk in (metadata.ancestors(head), metadata.lineage(head)))
    for snapshot in itertools.chain.from_iterable(chains):
        if snapshot.summary.get(BATCH_ID) == ticket:
            return read_commit(snapshot)
    return None


def _check_unmoved(metadata: Metadata, group: Group) -> None:
    """The checkpoint in force must be the one the group was opened on; upkeep may have come since."""
    if (highest := highest_known(metadata)) >= group.ordinal:
        raise fenced(group, f"ordinal {highest} has been committed")
    if group.branch != MAIN and not group.fresh:
        if find_building(metadata) != group.expect_snapshot:
            raise fenced(group, "the generation that it was building is another one by now, or is no longer wanted")
        return
    now = said_in_force(metadata)
    if group.expect_snapshot == metadata.main_id:
        return
    ancestors = {snapshot.id for snapshot in metadata.ancestors()}
    if group.expect_snapshot not in ancestors or find_said(metadata, group.expect_snapshot) != now:
        raise fenced(group, "the table is no longer built on the snapshot that the load started from")


def check_schemas(group: Group, batch: Batch, schema: Schema) -> None:
    """Check that every receipt was written with the field ids that the commit gives.

    Raises:
        FencedError: If somebody else gave one of the ids to another column meanwhile.
    """
    final = dict(_placed(schema.fields))
    for receipt in batch.staged:
        for id_, (path, written) in _placed(receipt.schema.fields):
            there, type_ = final.get(id_, ((), None))
            if there != path or type_ is None or not may_read(written, type_):
                raise fenced(
                    group, f"column {'.'.join(path)!r} was written with field id {id_}, which it no longer has"
                )


def _placed(fields: Iterable[Field], above: tuple[str, ...] = ()) -> Iterator[tuple[int, tuple[tuple[str, ...], Type]]]:
    """Yield the id of every column and part, with where it stands and its type."""
    for field in fields:
        path = (*above, field.name)
        yield field.id, (path, field.type)
        yield from _placed(parts(field.type), path)


def fenced(group: Group, why: str) -> FencedError:
    """Return the error that says why a group can never land."""
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
    if batch.checkpoint.generation != group.generation:
        raise ValueError(
            f"the checkpoint of {group.stream} is of generation {batch.checkpoint.generation}, not {group.generation}"
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
