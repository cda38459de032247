"""Windows that are read again: a key that is not among what comes is said to be gone, as a dictionary has it, whatever dies."""

from __future__ import annotations

import os
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))

from run_days import STREAM, WINDOWS, Book, Days, context, current

from lakesmith.host import Host, crash
from lakesmith.lake import CRASH_POINTS as LAKE_POINTS
from lakesmith.lake import Lake
from lakesmith.model.loads import Counts
from lakesmith.run.load import CRASH_POINTS, GROUP_BYTES, LoadJob, load_stream
from lakesmith.testing.killing import load_all
from lakesmith.testing.trial import EACH_SPLIT, Trial

POINTS = (*CRASH_POINTS, *(name for name in LAKE_POINTS if name.startswith(("lake.stage.", "lake.commit."))))


class Killed(BaseException):
    """The process is gone."""


class Home:
    """A book, and the lake that it is loaded into."""

    def __init__(self, folder: Path) -> None:
        self.book, self.context = Book(folder), context(folder)
        self.lake = Lake(folder / "lake", Host())
        self.table = self.lake.table(STREAM)

    def load(self, windows=None, *, source=Days, group_bytes=GROUP_BYTES, always=False, **spec):
        """Load what the book says by now, or these windows; return the load and the keys that should be gone by it."""
        gone = self.book.say(windows, always=always) if windows is not None else set()
        [stream] = self.context.streams
        changed = type(stream)(STREAM, **{"mode": "dedupe", "key": ("Key",), **spec})
        return load_stream(LoadJob(changed, source(self.context), self.table, Host(), group_bytes=group_bytes)), gone

    def rows(self):
        return self.lake.open_catalog().load_table((STREAM.source, STREAM.name)).scan().to_arrow().to_pylist()

    def current(self):
        return current(self.rows())


@pytest.fixture
def home(tmp_path):
    return Home(tmp_path)


def test_a_key_that_does_not_come_again_is_gone(home):
    home.load({"w1": [[1, 10], [2, 10]], "w2": [[3, 10]]})
    load, _ = home.load({"w1": [[1, 11]]})
    assert load.counts == Counts(1, 1, derived=1)
    assert load.counts.holds
    assert home.current() == home.book.current == {1: ("w1", 11), 3: ("w2", 10)}
    assert len(load.commits) == 1
    load, _ = home.load({"w1": [[1, 11]]})
    assert load.counts.derived == 0, "it was gone already"
    home.load({"w1": [[1, 11], [2, 12]]})
    assert home.current()[2] == ("w1", 12)


def test_a_window_without_a_record_is_empty(home):
    home.load({"w1": [[1, 10], [2, 10]], "w2": [[3, 10]]})
    load, _ = home.load({"w1": []})
    assert load.counts == Counts(derived=2)
    assert home.current() == {3: ("w2", 10)}


def test_a_position_that_stays_hides_nothing(home):
    """Today is read each time: the position is the same after it, also where today became empty."""
    home.load({"w1": [[1, 10]]}, always=True)
    home.load({"w1": [[1, 10]]}, always=True)
    told = home.book.folder / "days.json"
    told.write_text(told.read_text().replace("[[1, 10]]", "[]"))
    load, _ = home.load()
    assert (load.state, load.counts) == ("succeeded", Counts(derived=1))
    assert home.current() == {}
    load, _ = home.load()
    assert (load.commits, load.counts) == ((), Counts())


def test_a_key_that_moved_stays(home):
    home.load({"w1": [[1, 10], [2, 10]], "w2": [[3, 10]]})
    assert home.load({"w1": [[2, 10]], "w2": [[3, 10], [1, 11]]})[0].counts.derived == 0
    assert home.current() == {1: ("w2", 11), 2: ("w1", 10), 3: ("w2", 10)}
    load, _ = home.load({"w1": [[2, 10], [1, 12]], "w2": [[3, 10]]}, group_bytes=EACH_SPLIT)
    assert (load.counts.derived, len(load.commits)) == (0, 2)
    load, _ = home.load({"w1": [[2, 10]], "w2": [[3, 10], [1, 13]]}, group_bytes=EACH_SPLIT)
    assert load.counts.derived == 1, "it was gone for one commit"
    assert home.current() == {1: ("w2", 13), 2: ("w1", 10), 3: ("w2", 10)}


def test_a_window_of_which_a_record_was_put_aside_is_left_as_it_is(home):
    """The record may be that of the key that is missing."""
    home.load({"w1": [[1, 10], [2, 10]], "w2": [[3, 10], [4, 10]]})
    load, _ = home.load({"w1": [[1, 11], [2, None]], "w2": [[3, 11]]})
    assert load.counts == Counts(3, 2, 1, derived=1)
    assert load.notices == ("Rows that vanished from days w1 were not looked for: records from there were put aside.",)
    assert home.current() == home.book.current == {1: ("w1", 11), 2: ("w1", 10), 3: ("w2", 11)}


def test_rows_of_other_modes_never_vanish(home):
    home.load({"w1": [[1, 10]]}, mode="append", key=())
    load, _ = home.load({"w1": []}, mode="append", key=())
    assert load.counts == Counts()


def test_keys_are_compared_as_hashes_where_they_are_masked(home):
    masked = {"columns": {"Key": {"mask": "hash"}}}
    home.load({"w1": [[1, 10], [2, 10]]}, **masked)
    load, _ = home.load({"w1": [[2, 11]]}, **masked)
    assert load.counts.derived == 1
    first, second, newest, gone = sorted(home.rows(), key=lambda row: row["_ls_seq"])
    assert (newest["key"], gone["key"], gone["_ls_op"]) == (second["key"], first["key"], "d")


