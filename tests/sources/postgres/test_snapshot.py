"""One snapshot for all that a run reads, and what holds when it is gone: nothing goes on with a plan of another one."""

import contextlib
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import psycopg
import pytest
from reading_tables import opened, read_all, rows_of, said_by, trial_of

from lakesmith.errors import ConnectorOptionsError, RetriableError
from lakesmith.host import Host
from lakesmith.host.stop import StopRequestedError
from lakesmith.model.streams import RENAMED_KEY, Ask
from lakesmith.run.load import LoadJob, load_stream
from lakesmith.testing.contents import canonical_rows
from lakesmith.testing.killing import load_all

SMALL = {"split_kb": 64, "batch_kb": 16}
ROWS = "select i as id, 'name ' || i as name, i % 5 as part from generate_series(1, 8000) i"


class SetClock:
    """A clock that stands still until it is moved."""

    def __init__(self):
        self.at_s = 0.0

    def now(self):
        return datetime(2026, 1, 1, tzinfo=UTC)

    def steady_s(self):
        return self.at_s


@pytest.fixture
def table(db):
    db.execute(f"create table t as {ROWS}")
    return db


def churn(db):
    """Update half of a table, and write it anew: no row is where it was."""
    db.execute("update t set name = 'new ' || id where id % 2 = 0")
    db.execute("insert into t select id + 100000, name, part from t where id % 10 = 0")
    db.execute("vacuum full t")


def test_rest_of_a_plan_belongs_to_its_snapshot(table, url):
    with opened(url, source=SMALL) as (source, spec):
        whole = source.splits(spec, Ask())
        first = list(source.read(spec, whole[0], Ask()))
        position = source.advance(None, whole[0], first[-1].after)
        assert source.splits(spec, Ask(position, resumes=True)) == whole[1:]
    churn(table)
    with opened(url, source=SMALL) as (source, spec):
        anew = source.splits(spec, Ask(position, resumes=True))
        assert {split.name for split in anew}.isdisjoint(split.name for split in whole)
        with pytest.raises(RetriableError, match="snapshot that this load was planned in is gone"):
            next(source.read(spec, whole[1], Ask(position)))
        chunks, _ = read_all(source, spec, position, resumes=True)
    assert rows_of(chunks) == said_by(table, "select * from t")


@pytest.mark.usefixtures("table")
def test_plan_that_is_done_has_no_rest(url):
    for options in ({}, {"mode": "append", "cursor": "id"}):
        with opened(url, source=SMALL, **options) as (source, spec):
            _, position = read_all(source, spec)
            assert source.splits(spec, Ask(position, resumes=True)) == []


@pytest.mark.parametrize(
    "options",
    [
        {"mode": "replace"},
        pytest.param({"mode": "append", "cursor": "id"}, marks=pytest.mark.long),
        pytest.param({"mode": "dedupe", "cursor": "id", "key": ("id",)}, marks=pytest.mark.long),
    ],
)
@pytest.mark.parametrize("point", ["run.load.committed", pytest.param("run.load.split_read:4", marks=pytest.mark.long)])
def test_killed_load_resumes_into_equal_contents(table, url, tmp_path, options, point):
    table.execute("alter table t add primary key (id)")  # without it, `dedupe` reads in one split
    trial = trial_of(url, tmp_path, source=SMALL, **options)
    assert load_all(trial, {"lake": point}).died == ("lake",)
    churn(table)
    trial.load()
    assert canonical_rows(trial.bronze().rows) == said_by(table, "select * from t")
    with_more = trial.load()
    assert canonical_rows(trial.bronze().rows) == said_by(table, "select * from t")
    assert with_more.state == ("succeeded" if trial.spec.mode == "replace" else "nothing_new")


def test_tables_of_one_source_fit_together(db, url):
    db.execute("create table a as select 1 as n; create table b as select 1 as n")
    with opened(url, name="a") as (source, spec):
        chunks, _ = read_all(source, spec)
        db.execute("update a set n = 2; update b set n = 2")
        other = trial_of(url, name="b").spec
        more, _ = read_all(source, other)
    assert rows_of(chunks) == rows_of(more) == ['{"n":1}']


def test_stream_that_fails_leaves_the_snapshot_to_the_others(table, url):
    with opened(url, filter="id = ") as (source, spec):
        with pytest.raises(ConnectorOptionsError, match="does not understand"):
            read_all(source, spec)
        with pytest.raises(ConnectorOptionsError, match="needs a cursor"):
            source.splits(trial_of(url, mode="append").spec, Ask())
        chunks, _ = read_all(source, trial_of(url).spec)
    assert rows_of(chunks) == said_by(table, "select * from t")


@pytest.mark.usefixtures("table")
def test_splits_are_read_at_the_same_time(url):
    with opened(url, source={**SMALL, "connections": 4}) as (source, spec):
        splits, started = source.splits(spec, Ask()), threading.Barrier(4, timeout=60)

        def read(split):
            chunks = source.read(spec, split, Ask())
            first = next(chunks)
            with contextlib.suppress(threading.BrokenBarrierError):
                started.wait()
            return [first, *chunks]

        assert source.lanes(spec) == 4
        with ThreadPoolExecutor(4) as lanes:
            read_apart = [chunk for chunks in lanes.map(read, splits[:4] * 3) for chunk in chunks]
        alone = [chunk for split in splits[:4] for chunk in source.read(spec, split, Ask())]
    assert rows_of(read_apart) == sorted(rows_of(alone) * 3)


