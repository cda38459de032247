"""What others do between the snapshot and the plan, or while rows are read: a load sees the snapshot, or says that it cannot."""

import json

import psycopg
import pytest
from reading_tables import opened, read_all, rows_of, said_by, trial_of

from lakesmith.errors import RetriableError, SourceDataError
from lakesmith.model.streams import Ask

SMALL = {"split_kb": 8, "batch_kb": 4}


@pytest.fixture
def table(db):
    db.execute("create table other (id int)")
    db.execute("create table t as select i as id, 'a' || i as a, 'b' || i as b from generate_series(1, 500) i")
    return db


ALTERED = [
    "alter table t rename a to c; alter table t rename b to a; alter table t rename c to b",
    "alter table t rename a to c",
    "alter table t drop a",
    "alter table t rename to gone; create table t as select * from gone",
    "alter table t rename to gone",
]


@pytest.mark.parametrize("altered", ALTERED)
def test_a_table_that_is_altered_after_the_snapshot_is_not_read_by_its_old_names(table, url, altered):
    with opened(url, source={"schema": "public"}) as (source, spec):
        source._holder.take()
        table.execute(altered)
        with pytest.raises(RetriableError, match=r"public\.t was altered while the load began"):
            source.splits(spec, Ask())


def test_a_column_that_is_added_after_the_snapshot_waits(table, url):
    with opened(url) as (source, spec):
        source._holder.take()
        table.execute("alter table t add c int default 7")
        chunks, _ = read_all(source, spec)
    assert rows_of(chunks) == said_by(table, "select id, a, b from t")


PARTED = """
create table t (id int, shard int) partition by list (shard);
create table t_1 partition of t for values in (1);
create table t_2 partition of t for values in (2);
insert into t select i, 1 + i % 2 from generate_series(1, 400) i;
"""


def test_a_partition_that_is_detached_after_the_snapshot_is_locked_as_well(db, url):
    db.execute(PARTED)
    expected = said_by(db, "select * from t")
    with opened(url, source=SMALL) as (source, spec):
        source._holder.take()
        db.execute("alter table t detach partition t_2")
        source.splits(spec, Ask())
        with psycopg.connect(url, autocommit=True) as other:
            other.execute("set lock_timeout = '50ms'")
            with pytest.raises(psycopg.errors.LockNotAvailable, match="lock timeout"):
                other.execute("truncate t_2")
        assert rows_of(read_all(source, spec)[0]) == expected


def test_a_partition_that_is_attached_in_mid_load_is_not_held_unread(db, url):
    db.execute(PARTED)
    db.execute("alter table t detach partition t_2")
    options = {"mode": "append", "cursor": "id", "look_back": 500}
    with opened(url, **options) as (source, spec):
        first, position = read_all(source, spec)
    db.execute("insert into t values (1000, 1)")
    with opened(url, **options) as (source, spec):
        (split,) = source.splits(spec, Ask(position))
        db.execute("alter table t attach partition t_2 for values in (2)")
        with pytest.raises(RetriableError, match="came or went while it was read"):
            list(source.read(spec, split, Ask(position)))
    with opened(url, **options) as (source, spec):
        second, _ = read_all(source, spec, position)
    assert sorted(rows_of(first) + rows_of(second)) == said_by(db, "select * from t")


@pytest.mark.usefixtures("table")
def test_a_build_that_was_whole_when_it_was_cut_off_is_not_what_is_there_now(url):
    for options in ({}, {"mode": "append", "cursor": "id"}):
        with opened(url, source=SMALL, **options) as (source, spec):
            _, position = read_all(source, spec)
            assert source.splits(spec, Ask(position, resumes=True)) == []
        with opened(url, source=SMALL, **options) as (source, spec):
            assert source.splits(spec, Ask(position, resumes=True)) == source.splits(spec, Ask())


WINDOW = {"mode": "append", "cursor": "seen", "look_back": 100}
SEEN = "create table t as select i as id, i as seen, 'a' as a, 'b' || i as b from generate_series(1, 50) i"
CHANGES = [
    "update t set b = 'new' where id = 50",
    "delete from t where id = 50; insert into t (id, seen, b) values (51, 50, 'b50')",
    "update t set b = case id when 50 then 'b49' else 'b50' end where id in (49, 50)",
]


@pytest.mark.few(2)
@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("altered", ["drop a", "alter a type varchar(9)"])
def test_rows_that_change_with_what_told_them_apart_are_not_taken_for_the_same(db, url, altered, change):
    db.execute(f"{SEEN}; alter table t add primary key (id)")
    with opened(url, **WINDOW) as (source, spec):
        _, position = read_all(source, spec)
    assert len(json.loads(position)["cursor"]["sums"]) == 4
    db.execute(f"alter table t {altered}")
    with opened(url, **WINDOW) as (source, spec):
        assert source.splits(spec, Ask(position)) == []
    db.execute(change)
    with (
        opened(url, **WINDOW) as (source, spec),
        pytest.raises(SourceDataError, match="a column changed that told them"),
    ):
        source.splits(spec, Ask(position))


def test_dedupe_reads_the_window_again_where_nothing_tells_its_rows_apart(db, url, tmp_path):
    db.execute(SEEN)
    trial = trial_of(url, tmp_path, mode="dedupe", key=("id",), cursor="seen", look_back=100)
    trial.load()
    db.execute("alter table t drop a; update t set b = 'new' where id = 50")
    trial.load()
    newest = {row["id"]: row["b"] for row in sorted(trial.bronze().rows, key=lambda row: row["_ls_seq"])}
    assert newest == dict(db.execute("select id, b from t").fetchall())
