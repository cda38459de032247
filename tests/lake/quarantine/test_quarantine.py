"""Rejects come back as they went in, and only those whose batch landed."""

import itertools
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lake_loading import COLUMNS, STREAM, make_rejects, make_rows, open_batch, resume, to_batch

from lakesmith.errors import StorageUnavailableError
from lakesmith.lake.quarantine.rejects import read_ranges, spell_ranges, write_note
from lakesmith.model.loads import Batch, Checkpoint, Counts
from lakesmith.model.shapes import Reshape
from lakesmith.model.streams import Reject


def test_rejects_come_back_whole_and_newest_first(table):
    commits = [open_batch(table, number).commit() for number in range(2)]
    rows = list(table.quarantined())
    assert [(row.reason, row.where, row.raw, row.column) for row in rows] == [
        (reject.reason, reject.where, reject.raw, reject.column) for number in (1, 0) for reject in make_rejects(number)
    ]
    assert [row.batch_id for row in rows[::2]] == [commit.batch_id for commit in reversed(commits)]
    assert [row.ordinal for row in rows] == [2, 2, 1, 1]
    assert {row.stream for row in rows} == {STREAM}
    assert all(row.quarantined_at.tzinfo for row in rows)


def test_rejects_of_an_abandoned_stage_of_a_landed_batch_stay_unseen(table):
    group = table.open_group(None)
    reshape = Reshape(None, COLUMNS)
    schema = table.number(None, reshape)
    abandoned = table.stage(group, schema, 0)
    abandoned.write(to_batch(make_rows(0), COLUMNS), "f.csv")
    abandoned.reject([Reject("first try", "f:1", "x")])
    abandoned.abandon()
    again = table.stage(group, schema, 100)
    again.reject([Reject("second try", "f:1", "x")])
    receipt = again.close()
    table.commit(group, Batch((receipt,), Checkpoint(STREAM, b"{}", 1), reshape, Counts(read=1, quarantined=1)))
    assert [row.reason for row in table.quarantined()] == ["second try"]
    assert receipt.files == ()


def test_a_missing_quarantine_file_is_named(lake, table):
    resume(table, 1)
    (file,) = Path(lake.root).glob("_lakesmith/quarantine/app.orders/*.jsonl")
    file.write_text("{\n")
    with pytest.raises(StorageUnavailableError, match="A quarantine file is damaged"):
        list(table.quarantined())
    file.unlink()
    with pytest.raises(StorageUnavailableError, match="cannot be used: No such file"):
        list(table.quarantined())


def test_what_a_landed_replay_took_is_not_shown_and_what_only_was_written_is(table):
    resume(table, 2)
    first, second, third, _ = (row.id for row in table.quarantined())
    assert [id_.rpartition(":")[2] for id_ in (first, second, third)] == ["1", "2", "1"]
    head = table.head()
    group = table.open_group(head)
    note = write_note(table.services, group, [second, third])
    assert len(list(table.quarantined())) == 4
    receipt = table.stage(group, table.number(head, Reshape(head.schema.data, head.schema.data)), 0).close()
    staged = replace(receipt, reject_files=(note,))
    checkpoint = Checkpoint(STREAM, head.checkpoint.position, group.ordinal)
    table.commit(group, Batch((staged,), checkpoint, Reshape(head.schema.data, head.schema.data), Counts()))
    assert [row.id for row in table.quarantined()] == [first, third.replace(":1", ":2")]
    Path(note).write_text("[")
    with pytest.raises(StorageUnavailableError, match="A quarantine file is damaged"):
        list(table.quarantined())


def test_everything_about_a_record_comes_back(table):
    group = table.open_group(None)
    stage = table.stage(group, table.number(None, Reshape(None, COLUMNS)), 0)
    told = Reject("long", "f.csv:3", "caf\udce9", "price", ("mail", "phone"), cut=True, mark="utf-8/abc")
    stage.reject([told])
    checkpoint = Checkpoint(STREAM, b"{}", 1)
    table.commit(group, Batch((stage.close(),), checkpoint, Reshape(None, COLUMNS), Counts(read=1, quarantined=1)))
    (row,) = table.quarantined()
    kept = (row.reason, row.where, row.raw, row.column, row.masked, row.cut, row.mark)
    assert kept == (told.reason, told.where, told.raw, told.column, told.masked, told.cut, told.mark)
    assert "caf" not in repr(row) + repr(told)


@given(st.sets(st.integers(1, 60)))
def test_ranges_are_read_as_they_were_spelled(numbers):
    text = spell_ranges(numbers)
    spans = read_ranges(text)
    assert sorted(number for span in spans for number in span) == sorted(numbers)
    assert all(after.start > before.stop for before, after in itertools.pairwise(spans))
