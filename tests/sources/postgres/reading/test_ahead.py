"""Splits that are read before anybody takes them: the same chunks, once, and nothing left behind of what nobody took."""

import sys
import threading
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

sys.path[:0] = [str(Path(__file__).parents[1])]

from reading_tables import opened, rows_of, said_by

import lakesmith
from lakesmith.errors import SourceDataError
from lakesmith.model.streams import Ask
from lakesmith.sources.postgres import PostgresSource
from lakesmith.sources.postgres.reading import ahead as reading_ahead
from lakesmith.sources.postgres.reading.ahead import Ahead

SMALL = {"split_kb": 64, "batch_kb": 16, "connections": 3}
MAKE = (
    "create table t as select i as id, 'name ' || i as name, nullif(i % 5, 0) as page from generate_series(1, 5000) i"
)
OTHERS = "select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
PROJECT = """version: 1
name: ahead
sources:
  shop: {type: postgres, url: "${env:AHEAD_URL}", split_kb: 64, batch_kb: 16, streams: {t: {mode: replace}}}
"""


@pytest.fixture
def table(db):
    db.execute(MAKE)
    return db


@pytest.fixture
def taken(monkeypatch):
    """The splits that were read ahead and taken, by their names."""
    found = []
    take = reading_ahead.ReadingAhead.take

    def noted(self, stream, since, split):
        ahead = take(self, stream, since, split)
        found.extend([split.name] if ahead is not None else [])
        return ahead

    monkeypatch.setattr(reading_ahead.ReadingAhead, "take", noted)
    return found


def threads():
    return [thread for thread in threading.enumerate() if thread.name == "lakesmith-ahead"]


def wait_for_all():
    for thread in threads():
        thread.join(20)
    assert not threads()


@pytest.mark.parametrize(
    ("most_bytes", "is_awaited"),
    [
        (30_000, False),
        (10**9, True),
        *(
            pytest.param(*one, marks=pytest.mark.long)
            for one in ((0, False), (0, True), (30_000, True), (10**9, False))
        ),
    ],
)
def test_chunks_are_those_of_a_split_that_nobody_read_ahead(table, url, taken, monkeypatch, most_bytes, is_awaited):
    monkeypatch.setattr(reading_ahead, "AHEAD_BYTES", most_bytes)
    with opened(url, source=SMALL) as (source, spec):
        splits = source.splits(spec, Ask())
        plain = [list(source.read(spec, split, Ask())) for split in splits]
        source.read_ahead(spec)
        if is_awaited:
            wait_for_all()
        ahead = [list(source.read(spec, split, Ask())) for split in splits]
        again = [list(source.read(spec, split, Ask())) for split in splits]
    assert taken == [split.name for split in splits[:3]]
    assert len(splits) > 3
    for made in (ahead, again):
        assert made == plain
    assert rows_of([chunk for chunks in ahead for chunk in chunks]) == said_by(table, "select * from t")


@pytest.mark.usefixtures("table")
def test_no_more_than_its_share_waits(url, monkeypatch):
    monkeypatch.setattr(reading_ahead, "AHEAD_BYTES", 30_000)
    with opened(url, source=SMALL) as (source, spec):
        splits = source.splits(spec, Ask())
        source.read_ahead(spec)
        wait_for_all()
        for split in splits[:3]:
            held = [chunk.rows.nbytes for chunk in source._ahead.take(spec, None, split)._waiting]
            assert sum(held[:-1]) < 10_000 <= sum(held)


@pytest.mark.usefixtures("table")
def test_another_question_gets_rows_of_its_own_and_ends_what_nobody_took(url, taken):
    with opened(url, source=SMALL) as (source, spec):
        splits = source.splits(spec, Ask())
        after = list(source.read(spec, splits[0], Ask()))[-1].after
        narrow = replace(spec, options=spec.options.model_copy(update={"select": ("id",)}))
        for other, ask in ((narrow, Ask()), (spec, Ask(after))):
            source.read_ahead(spec)
            [*_, begun] = source._ahead._begun.values()
            chunks = list(source.read(other, splits[0], ask))
            assert chunks[0].rows.schema.names == (["id"] if other is narrow else ["id", "name", "page"])
            assert not threads()
            assert not begun._waiting
        assert not taken
        source.read_ahead(spec)
        list(source.read(spec, splits[0], Ask()))
        assert taken == [splits[0].name]


@pytest.mark.usefixtures("table")
def test_a_plan_of_another_snapshot_ends_what_nobody_took(url, taken):
    with opened(url, source=SMALL) as (source, spec):
        source.splits(spec, Ask())
        source.read_ahead(spec)
        source._holder.close()  # as it is where the snapshot has become too old for a load to begin in it
        splits = source.splits(spec, Ask())
        assert rows_of([chunk for split in splits for chunk in source.read(spec, split, Ask())])
        assert not taken
        assert not source._ahead._begun


