"""Streams whose files together are the table (`replace`): what makes them new, what resumes, what stays when only some are read anew."""

import os
from datetime import UTC, date, datetime

import pytest

from lakesmith.errors import SourceMissingError
from lakesmith.model.streams import Ask
from lakesmith.sources.files.deliveries.ledger import decode


def names(delivery, stream, since, **ask):
    return [split.name for split in delivery.source(stream).splits(stream, Ask(since=since, **ask))]


@pytest.fixture
def stream(delivery):
    delivery.put("a.csv", "id\n1\n")
    delivery.put("b.csv", "id\n2\n")
    return delivery.stream("*.csv", mode="replace")


@pytest.fixture
def loaded(delivery, stream):
    return delivery.load(stream).position


def test_nothing_is_new_while_every_file_is_as_it_was(delivery, stream, loaded):
    assert names(delivery, stream, loaded) == []
    os.utime(delivery.root / "a.csv")  # touched, not changed
    assert names(delivery, stream, loaded) == []


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d.put("c.csv", "id\n3\n"),
        lambda d: d.put("a.csv", "id\n9\n"),
        lambda d: d.put("a.csv", "id\n1\n4\n"),
        lambda d: (d.root / "a.csv").unlink(),
        lambda d: d.put("a.csv", ""),
    ],
    ids=["came", "rewritten", "grown", "gone", "emptied"],
)
def test_any_change_makes_the_whole_set_new(delivery, stream, loaded, change):
    change(delivery)
    there = sorted(file.name for file in delivery.root.glob("*.csv") if file.stat().st_size)
    assert names(delivery, stream, loaded) == there
    again = delivery.load(stream, None)
    assert sorted(row[0] for row in again.rows) == sorted(
        line for name in there for line in (delivery.root / name).read_text().split()[1:]
    )
    assert sorted(decode(again.position)) == there


def test_a_load_that_was_cut_off_is_asked_for_the_rest_alone(delivery, stream):
    source = delivery.source(stream)
    first, second = source.splits(stream, Ask())
    [chunk] = source.read(stream, first, Ask())
    partial = source.advance(None, first, chunk.after)
    assert names(delivery, stream, partial, resumes=True) == [second.name]
    assert names(delivery, stream, partial) == ["a.csv", "b.csv"]
    delivery.put("a.csv", "id\n7\n")
    assert names(delivery, stream, partial, resumes=True) == ["a.csv", "b.csv"]
    (delivery.root / "a.csv").unlink()
    assert names(delivery, stream, partial, resumes=True) == ["a.csv", "b.csv"]


@pytest.mark.parametrize("empty", [False, True])
def test_files_that_are_all_gone_are_no_empty_table(delivery, stream, loaded, empty):
    for file in delivery.root.glob("*.csv"):
        file.write_text("") if empty else file.unlink()
    with pytest.raises(SourceMissingError, match=r"All files of drops\.rows are gone, among them `a\.csv`"):
        names(delivery, stream, loaded)


def test_what_stays_before_a_day(delivery):
    stream = delivery.stream(["days/{date}.csv", "plain/*.csv"])
    for name in ("days/2026-10-01.csv", "days/2026-10-02.csv", "plain/old.csv", "plain/new.csv"):
        delivery.put(name, "id\n1\n")
    for name, day in (("plain/old.csv", 1), ("plain/new.csv", 2)):
        at = datetime(2026, 10, day, 23, 59, tzinfo=UTC).timestamp()
        os.utime(delivery.root / name, (at, at))
    position = delivery.load(stream).position
    (delivery.root / "days/2026-10-02.csv").unlink()
    kept = delivery.source(stream).keep_before(stream, position, date(2026, 10, 2))
    assert kept.anew == {"plain/new.csv"}
    assert (
        kept.origins == {"days/2026-10-01.csv", "days/2026-10-02.csv", "plain/old.csv"} == decode(kept.position).keys()
    )
    assert delivery.source(stream).gone(stream, position) == ["days/2026-10-02.csv"]
