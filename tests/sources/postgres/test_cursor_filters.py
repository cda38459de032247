"""Filters of a stream with a cursor: one condition each, and those that speak of the time double nothing."""

import time

import pytest
from cursor_loads import Reading
from reading_tables import opened, read_all, rows_of, said_by

from lakesmith.errors import ConnectorOptionsError
from lakesmith.model.streams import Ask

FIVE = "create table t (id int, v text[]); insert into t select i, array['a', 'b)'] from generate_series(1, 5) i"
BROKEN = [
    "true) or (true",
    "true) union all select 9, null where (true",
    "true], array[true",
    "true]) or (array[true][1",
    "id > 0; drop table t",
    "true); set default_transaction_read_only = off; drop table t; --",
    "true]; select array[true",
    "id > 0 /* x",
    "id > 0, true",
    "id > 0 limit 1",
]
WHOLE = [
    ("id > 2 -- over two", 3),
    ("id in (select max(id) from t)", 1),
    ("v[1] = 'a' and v[2] = 'b)' and '(' <> $$]$$", 5),
    ("(id = 1) or (id = 2)", 2),
    ("id = 1 or id = 2", 2),
    ("v[1] like '%a'", 5),
]


@pytest.mark.few(7)
@pytest.mark.parametrize("condition", BROKEN)
@pytest.mark.parametrize("mode", ["append", "replace"])
def test_filter_that_ends_its_own_brackets_is_refused(db, url, condition, mode):
    db.execute(FIVE)
    options = {"mode": mode, "cursor": "id"} if mode == "append" else {}
    with (
        opened(url, filter=condition, **options) as (source, spec),
        pytest.raises(ConnectorOptionsError, match="The server") as caught,
    ):
        source.splits(spec, Ask())
    assert "filter" in caught.value.fix
    assert db.execute("select count(*) from t").fetchone() == (5,)


@pytest.mark.few(3)
@pytest.mark.parametrize(("condition", "rows"), WHOLE)
def test_filter_that_is_one_condition_is_not(db, url, condition, rows):
    db.execute(FIVE)
    load = Reading(url, mode="append", cursor="id", filter=condition)
    assert len(load()) == rows
    assert load() == []


AHEAD = (
    "create table t as select i as id, clock_timestamp() + i * interval '10 ms' as at_ from generate_series({}, 60) i"
)


@pytest.mark.few(1)
@pytest.mark.parametrize("first", [-9, 5])
def test_filter_by_the_time_reads_no_row_twice(db, url, first):
    """Between the plan and the reading rows come due, be it the first ones at all."""
    db.execute(AHEAD.format(first))
    loaded, position = [], None
    for _ in range(5):
        with opened(url, mode="append", cursor="at_", filter="at_ < now()") as (source, spec):
            source.splits(spec, Ask(position))  # the snapshot's session begins here
            time.sleep(0.15)
            chunks, position = read_all(source, spec, position)
        loaded += rows_of(chunks)
    assert sorted(loaded) == said_by(db, "select * from t")
