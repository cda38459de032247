"""Files that are not whole yet, were rewritten, vanish and come back: what waits, what is told, and what each policy does."""

import json
import os
from datetime import UTC, datetime, timedelta

import pytest

from lakesmith.errors import ConnectorOptionsError, SourceDataError
from lakesmith.model.streams import Ask, SourceContext
from lakesmith.sources.files import FilesOptions, FilesSource
from lakesmith.sources.files.deliveries.ledger import decode


class SetClock:
    def __init__(self) -> None:
        self.time = datetime.now(UTC) + timedelta(seconds=3)

    def now(self) -> datetime:
        return self.time

    def steady_s(self) -> float:
        return self.time.timestamp()


@pytest.fixture
def clock(delivery):
    """The delivery is read by a clock that a test sets; files are written at the real time."""
    clock = SetClock()

    def source(*streams):
        context = SourceContext("drops", FilesOptions(root=str(delivery.root)), delivery.root, streams)
        return FilesSource(context, clock)

    delivery.source = source
    return clock


def told(delivery, stream, since=None):
    """Return rows, notices, rejects and position of a load."""
    source, position = delivery.source(stream), None if stream.mode == "replace" else since
    rows, notices, rejects = [], [], []
    for split in source.splits(stream, Ask(since=since)):
        for chunk in source.read(stream, split, Ask(since=since)):
            rows += zip(*(column.to_pylist() for column in chunk.rows.columns), strict=True)
            notices += chunk.notices
            rejects += [reject.reason for reject in chunk.rejects]
            assert chunk.counted == chunk.rows.num_rows + len(chunk.rejects)
            position = source.advance(position, split, chunk.after)
    return rows, list(dict.fromkeys(notices)), rejects, position


WAITS = "a.csv may still be written: its last record has no end yet, and waits for a later run."


@pytest.mark.parametrize("half", ["3", "3,4", '3,"4', '3,"4\n', "3,4\n5", ""])
@pytest.mark.usefixtures("clock")
def test_a_last_record_waits_while_its_file_is_fresh_and_loads_once(delivery, half):
    delivery.put("a.csv", f"k,v\n1,2\n{half}")
    stream = delivery.stream(settle_s=10, delimiter=",")
    rows, notices, rejects, position = told(delivery, stream)
    whole = [("3", "4")] if half == "3,4\n5" else []
    assert (rows, rejects) == ([("1", "2"), *whole], [])
    assert notices == ([WAITS] if half else [])
    assert told(delivery, stream, position)[0] == []
    rest = {"3": ",4\n", "3,4": "\n", '3,"4': '"\n', '3,"4\n': '"\n', "3,4\n5": ",6\n", "": "3,4\n"}[half]
    delivery.put("a.csv", f"k,v\n1,2\n{half}{rest}")
    rows, notices, rejects, position = told(delivery, stream, position)
    last = {'3,"4\n': ("3", "4\n"), "3,4\n5": ("5", "6")}.get(half, ("3", "4"))
    assert (rows, notices, rejects) == ([last], [], [])
    assert told(delivery, stream, position) == ([], [], [], position)


def test_a_last_record_is_taken_as_it_is_once_its_file_has_settled(delivery, clock):
    delivery.put("a.csv", "k,v\n1,2\n3,4")
    delivery.put("b.csv", "k,v")
    stream = delivery.stream(settle_s=10)
    rows, notices, _, position = told(delivery, stream)
    assert rows == [("1", "2")]
    assert notices == [WAITS, WAITS.replace("a.csv", "b.csv")]
    clock.time += timedelta(seconds=11)
    rows, notices, _, position = told(delivery, stream, position)
    assert (rows, notices) == ([("3", "4")], [])
    assert told(delivery, stream, position)[0] == []


def test_a_file_dated_in_the_future_does_not_wait_for_ever(delivery, clock):
    delivery.put("a.csv", "k,v\n1,2")
    clock.time -= timedelta(days=1)
    assert told(delivery, delivery.stream(settle_s=10))[:2] == ([("1", "2")], [])


@pytest.mark.usefixtures("clock")
def test_a_long_first_line_alone_waits_and_notes_nothing(delivery):
    delivery.put("a.csv", "key,val")
    stream = delivery.stream(settle_s=10)
    rows, notices, _, position = told(delivery, stream)
    assert (rows, notices, json.loads(position)) == ([], [WAITS], {})


@pytest.mark.parametrize("mode", ["append", "dedupe"])
def test_a_rewritten_file_by_policy(delivery, mode):
    delivery.put("a.csv", "k,v\n1,2\n")
    _, _, _, first = told(delivery, delivery.stream(mode=mode))
    delivery.put("a.csv", "k,v\n1,3\n4,5\n")
    with pytest.raises(SourceDataError, match=r"rewritten(.|\n)*on_rewrite"):
        told(delivery, delivery.stream(mode=mode, on_rewrite="refuse"), first)
    rows, notices, _, position = told(delivery, delivery.stream(mode=mode, on_rewrite="reload"), first)
    assert rows == [("1", "3"), ("4", "5")]
    assert ["`_ls_batch` tells them apart" in notice for notice in notices] == ([True] if mode == "append" else [])
    assert decode(position)["a.csv"].records == 2
    rows, notices, _, position = told(delivery, delivery.stream(mode=mode, on_rewrite="ignore"), first)
    assert rows == []
    assert notices == ["a.csv was rewritten; what was read of it before stays, as `on_rewrite: ignore` says."]
    assert told(delivery, delivery.stream(mode=mode, on_rewrite="ignore"), position)[1] == []


