"""Times in the metadata that go back are named, with who refuses the table for it."""

import pytest
from lake_loading import STREAM, resume

from lakesmith.lake.logs import check_logs
from lakesmith.lake.metadata import Metadata


@pytest.fixture
def metadata(table):
    resume(table, 3)
    return table.services.pointers.read(STREAM)


def moved(metadata, key, at, by_ms, field="timestamp-ms"):
    entries = [dict(entry) for entry in metadata.raw[key]]
    entries[at][field] += by_ms
    return Metadata(metadata.path, {**metadata.raw, key: entries})


def test_our_own_logs_are_in_order(metadata):
    assert check_logs(metadata) == ()


@pytest.mark.parametrize(
    ("key", "at", "by_ms", "words"),
    [
        ("snapshot-log", 0, 3_600_000, "the log of what readers saw goes back by 3,59"),
        ("snapshot-log", 0, 30_000, "other readers still take that"),
        ("snapshot-log", -1, -7_200_000, "other readers refuse the table"),
        ("metadata-log", 0, 3_600_000, "the log of metadata files goes back by 3,59"),
        ("metadata-log", -1, 3_600_000, "the log of metadata files goes back"),
        ("snapshots", 0, 3_600_000, "the snapshots, in the order of their sequence numbers, goes back"),
        ("snapshots", -1, 3_600_000, "after the table's last change"),
    ],
)
def test_what_goes_back_is_named(metadata, key, at, by_ms, words):
    assert any(words in fault for fault in check_logs(moved(metadata, key, at, by_ms)))


def test_a_log_that_ends_elsewhere_is_named(metadata):
    shorter = Metadata(metadata.path, {**metadata.raw, "snapshot-log": metadata.raw["snapshot-log"][:-1]})
    assert check_logs(shorter) == ("the log of what readers saw does not end with what they see",)
