"""Finds the keys that a table has and its source has no more, which no cursor ever sees: each becomes a `d` row, all in one commit."""

from __future__ import annotations

from dataclasses import dataclass, replace

from lakesmith.errors import RowLawError, UsageError
from lakesmith.host.crash import point
from lakesmith.model.loads import Batch, Checkpoint, Head, Load
from lakesmith.model.protocols import Keys
from lakesmith.model.streams import Ask
from lakesmith.run.deriving import add_vanished, bronze_column
from lakesmith.run.filling import Filling
from lakesmith.run.limits import refuse_emptied
from lakesmith.run.load import LoadJob
from lakesmith.run.metering import columns_of

CRASH_POINTS = ("run.reconcile.begun", "run.reconcile.compared", "run.reconcile.committed")


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What a comparison of keys found: how many the source has, and how many of the table's current ones it has no more.

    `load` is the load that wrote their `d` rows, None where there was nothing to write or nobody wanted it.
    """

    keys: int
    vanished: int
    load: Load | None = None


def reconcile_stream(job: LoadJob, *, dry_run: bool = False) -> Reconciled:
    """Compare the keys of a stream with its source; write a `d` row for each that vanished, unless it is a `dry_run`.

    The source is asked after the last load, so a key that came meanwhile is never taken for one that went.

    Raises:
        UsageError: If the stream has no key, was never loaded, or its source cannot send keys.
        EmptiedError: If the source has no key at all, and the table has rows.
        ProjectFileError: If the key names a column that the table does not have: it was renamed, or added, since the last load.
        RowLawError: If the source counted other keys than it sent.
        FencedError: If another program changed the table meanwhile; nothing is committed.
        LakesmithError: If the source or the lake refuses.
    """
    head, source, spec = job.bronze.head(), job.source, job.spec
    if head is None or head.checkpoint is None:
        raise _refused(job, f"{spec.id} has never been loaded, so there is nothing to compare.", "run `lakesmith run`")
    if spec.mode != "dedupe" or not spec.key:
        fix = "give it `mode: dedupe` and a `key:`; a `replace` stream brings what vanished by itself"
        raise _refused(job, f"{spec.id} has no key by which its rows stand in for each other.", fix)
    if not isinstance(source, Keys):
        raise _refused(
            job, f"The source of {spec.id} cannot send the keys it has.", "`lakesmith rebuild` loads it anew"
        )
    _need_key(job, head)
    point("run.reconcile.begun")
    return _compare(job, source, head, dry_run=dry_run)


def _refused(job: LoadJob, what: str, fix: str) -> UsageError:
    return UsageError(what, where=job.spec.where, fix=fix)


def _need_key(job: LoadJob, head: Head) -> None:
    """Refuse a key that the table has no values of: by it, every row would seem to be gone."""
    for name in job.spec.key:
        bronze_column(job.spec, head.schema, name)


def _compare(job: LoadJob, source: Keys, head: Head, *, dry_run: bool) -> Reconciled:
    group = job.bronze.open_group(head, above=job.known_ordinal)
    sent, gone = Filling(job.bronze, head, group), Filling(job.bronze, head, group)
    try:
        keys = _stage_keys(job, source, head, sent)
        refuse_emptied(job.spec, head.rows, keys)
        add_vanished(gone, job.spec, sent.reshape, staged=sent.close())
        point("run.reconcile.compared")
        vanished = gone.tally.derived
        if dry_run or not vanished:
            gone.abandon()
            return Reconciled(keys, vanished)
        return Reconciled(keys, vanished, _commit(job, head, gone))
    except BaseException:
        sent.abandon()
        gone.abandon()
        raise


def _stage_keys(job: LoadJob, source: Keys, head: Head, sent: Filling) -> int:
    """Write the source's keys where nobody will ever see them: no commit names these files. Return how many there are."""
    from lakesmith.shape import Policy, Shaper

    shaper = Shaper(head.schema.data, Policy.of(job.spec))
    keys, counted = 0, 0
    for chunk in source.keys(job.spec, Ask(since=head.position)):
        job.host.stop.check()
        shaped = shaper.shape(chunk.rows, lambda row: f"key {row}")
        keys += shaped.rows.num_rows
        counted += chunk.rows.num_rows if chunk.counted is None else chunk.counted
        sent.add(chunk, shaped)
    if keys != counted:
        raise RowLawError(
            f"The source of {job.spec.id} counted {counted:,} keys and {keys:,} came. Nothing was written.",
            where=job.spec.where,
            fix="run the same command again; if it happens again, the key holds values that its column cannot",
        )
    return keys


def _commit(job: LoadJob, head: Head, gone: Filling) -> Load:
    before, group, spec = head.checkpoint, gone.group, job.spec
    if before is None:
        raise TypeError(spec.id)
    checkpoint = Checkpoint(
        spec.id, before.position, group.ordinal, group.generation, before.config_hash, before.open_splits
    )
    batch = Batch(gone.close(), checkpoint, gone.reshape, gone.tally.counts())
    commit = job.bronze.commit(group, batch)
    point("run.reconcile.committed")
    load = Load(spec.id, "succeeded", resumed=True, base=head.snapshot_id, mode=spec.mode, reason="reconcile")
    load = replace(load, rows_before=head.rows, rows_after=head.rows + commit.counts.derived)
    return replace(load, columns=columns_of(head), ops=dict(gone.tally.ops)).with_commit(commit)
