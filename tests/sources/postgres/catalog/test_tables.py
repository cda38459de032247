import psycopg
import pytest

from lakesmith.errors import ConnectorOptionsError, SourceMissingError
from lakesmith.sources.postgres.catalog.tables import find_table, list_leaves, list_tables, parse_relation
from lakesmith.sources.postgres.catalog.values import Relation

STRANGE = 'Büro "Süd".x'
MADE = """
create schema "Büro ""Süd"".x"; set search_path = "Büro ""Süd"".x";
create table "Täb.le" (id int); comment on table "Täb.le" is 'Ünï';
create table parts (id int, at date, kind text) partition by range (at);
create table parts_2024 partition of parts for values from ('2024-01-01') to ('2025-01-01') partition by list (kind);
create table parts_2024_a partition of parts_2024 for values in ('a');
create table parts_2024_rest partition of parts_2024 default;
create table parts_rest partition of parts default;
create table base (id int); create table child (more int) inherits (base); create table grandchild () inherits (child);
create view seen as select 1 as one; create materialized view kept as select 1 as one; create materialized view unfilled as select 1 as one with no data;
create unlogged table quick (id int); create temporary table passing (id int); create sequence counting; create type pair as (a int, b int);
insert into parts select n, date '2023-12-01' + n % 500, chr(97 + n % 3) from generate_series(1, 3000) as n; analyze parts;
insert into base values (1); insert into child values (2, 2); insert into grandchild values (3, 3);
"""


def kinds_of(tables):
    return {table.relation.name: table.kind for table in tables}


@pytest.fixture(scope="module")
def made(both):
    own, reading = both
    own.execute(MADE)
    return own, reading


def named(reading, name):
    return find_table(reading, Relation(STRANGE, name))


def test_what_has_rows_is_listed_the_largest_first_partitions_left_out(made):
    tables = list_tables(made[1], [STRANGE])

    assert kinds_of(tables) == {
        "Täb.le": "table",
        "parts": "partitioned table",
        "base": "table",
        "child": "table",
        "grandchild": "table",
        "seen": "view",
        "kept": "materialized view",
        "unfilled": "materialized view",
        "quick": "table",
    }
    assert tables[0].relation.name == "parts"
    assert [table.size_bytes or 0 for table in tables] == sorted(
        (table.size_bytes or 0 for table in tables), reverse=True
    )
    assert {table.relation.schema for table in list_tables(made[1])} <= {STRANGE, "public"}


def test_what_the_server_says_of_each(made):
    _, reading = made
    table = named(reading, "Täb.le")

    assert (table.comment, table.persistence, table.is_readable, table.rows, table.size_bytes) == (
        "Ünï",
        "permanent",
        True,
        None if table.rows is None else 0,
        0,
    )
    assert table.relation.quoted == '"Büro ""Süd"".x"."Täb.le"'
    assert named(reading, "parts").rows == 3000
    assert named(reading, "parts_2024").is_part
    assert named(reading, "quick").persistence == "unlogged"
    assert not named(reading, "unfilled").is_populated
    assert named(reading, "seen").size_bytes is None
    assert (named(reading, "base").has_children, named(reading, "base").inherits) == (True, False)
    assert (named(reading, "child").has_children, named(reading, "child").inherits) == (True, True)


def test_a_rewrite_shows_in_the_filenode_and_not_in_the_oid(made):
    own, reading = made
    before = named(reading, "base")
    own.execute("vacuum full base")
    after = named(reading, "base")

    assert (before.oid, before.filenode) == (after.oid, before.oid)
    assert after.filenode not in {None, before.filenode}


@pytest.mark.parametrize(
    ("name", "leaves"),
    [
        ("parts", ["parts_2024_a", "parts_2024_rest", "parts_rest"]),
        ("parts_2024", ["parts_2024_a", "parts_2024_rest"]),
        ("base", ["base", "child", "grandchild"]),
        ("Täb.le", ["Täb.le"]),
        ("seen", ["seen"]),
        ("kept", ["kept"]),
    ],
)
def test_the_leaves_together_are_what_a_plain_select_reads(made, name, leaves):
    _, reading = made
    table = named(reading, name)
    found = list_leaves(reading, table)
    whole = reading.execute(f"select count(*) from {table.relation.quoted}").fetchone()[0]
    parts = [reading.execute(f"select count(*) from only {leaf.relation.quoted}").fetchone()[0] for leaf in found]

    assert [leaf.relation.name for leaf in found] == leaves
    assert sum(parts) == whole
    assert all(leaf.has_ctid == (leaf.kind != "view") for leaf in found)


