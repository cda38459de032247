"""Loads of several tables are visible all at once or not at all, whatever happens between."""

import os
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from lake_loading import STREAM, SetClock, make_rows, open_batch, open_lake, read_back, resume, without_system
from sqlalchemy import event
from sqlalchemy.exc import OperationalError
from test_outcomes import FaultyCatalog

from lakesmith.errors import CommitUnknownError, FencedError, StorageUnavailableError
from lakesmith.host import Host, crash
from lakesmith.lake import Lake
from lakesmith.lake.points import METADATA_WRITTEN, TOGETHER_LANDED, TOGETHER_POINTS
from lakesmith.model.streams import StreamId

STREAMS = (STREAM, StreamId("app", "items"), StreamId("web", "hits"))


def open_all(lake, number, streams=STREAMS):
    opened = [open_batch(lake.table(stream), number) for stream in streams]
    return [(one.group, one.batch) for one in opened]


def loaded(lake):
    """Return how many batches each table has; what it holds must be exactly these."""
    counts = []
    for stream in STREAMS:
        head = lake.table(stream).head()
        counts.append(head.checkpoint.ordinal if head else 0)
        rows = without_system(read_back(lake, stream)) if head else []
        assert rows == [row for number in range(counts[-1]) for row in make_rows(number)]
    return counts


def fail(lake, *, after, times=1):
    """Make the catalog's next transactions fail after they were sent, before or after they landed."""
    lake.open_catalog().create_namespace_if_not_exists("app")
    lake.open_catalog().create_namespace_if_not_exists("web")
    left = [times]

    def broken(connection):
        if left[0]:
            left[0] -= 1
            if after:
                connection.connection.commit()
            raise OperationalError("COMMIT", {}, Exception("connection reset"))

    event.listen(lake.open_catalog().engine, "commit", broken)


def test_new_and_old_tables_move_together(lake):
    resume(lake.table(STREAM), 1)
    items = open_all(lake, 0, STREAMS[1:])
    commits = lake.commit_together([*open_all(lake, 1, STREAMS[:1]), *items])
    assert loaded(lake) == [2, 1, 1]
    assert [commit.checkpoint.stream for commit in commits] == list(STREAMS)
    assert commits == [lake.table(stream).history()[0] for stream in STREAMS]
    assert lake.commit_together([]) == []


def test_committing_twice_commits_once(lake):
    opened = open_all(lake, 0)
    assert lake.commit_together(opened) == lake.commit_together(opened)
    assert loaded(lake) == [1, 1, 1]


def test_none_moves_if_one_has_changed(lake):
    for stream in STREAMS:
        resume(lake.table(stream), 1)
    opened = open_all(lake, 1)
    resume(lake.table(STREAMS[1]), 2)
    with pytest.raises(FencedError, match=r"changed app\.items"):
        lake.commit_together(opened)
    assert loaded(lake) == [1, 2, 1]


@pytest.mark.parametrize("already", [pytest.param(0, marks=pytest.mark.long), 1])
def test_none_moves_if_one_changes_in_the_last_moment(lake, already):
    for stream in STREAMS:
        resume(lake.table(stream), already)
    other = open_lake(Path(lake.root))
    overtaken = []

    def overtake(_connection, _cursor, statement, *_rest):
        if statement.startswith("UPDATE" if already else "INSERT") and not overtaken:
            overtaken.append(statement)
            resume(other.table(STREAMS[2]), already + 1)

    opened = open_all(lake, already)
    event.listen(lake.open_catalog().engine, "before_cursor_execute", overtake)
    with pytest.raises(FencedError, match=r"changed web\.hits"):
        lake.commit_together(opened)
    assert len(overtaken) == 1
    assert loaded(lake) == [already, already, already + 1]


def test_an_answer_that_was_lost_is_found_in_every_table(lake):
    opened = open_all(lake, 0)
    fail(lake, after=True)
    assert [commit.batch_id for commit in lake.commit_together(opened)] == [group.batch_id for group, _ in opened]
    assert loaded(lake) == [1, 1, 1]


def test_what_did_not_land_is_sent_again(lake):
    opened = open_all(lake, 0)
    fail(lake, after=False, times=2)
    lake.commit_together(opened)
    assert loaded(lake) == [1, 1, 1]


