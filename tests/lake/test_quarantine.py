"""Rejects come back as they went in, and only those whose batch landed."""

from pathlib import Path

import pytest
from lake_loading import COLUMNS, STREAM, make_rejects, make_rows, open_batch, resume, to_batch

from lakesmith.errors import StorageUnavailableError
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
