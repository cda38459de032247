"""Claims outlive the snapshots that made them, and count exactly as long as the rows beside them do."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakesmith.errors import CatalogBrokenError
from lakesmith.lake.layout import Layout
from lakesmith.lake.metadata import Metadata, Snapshot
from lakesmith.lake.positions.checkpoints import CHECKPOINT
from lakesmith.lake.quarantine.claims import BATCH_ID, CLAIMS, ORDINAL, ClaimStore, is_undone, undo
from lakesmith.lake.stores.store import FolderStore
from lakesmith.model.loads import Checkpoint
from lakesmith.model.streams import StreamId


def test_claims_are_found_over_many_objects(tmp_path):
    store = ClaimStore(FolderStore(str(tmp_path)), Layout(str(tmp_path)))
    raw = {"table-uuid": "t", "properties": {}}
    for first in range(0, 1200, 100):
        leave = [Snapshot(at, None, 0, summary_of(at), at) for at in range(first, first + 100)]
        raw["properties"] |= store.carry(Metadata("", raw), leave)
    assert [claim.ordinal for claim in store.carried(Metadata("", raw))] == list(range(1199, -1, -1))
    assert len(store.paths(Metadata("", raw))) == 6
    assert len(list(tmp_path.rglob("*.json"))) == 12


def test_claims_of_loads_after_the_head_do_not_count(tmp_path):
    """Another tool went back to an older snapshot: what later loads claimed was carried over before, and is no part of it."""
    store = ClaimStore(FolderStore(str(tmp_path)), Layout(str(tmp_path)))
    raw = {"table-uuid": "t", "properties": {}}
    raw["properties"] |= store.carry(
        Metadata("", raw), [Snapshot(at, None, 0, summary_of(at), at) for at in range(1, 6)]
    )
    position = Checkpoint(StreamId("app", "orders"), b"{}", 3).encode()
    raw["snapshots"] = [{"snapshot-id": 9, "timestamp-ms": 0, "summary": {CHECKPOINT: position}}]
    raw["refs"] = {"main": {"snapshot-id": 9}}
    assert [claim.ordinal for claim in store.landed(Metadata("", raw))] == [3, 2, 1]


def summary_of(ordinal: int) -> dict[str, str]:
    return {BATCH_ID: f"batch {ordinal}", CLAIMS: f'["{ordinal}.jsonl"]', ORDINAL: str(ordinal)}


@pytest.mark.parametrize(("change", "words"), [(b"", "its hash is another"), (None, "is missing")])
def test_claims_that_are_not_what_was_written_are_named(tmp_path, change, words):
    store = ClaimStore(FolderStore(str(tmp_path)), Layout(str(tmp_path)))
    properties = store.carry(Metadata("", {"table-uuid": "t"}), [Snapshot(1, None, 0, summary_of(1), 1)])
    (path,) = tmp_path.rglob("*.json")
    path.unlink()
    if change is not None:
        path.write_bytes(change)
    with pytest.raises(CatalogBrokenError, match=f"names older quarantine files of this table .*{words}"):
        list(store.landed(Metadata("", {"table-uuid": "t", "properties": properties})))


@given(spans=st.lists(st.tuples(st.integers(1, 40), st.integers(0, 10))))
def test_what_is_undone_is_the_union_of_all_that_was(spans):
    text = ""
    for first, length in spans:
        text = undo(text, first, first + length)
    expected = {at for first, length in spans for at in range(first, first + length + 1)}
    assert {at for at in range(60) if is_undone(at, text)} == expected
    assert len(text.split(",")) <= max(1, len(spans))
