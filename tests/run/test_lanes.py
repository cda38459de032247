"""Several splits at the same time: every row once, committed only where all that were begun have ended."""

from __future__ import annotations

import random
import sys
import threading
import time
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))

from run_shelf import EACH_SPLIT, STREAM, Box, Shelf, contents, load

from lakesmith.errors import SourceDataError
from lakesmith.host import Host
from lakesmith.host.stop import Stop, StopRequestedError
from lakesmith.model.streams import Split
from lakesmith.run.lanes import Arriving, Piece, SplitLanes


@dataclass
class WideShelf(Shelf):
    """A shelf that several people read at a time; `together` is the most that ever did."""

    count: int = 3
    bound: bool = False
    together: int = 0
    reading: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def lanes(self, stream):
        del stream
        return self.count

    def splits(self, stream, ask):
        return [replace(split, bound=self.bound) for split in super().splits(stream, ask)]

    def read(self, stream, split, ask):
        with self.lock:
            self.reading += 1
            self.together = max(self.together, self.reading)
        try:
            yield from super().read(stream, split, ask)
        finally:
            with self.lock:
                self.reading -= 1


def books(*counts):
    """Return splits, one for each number, of that many boxes of two rows."""
    return [[Box({"id": [100 * s + 2 * b, 100 * s + 2 * b + 1]}) for b in range(n)] for s, n in enumerate(counts)]


def ids(boxes):
    return sorted(value for split in boxes for box in split for value in box.columns["id"])


def pause(_split, _box):
    time.sleep(0.002 * random.Random(_split).random())


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 4), min_size=1, max_size=7), st.none() | st.integers(1, 4), st.integers(0, 3))
def test_every_piece_comes_once_and_in_the_order_of_its_split(counts, lanes, held_after):
    splits = [Split(STREAM, str(number)) for number in range(len(counts))]
    seen, ends, got = {n: [] for n in range(len(counts))}, [], 0
    with SplitLanes(lambda split: iter(range(counts[int(split.name)])), splits, 0, lanes) as reading:
        for piece in reading:
            if piece.chunk is None:
                ends.append(piece.number)
                if len(ends) == held_after:
                    reading.hold()
            else:
                seen[piece.number].append(piece.chunk)
                got += 1
        begun = reading.begun
    assert sorted(ends) == list(range(begun))
    assert all(seen[n] == list(range(counts[n] if n < begun else 0)) for n in seen)
    assert begun == len(counts) or held_after


@settings(deadline=None)
@given(st.permutations(range(5)))
def test_a_position_moves_over_splits_that_have_ended_with_all_before_them(order):
    arriving, through = Arriving(0, parallel=True), []
    for number in order:
        arriving.rows_before(Piece(number, Box({"id": [1]}).chunk("s", number)))
        through += [name for name, _after in arriving.end(number)]
        assert through == list(range(len(through)))
    assert through == [0, 1, 2, 3, 4]


def test_rows_of_all_splits_arrive_once(lake):
    boxes = books(3, 1, 4, 2, 0, 5)
    shelf = WideShelf(boxes, on_read=pause)
    done = load(shelf, lake.table(STREAM), group_bytes=EACH_SPLIT)
    assert sorted(row["id"] for row in contents(lake)) == ids(boxes)
    assert done.counts.holds
    assert done.counts.read == 30
    assert shelf.together > 1
    assert load(shelf, lake.table(STREAM)).state == "nothing_new"


def test_a_group_ends_only_where_all_splits_that_were_begun_have_ended(lake):
    boxes = books(2, 2, 2, 2, 2, 2)
    done = load(WideShelf(boxes, on_read=pause), lake.table(STREAM), group_bytes=EACH_SPLIT)
    assert len(done.commits) >= 2
    for commit in done.commits:
        position = int(commit.checkpoint.position)
        told = sum(c.counts.read for c in done.commits if c.checkpoint.ordinal <= commit.checkpoint.ordinal)
        assert told == 4 * position


