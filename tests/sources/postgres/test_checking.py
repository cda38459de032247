"""What `check` says, of a real server, without loading anything."""

from pathlib import Path

import psycopg
import pytest

from lakesmith.model.streams import SourceContext, StreamId, StreamSpec
from lakesmith.sources.postgres.checking import check_source
from lakesmith.sources.postgres.connecting.address import Address
from lakesmith.sources.postgres.connecting.server import Reach, Server
from lakesmith.sources.postgres.options import PostgresOptions, PostgresStreamOptions

MADE = """
create table orders (id bigint primary key, at timestamptz, note text);
insert into orders select n, case when n % 100 > 0 then now() end, repeat('x', 50) from generate_series(1, 120000) as n; analyze orders;
create table loose (a int, "b c" int); create unlogged table quick (id int primary key);
create view seen as select * from orders; create materialized view unfilled as select 1 as one with no data;
create table parts (id int primary key) partition by range (id); create table parts_1 partition of parts default;
create table base (id int unique not null); create table child () inherits (base);
create schema far; create table far.secret (id int primary key, hidden text);
"""


@pytest.fixture(scope="module")
def shop(postgres_server):
    """The address of a database with tables, and of a role that may read some of it."""
    url = postgres_server.database()
    with psycopg.connect(url, autocommit=True) as own:
        own.execute(MADE)
        own.execute("""create role checker login password 'pass-word'; grant select on orders, parts to checker;
            grant select (a) on loose to checker; alter table orders enable row level security""")
        yield url
        own.execute("drop owned by checker; drop role checker")


def stream(name, mode="append", key=(), **options):
    return StreamSpec(
        StreamId("shop", name), mode, key, options=PostgresStreamOptions(**options), where="lakesmith.yml:9"
    )


def findings(url, *streams, user="lake", **options):
    server = Server(Reach(Address.of(url, {"user": user, "password": "pass-word"}), where="lakesmith.yml:4"))
    context = SourceContext("shop", PostgresOptions(**options), Path("/nowhere"), streams, "lakesmith.yml:4")
    try:
        return list(check_source(context, lambda: server))
    finally:
        server.close()


def told(url, *streams, **options):
    """Return the findings beyond that of the server, as a program reads them."""
    return [(found.level, found.subject, found.text) for found in findings(url, *streams, **options)[1:]]


def test_the_server_is_named_with_its_version_and_without_its_user(shop):
    (found,) = findings(shop)
    address = Address.of(shop, {})

    assert (found.level, found.subject, found.text) == ("ok", "shop", f"PostgreSQL 18.4 at {address.place}")
    assert found.facts["in_recovery"] is False


def test_a_server_that_lets_nobody_in_is_a_finding(shop):
    (found,) = findings(shop, stream("orders"), user="nobody_here")

    assert (found.level, found.subject) == ("error", "shop")
    assert "does not accept this user" in found.text


def test_a_table_with_its_size_its_key_and_a_cursor_without_index_that_is_null_in_places(shop):
    found = findings(shop, stream("orders", cursor="at"))[1:]

    assert [(one.level, one.text.split(", 1")[0]) for one in found] == [
        ("ok", "table public.orders: 3 columns"),
        ("note", "its primary key is (id)"),
        ("warning", "no index begins with the cursor `at`: each load looks through the whole table"),
        ("warning", "the cursor `at` is null in 1,200 rows, which are never loaded"),
    ]
    assert found[0].text.endswith(", about 120,000 rows")
    assert 8_000_000 < found[0].facts["size_bytes"] < 20_000_000
    assert found[1].facts == {"key": ["id"]}
    assert found[2].fix == 'let the owner run: create index concurrently on "public"."orders" ("at");'