class Parted(Days):
    """The same with one more column, `part`."""

    parts = staticmethod(pa.nulls)

    def read(self, stream, split, ask):
        for chunk in super().read(stream, split, ask):
            yield replace(chunk, rows=chunk.rows.append_column("part", self.parts(chunk.rows.num_rows)))


class Listed(Parted):
    parts = staticmethod(lambda count: pa.array([["a"]] * count, pa.list_(pa.string())))


class Worded(Parted):
    parts = staticmethod(lambda count: pa.repeat("a", count))


class Numbered(Parted):
    parts = staticmethod(lambda count: pa.repeat(1, count))


def test_a_column_of_the_key_that_never_had_a_value_is_null(home):
    key = {"key": ("Key", "part"), "source": Parted}
    home.load({"w1": [[1, 10], [2, 10]]}, **key)
    load, _ = home.load({"w1": [[2, 11]]}, **key)
    assert "part" not in home.table.head().schema.data.names
    assert (load.counts.derived, home.current()) == (1, {2: ("w1", 11)})


@pytest.mark.parametrize(
    ("sources", "on_drift", "why"),
    [
        ((Listed, Listed), "evolve", "a column of the key is a list or an object"),
        ((Numbered, Worded), "evolve", "a column of the key has values that do not fit its type"),
        ((Numbered, Worded), "ignore", "a column of the key has values that do not fit its type"),
    ],
)
def test_keys_that_cannot_be_told_are_not_said_to_be_gone(home, sources, on_drift, why):
    key = {"key": ("Key", "part"), "on_drift": on_drift}
    for source in sources:
        load, _ = home.load({"w1": [[1, 10]]}, source=source, **key)
    assert load.counts == Counts(1, 1)
    assert load.notices == (f"Rows that vanished were not looked for: {why}.",)


def test_files_that_cannot_matter_are_not_opened(home):
    home.load({"w1": [[1, 10]]})
    [old] = home.table.snapshot().files
    home.load({"w3": [[3, 10], [4, 10]]})
    Path(old.removeprefix("file://")).unlink()
    assert home.load({"w3": [[3, 11]]})[0].counts.derived == 1


KEYS = st.integers(1, 5)
RECORDS = st.lists(st.tuples(KEYS, st.integers(0, 99) | st.integers(0, 99) | st.none()).map(list), max_size=4)
LOADS = st.dictionaries(st.sampled_from(WINDOWS), RECORDS, min_size=1).map(lambda said: dict(sorted(said.items())))
KILLS = st.none() | st.tuples(st.sampled_from(POINTS), st.integers(1, 3))


def killed(home, windows, kill, group_bytes):
    """Load windows by as many attempts as it takes, the first of which ends at a crash point."""
    with pytest.MonkeyPatch.context() as patch:
        crash._passes.clear()
        if kill is not None:
            patch.setenv(crash.ARMED, f"{kill[0]}:{kill[1]}")
            patch.setattr(os, "kill", _raise)
        try:
            return home.load(windows, group_bytes=group_bytes, max_rejects=1000)
        except Killed:
            return None


def _raise(*_):
    raise Killed


@pytest.mark.long
@pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning"
)  # what dies in this process is cleaned up after
@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(LOADS, KILLS, st.sampled_from([EACH_SPLIT, GROUP_BYTES])), min_size=2, max_size=5))
def test_what_is_current_is_what_a_dictionary_has(loads):
    with tempfile.TemporaryDirectory() as folder:
        home = Home(Path(folder))
        for windows, kill, group_bytes in loads:
            before = home.current() if home.table.head() else {}
            assert before == home.book.current
            done = killed(home, windows, kill, group_bytes)
            if done is None:
                home.load(group_bytes=group_bytes, max_rejects=1000)
            elif group_bytes == GROUP_BYTES:
                assert done[0].counts.derived == len(done[1])
            assert home.load(max_rejects=1000)[0].state == "nothing_new"
        assert (home.current() if home.table.head() else {}) == home.book.current


@pytest.mark.long
@pytest.mark.skipif(os.name == "nt", reason="a process is killed the POSIX way")
def test_processes_that_are_killed_anywhere_leave_the_same(tmp_path):
    """In groups of one split, of which the first has rows and a `d`, and the second nothing but a `d`."""
    trial = Trial(Days, context(tmp_path), tmp_path / "lakes")
    book = Book(tmp_path)
    book.say({"w1": [[1, 10], [2, 10]], "w2": [[3, 10], [4, 10]], "w3": [[5, 10]]})
    lakes = {
        f"lake{number}": f"{name}:{nth}" for number, (name, nth) in enumerate((p, n) for p in POINTS for n in (1, 2))
    }
    assert not load_all(trial, dict.fromkeys(lakes, "")).complaints
    book.say({"w1": [[1, 11], [3, 11]], "w2": [], "w3": [[5, 11], [4, 11]]})
    ended = load_all(trial, lakes)
    assert not ended.complaints
    assert len(ended.died) >= len(POINTS)
    assert not load_all(trial, dict.fromkeys(lakes, "")).complaints
    assert book.current == {1: ("w1", 11), 3: ("w1", 11), 4: ("w3", 11), 5: ("w3", 11)}
    for lake in lakes:
        rows = trial.bronze(lake).rows
        assert current(rows) == book.current