def test_a_split_that_fails_ends_the_load_and_every_thread(lake):
    def fail(split, box):
        if (split, box) == (1, 1):
            raise SourceDataError("The page is torn.", fix="mend it")

    shelf = WideShelf(books(50, 3, 50), on_read=fail)
    with pytest.raises(SourceDataError, match="torn"):
        load(shelf, lake.table(STREAM))
    assert not [t for t in threading.enumerate() if t.name.startswith("lakesmith-read")]
    assert shelf.reading == 0
    assert contents(lake) == []


def test_readers_wait_for_the_one_who_takes():
    read = []
    shelf = WideShelf(books(40, 40, 40), on_read=lambda split, box: read.append((split, box)))
    splits = shelf.splits(type("Spec", (), {"id": STREAM}), type("Ask", (), {"since": None}))
    with SplitLanes(lambda split: shelf.read(None, split, None), splits, 0, 3) as reading:
        pieces = iter(reading)
        next(pieces)
        time.sleep(0.4)
        assert len(read) <= 1 + 3 + 3


def test_a_wish_to_stop_ends_every_thread(lake):
    host = Host()
    shelf = WideShelf(books(30, 30, 30), on_read=lambda _split, box: host.stop.request() if box == 9 else None)
    with pytest.raises(StopRequestedError, match=r"^$"):
        load(shelf, lake.table(STREAM), host=host)
    assert shelf.reading == 0
    assert contents(lake) == []


class SlowSource:
    """Chunks that never come, and whoever waits for them can be woken; `deaf` to the first call."""

    def __init__(self, *, deaf=0):
        self.woken, self.calls, self.deaf = threading.Event(), 0, deaf

    def __iter__(self):
        return self

    def __next__(self):
        assert self.woken.wait(20)
        raise SourceDataError("The statement was cancelled.", fix="run again")

    def cancel(self):
        self.calls += 1
        if self.calls > self.deaf:
            self.woken.set()


@pytest.mark.parametrize("lanes", [1, 2])
def test_a_wish_to_stop_ends_a_wait_for_a_source_that_is_silent(lanes):
    stop, sources, began_s = Stop(), [SlowSource(), SlowSource(deaf=1)], time.monotonic()
    threading.Timer(0.2, stop.request).start()
    splits = [Split(STREAM, str(number)) for number in range(2)]
    with (
        pytest.raises(StopRequestedError, match=r"^$"),
        SplitLanes(lambda split: sources[int(split.name)], splits, 0, lanes, check=stop.check) as reading,
    ):
        next(iter(reading))
    assert time.monotonic() - began_s < 5
    assert not [t for t in threading.enumerate() if t.name.startswith("lakesmith-read")]


class TestBound:
    """Splits of a plan that dies with the process."""

    def test_a_first_load_is_built_aside_and_swapped_in(self, lake):
        boxes = books(2, 2, 2, 2)
        done = load(WideShelf(boxes, bound=True, count=1), lake.table(STREAM), group_bytes=EACH_SPLIT)
        assert [commit.kind for commit in done.commits] == ["load"] * 4 + ["swap"]
        assert sorted(row["id"] for row in contents(lake)) == ids(boxes)

    def test_an_increment_is_one_group(self, lake):
        boxes = books(2, 2)
        load(WideShelf(boxes, bound=True), lake.table(STREAM), group_bytes=EACH_SPLIT)
        more = books(2, 2, 3, 3, 3)
        done = load(WideShelf(more, bound=True, count=1), lake.table(STREAM), group_bytes=EACH_SPLIT)
        assert [commit.kind for commit in done.commits] == ["load"]
        assert sorted(row["id"] for row in contents(lake)) == ids(more)


def test_splits_that_are_read_in_turn_are_asked_for_from_where_the_one_before_ended(lake):
    asked = []

    class Asked(Shelf):
        def read(self, stream, split, ask):
            asked.append((split.name, ask.since))
            return super().read(stream, split, ask)

    load(Asked(books(1, 2, 1)), lake.table(STREAM))
    assert asked == [("split-0", None), ("split-1", b"1"), ("split-2", b"2")]
