"""A table read along a cursor: each row once, ties and late rows too, and what a cursor cannot see is told."""

import json

import pytest
from cursor_loads import Reading
from reading_tables import said_by, trial_of

from lakesmith.errors import ConnectorOptionsError, SourceDataError
from lakesmith.testing.contents import canonical_rows

EVENTS = "create table t (id int, seen timestamptz, note text)"
START = "timestamptz '2026-01-01 00:00Z'"
BY_TIME = {"mode": "append", "cursor": "seen"}


@pytest.fixture
def events(db):
    db.execute(EVENTS)
    db.execute(f"insert into t select i, {START} + i * interval '1 min', 'first' from generate_series(1, 100) i")
    return db


def test_next_load_brings_what_came(events, url):
    load = Reading(url, **BY_TIME)
    assert load() == said_by(events, "select * from t")
    assert load() == []
    events.execute(f"insert into t values (101, {START} + interval '101 min', 'second')")
    assert load() == said_by(events, "select * from t where id = 101")
    assert load() == []


def test_ties_at_the_last_value_are_not_lost_and_not_doubled(events, url):
    load = Reading(url, **BY_TIME)
    load()
    events.execute("insert into t select 200, seen, 'tie' from t where id = 100")
    events.execute("insert into t select * from t where id = 100")
    assert load() == said_by(events, "select * from t where id = 200 union all select * from t where id = 100 limit 2")
    assert load.held == 1
    assert load() == []


def test_ties_and_new_rows_in_one_load(events, url):
    load = Reading(url, **BY_TIME)
    load()
    events.execute("insert into t select 200, seen, 'tie' from t where id = 100")
    events.execute("insert into t select 201, seen + interval '1 s', 'new' from t where id = 100")
    assert load() == said_by(events, "select * from t where id >= 200")


def test_late_rows_are_found_as_far_as_one_looks_back(events, url):
    load = Reading(url, **BY_TIME, look_back="10m")
    load()
    events.execute(f"insert into t values (300, {START} + interval '95 min', 'late'), (301, {START}, 'too late')")
    assert load() == said_by(events, "select * from t where id = 300")
    assert load.held == 11
    assert load() == []


@pytest.mark.few(1)
@pytest.mark.parametrize(
    "kind",
    [
        *("int", "numeric(20,2)", "real"),
        *(pytest.param(kind, marks=pytest.mark.long) for kind in ("bigint", "smallint", "numeric", "double precision")),
    ],
)
def test_looking_back_on_numbers(db, url, kind):
    db.execute(f"create table t (at_ {kind}, id serial); insert into t (at_) select i from generate_series(-50, 50) i")
    load = Reading(url, mode="append", cursor="at_", look_back=3)
    assert load() == said_by(db, "select * from t")
    db.execute("insert into t (at_) values (46), (47), (60)")
    assert load() == said_by(db, "select * from t where id in (103, 104) order by id")


@pytest.mark.few(2)
@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("text", "'a', 'b', 'Z''\\x'"),
        pytest.param("varchar(20)", "'a', 'b'", marks=pytest.mark.long),
        pytest.param("char(5)", "'a', 'b'", marks=pytest.mark.long),
        ("uuid", "'00000000-0000-0000-0000-000000000001', 'ffffffff-0000-0000-0000-000000000001'"),
        ("date", "'2026-01-01', '2026-01-02'"),
        ("timestamp(3)", "'2026-01-01 01:02:03.456', '2026-01-02 00:00'"),
        ("double precision", "0.1, 0.30000000000000004"),
        ("numeric", "0.1, 12345678901234567890.123456789"),
        pytest.param("bigint", "-9223372036854775808, 9223372036854775807", marks=pytest.mark.long),
    ],
)
def test_every_kind_of_cursor_stands_where_the_server_says(db, url, kind, values):
    db.execute(f"create table t (c {kind})")
    for value in values.split(", "):
        db.execute(f"insert into t values ({value})")
    load = Reading(url, mode="append", cursor="c")
    assert len(load()) == len(values.split(", "))
    assert load() == []
    newest = db.execute("select c::text from (select c from t order by c desc limit 1) as found").fetchone()[0]
    assert json.loads(load.position)["cursor"]["last"] == newest


