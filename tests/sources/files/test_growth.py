"""Files that grow, are cut short, touched, rewritten or vanish; and resuming from any position."""

import json
import os
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lakesmith.errors import SourceDataError
from lakesmith.model.streams import Ask


def touch(path: Path) -> None:
    status = path.stat()
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns + 1_000_000_000))


def test_a_second_load_finds_nothing(delivery) -> None:
    delivery.put("a.csv", "k,v\n1,2\n")
    delivery.put("b.csv", "k,v\n")
    delivery.put("empty.csv", "")
    first = delivery.load()
    stream = delivery.stream()
    assert delivery.source(stream).splits(stream, Ask(since=first.position)) == []
    assert json.loads(first.position).keys() == {"a.csv", "b.csv"}


def test_reading_a_split_twice_yields_the_same(delivery) -> None:
    delivery.put("a.csv", "k,v\n1,2\n3\n")
    stream = delivery.stream()
    source = delivery.source(stream)
    (split,) = source.splits(stream, Ask())
    assert list(source.read(stream, split, Ask())) == list(source.read(stream, split, Ask()))


def test_a_grown_file_is_read_on_from_where_it_was_left(delivery) -> None:
    delivery.put("a.csv", "k;v\n1;2\nbad\n")
    first = delivery.load()
    delivery.put("a.csv", "k;v\n1;2\nbad\n3;4\nworse\n")
    second = delivery.load(since=first.position)
    assert (second.rows, second.counted) == ([("3", "4")], 2)
    assert [reject.where for reject in second.rejects] == ["a.csv:5"]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_last_record_without_line_end_is_loaded_once(delivery, end: str) -> None:
    delivery.put("a.csv", f"k,v{end}1,2{end}3,4")
    first = delivery.load()
    assert first.rows == [("1", "2"), ("3", "4")]
    delivery.put("a.csv", f"k,v{end}1,2{end}3,4{end}5,6")
    assert delivery.load(since=first.position).rows == [("5", "6")]


def test_a_last_record_that_grows_in_its_middle_is_never_guessed_at(delivery) -> None:
    delivery.put("a.csv", "k,v\n1,2\n3,4")
    first = delivery.load()
    delivery.put("a.csv", "k,v\n1,2\n3,45\n")
    with pytest.raises(SourceDataError, match=r"rewritten.*\n  where: a\.csv \(stream drops\.rows, lakesmith\.yml:7\)"):
        delivery.load(since=first.position)
    assert delivery.load(delivery.stream(mode="dedupe"), first.position).rows == [("1", "2"), ("3", "45")]


@pytest.mark.parametrize("cut", [9, 10, 11, 12, 14, 15, 16, 17, 18])  # 13 ends in a whole record with an empty field
def test_a_cut_record_waits_and_loads_once_it_is_whole(delivery, cut: int) -> None:
    content = b'key,v\n1,2\n33,"4\n\xc3\xa4"\n5,6\n'
    delivery.put("a.csv", content[:cut])
    first = delivery.load(delivery.stream(delimiter=","))
    delivery.put("a.csv", content)
    stream = delivery.stream(delimiter=",", mode="append")
    whole = [("1", "2"), ("33", "4\nä"), ("5", "6")]
    second = delivery.load(stream, first.position)
    assert first.rows + second.rows == whole
    assert second.rejects == []
    assert len(first.rejects) == (cut not in (9, 10))


def test_a_header_without_line_end_waits(delivery) -> None:
    delivery.put("a.csv", "key,val")
    first = delivery.load()
    delivery.put("a.csv", "key,value\n1,2\n")
    second = delivery.load(since=first.position)
    assert (first.columns, second.columns, second.rows) == ([], ["key", "value"], [("1", "2")])


@pytest.mark.parametrize("content", ["k,v\n1,2\n", "k,v\n1,2\n3"])
def test_a_touched_file_is_not_read_and_remembered_with_the_next(delivery, content: str) -> None:
    path = delivery.put("a.csv", content)
    first = delivery.load()
    touch(path)
    assert delivery.load(since=first.position).counted == 0
    delivery.put("b.csv", "k,v\n5,6\n")
    second = delivery.load(since=first.position)
    assert second.rows == [("5", "6")]
    assert json.loads(second.position)["a.csv"]["m"] == path.stat().st_mtime_ns


@pytest.mark.parametrize("content", ["k,v\n1,3\n", "k,v\n", "k,v\n7,8\n9,10\n"])
def test_a_rewritten_file_is_read_anew_only_where_that_doubles_nothing(delivery, content: str) -> None:
    delivery.put("a.csv", "k,v\n1,2\n")
    first = delivery.load()
    delivery.put("a.csv", content)
    with pytest.raises(SourceDataError, match="mode: dedupe"):
        delivery.load(since=first.position)
    again = delivery.load(delivery.stream(mode="dedupe"), first.position)
    delivery.put("fresh/a.csv", content)
    assert again.rows == delivery.load(delivery.stream("fresh/*.csv")).rows
    assert delivery.load(delivery.stream(mode="dedupe"), again.position).counted == 0