def test_an_ignored_file_is_read_on_once_it_is_as_it_was(delivery):
    stream = delivery.stream(on_rewrite="ignore")
    delivery.put("a.csv", "k,v\n1,2\n")
    _, _, _, position = told(delivery, stream)
    path = delivery.put("a.csv", "k,v\n1,9\n")
    _, _, _, position = told(delivery, stream, position)
    os.utime(path)  # touched: still the version that was ignored
    assert told(delivery, stream, position)[:2] == ([], [])
    delivery.put("a.csv", "k,v\n1,2\n3,4\n")
    assert told(delivery, stream, position)[0] == [("3", "4")]


def test_a_policy_has_no_meaning_where_all_is_read_anew(delivery):
    delivery.put("a.csv", "k\n1\n")
    with pytest.raises(ConnectorOptionsError, match=r"`on_rewrite` has no meaning(.|\n)*lakesmith\.yml:7"):
        told(delivery, delivery.stream(mode="replace", on_rewrite="ignore"))


def test_a_vanished_file_is_told_once_and_again_when_it_is_back(delivery):
    stream = delivery.stream()
    for name in ("a.csv", "b.csv", "c.csv", "d.csv", "e.csv"):
        delivery.put(name, "k\n1\n")
    _, notices, _, position = told(delivery, stream)
    assert notices == []
    (delivery.root / "a.csv").unlink()
    rows, notices, _, position = told(delivery, stream, position)
    assert rows == []
    assert notices == ["a.csv is not there any more, or empty: what was read of it before stays."]
    assert told(delivery, stream, position) == ([], [], [], position)
    delivery.put("a.csv", "k\n1\n")
    rows, notices, _, position = told(delivery, stream, position)
    assert (rows, notices) == ([], ["a.csv is there again as before."])
    assert not decode(position)["a.csv"].is_gone
    for name in ("b.csv", "c.csv", "d.csv", "e.csv"):
        (delivery.root / name).unlink()
    delivery.put("a.csv", "k\n1\n2\n")
    rows, notices, _, position = told(delivery, stream, position)
    assert rows == [("2",)]
    assert notices == [
        "4 files (b.csv, c.csv, d.csv, …) are not there any more, or empty: what was read of them before stays."
    ]
    assert delivery.source(stream).gone(stream, position) == ["b.csv", "c.csv", "d.csv", "e.csv"]


def test_a_replace_stream_says_which_files_its_table_is_made_without(delivery):
    delivery.put("a.csv", "k\n1\n")
    delivery.put("b.csv", "k\n2\n")
    stream = delivery.stream(mode="replace")
    _, _, _, position = told(delivery, stream)
    (delivery.root / "a.csv").unlink()
    rows, notices, _, position = told(delivery, stream, position)
    assert rows == [("2",)]
    assert notices == ["a.csv is not there any more, or empty: the table is loaded without it."]
    assert decode(position).keys() == {"b.csv"}


def test_files_beyond_the_look_back_are_not_looked_at_again(delivery):
    for day in range(1, 6):
        delivery.put(f"2026-10-0{day}.csv", f"k\n{day}\n")
    stream = delivery.stream("{date}.csv", look_back_days=2)
    rows, _, _, position = told(delivery, stream)
    assert rows == [(str(day),) for day in range(1, 6)]
    delivery.put("2026-10-02.csv", "k\n2\n22\n")
    delivery.put("2026-10-03.csv", "k\n3\n33\n")
    (delivery.root / "2026-10-01.csv").unlink()
    delivery.put("2026-09-30.csv", "k\n30\n")  # it comes late, and was never read
    rows, notices, _, _ = told(delivery, stream, position)
    assert (rows, notices) == ([("30",), ("33",)], [])
    (delivery.root / "2026-10-04.csv").unlink()
    assert told(delivery, stream, position)[1][0].startswith("2026-10-04.csv ")


def test_files_are_read_by_time_where_that_is_asked(delivery):
    for seconds, name in ((30, "a.csv"), (10, "b.csv"), (20, "c.csv")):
        path = delivery.put(name, "k\n1\n")
        os.utime(path, (seconds, seconds))
    for order, names in (("time", ["b.csv", "c.csv", "a.csv"]), ("name", ["a.csv", "b.csv", "c.csv"])):
        stream = delivery.stream(order=order)
        assert [split.name for split in delivery.source(stream).splits(stream, Ask())] == names


def test_many_steps_at_once_are_the_same_as_one_by_one(delivery):
    for number in range(5):
        delivery.put(f"{number}.csv", f"k\n{number}\n")
    stream = delivery.stream()
    source = delivery.source(stream)
    steps = [
        (split, chunk.after) for split in source.splits(stream, Ask()) for chunk in source.read(stream, split, Ask())
    ]
    one_by_one = None
    for split, after in steps:
        one_by_one = source.advance(one_by_one, split, after)
    assert source.advance_all(None, steps) == one_by_one
    assert decode(one_by_one).keys() == {f"{number}.csv" for number in range(5)}


@pytest.mark.usefixtures("clock")
def test_a_table_that_is_made_of_whole_files_never_lacks_one_that_waits(delivery):
    delivery.put("a.csv", "k,v\n1,2\n3,4")
    rows, notices, _, _ = told(delivery, delivery.stream(mode="replace", settle_s=3600))
    assert (rows, notices) == ([("1", "2"), ("3", "4")], [])