def test_a_stream_that_never_took_its_splits_leaves_no_session_to_those_after_it(table, url, monkeypatch, tmp_path):
    from lakesmith.run import execute

    loading, most = execute.load_stream, []

    def failing(job, **more):
        if job.spec.id.name == "a":
            raise SourceDataError("It is broken.", where="shop.a", fix="none")
        load = loading(job, **more)
        most.append(table.execute(OTHERS).fetchone()[0])
        return load

    monkeypatch.setattr(execute, "load_stream", failing)
    monkeypatch.setattr(reading_ahead, "AHEAD_BYTES", 0)  # each of them waits within its split
    monkeypatch.setenv("AHEAD_URL", url)
    two = PROJECT.replace("{t: {mode: replace}}", "{a: {mode: replace, table: t}, t: {mode: replace}}")
    (tmp_path / "lakesmith.yml").write_text(two)
    expected = said_by(table, "select * from t")
    project = lakesmith.open(tmp_path)
    result = project.run()
    assert result.state == "failed"
    lanes = PostgresSource.Options(url=url).lanes
    assert [1 < count <= 1 + lanes for count in most] == [True]  # the snapshot's, and its own as far as it needed them
    assert lines_of((tmp_path / "lake" / "shop" / "t" / "data").glob("*.parquet")) == expected
    assert table.execute(OTHERS).fetchone()[0] == 0


@pytest.mark.usefixtures("table")
def test_nothing_is_read_ahead_where_the_time_of_a_statement_may_run_out_while_it_waits(url):
    with opened(url, source={**SMALL, "statement_timeout_s": 600}) as (source, spec):
        assert len(source.splits(spec, Ask())) > 3
        source.read_ahead(spec)
        assert not threads()
        assert not source._ahead._begun


def test_what_reading_fails_over_is_raised_behind_what_came_before_and_again(table, url):
    table.execute("create view v as select id, case when id = 5000 then 1 / (id - 5000) else id end as part from t")
    with opened(url, table="v", source=SMALL) as (source, spec):
        [split] = source.splits(spec, Ask())
        source.read_ahead(spec)
        wait_for_all()
        chunks = source.read(spec, split, Ask())
        assert isinstance(chunks, Ahead)
        for _ in range(2):
            with pytest.raises(SourceDataError, match="failed over the values"):
                list(chunks)


@pytest.mark.parametrize("filter_", ["pg_sleep(1000) is not null", "id > 0"])
def test_what_nobody_took_ends_with_the_source(table, url, filter_):
    with opened(url, filter=filter_, source=SMALL) as (source, spec):
        source.splits(spec, Ask())
        source.read_ahead(spec)
        assert table.execute(OTHERS).fetchone()[0] > 0
    assert not threads()
    ended = "select count(*) = 0 from pg_stat_activity where state = 'active' and query like '%pg_sleep(1000)%' and pid <> pg_backend_pid()"
    assert table.execute(ended).fetchone()[0]


@pytest.mark.usefixtures("table")
def test_a_wait_for_what_is_read_ahead_can_be_ended(url):
    with opened(url, filter="pg_sleep(1000) is not null", source=SMALL) as (source, spec):
        split = source.splits(spec, Ask())[0]
        source.read_ahead(spec)
        chunks = source.read(spec, split, Ask())
        stopping = threading.Thread(target=lambda: [chunks.cancel() for _ in iter(lambda: waiting.wait(0.2), True)])
        waiting = threading.Event()
        stopping.start()
        with pytest.raises(lakesmith.errors.LakesmithError, match=r"was stopped|cancelled it"):
            next(chunks)
        waiting.set()
        stopping.join()
        chunks.close()


def test_a_run_reads_ahead_and_loads_every_row_once(table, url, taken, tmp_path, monkeypatch):
    monkeypatch.setenv("AHEAD_URL", url)
    (tmp_path / "lakesmith.yml").write_text(PROJECT)
    expected = said_by(table, "select * from t")
    project = lakesmith.open(tmp_path)
    for _ in range(2):
        taken.clear()
        assert project.run().state == "succeeded"
        assert len(taken) == PostgresSource.Options(url=url).lanes
        assert not threads()
        files = (tmp_path / "lake" / "shop" / "t" / "data").glob("*.parquet")
        newest = max(int(file.name[:8]) for file in (tmp_path / "lake" / "shop" / "t" / "data").glob("*.parquet"))
        assert lines_of(file for file in files if int(file.name[:8]) == newest) == expected


def lines_of(files):
    import pyarrow as pa
    import pyarrow.parquet as pq

    from lakesmith.testing.contents import canonical_rows

    return canonical_rows(pa.concat_tables(pq.read_table(file, columns=["id", "name", "page"]) for file in files))


def test_a_source_that_planned_nothing_reads_nothing_ahead(db, url):
    db.execute("create table t (id bigint)")
    with opened(url, source=SMALL) as (source, spec):
        source.read_ahead(spec)
        assert not threads()
        with psycopg.connect(url) as other:
            assert other.execute(OTHERS).fetchone()[0] <= 1
