"""Loads of several tables land all at once or not at all with a catalog in PostgreSQL, too."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from lake_loading import STREAM, SetClock, open_batch, resume
from sqlalchemy import event
from test_commit_together import STREAMS, fail, loaded, open_all

from lakesmith.errors import FencedError
from lakesmith.host import Host
from lakesmith.lake import Lake


def again(lake):
    return Lake(lake.address, Host(clock=SetClock()))


@pytest.mark.long
def test_new_and_old_tables_move_together(bucket_lake):
    resume(bucket_lake.table(STREAM), 1)
    bucket_lake.commit_together([*open_all(bucket_lake, 1, STREAMS[:1]), *open_all(bucket_lake, 0, STREAMS[1:])])
    assert loaded(bucket_lake) == [2, 1, 1]


@pytest.mark.parametrize("after", [pytest.param(False, marks=pytest.mark.long), True])
def test_an_answer_that_was_lost_is_looked_for(bucket_lake, after):
    opened = open_all(bucket_lake, 0)
    fail(bucket_lake, after=after)
    bucket_lake.commit_together(opened)
    assert loaded(bucket_lake) == [1, 1, 1]


@pytest.mark.parametrize("already", [pytest.param(0, marks=pytest.mark.long), 1])
def test_none_moves_if_one_changes_in_the_last_moment(bucket_lake, already):
    for stream in STREAMS:
        resume(bucket_lake.table(stream), already)
    other, overtaken = again(bucket_lake), []

    def overtake(_connection, _cursor, statement, *_rest):
        if statement.startswith("UPDATE" if already else "INSERT INTO iceberg_tables") and not overtaken:
            overtaken.append(statement)
            resume(other.table(STREAMS[2]), already + 1)

    opened = open_all(bucket_lake, already)
    event.listen(bucket_lake.open_catalog().engine, "before_cursor_execute", overtake)
    with pytest.raises(FencedError, match=r"changed web\.hits"):
        bucket_lake.commit_together(opened)
    assert len(overtaken) == 1
    assert loaded(bucket_lake) == [already, already, already + 1]


@pytest.mark.long
def test_writers_of_the_same_tables_in_opposite_order_do_not_wait_for_each_other(bucket_lake):
    def work(streams):
        mine, done = again(bucket_lake), 0
        while done < 2:
            numbers = [head.checkpoint.ordinal if (head := mine.table(s).head()) else 0 for s in streams]
            try:
                opened = [open_batch(mine.table(s), number) for s, number in zip(streams, numbers, strict=True)]
                mine.commit_together([(one.group, one.batch) for one in opened])
                done += 1
            except FencedError:
                continue

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(work, [STREAMS, STREAMS[::-1]]))
    assert loaded(bucket_lake) == [4, 4, 4]
