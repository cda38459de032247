"""Records of members that were put aside, read again by today's settings."""

import gzip

import pytest
from packers import zipped

from lakesmith.model.loads import QuarantinedRow
from lakesmith.model.streams import StreamId

BAD = b'k,v\n1,2\n3,4,5\n6,"7\n'


def quarantined(reject) -> QuarantinedRow:
    """Return a reject as quarantine gives it back."""
    return QuarantinedRow(
        stream=StreamId("drops", "rows"),
        batch_id="b",
        ordinal=1,
        quarantined_at=None,
        reason=reject.reason,
        where=reject.where,
        column=reject.column,
        raw=reject.raw,
        mark=reject.mark,
    )


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("drop.zip", zipped({"x/a.csv": b"k,v\n", "x/b.csv": BAD})),
        ("b.csv.gz", gzip.compress(BAD, mtime=0)),
        ("b.csv", gzip.compress(BAD, mtime=0)),
    ],
)
def test_a_record_of_a_packed_file_is_read_by_the_columns_of_its_own_file(delivery, name: str, content: bytes) -> None:
    delivery.put(name, content)
    stream = delivery.stream(name)
    loaded = delivery.load(stream)
    assert [reject.reason.partition(":")[0] for reject in loaded.rejects] == ["too many fields", "unterminated quote"]
    mended = delivery.stream(name, delimiter=";")
    records = [quarantined(reject) for reject in loaded.rejects]
    same = list(delivery.source(stream).replay(stream, records))
    assert [len(replay.rejects) for replay in same] == [1, 0]
    assert same[0].rejects[0][1].where == loaded.rejects[0].where
    assert same[1].kept == ((1, loaded.rejects[1].reason),)
    (row, _) = delivery.source(mended).replay(mended, records)
    assert row.rows.to_pylist() == [{"k,v": "3,4,5"}]
    assert row.origin == loaded.rejects[0].where.rpartition(":")[0]


def test_a_record_waits_where_its_member_is_gone_or_begins_otherwise(delivery) -> None:
    delivery.put("drop.zip", zipped({"b.csv": BAD}))
    stream = delivery.stream("*.zip")
    record = quarantined(delivery.load(stream).rejects[0])
    delivery.put("drop.zip", zipped({"b.csv": b"other,v\n"}))
    (changed,) = delivery.source(stream).replay(stream, [record])
    assert "begins with another line" in changed.kept[0][1]
    for content in (zipped({"c.csv": BAD}), None):
        if content is None:
            (delivery.root / "drop.zip").unlink()
        else:
            delivery.put("drop.zip", content)
        (gone,) = delivery.source(stream).replay(stream, [record])
        assert "not there any more" in gone.kept[0][1]


def test_what_is_no_record_of_a_member_waits(delivery) -> None:
    delivery.put("drop.zip", zipped({"b.yaml": b"a: 1"}))
    stream = delivery.stream("*.zip")
    (replay,) = delivery.source(stream).replay(stream, [quarantined(delivery.load(stream).rejects[0])])
    assert "does not tell its format" in replay.kept[0][1]