@pytest.mark.few(2)
@pytest.mark.parametrize(
    ("kind", "value", "beyond"),
    [
        ("timestamptz", "2026-01-01", ["infinity", "-infinity"]),
        ("date", "2026-01-01", ["infinity"]),
        ("float8", "1", ["NaN", "-Infinity"]),
        ("numeric", "1", ["NaN", "Infinity"]),
    ],
)
def test_rows_that_no_cursor_sees_are_told(db, url, kind, value, beyond):
    db.execute(f"create table t (id serial, c {kind})")
    db.execute("insert into t (c) select null from generate_series(1, 3)")
    for one in (value, *beyond):
        db.execute(f"insert into t (c) values ('{one}')")
    load = Reading(url, mode="append", cursor="c")
    assert load() == said_by(db, "select * from t where id = 4")
    assert load.notices == [
        f"{3 + len(beyond)} rows of shop.t have no value in `c` that a cursor can stand at: they are not read."
    ]
    assert load() == []


def test_table_that_was_empty_at_first(db, url):
    db.execute(EVENTS)
    load = Reading(url, **BY_TIME)
    assert load() == []
    assert load() == []
    db.execute(f"insert into t select i, {START}, '' from generate_series(1, 5) i")
    assert load() == said_by(db, "select * from t")


def test_filter_holds_for_every_load(events, url):
    load = Reading(url, **BY_TIME, filter="id % 2 = 0", select=["id", "seen"])
    assert load() == said_by(events, "select id, seen from t where id %% 2 = 0")
    events.execute(
        "insert into t select id + 1, seen, '' from t where id = 99 union all select 101, seen + interval '1 s', '' from t where id = 100"
    )
    assert load() == []


def test_column_that_is_added_doubles_nothing(events, url):
    load = Reading(url, **BY_TIME, look_back="10m")
    load()
    events.execute("alter table t add column more int default 7")
    assert load() == []
    events.execute(f"insert into t values (400, {START} + interval '99 min', 'late', 8)")
    assert load() == said_by(events, "select * from t where id = 400")


def test_column_that_is_renamed_doubles_nothing(events, url):
    load = Reading(url, **BY_TIME)
    load()
    events.execute("alter table t rename column note to remark; alter table t rename column seen to seen_at")
    load.options["cursor"] = "seen_at"
    assert load() == []


def test_column_that_told_rows_apart_and_is_gone(events, url):
    load = Reading(url, **BY_TIME)
    load()
    events.execute("alter table t drop column note")
    assert load() == []
    events.execute("insert into t select 200, seen from t where id = 100")
    with pytest.raises(SourceDataError, match="a column changed that told them apart"):
        load()
    load.options |= {"mode": "dedupe", "key": ("id",)}
    assert load() == said_by(events, "select * from t where id >= 200 or id = 100")


@pytest.mark.long
def test_many_ties_are_kept_as_a_sum(db, url):
    db.execute("create table t as select i as id, 7 as n, '' as note from generate_series(1, 100001) i")
    load = Reading(url, mode="append", cursor="n")
    load()
    place = json.loads(load.position)["cursor"]
    assert (place["is_sum"], place["held"][0]) == (True, "100001")
    assert load() == []
    db.execute("update t set note = 'changed' where id = 99")
    with pytest.raises(SourceDataError, match="which rows of them the lake holds is not known"):
        load()
    load.options |= {"mode": "dedupe", "key": ("id",)}
    assert load() == said_by(db, "select * from t")


def test_other_cursor_other_table_other_server(events, url, postgres_server):
    load = Reading(url, **BY_TIME)
    load()
    load.options["cursor"] = "id"
    with pytest.raises(ConnectorOptionsError, match="was read by the cursor `seen`"):
        load()
    load.options["cursor"] = "seen"
    events.execute("alter table t rename to old; create table t as select * from old")
    with pytest.raises(SourceDataError, match="dropped and made anew"):
        load()
    load.url = postgres_server.database()
    with pytest.raises(Exception, match="no table or view"):
        load()
    events.execute("drop table t; alter table old rename to t")
    load.url = url
    assert load() == []


def test_growing_table_arrives_in_bronze(events, url, tmp_path):
    trial = trial_of(url, tmp_path, **BY_TIME, look_back="10m", source={"split_kb": 8, "batch_kb": 1})
    trial.load()
    events.execute(f"insert into t select i, {START} + i * interval '1 min', 'next' from generate_series(92, 300) i")
    load = trial.load()
    assert (load.counts.read, load.counts.written, load.counts.filtered) == (220, 209, 11)
    assert load.counts.proven
    assert trial.load().state == "nothing_new"
    assert canonical_rows(trial.bronze().rows) == said_by(events, "select * from t")
