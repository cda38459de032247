"""Readers see one generation or the next, whole; and what they saw before can be had again."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from lake_building import assert_holds, build, lost, lost_reply, open_aside, over, refused_after_landing
from lake_loading import STREAM, WIDER, make_rejects, make_rows, next_number, open_lake, resume
from pyiceberg.table.update import AssertRefSnapshotId
from test_head import add_snapshot

from lakesmith.errors import FencedError
from lakesmith.lake.metadata import BUILD
from lakesmith.lake.upkeep import tend
from lakesmith.lake.upkeep.planning import Rules


def wheres(*numbers):
    return [reject.where for number in numbers for reject in make_rejects(number)]


def seen(table):
    return [row.where for row in table.quarantined()]


def upkeep(lake):
    """Let another tool rewrite the head without changing a row."""
    add_snapshot(lake.open_catalog().load_table((STREAM.source, STREAM.name)), "replace")


def refs(lake):
    return set(lake.open_catalog().load_table((STREAM.source, STREAM.name)).metadata.refs)


def test_readers_see_nothing_of_a_generation_before_the_swap(lake, table):
    resume(table, 2)
    build(table, 7, 8)
    assert_holds(lake, 0, 1)
    head = table.head()
    assert (head.checkpoint.generation, head.building.generation, head.building.ordinal) == (0, 1, 4)
    assert (next_number(table), json.loads(head.building.position)["next"]) == (2, 9)
    assert seen(table) == wheres(1, 0)
    commit = table.swap(head)
    assert_holds(lake, 7, 8)
    assert (commit.kind, commit.checkpoint, commit.counts.read) == ("swap", head.building, 0)
    assert table.head().checkpoint == head.building
    assert (table.head().building, table.head().building_id) == (None, None)
    assert seen(table) == wheres(8, 7)
    assert refs(lake) == {"main"}
    resume(table, 10)
    assert_holds(lake, 7, 8, 9)
    assert table.head().checkpoint.generation == 1


def test_the_first_load_of_a_table_can_be_built_aside(lake, table):
    open_aside(table, 0, open_splits=("rest",)).commit()
    head = table.head()
    assert (head.snapshot_id, head.checkpoint, head.rows, head.building.open_splits) == (None, None, 0, ("rest",))
    assert table.snapshot().files == ()
    assert table.history() == []
    open_aside(table, 1).commit()
    table.swap(table.head())
    assert_holds(lake, 0, 1)
    resume(table, 3)
    assert_holds(lake, 0, 1, 2)
    assert [(commit.kind, commit.checkpoint.ordinal) for commit in table.history()] == [
        ("load", 3),
        ("swap", 2),
        ("load", 2),
        ("load", 1),
    ]


def test_a_generation_in_the_making_is_continued_by_another_process(lake, table):
    resume(table, 1)
    open_aside(table, 5, fresh=True, open_splits=("b",)).commit()
    other = open_lake(Path(lake.root)).table(STREAM)
    open_aside(other, 6).commit()
    other.swap(other.head())
    assert_holds(lake, 5, 6)


def test_a_generation_begun_anew_leaves_nothing_of_the_old_one(lake, table):
    resume(table, 1)
    build(table, 5, 6)
    old = table.head().building_id
    build(table, 7)
    metadata = lake.open_catalog().load_table((STREAM.source, STREAM.name)).metadata
    assert old not in {snapshot.snapshot_id for snapshot in metadata.snapshots}
    assert len(metadata.snapshots) == 2
    assert table.open_group(table.head()).ordinal == 5
    table.swap(table.head())
    assert_holds(lake, 7)
    assert seen(table) == wheres(7)


def test_an_incomplete_generation_is_not_swapped(table):
    resume(table, 1)
    with pytest.raises(ValueError, match=r"nothing is being built aside for app\.orders"):
        table.swap(table.head())
    open_aside(table, 5, open_splits=("b",)).commit()
    with pytest.raises(ValueError, match="is not complete: 1 splits are open"):
        table.swap(table.head())


def test_a_schema_change_in_the_generation_is_read_by_both(lake, table):
    resume(table, 1)
    open_aside(table, 1, columns=WIDER).commit()
    rows = lake.open_catalog().load_table((STREAM.source, STREAM.name)).scan().to_arrow().to_pylist()
    assert [row["id"] for row in rows] == [row["id"] for row in make_rows(0)]
    assert {row["extra"] for row in rows} == {None}
    table.swap(table.head())
    rows = lake.open_catalog().load_table((STREAM.source, STREAM.name)).scan().to_arrow().to_pylist()
    assert [row["extra"] for row in rows] == [row["extra"] for row in make_rows(1, WIDER)]


def test_a_load_meanwhile_fences_the_swap_and_the_next_group(lake, table):
    resume(table, 1)
    build(table, 7)
    head = table.head()
    opened = open_aside(table, 8)
    resume(table, 2)
    with pytest.raises(FencedError, match=r"while this swap ran: generation and ordinal were 0\.1 and are 0\.3"):
        table.swap(head)
    with pytest.raises(FencedError, match="ordinal 3 has been committed"):
        opened.commit()
    with pytest.raises(FencedError, match="is another one by now, or is no longer wanted"):
        table.commit(replace(opened.group, ordinal=9), with_ordinal(opened.batch, 9))
    assert table.head().building is None
    assert_holds(lake, 0, 1)


def with_ordinal(batch, ordinal):
    staged = tuple(replace(receipt, ordinal=ordinal) for receipt in batch.staged)
    return replace(batch, staged=staged, checkpoint=replace(batch.checkpoint, ordinal=ordinal))


def test_a_dead_generation_goes_with_the_next_load(lake, table):
    resume(table, 1)
    build(table, 7)
    resume(table, 2)  # takes the dead generation with it
    assert refs(lake) == {"main"}
    assert_holds(lake, 0, 1)
    assert table.open_group(table.head()).ordinal == 4


def test_upkeep_meanwhile_fences_nobody(lake, table, clock):
    resume(table, 1)
    clock.time = datetime.now(UTC)
    opened = open_aside(table, 7, fresh=True, open_splits=("b",))
    upkeep(lake)
    opened.commit()
    upkeep(lake)
    open_aside(table, 8).commit()
    head = table.head()
    upkeep(lake)
    table.swap(head)
    assert_holds(lake, 7, 8)
    resume(table, 10)
    assert_holds(lake, 7, 8, 9)


def test_somebody_who_began_the_generation_anew_fences_the_swap(lake, table):
    resume(table, 1)
    build(table, 7)
    head = table.head()
    build(table, 8)
    with pytest.raises(FencedError, match="the generation that was built aside is another one by now"):
        table.swap(head)
    assert_holds(lake, 0)


@pytest.mark.parametrize("fault", [lost_reply, refused_after_landing])
@pytest.mark.parametrize("before", [pytest.param(0, marks=pytest.mark.long), 1])
def test_a_swap_that_landed_without_a_reply_is_found(lake, table, fault, before):
    resume(table, before)
    build(table, 7)
    loader = over(lake, fault)
    commit = loader.swap(loader.head())
    assert loader.services.catalog().sent == 1
    assert replace(table.history()[0], checkpoint=commit.checkpoint) == commit
    assert_holds(lake, 7)


def test_a_swap_that_got_lost_is_sent_again(lake, table):
    resume(table, 1)
    build(table, 7)
    loader = over(lake, lost, lost)
    loader.swap(loader.head())
    assert_holds(lake, 7)
    assert [commit.kind for commit in table.history()] == ["swap", "load", "load"]


def test_a_load_between_look_and_swap_fences(lake, table):
    resume(table, 1)
    build(table, 7)

    def overtaken(real, args):
        resume(table, 2)
        return real.commit_table(*args)

    loader = over(lake, overtaken)
    with pytest.raises(FencedError, match="while this swap ran"):
        loader.swap(loader.head())
    assert_holds(lake, 0, 1)


@pytest.mark.parametrize("fault", [lost_reply, refused_after_landing])
@pytest.mark.parametrize("fresh", [True, pytest.param(False, marks=pytest.mark.long)])
def test_a_group_aside_that_landed_without_a_reply_is_found(lake, table, fault, fresh):
    resume(table, 1)
    if not fresh:
        open_aside(table, 6, open_splits=("b",)).commit()
    commit = open_aside(over(lake, fault), 7).commit()
    assert table.head().building_id == commit.snapshot_id
    table.swap(table.head())
    assert_holds(lake, *(() if fresh else (6,)), 7)


def test_a_zombie_of_the_build_is_fenced(lake, table):
    resume(table, 1)
    open_aside(table, 6, open_splits=("b",)).commit()
    zombie = open_aside(table, 7)
    open_aside(table, 7, open_splits=("c",)).commit()
    with pytest.raises(FencedError, match="ordinal 3 has been committed"):
        zombie.commit()
    table.commit(*reopened(table, 8))
    table.swap(table.head())
    assert_holds(lake, 6, 7, 8)


def reopened(table, number):
    opened = open_aside(table, number)
    return opened.group, opened.batch


def test_two_that_begin_a_generation(lake, table):
    resume(table, 1)
    one, other = open_aside(table, 6, fresh=True), open_aside(table, 7, fresh=True)
    other.commit()
    with pytest.raises(FencedError, match="ordinal 2 has been committed"):
        one.commit()
    table.swap(table.head())
    assert_holds(lake, 7)


def test_a_group_aside_lands_once(lake, table):
    resume(table, 1)
    opened = open_aside(table, 6)
    assert opened.commit() == opened.commit()
    table.swap(table.head())
    assert opened.commit().snapshot_id in table.lineage()
    assert_holds(lake, 6)


def test_the_catalog_is_told_both_heads(lake, table):
    resume(table, 1)
    build(table, 7)
    head, told = table.head(), []

    def listen(real, args):
        told.extend(args[1])
        return real.commit_table(*args)

    over(lake, listen).swap(head)
    heads = {one.ref: one.snapshot_id for one in told if one.type == "assert-ref-snapshot-id"}
    assert heads == {"main": head.snapshot_id, BUILD: head.building_id}


def test_the_ordinals_of_a_generation_that_others_threw_away_are_never_used_again(lake, table, clock):
    resume(table, 1)
    clock.time = datetime.now(UTC)
    build(table, 7, 8)
    aside = [table.head().building_id]
    iceberg = lake.open_catalog().load_table((STREAM.source, STREAM.name))
    iceberg.manage_snapshots().remove_branch(BUILD).commit()
    iceberg.refresh()
    aside.append(iceberg.snapshot_by_id(aside[0]).parent_snapshot_id)
    iceberg.maintenance.expire_snapshots().by_ids(aside).commit()
    assert len(iceberg.refresh().metadata.snapshots) == 1
    assert table.head().building is None
    assert table.open_group(table.head()).ordinal == 4


def test_a_generation_in_place_of_what_others_rolled_back_is_dead(lake, table, clock):
    resume(table, 1)
    first = table.head().snapshot_id
    resume(table, 2)
    clock.time = datetime.now(UTC)
    build(table, 7)
    head, opened = table.head(), open_aside(table, 8)
    lake.open_catalog().load_table((STREAM.source, STREAM.name)).manage_snapshots().rollback_to_snapshot(first).commit()
    assert table.head().building is None
    with pytest.raises(FencedError, match="is another one by now, or is no longer wanted"):
        opened.commit()
    with pytest.raises(FencedError, match="while this swap ran"):
        table.swap(head)
    assert_holds(lake, 0)


def test_every_commit_asks_that_neither_branch_has_moved(lake, table):
    asked = []

    def ask(real, args):
        heads = [one for one in args[1] if isinstance(one, AssertRefSnapshotId)]
        asked.append({one.ref: one.snapshot_id for one in heads})
        return real.commit_table(*args)

    resume(table, 4)
    loader = over(lake, *[ask] * 4)
    resume(loader, 5)
    loader.rollback(loader.history()[1].snapshot_id)
    assert tend(loader, Rules(due_files=4)) is not None
    open_aside(loader, 7).commit()
    assert len(asked) == 4
    assert all(one.keys() == {"main", BUILD} and one["main"] and one[BUILD] is None for one in asked)
