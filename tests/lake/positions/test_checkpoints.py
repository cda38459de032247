"""A checkpoint survives every way it is written, and the surface of the package is what it says."""

import json
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lake_loading import COLUMNS, NOON, STREAM

import lakesmith.lake
from lakesmith.lake.commits.summaries import read_commit, write_summary
from lakesmith.lake.metadata import Metadata, Snapshot, from_ms, to_ms
from lakesmith.lake.positions.checkpoints import in_force, reference
from lakesmith.lake.positions.sidecars import Sidecars
from lakesmith.lake.stores.store import FolderStore
from lakesmith.model.loads import Batch, Checkpoint, Counts, Group
from lakesmith.model.shapes import Reshape
from lakesmith.model.streams import StreamId

TEXT = st.text(st.characters(codec="utf-8"))
STREAMS = st.builds(StreamId, TEXT.filter(lambda text: "." not in text), TEXT)
CHECKPOINTS = st.builds(
    Checkpoint,
    STREAMS,
    TEXT.map(str.encode),
    st.integers(1, 2**31),
    st.integers(0, 99),
    TEXT,
    st.lists(TEXT, max_size=3).map(tuple),
)
NOWHERE = Sidecars(FolderStore("/nowhere"), "/nowhere")
COUNTS = st.builds(Counts, *[st.integers(0, 2**40)] * 5, proven=st.booleans())


def metadata_of(checkpoint, snapshot):
    raw = {"snapshot-id": 7, "timestamp-ms": 1, "summary": snapshot}
    properties = {"lakesmith.checkpoint-ref": reference(7, checkpoint)}
    return Metadata("x", {"refs": {"main": {"snapshot-id": 7}}, "snapshots": [raw], "properties": properties})


@given(CHECKPOINTS, COUNTS)
def test_a_commit_reads_back_what_it_wrote(checkpoint, counts):
    group = Group(checkpoint.stream, checkpoint.ordinal, "ticket", NOON, None, "uuid")
    batch = Batch((), checkpoint, Reshape(None, COLUMNS), counts)
    summary = json.loads(json.dumps(write_summary(group, batch, checkpoint.encode())))
    assert all(isinstance(value, str) for value in summary.values())
    commit = read_commit(Snapshot(7, None, 1, summary))
    assert (commit.checkpoint, commit.counts, commit.batch_id) == (checkpoint, counts, "ticket")
    assert in_force(metadata_of(checkpoint, summary), NOWHERE) == checkpoint


@given(st.integers(-(2**40), 2**43))
def test_milliseconds_and_back(millis):
    assert to_ms(from_ms(millis)) == millis


def test_upkeep_is_no_commit():
    assert read_commit(Snapshot(7, None, 1, {"operation": "replace", "lakesmith.checkpoint": "carried"})) is None


def test_the_surface():
    assert lakesmith.lake.__all__ == sorted(lakesmith.lake.__all__) == ["CRASH_POINTS", "Lake", "Table"]
    assert all(getattr(lakesmith.lake, name) for name in lakesmith.lake.__all__)
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        lakesmith.lake.Nothing  # noqa: B018


def test_importing_the_package_loads_nothing_of_it():
    code = "import sys, lakesmith.lake; print([name for name in sys.modules if name.startswith('lakesmith.lake.')])"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


def test_batches_are_tickets(table):
    tickets = {table.open_group(None).batch_id for _ in range(50)}
    assert len(tickets) == 50
    assert table.open_group(None).stream == STREAM