def test_replace_reads_every_file_once_any_has_changed(delivery) -> None:
    delivery.put("a.csv", "k,v\n1,2\n")
    delivery.put("b.csv", "k,v\n3,4\n")
    stream = delivery.stream(mode="replace")
    first = delivery.load(stream)
    assert delivery.load(stream, first.position).rows == []
    delivery.put("b.csv", "k,v\n3,5\n")
    assert delivery.load(stream, first.position).rows == [("1", "2"), ("3", "5")]


def test_a_vanished_file_changes_nothing(delivery) -> None:
    path = delivery.put("a.csv", "k,v\n1,2\n")
    stream = delivery.stream("a.csv")
    first = delivery.load(stream)
    path.unlink()
    assert delivery.load(stream, first.position).counted == 0


@pytest.fixture
def half_read(delivery):
    """A file of 3 M rows of which one chunk has been read: its path, its stream, its split, and the chunks."""
    path = delivery.put("a.csv", "k,v\n" + "1,2\n" * 3_000_000)
    stream = delivery.stream()
    source = delivery.source(stream)
    (split,) = source.splits(stream, Ask())
    chunks = source.read(stream, split, Ask())
    return path, stream, split, chunks, next(chunks)


def test_a_file_that_is_written_anew_while_it_is_read_is_refused(half_read) -> None:
    path, _, _, chunks, _ = half_read
    path.write_text("k,v\n3,4\n")
    with pytest.raises(SourceDataError, match=r"changed while it was being read.*\n  where: a\.csv"):
        list(chunks)


def test_a_file_that_another_one_replaces_while_it_is_read_is_refused(half_read) -> None:
    path, _, _, chunks, _ = half_read
    other = path.with_name("other")
    other.write_text("k,v\n" + "5,6\n" * 4_000_000)
    other.replace(path)
    with pytest.raises(SourceDataError, match=r"changed while it was being read.*\n  where: a\.csv"):
        list(chunks)


def test_a_file_that_grows_while_it_is_read_is_read_to_where_it_ended_and_on_the_next_time(delivery, half_read) -> None:
    path, stream, split, chunks, first = half_read
    with path.open("a") as file:
        file.write("3,4\n5,6\n")
    all_chunks = [first, *chunks]
    assert sum(chunk.rows.num_rows for chunk in all_chunks) == sum(chunk.counted for chunk in all_chunks) == 3_000_000
    position = delivery.source(stream).advance(None, split, all_chunks[-1].after)
    assert delivery.load(stream, position).rows == [("3", "4"), ("5", "6")]


def test_every_position_resumes_with_exactly_the_remaining_rows(delivery) -> None:
    rows = [(str(number), "x" * 60) for number in range(200_000)]
    delivery.put("a.csv", "k,v\n" + "".join(f'{key},"{value}"\n' for key, value in rows))
    delivery.put("b.csv", "k,v\n1,2\n")
    whole = delivery.load()
    assert whole.rows == [*rows, ("1", "2")]
    assert len(whole.positions) > 3
    done = 0
    for size, position in zip(whole.chunk_rows, whole.positions, strict=True):
        done += size
        rest = delivery.load(since=position)
        assert rest.rows == whole.rows[done:]
        assert rest.position == whole.position


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)
@given(
    st.lists(
        st.lists(st.tuples(st.text('ab,\n"', max_size=3), st.text("ab ", max_size=3)), max_size=3),
        min_size=1,
        max_size=4,
    )
)
def test_a_file_that_grows_step_by_step_yields_what_it_holds_at_the_end(delivery, steps) -> None:
    content, position, seen = "k,v\n", None, []
    for step in steps:
        content += "".join('"{}","{}"\n'.format(key.replace('"', '""'), value) for key, value in step)
        delivery.put("a.csv", content)
        loaded = delivery.load(delivery.stream(delimiter=","), position)
        position, seen = loaded.position, seen + loaded.rows
    assert seen == [row for step in steps for row in step]


def test_days_that_were_not_asked_for_are_left_out(delivery) -> None:
    for day in range(1, 6):
        delivery.put(f"raw/2026-10-0{day}/x.csv", f"k\n{day}\n")
    delivery.put("init/x.csv", "k\n0\n")
    stream = delivery.stream(["init/*.csv", "raw/{date}/x.csv"])
    splits = delivery.source(stream).splits(stream, Ask(from_day=date(2026, 10, 2), until_day=date(2026, 10, 3)))
    assert [split.name for split in splits] == ["init/x.csv", "raw/2026-10-02/x.csv", "raw/2026-10-03/x.csv"]