@pytest.mark.long
def test_after_three_refusals_nothing_is_visible(lake):
    for stream in STREAMS:
        resume(lake.table(stream), 1)
    opened = open_all(lake, 1)
    fail(lake, after=False, times=3)
    with pytest.raises(StorageUnavailableError, match=r"refused a commit of app.orders, app.items, web.hits 3 times"):
        lake.commit_together(opened)
    assert loaded(lake) == [1, 1, 1]


def test_no_answer_and_no_catalog_is_unknown(lake):
    for stream in STREAMS:
        resume(lake.table(stream), 1)
    opened = open_all(lake, 1)
    catalog, hidden = Path(lake.root) / "catalog.db", Path(lake.root) / "hidden.db"

    def vanish(connection):
        connection.connection.commit()
        catalog.rename(hidden)
        raise OperationalError("COMMIT", {}, Exception("gone"))

    event.listen(lake.open_catalog().engine, "commit", vanish)
    with pytest.raises(CommitUnknownError, match=r"commit of app.orders, app.items, web.hits got no answer"):
        lake.commit_together(opened)
    hidden.rename(catalog)
    assert loaded(open_lake(Path(lake.root))) == [2, 2, 2]


def test_one_that_landed_before_is_not_sent_again(lake):
    opened = open_all(lake, 0)
    lake.table(STREAM).commit(*opened[0])
    lake.commit_together(opened)
    assert loaded(lake) == [1, 1, 1]


def test_a_catalog_that_is_no_database_commits_one_after_the_other(lake):
    catalog = FaultyCatalog(lake.open_catalog())
    behind_a_line = Lake(Path(lake.root), Host(clock=SetClock()), catalog=lambda: catalog)
    opened = open_all(behind_a_line, 0)
    resume(lake.table(STREAMS[2]), 1)
    with pytest.raises(FencedError, match=r"changed web\.hits"):
        behind_a_line.commit_together(opened)
    assert loaded(lake) == [1, 1, 1]
    assert catalog.sent == 2


def test_two_groups_of_one_table_are_refused(lake):
    opened = open_all(lake, 0)
    with pytest.raises(ValueError, match="are of different tables"):
        lake.commit_together([opened[0], opened[0]])


@pytest.mark.long
def test_writers_of_overlapping_tables_wait_and_lose_nothing(lake):
    """Two loaders of the same three tables, in opposite order, while a third loads another; each retries when it is fenced."""
    other = StreamId("app", "other")

    def work(streams):
        mine = Lake(Path(lake.root), Host(clock=SetClock()))
        done = 0
        while done < 4:
            numbers = [head.checkpoint.ordinal if (head := mine.table(s).head()) else 0 for s in streams]
            try:
                opened = [open_batch(mine.table(s), number) for s, number in zip(streams, numbers, strict=True)]
                mine.commit_together([(one.group, one.batch) for one in opened])
                done += 1
            except (FencedError, ValueError):
                continue

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(work, [STREAMS, STREAMS[::-1], (other,)]))
    assert loaded(lake) == [8, 8, 8]


@pytest.mark.parametrize("already", [pytest.param(0, marks=pytest.mark.long), 1])
@pytest.mark.parametrize(
    "name",
    [
        TOGETHER_POINTS[-1],
        *(pytest.param(at, marks=pytest.mark.long) for at in TOGETHER_POINTS[:-1]),
        pytest.param(f"{METADATA_WRITTEN}:3", marks=pytest.mark.long),
    ],
)
def test_a_killed_commit_is_all_or_nothing_and_resumed(tmp_path, already, name):
    child = os.fork()
    if child == 0:
        lake = open_lake(tmp_path)
        if already:
            lake.commit_together(open_all(lake, 0))
        opened = open_all(lake, already)
        os.environ[crash.ARMED] = name
        crash._passes.clear()
        lake.commit_together(opened)
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    assert os.WIFSIGNALED(status)
    assert os.WTERMSIG(status) == signal.SIGKILL
    lake = open_lake(tmp_path)
    landed = already + (name == TOGETHER_LANDED)
    assert loaded(lake) == [landed] * 3
    for number in range(landed, 3):
        lake.commit_together(open_all(lake, number))
    assert loaded(lake) == [3, 3, 3]