def test_a_good_cursor_and_a_key_that_the_server_keeps_say_nothing_more(shop):
    assert [level for level, _, _ in told(shop, stream("orders", "dedupe", ("id",), cursor="id"))] == ["ok"]
    assert [level for level, _, _ in told(shop, stream("orders", "dedupe", ("ID",), cursor="id"))] == ["ok"]


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        (stream("orders"), ("error", "mode append needs a cursor")),
        (stream("orders", "replace", ("note",)), ("warning", "nothing on the server keeps `key: [note]` unique")),
        (stream("orders", "replace", ("idd",)), ("error", "there is no column `idd`")),
        (stream("orders", "replace", select=("id", "att")), ("error", "there is no column `att`")),
        (stream("orders", "replace", split_by="x"), ("error", "there is no column `x`")),
        (stream("orders", "replace", filter="nonsense > 1"), ("error", "There is no such column (SQLSTATE 42703).")),
        (
            stream("orders", "replace", filter="id >"),
            ("error", "The server does not understand the statement (SQLSTATE 42601)."),
        ),
        (stream("orderz", "replace"), ("error", "There is no table or view `public.orderz`.")),
        (stream("loose", "replace"), ("note", "it has no key: rows that are changed cannot be told from new ones")),
        (stream("quick", "replace"), ("warning", "an unlogged table is empty after a crash of the server")),
        (stream("unfilled", "replace"), ("error", "the materialized view holds nothing yet")),
        (stream("seen", "replace"), ("note", "a view is read by one connection")),
        (
            stream("base", "replace"),
            ("note", "its rows include those of 1 table that inherits from it, without columns of their own"),
        ),
        (stream("base", "replace"), ("note", "its unique index is (id)")),
        (stream("x", "replace", table="far.secret"), ("note", "its primary key is (id)")),
    ],
)
def test_what_stands_in_the_way_of_a_stream(shop, spec, expected):
    assert (expected[0], str(spec.id), expected[1]) in told(shop, spec)


@pytest.mark.parametrize(
    ("spec", "level", "said"),
    [
        (stream("secret", "replace", table="far.secret"), "error", "the user may not read it"),
        (
            stream("orders", "replace"),
            "warning",
            "row security hides rows from this user: what it does not see is not loaded",
        ),
        (stream("parts", "replace"), "warning", "the user may not read 1 part of it under their own names"),
        (stream("loose", "replace"), "warning", "the user may not read 1 column: b c"),
    ],
)
def test_what_a_user_may_not_do(shop, spec, level, said):
    assert (level, str(spec.id), said) in told(shop, spec, user="checker")


def test_a_column_that_is_not_wanted_needs_no_right(shop):
    assert "warning" not in [
        level for level, _, _ in told(shop, stream("loose", "replace", exclude=("b c",)), user="checker")
    ]


def test_one_stream_that_fails_does_not_hide_the_next(shop):
    found = told(shop, stream("orderz", "replace"), stream("quick", "replace"))

    assert [subject for _, subject, _ in found] == ["shop.orderz", "shop.quick", "shop.quick", "shop.quick"]


def test_patterns_list_the_largest_tables_first(shop):
    found = findings(shop, stream("orders", "replace"), include="*", exclude=("lo*",))
    listed = [one for one in found if "table" in one.facts]

    assert [one.facts["table"] for one in listed][:1] == ["public.orders"]
    assert {one.facts["table"].removeprefix("public.") for one in listed} == {
        "orders",
        "quick",
        "seen",
        "unfilled",
        "parts",
        "base",
    }
    assert listed[0].text.startswith("public.orders: table, 1")
    assert not listed[0].text.endswith("not a stream yet")
    assert all(one.text.endswith("not a stream yet") for one in listed[1:])
    assert {one.fix for one in listed if one.facts["table"] == "public.parts"} == {
        "to load it, write under `streams:` parts: {mode: replace}"
    }
    assert any(one.text.startswith("`include` takes in 6 tables, ") for one in found)


def test_patterns_reach_other_schemas_by_name_and_say_what_may_not_be_read(shop):
    found = findings(shop, include=("far.*",), user="checker")

    assert [(one.level, one.text) for one in found[2:]] == [
        ("warning", "far.secret: table, 8.2 kB; the user may not read it"),
    ]
