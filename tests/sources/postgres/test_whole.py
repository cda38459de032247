"""A table read as a whole: every row once, whatever it is made of and however it is cut."""

import pytest
from reading_tables import opened, read_all, rows_of, said_by, trial_of

from lakesmith.errors import ConnectorOptionsError, SourceMissingError
from lakesmith.model.streams import Ask
from lakesmith.sources.postgres.planning import plan as planning
from lakesmith.testing.contents import canonical_rows

SMALL = {"split_kb": 64, "batch_kb": 16}


@pytest.fixture
def orders(db):
    db.execute(
        "create table t as select i as id, 'name ' || i as name, (i / 7.0)::numeric(12, 3) as price, i % 2 = 0 as paid, "
        "timestamptz '2026-01-01 00:00Z' + i * interval '1 s' as seen from generate_series(1, 5000) i"
    )
    return db


def test_every_row_comes_once_in_many_parts(orders, url):
    with opened(url, source=SMALL) as (source, spec):
        splits = source.splits(spec, Ask())
        chunks, _ = read_all(source, spec)
    assert len(splits) > 3
    assert all(split.bound and not split.resumable for split in splits)
    assert rows_of(chunks) == said_by(orders, "select * from t")


@pytest.mark.usefixtures("orders")
def test_every_batch_is_small(url):
    with opened(url, source=SMALL) as (source, spec):
        chunks, _ = read_all(source, spec)
    assert max(chunk.rows.nbytes for chunk in chunks) < 64 * 1024
    assert len(chunks) > 20


@pytest.mark.usefixtures("orders")
def test_server_counts_what_comes(url):
    with opened(url, source=SMALL) as (source, spec):
        for split in source.splits(spec, Ask()):
            chunks = list(source.read(spec, split, Ask()))
            assert sum(chunk.counted for chunk in chunks) == sum(chunk.rows.num_rows for chunk in chunks)
            assert chunks[-1].counted == 0


def test_same_question_has_the_same_answer_while_the_table_grows(orders, url):
    with opened(url, source=SMALL) as (source, spec):
        before = source.splits(spec, Ask())
        expected = said_by(orders, "select * from t")
        orders.execute("insert into t select * from t")
        assert source.splits(spec, Ask()) == before
        assert rows_of(read_all(source, spec)[0]) == expected


def test_columns_and_filter_are_the_servers_work(orders, url):
    with opened(url, filter="paid and id < 1000 -- not all", select=["price", "id"], source=SMALL) as (source, spec):
        chunks, _ = read_all(source, spec)
    assert rows_of(chunks) == said_by(orders, "select id, price from t where paid and id < 1000")
    with opened(url, exclude=["name", "paid"]) as (source, spec):
        assert read_all(source, spec)[0][0].rows.schema.names == ["id", "price", "seen"]


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ({"select": ["id", "nobody"]}, "has no column `nobody`"),
        ({"exclude": ["nobody"]}, "has no column `nobody`"),
        ({"split_by": "name"}, "ranges are of numbers and times"),
        ({"filter": "id = = 1"}, "does not understand the statement"),
        ({"mode": "append"}, "needs a cursor"),
        ({"mode": "append", "cursor": "paid"}, "cannot be a cursor"),
        ({"mode": "append", "cursor": "id", "look_back": "10m"}, "has no meaning for `id`"),
    ],
)
@pytest.mark.usefixtures("orders")
def test_wrong_options_are_explained(url, options, what):
    with opened(url, **options) as (source, spec), pytest.raises(ConnectorOptionsError, match=what):
        read_all(source, spec)


def test_missing_table_is_explained(url):
    with opened(url, name="nothing") as (source, spec), pytest.raises(SourceMissingError, match="nothing"):
        source.splits(spec, Ask())


def test_empty_table_still_has_its_columns(db, url):
    db.execute("create table t (id int primary key, name text)")
    with opened(url) as (source, spec):
        chunks, _ = read_all(source, spec)
    assert [chunk.rows.num_rows for chunk in chunks] == [0]
    assert chunks[0].rows.schema.names == ["id", "name"]


PARTITIONED = """
create table t (id int, day date, name text) partition by range (day);
create table t_1 partition of t for values from ('2026-01-01') to ('2026-02-01');
create table t_2 (name text, dropped int, day date, id int);
alter table t_2 drop column dropped;
alter table t attach partition t_2 for values from ('2026-02-01') to ('2026-03-01');
create table t_rest partition of t default partition by list (id);
create table t_rest_all partition of t_rest default;
insert into t select i, date '2026-01-01' + i % 90, 'name ' || i from generate_series(1, 9000) i;
"""
INHERITED = """
create table t (id int, name text);
create table t_child (extra int) inherits (t);
insert into t select i, 'mine' from generate_series(1, 900) i;
insert into t_child select i, 'its', i from generate_series(1, 900) i;
"""
VIEW = """
create table base as select i as id, 'name ' || i as name from generate_series(1, 3000) i;
create view t as select id, name || '!' as name from base where id % 3 = 0;
"""
MATERIALIZED = """
create materialized view t as select i as id, 'name ' || i as name from generate_series(1, 5000) i;
"""
QUOTED = '''
create table "t" ("Id of ""it""" int, "größe" text, "select" int);
insert into t select i, 'ä' || i, -i from generate_series(1, 500) i;
'''


