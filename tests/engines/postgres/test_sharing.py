"""A database that others use too: other lakes, other projects, people with views and schemas of their own."""

from __future__ import annotations

import pytest

from lakesmith.engines.postgres import PostgresEngine
from lakesmith.errors import ConfigError, RunInProgressError
from lakesmith.model.places import LakeAddress
from lakesmith.model.plans import Dataset, EngineContext
from lakesmith.model.streams import StreamId
from lakesmith.model.types import INT, LONG, STRING, Field
from lakesmith.testing.bronze import BronzeTable, with_system

SIMPLE = with_system(Field("id", INT, id=1))
SALES = Dataset("mart_sales", "marts", (), 0)


@pytest.fixture
def engine_of(context):
    """Return the engine of a target that reads a lake."""
    made = []

    def make(target: str, lake: str) -> PostgresEngine:
        one = EngineContext(
            target, context.options, context.root, context.build, context.warehouse, LakeAddress(f"/{lake}")
        )
        made.append(PostgresEngine(one))
        return made[-1]

    yield make
    for engine in made:
        engine.close()


@pytest.fixture
def table(tmp_path):
    return BronzeTable(tmp_path / "files", StreamId("app", "orders"))


@pytest.mark.parametrize(
    ("schema", "rows"), [(SIMPLE, []), (with_system(Field("id", STRING, id=1)), [{"id": "x"}])], ids=["empty", "types"]
)
def test_the_bronze_of_another_lake_is_neither_emptied_nor_replaced(engine_of, table, tmp_path, admin, schema, rows):
    first, second = engine_of("prod", "a"), engine_of("dev", "b")
    first.attach([table.at(1, SIMPLE, table.load(SIMPLE, [{"id": 1}], 1))])
    first.close()
    other = BronzeTable(tmp_path / "b", table.stream)
    with pytest.raises(ConfigError, match="holds the bronze of another lake"):
        second.attach([other.at(1, schema, *([other.load(schema, rows, 5)] if rows else []))])
    assert admin("select id from bronze_app.orders") == [(1,)]


def test_a_lake_that_was_moved_is_the_same(engine_of, table, admin):
    file = table.load(SIMPLE, [{"id": 1}], 1)
    for at, lake in enumerate(("old", "new"), 1):
        engine = engine_of("prod", lake)
        engine.attach([table.at(at, SIMPLE, file)])
        engine.close()
    assert admin("select id, lake from bronze_app.orders, lakesmith.bronze") == [(1, "/new")]


def test_two_projects_with_a_target_of_the_same_name(engine_of, table, tmp_path, admin, build):
    one, other = engine_of("prod", "a"), engine_of("prod", "b")
    one.attach([table.at(1, SIMPLE, table.load(SIMPLE, [{"id": 1}], 1))])
    build("marts.mart_sales", "select 1 as x")
    one.swap([SALES])
    elsewhere = BronzeTable(tmp_path / "b", StreamId("crm", "people"))
    with pytest.raises(ConfigError, match=r"(?s)Another project builds a target named 'prod'.*built from /a"):
        other.attach([elsewhere.at(1, SIMPLE, elsewhere.load(SIMPLE, [{"id": 2}], 1))])
    assert admin("select x from marts.mart_sales") == [(1,)]
    assert admin("select count(*) from pg_namespace where nspname = 'bronze_crm'") == [(0,)]


def test_targets_on_one_lake_do_not_change_bronze_under_each_other(engine_of):
    prod, dev = engine_of("prod", "a"), engine_of("dev", "a")
    prod.attach([])
    with pytest.raises(RunInProgressError, match="Another run builds from the same bronze"):
        dev.attach([])
    prod.close()
    dev.attach([])


@pytest.mark.long
@pytest.mark.parametrize(
    "thing",
    [
        "view marts.mine as select 7 as x",
        "table marts.mine (x int)",
        "type marts.mine as enum ('a')",
        "function marts.mine() returns int language sql as 'select 7'",
    ],
)
def test_what_people_made_among_the_marts_is_not_taken_away(engine, build, admin, thing):
    build("marts.mart_sales", "select 1 as x")
    engine.swap([SALES])
    admin(f"create {thing}")
    build("marts.mart_sales", "select 2 as x")
    with pytest.raises(ConfigError, match="The schema marts also holds what somebody else made: mine"):
        engine.swap([SALES])
    assert admin("select x from marts.mart_sales") == [(1,)]
    admin(f"drop {thing.partition(' as ')[0].partition(' returns')[0].removesuffix(' (x int)')}")
    engine.swap([SALES])
    assert admin("select x from marts.mart_sales") == [(2,)]


def test_a_schema_that_holds_a_function_alone_stays_where_it_is(engine, build, admin):
    admin("create schema marts")
    admin("create function marts.f() returns int language sql as 'select 7'")
    build("marts.mart_sales", "select 1 as x")
    with pytest.raises(ConfigError, match="belongs to somebody else"):
        engine.swap([SALES])
    assert admin("select marts.f()") == [(7,)]


def test_rights_on_columns_stay(engine, build, admin):
    admin("drop role if exists reader_of_one")
    admin("create role reader_of_one")
    for day in (1, 2):
        build("marts.mart_sales", f"select {day} as x, 'hidden' as y")
        engine.swap([SALES])
        if day == 1:
            admin("grant select (x) on marts.mart_sales to reader_of_one")
    may = "select has_column_privilege('reader_of_one', 'marts.mart_sales', '{}', 'select')"
    assert [admin(may.format(column)) for column in "xy"] == [[(True,)], [(False,)]]


def test_a_column_that_goes_or_grows_under_views(engine, table, admin):
    """The views of a build are dropped and come back with dbt; those of people stay, and are named."""
    before = with_system(Field("id", INT, id=1), Field("b", INT, id=2))
    file = table.load(before, [{"id": 1, "b": 2}], 1)
    engine.attach([table.at(1, before, file)])
    admin("create schema ls_prod_build__silver")
    admin("create view ls_prod_build__silver.stg as select id, b from bronze_app.orders")
    wider = with_system(Field("id", LONG, id=1), Field("b", INT, id=2))
    engine.attach([table.at(2, wider, file)])
    assert admin("select count(*) from pg_views where viewname = 'stg'") == [(0,)]
    admin("create view public.mine as select b from bronze_app.orders")
    with pytest.raises(ConfigError, match=r"public\.mine reads bronze_app\.orders, whose columns have to change"):
        engine.attach([table.at(3, with_system(Field("id", LONG, id=1)), file)])
    assert admin("select b from public.mine") == [(2,)]


def test_who_looks_at_the_build_for_long_holds_up_no_swap(engine, build, admin):
    build("marts.mart_sales", "select n as x from generate_series(1, 50000) as n")
    engine.swap([SALES])
    reader = engine.query("select * from marts.mart_sales", where="build")
    reader.read_next_batch()
    engine._lock.take().execute("set lock_timeout = '3s'")
    engine.swap([SALES])
    assert sum(batch.num_rows for batch in reader) < 50_000
    assert admin("select count(*) from pg_namespace where nspname like '%hidden%'") == [(0,)]