def test_default_partitions_say_so(made):
    bounds = {leaf.relation.name: leaf.bound for leaf in list_leaves(made[1], named(made[1], "parts"))}

    assert bounds == {"parts_2024_a": "FOR VALUES IN ('a')", "parts_2024_rest": "DEFAULT", "parts_rest": "DEFAULT"}


def test_partitions_on_other_servers_are_leaves_without_ctid(both):
    own, reading = both
    try:
        own.execute("create extension postgres_fdw")
    except psycopg.Error:
        pytest.skip("this server has no postgres_fdw")
    own.execute(
        "create server far foreign data wrapper postgres_fdw; create table public.sharded (id int) partition by hash (id);"
        "create table public.near partition of public.sharded for values with (modulus 2, remainder 0);"
        "create foreign table public.away partition of public.sharded for values with (modulus 2, remainder 1) server far"
    )
    found = list_leaves(reading, find_table(reading, Relation("public", "sharded")))

    assert [(leaf.relation.name, leaf.kind, leaf.has_ctid, leaf.size_bytes) for leaf in found] == [
        ("away", "foreign table", False, None),
        ("near", "table", True, 0),
    ]


def test_rights_on_a_table_are_not_those_on_its_parts(made, each_url):
    own, _ = made
    table_schema = '"Büro ""Süd"".x"'
    role = f"reader_{own.info.dbname}_{own.info.port}"
    own.execute(
        f"""create role {role} login password 'pass-word'; grant usage on schema "Büro ""Süd"".x" to {role};
        grant select on parts, parts_rest to {role}; alter table parts_rest enable row level security;
        create policy half on parts_rest using (id %% 2 = 0); grant select (id) on base to {role}""".replace("%%", "%")
    )
    try:
        with psycopg.connect(each_url, user=role, password="pass-word", autocommit=True) as reading:
            table = named(reading, "parts")
            readable = {leaf.relation.name: leaf.is_readable for leaf in list_leaves(reading, table)}

            assert (table.is_readable, table.has_policies) == (True, False)
            assert readable == {"parts_2024_a": False, "parts_2024_rest": False, "parts_rest": False}
            assert named(reading, "parts_rest").has_policies
            assert named(reading, "base").is_readable
            assert not named(reading, "quick").is_readable

            own.execute(
                f"alter table parts_rest disable row level security; grant select on all tables in schema {table_schema} to {role}"
            )
            assert {leaf.is_readable for leaf in list_leaves(reading, table)} == {True}
            own.execute('alter table parts enable row level security; alter table "Täb.le" enable row level security')
            assert {leaf.is_readable for leaf in list_leaves(reading, table)} == {False}
            assert [leaf.is_readable for leaf in list_leaves(reading, named(reading, "Täb.le"))] == [True]

            own.execute("alter table parts disable row level security")
            own.execute(f"revoke select on parts_rest from {role}; grant select (id) on parts_rest to {role}")
            readable = {leaf.relation.name: leaf.is_readable for leaf in list_leaves(reading, table)}
            assert readable == {"parts_2024_a": True, "parts_2024_rest": True, "parts_rest": False}
    finally:
        own.execute(f"drop owned by {role}; drop role {role}; alter table parts disable row level security")


def test_a_name_that_is_not_there_says_what_is(made):
    _, reading = made
    for wrong, near in (("täb.le", "Täb.le"), ("part", "parts"), ("BASE", "base")):
        with pytest.raises(SourceMissingError, match=f"no table or view(?s:.*)there is `.*{near}`") as caught:
            find_table(reading, Relation(STRANGE, wrong), "lakesmith.yml:9")
        assert caught.value.where == "lakesmith.yml:9"
    with pytest.raises(SourceMissingError, match="nothing to read in the schema `nowhere`"):
        find_table(reading, Relation("nowhere", "thing"))


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("orders", ("public", "orders")),
        ("shop.orders", ("shop", "orders")),
        ("Shop.Orders", ("Shop", "Orders")),
        ('"a.b"."c ""d"""', ("a.b", 'c "d"')),
        ('"a.b"', ("public", "a.b")),
        ("müll eimer", ("public", "müll eimer")),
    ],
)
def test_how_a_table_is_written(written, expected):
    assert parse_relation(written, "public") == Relation(*expected)


@pytest.mark.parametrize("written", ["", "a.b.c", ".a", '"a', 'a"b.c'])
def test_what_names_no_table_is_refused(written):
    with pytest.raises(ConnectorOptionsError, match="names no table"):
        parse_relation(written, "public")