@pytest.mark.usefixtures("table")
def test_reading_twice_is_the_same(url):
    with opened(url, source=SMALL) as (source, spec):
        for split in source.splits(spec, Ask()):
            assert list(source.read(spec, split, Ask())) == list(source.read(spec, split, Ask()))


def test_old_snapshot_ends_a_load_and_begins_no_other(table, url):
    clock = SetClock()
    with opened(url, source={**SMALL, "snapshot_max_age_min": 5}, clock=clock) as (source, spec):
        before = source.splits(spec, Ask())
        reading = source.read(spec, before[0], Ask())
        next(reading)
        clock.at_s = 301
        with pytest.raises(RetriableError, match="for longer than 5 minutes"):
            next(reading)
        after = source.splits(spec, Ask())
        assert {split.name for split in after}.isdisjoint(split.name for split in before)
        assert rows_of(read_all(source, spec)[0]) == said_by(table, "select * from t")


def test_table_is_not_rewritten_while_it_is_read(table, url):
    with opened(url, source=SMALL) as (source, spec):
        source.splits(spec, Ask())
        table.execute("set lock_timeout = '100ms'")
        for statement in ("vacuum full t", "truncate t", "alter table t drop column name", "drop table t"):
            with pytest.raises(psycopg.errors.LockNotAvailable, match="lock timeout"):
                table.execute(statement)
    table.execute("vacuum full t")


def test_table_that_was_rewritten_before_it_is_planned(table, url):
    table.execute("create table other as select 1 as n")
    with opened(url, name="other") as (source, spec):
        source.splits(spec, Ask())
        table.execute("truncate t")
        with pytest.raises(RetriableError, match="written anew"):
            source.splits(trial_of(url).spec, Ask())


def test_session_that_is_ended_by_the_server(table, url):
    with opened(url, source=SMALL) as (source, spec):
        splits = source.splits(spec, Ask())
        next(source.read(spec, splits[0], Ask()))
        table.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and datname = current_database()"
        )
        with pytest.raises(RetriableError, match=r"has ended|was lost"):
            list(source.read(spec, splits[1], Ask()))


def test_connection_lost_in_the_middle(table, url):
    table.execute("insert into t select i, repeat('x', 1000), 0 from generate_series(1, 60000) i")
    with opened(url, source={"batch_kb": 512}) as (source, spec):
        reading = source.read(spec, source.splits(spec, Ask())[0], Ask())
        next(reading)
        table.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and datname = current_database()"
        )
        with pytest.raises(RetriableError, match="lost"):
            list(reading)


def test_nothing_stays_open(table, url):
    with opened(url, source=SMALL) as (source, spec):
        read_all(source, spec)
        next(source.read(spec, source.splits(spec, Ask())[0], Ask()))
    count = (
        "select count(*) from pg_stat_activity where application_name = 'lakesmith' and datname = current_database()"
    )
    for _ in range(50):
        if (left := table.execute(count).fetchone()[0]) == 0:
            break
        table.execute("select pg_sleep(0.1)")
    assert left == 0


def test_renamed_column_is_proven_by_its_number(table, url):
    for options in ({}, {"mode": "append", "cursor": "id"}):
        with opened(url, **options) as (source, spec):
            _, position = read_all(source, spec)
        table.execute("alter table t rename column part to portion; insert into t values (9000, 'x', 1)")
        with opened(url, **options) as (source, spec):
            source.splits(spec, Ask(position))
            chunks, _ = read_all(source, spec, None if not options else position)
        told = {
            field.name: field.metadata[RENAMED_KEY]
            for field in chunks[0].rows.schema
            if RENAMED_KEY in (field.metadata or {})
        }
        assert told == {"portion": b"part"}
        table.execute("alter table t rename column portion to part; delete from t where id = 9000")


ENDS_HOLDER = """
select pg_terminate_backend(pid) from pg_stat_activity
where application_name = 'lakesmith' and datname = current_database() and state = 'idle in transaction'
order by backend_start limit 1
"""


def test_rows_that_others_take_away_once_nobody_holds_the_snapshot(db, url, tmp_path):
    db.execute("create table t (id int, part int) partition by list (part)")
    for part in range(3):
        db.execute(f"create table t{part} partition of t for values in ({part})")
        db.execute(f"insert into t select g, {part} from generate_series(1, 100) g")
    trial = trial_of(url, tmp_path, source={"connections": 1})
    source = trial.source()
    real, begun = source.read, []

    def read(stream, split, ask):
        begun.append(split)
        if len(begun) == 2:
            db.execute(ENDS_HOLDER)
            db.execute("set lock_timeout = '5s'; truncate t2")
        yield from real(stream, split, ask)

    source.read = read
    with contextlib.closing(source), pytest.raises(RetriableError, match="has ended"):
        load_stream(LoadJob(trial.spec, source, trial.lake().table(trial.spec.id), Host()))
    assert trial.bronze().rows == []


def test_wait_for_a_slow_statement_can_be_ended(db, url, tmp_path):
    db.execute("create view t as select 1 as id from pg_sleep(30)")
    host, began_s, trial = Host(), time.monotonic(), trial_of(url, tmp_path, source={"connections": 2})
    threading.Timer(0.7, host.stop.request).start()
    with trial.opened() as source, pytest.raises(StopRequestedError, match=r"^$"):
        load_stream(LoadJob(trial.spec, source, trial.lake().table(trial.spec.id), host))
    assert time.monotonic() - began_s < 5
    running = "select count(*) from pg_stat_activity where query ~ 'from .*\"t\"' and state = 'active' and pid <> pg_backend_pid()"
    assert said_by(db, running) == ['{"count":0}']
