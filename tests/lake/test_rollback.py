"""A rollback makes old rows and an old position current, as a commit that can itself be rolled back."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from lake_building import assert_holds, build, lost, lost_reply, open_aside, over, refused_after_landing
from lake_loading import STREAM, make_rejects, next_number, open_batch, read_back, resume
from test_head import add_snapshot

from lakesmith.errors import FencedError, ForeignCommitError, UsageError


def wheres(*numbers):
    return [reject.where for number in numbers for reject in make_rejects(number)]


def seen(table):
    return [row.where for row in table.quarantined()]


def snapshots(table):
    """Return the snapshots of all commits, oldest first."""
    return [commit.snapshot_id for commit in reversed(table.history())]


def test_rows_position_and_quarantine_go_back_and_ordinals_do_not(lake, table):
    resume(table, 3)
    commit = table.rollback(snapshots(table)[0])
    assert_holds(lake, 0)
    assert (next_number(table), seen(table)) == (1, wheres(0))
    assert (commit.kind, commit.checkpoint.ordinal, commit.checkpoint.generation) == ("rollback", 4, 1)
    assert table.head().checkpoint == commit.checkpoint
    resume(table, 2)
    assert_holds(lake, 0, 1)
    assert seen(table) == wheres(1, 0)
    assert [row["_ls_seq"] >> 32 for row in read_back(lake)[::5]] == [1, 5]
    assert [commit.kind for commit in table.history()] == ["load", "rollback", "load", "load", "load"]
    assert len(table.lineage()) == 3


def test_a_rollback_can_be_rolled_back(lake, table):
    resume(table, 3)
    first, _, third = snapshots(table)
    table.rollback(first)
    resume(table, 2)
    table.rollback(third)
    assert_holds(lake, 0, 1, 2)
    assert (next_number(table), seen(table)) == (3, wheres(2, 1, 0))
    assert table.head().checkpoint.generation == 2
    resume(table, 4)
    assert_holds(lake, 0, 1, 2, 3)
    assert [row["_ls_seq"] >> 32 for row in read_back(lake)[::5]] == [1, 2, 3, 7]


def test_a_swap_can_be_rolled_back_and_the_rollback_too(lake, table):
    resume(table, 2)
    before = table.head().snapshot_id
    build(table, 7, 8)
    swapped = table.swap(table.head()).snapshot_id
    table.rollback(before)
    assert_holds(lake, 0, 1)
    assert seen(table) == wheres(1, 0)
    table.rollback(swapped)
    assert_holds(lake, 7, 8)
    assert seen(table) == wheres(8, 7)
    assert table.head().checkpoint.generation == 3


def test_a_rollback_kills_a_generation_in_the_making(lake, table):
    resume(table, 2)
    build(table, 7)
    head = table.head()
    opened = open_aside(table, 8)
    table.rollback(snapshots(table)[0])
    with pytest.raises(FencedError, match="while this swap ran"):
        table.swap(head)
    with pytest.raises(FencedError, match="has been committed"):
        opened.commit()
    assert table.head().building is None
    build(table, 9)
    assert table.head().building.generation == 2
    table.swap(table.head())
    assert_holds(lake, 9)


def test_a_load_that_was_open_meanwhile_is_fenced(lake, table):
    resume(table, 2)
    opened = open_batch(table, 2)
    table.rollback(snapshots(table)[0])
    with pytest.raises(FencedError, match="ordinal 3 has been committed"):
        opened.commit()
    assert_holds(lake, 0)


def test_a_load_that_remembers_a_higher_ordinal_is_fenced_too(lake, table):
    """Back and forth to the rows it started from: the snapshot is another, and so is the generation."""
    resume(table, 2)
    first, second = snapshots(table)
    head = table.head()
    group = table.open_group(head, above=99)
    opened = open_batch(table, 2)
    staged = tuple(replace(receipt, ordinal=100) for receipt in opened.batch.staged)
    batch = replace(opened.batch, staged=staged, checkpoint=replace(opened.batch.checkpoint, ordinal=100))
    table.rollback(first)
    table.rollback(second)
    with pytest.raises(FencedError, match="no longer built on the snapshot that the load started from"):
        table.commit(group, batch)
    assert_holds(lake, 0, 1)


@pytest.mark.parametrize("fault", [lost_reply, refused_after_landing])
def test_a_rollback_that_landed_without_a_reply_is_found(lake, table, fault):
    resume(table, 2)
    loader = over(lake, fault)
    commit = loader.rollback(snapshots(table)[0])
    assert loader.services.catalog().sent == 1
    assert table.history()[0] == commit
    assert_holds(lake, 0)


def test_a_rollback_that_got_lost_is_sent_again_and_lands_once(lake, table):
    resume(table, 2)
    over(lake, lost, lost).rollback(snapshots(table)[0])
    assert [commit.kind for commit in table.history()] == ["rollback", "load", "load"]
    assert_holds(lake, 0)


def test_a_load_between_look_and_rollback_fences(lake, table):
    resume(table, 2)

    def overtaken(real, args):
        resume(table, 3)
        return real.commit_table(*args)

    with pytest.raises(FencedError, match=r"while this rollback ran: generation and ordinal were 0\.2 and are 0\.3"):
        over(lake, overtaken).rollback(snapshots(table)[0])
    assert_holds(lake, 0, 1, 2)


def test_upkeep_between_look_and_rollback_does_not_matter(lake, table, clock):
    resume(table, 2)
    first = snapshots(table)[0]

    def moved(real, args):
        add_snapshot(real.load_table((STREAM.source, STREAM.name)), "replace")
        return real.commit_table(*args)

    clock.time = datetime.now(UTC)
    loader = over(lake, moved)
    loader.services.host.clock.time = datetime.now(UTC)
    loader.rollback(first)
    assert_holds(lake, 0)


def test_a_rollback_to_upkeep_takes_the_checkpoint_of_the_load_before(lake, table, clock):
    resume(table, 1)
    clock.time = datetime.now(UTC)
    add_snapshot(lake.open_catalog().load_table((STREAM.source, STREAM.name)), "replace")
    upkeep = table.head().snapshot_id
    resume(table, 2)
    table.rollback(upkeep)
    assert_holds(lake, 0)
    assert (next_number(table), seen(table)) == (1, wheres(0))


def test_a_rollback_mends_what_something_else_did_to_the_rows(lake, table, clock):
    resume(table, 2)
    ours = table.head().snapshot_id
    clock.time = datetime.now(UTC)
    iceberg = lake.open_catalog().load_table((STREAM.source, STREAM.name))
    iceberg.delete("id < 3")
    with pytest.raises(ForeignCommitError, match="changed rows"):
        table.head()
    foreign = table.services.pointers.read(STREAM).main_id
    table.rollback(ours)
    assert_holds(lake, 0, 1)
    resume(table, 3)
    assert_holds(lake, 0, 1, 2)
    assert seen(table) == wheres(2, 1, 0)
    with pytest.raises(ForeignCommitError, match="changed rows"):
        table.rollback(foreign)


def test_what_was_never_seen_or_is_seen_now_is_no_target(table):
    with pytest.raises(UsageError, match=r"app\.orders cannot be rolled back to snapshot 7"):
        table.rollback(7)
    resume(table, 1)
    build(table, 5, 6)
    aside = table.head().building_id
    for snapshot_id in (7, aside, table.head().snapshot_id):
        with pytest.raises(UsageError, match="it is the one readers see, or was never seen, or is no longer kept"):
            table.rollback(snapshot_id)
    table.swap(table.head())
    with pytest.raises(UsageError, match="was never seen"):
        table.rollback(aside)


@pytest.mark.parametrize(
    "what", ["rollback", *(pytest.param(what, marks=pytest.mark.long) for what in ("load", "aside", "swap"))]
)
def test_every_kind_of_commit_leaves_sorted_logs_behind_a_clock_that_jumps_back(lake, table, clock, what):
    resume(table, 2)
    if what == "swap":
        build(table, 7)
    head, first = table.head(), snapshots(table)[0]
    opened = open_batch(table, 2) if what == "load" else open_aside(table, 8)
    clock.time -= timedelta(hours=1)
    {
        "load": opened.commit,
        "aside": opened.commit,
        "swap": lambda: table.swap(head),
        "rollback": lambda: table.rollback(first),
    }[what]()
    metadata = lake.open_catalog().load_table((STREAM.source, STREAM.name)).metadata
    for stamps in (
        [entry.timestamp_ms for entry in metadata.snapshot_log],
        [entry.timestamp_ms for entry in metadata.metadata_log] + [metadata.last_updated_ms],
        [snapshot.timestamp_ms for snapshot in metadata.snapshots],
    ):
        assert stamps == sorted(set(stamps))
    assert metadata.last_updated_ms == metadata.snapshots[-1].timestamp_ms
    assert json.loads(metadata.properties["lakesmith.highest-ordinal"]) >= 2
