"""What a cursor never sees: keys that its source deleted."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from run_shelf import STREAM, Box, Shelf, load

from lakesmith.errors import EmptiedError, ProjectFileError, RowLawError, UsageError
from lakesmith.host import Host
from lakesmith.model.loads import Counts
from lakesmith.model.streams import Ask, Chunk, StreamSpec
from lakesmith.run.load import LoadJob
from lakesmith.run.reconciling import Reconciled, reconcile_stream

SPEC = StreamSpec(STREAM, "dedupe", ("Shop", "Id"))


@dataclass
class KeyedShelf(Shelf):
    """A shelf that can say which keys it still has; `there` are all of them."""

    there: list[tuple[str, int]] = field(default_factory=list)
    miscounts: int = 0
    asked: Ask | None = None

    def keys(self, stream, ask):
        self.asked = ask
        del stream
        for at in range(0, len(self.there), 2):
            part = self.there[at : at + 2]
            rows = pa.record_batch({"Shop": [s for s, _ in part], "Id": pa.array([i for _, i in part], pa.int64())})
            yield Chunk(rows, b"", counted=len(part) + self.miscounts)


def shelf(*there, rows=(("a", 1), ("a", 2), ("b", 1), ("b", 2), ("a", 1))):
    shops, ids = zip(*rows, strict=True)
    return KeyedShelf([[Box({"Shop": shops, "Id": ids, "price": list(range(len(rows)))})]], there=list(there))


def job(source, table, **spec):
    stream = StreamSpec(STREAM, **spec) if spec else SPEC
    return LoadJob(stream, source, table, Host(), "config")


def image(lake):
    """Return the newest row of every key as (key, op, price), by a way of its own."""
    table = lake.open_catalog().load_table((STREAM.source, STREAM.name)).scan().to_arrow().to_pylist()
    newest = {}
    for row in sorted(table, key=lambda row: row["_ls_seq"]):
        newest[row["shop"], row["id"]] = (row["_ls_op"], row["price"])
    return newest


@pytest.fixture
def loaded(table):
    source = shelf(("a", 1), ("b", 2), ("c", 9))
    load(source, table, mode="dedupe", key=("Shop", "Id"))
    return source


def test_a_row_says_of_each_vanished_key_that_it_is_gone(lake, table, loaded):
    before = table.head()
    done = reconcile_stream(job(loaded, table))
    assert (done.keys, done.vanished) == (3, 2)
    assert image(lake) == {("a", 1): ("r", 4), ("a", 2): ("d", None), ("b", 1): ("d", None), ("b", 2): ("r", 3)}
    assert done.load.counts == Counts(derived=2)
    after = table.head()
    assert after.checkpoint.position == before.checkpoint.position
    assert after.checkpoint.ordinal == before.checkpoint.ordinal + 1
    assert after.schema.data == before.schema.data


def test_a_second_time_there_is_nothing_to_say(table, loaded):
    reconcile_stream(job(loaded, table))
    snapshot = table.head().snapshot_id
    assert reconcile_stream(job(loaded, table)) == Reconciled(3, 0)
    assert table.head().snapshot_id == snapshot


def test_a_dry_run_changes_nothing(lake, table, loaded):
    before, rows = table.head(), image(lake)
    assert reconcile_stream(job(loaded, table), dry_run=True) == Reconciled(3, 2)
    assert (table.head(), image(lake)) == (before, rows)


def test_a_key_that_comes_back_is_there_again(lake, table, loaded):
    reconcile_stream(job(loaded, table))
    loaded.boxes.append([Box({"Shop": ["a"], "Id": [2], "price": [77]})])
    load(loaded, table, mode="dedupe", key=("Shop", "Id"))
    assert image(lake)["a", 2] == ("r", 77)


def test_a_source_without_any_key_is_not_believed(table, loaded):
    loaded.there = []
    with pytest.raises(EmptiedError, match="sent no record"):
        reconcile_stream(job(loaded, table))


def test_keys_are_counted_by_the_source(table, loaded):
    loaded.miscounts = 1
    with pytest.raises(RowLawError, match="counted 5 keys and 3 came"):
        reconcile_stream(job(loaded, table))


@pytest.mark.parametrize(
    ("spec", "why"),
    [({"mode": "append"}, "no key by which"), ({"mode": "replace", "key": ("Id",)}, "no key by which")],
)
def test_a_stream_whose_rows_do_not_stand_in_for_each_other_is_refused(table, loaded, spec, why):
    with pytest.raises(UsageError, match=why):
        reconcile_stream(job(loaded, table, **spec))


def test_a_source_that_cannot_send_keys_is_refused(table):
    plain = Shelf([[Box({"Shop": ["a"], "Id": [1]})]])
    load(plain, table, mode="dedupe", key=("Shop", "Id"))
    with pytest.raises(UsageError, match="cannot send the keys"):
        reconcile_stream(job(plain, table))


def test_nothing_is_compared_with_a_table_that_was_never_loaded(table):
    with pytest.raises(UsageError, match="never been loaded"):
        reconcile_stream(job(shelf(("a", 1)), table))


def test_a_source_is_told_how_far_it_was_loaded(table, loaded):
    reconcile_stream(job(loaded, table), dry_run=True)
    assert loaded.asked == Ask(since=table.head().position)


def test_a_key_that_the_table_does_not_have_is_refused(lake, table, loaded):
    before = image(lake)
    with pytest.raises(ProjectFileError, match="no column 'number', which `key:` names"):
        reconcile_stream(job(loaded, table, mode="dedupe", key=("Shop", "number")))
    assert image(lake) == before