@pytest.mark.few(2)
@pytest.mark.parametrize("made", [PARTITIONED, INHERITED, VIEW, MATERIALIZED, QUOTED])
def test_what_a_table_may_be(db, url, made):
    db.execute(made)
    with opened(url, source=SMALL) as (source, spec):
        chunks, _ = read_all(source, spec)
    assert rows_of(chunks) == said_by(db, "select * from t")


def test_leaves_are_cut_on_their_own(db, url):
    db.execute(PARTITIONED)
    with opened(url, source=SMALL) as (source, spec):
        names = [split.name for split in source.splits(spec, Ask())]
    assert {name.partition("/")[0] for name in names} == {"public.t_1", "public.t_2", "public.t_rest_all"}
    assert len(names) > 3


@pytest.mark.parametrize(
    "column", ["id", "at", *(pytest.param(column, marks=pytest.mark.long) for column in ("day", "amount", "ratio"))]
)
def test_ranges_of_values(db, url, column):
    db.execute(
        "create table base as select case when i % 10 > 0 then i end as id, case when i % 11 > 0 then date '2026-01-01' + i end as day, "
        "timestamptz '2026-01-01 00:00Z' + i * interval '1 h' as at, (i * i / 3.0)::numeric(20, 4) as amount, "
        "sqrt(i) as ratio from generate_series(-700, 700) i where i >= 0 or i % 2 = 0 and false; create view t as select * from base"
    )
    with opened(url, split_by=column, source={"connections": 2}) as (source, spec):
        assert len(source.splits(spec, Ask())) == 9
        chunks, _ = read_all(source, spec)
    assert rows_of(chunks) == said_by(db, "select * from t")


def test_range_of_one_value_is_one_part(db, url):
    db.execute("create view t as select 5 as id from generate_series(1, 10)")
    with opened(url, split_by="id") as (source, spec):
        assert len(source.splits(spec, Ask())) == 2
        assert rows_of(read_all(source, spec)[0]) == ['{"id":5}'] * 10


def test_reader_of_the_parent_alone_reads_it_whole(db, url):
    db.execute(PARTITIONED)
    db.execute("drop role if exists visitor; create role visitor login password 'v'; grant select on t to visitor")
    with opened(url, source={"user": None, "url": url.replace("lake:pass-word", "visitor:v")}) as (source, spec):
        assert len(source.splits(spec, Ask())) == 1
        chunks, _ = read_all(source, spec)
    assert rows_of(chunks) == said_by(db, "select * from t")
    db.execute("drop owned by visitor; drop role visitor")


def test_table_arrives_in_bronze(orders, url, tmp_path):
    trial = trial_of(url, tmp_path, source=SMALL)
    first = trial.load()
    orders.execute("delete from t where paid; update t set name = 'new'")
    second = trial.load()
    assert (first.counts.written, second.counts.written) == (5000, 2500)
    assert second.counts.proven
    assert canonical_rows(trial.bronze().rows) == said_by(orders, "select * from t")


@pytest.mark.parametrize(
    ("made", "granted", "told"),
    [
        ("create table t (id int, v int)", "grant select (id, v) on t to narrow", "note"),
        (
            "create table t (id int, v int) partition by list (v); create table t1 partition of t for values in (1)",
            "grant select on t to narrow; grant select (id) on t1 to narrow",
            "warning",
        ),
    ],
)
def test_reader_with_rights_on_columns_alone_reads_it_whole(db, url, made, granted, told):
    """Such rights include neither `ctid` nor the other columns of a partition."""
    db.execute(f"{made}; insert into t select g, 1 from generate_series(1, 6000) g")
    db.execute(f"drop role if exists narrow; create role narrow login password 'v'; {granted}")
    try:
        with opened(url, source={"user": "narrow", "password": "v", "split_kb": 64}) as (source, spec):
            chunks, _ = read_all(source, spec)
            assert len(source.splits(spec, Ask())) == 1
            assert [found.level for found in source.check() if "grant select on" in found.fix] == [told]
        assert rows_of(chunks) == said_by(db, "select * from t")
    finally:
        db.execute("drop owned by narrow; drop role narrow")


def test_ranges_of_a_domain_need_not_begin_at_one_of_its_values(db, url):
    db.execute("create domain even as numeric(9, 1) check (value % 2 = 0); create table b (id even)")
    db.execute("insert into b select g * 2 from generate_series(1, 1000) g; create view t as select * from b")
    with opened(url, split_by="id", source={"connections": 2}) as (source, spec):
        assert len(source.splits(spec, Ask())) > 4
        assert rows_of(read_all(source, spec)[0]) == said_by(db, "select * from t")


def test_table_without_columns(db, url):
    db.execute("create table t ()")
    with opened(url) as (source, spec), pytest.raises(ConnectorOptionsError, match=r"has no columns(?s:.*)`include:`"):
        read_all(source, spec)


@pytest.mark.few(1)
@pytest.mark.parametrize("split_by", [None, "id"])
def test_a_table_beyond_all_measure_has_larger_parts_and_not_more_of_them(db, url, monkeypatch, split_by):
    db.execute("create table t (id int, v text)")
    db.execute("insert into t select g, repeat('x', 100) from generate_series(1, 20000) g")
    small = {"split_kb": 8}
    with opened(url, split_by=split_by, source=small) as (source, spec):
        assert len(source.splits(spec, Ask())) > 100
    monkeypatch.setattr(planning, "MOST_PARTS", 10)
    with opened(url, split_by=split_by, source=small) as (source, spec):
        assert 9 <= len(source.splits(spec, Ask())) <= 12
        assert rows_of(read_all(source, spec)[0]) == said_by(db, "select * from t")
