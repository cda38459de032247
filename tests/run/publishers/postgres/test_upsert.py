"""Upsert: rows of known keys are updated, others added, and only what differs is touched."""

from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from lakesmith.errors import PublishError
from lakesmith.run.publishers.postgres import PostgresPublisher

UPSERT = {"mode": "upsert", "key": ["id"]}


def test_rows_are_updated_added_and_kept(outbox):
    outbox.options = UPSERT
    outbox.ask(
        "create table mart_a (id integer primary key, name text, note text default 'theirs', born int default 3)"
    )
    outbox.ask("insert into mart_a (id, name) values (1, 'a'), (2, 'b'), (9, 'other')")
    before = dict(outbox.ask("select id, xmin::text || xmax from mart_a"))
    outbox.send("select * from (values (1, 'a'), (2, 'B'), (3, 'c')) t(id, name)")
    assert outbox.rows() == [
        (1, "a", "theirs", 3),
        (2, "B", "theirs", 3),
        (3, "c", "theirs", 3),
        (9, "other", "theirs", 3),
    ]
    after = dict(outbox.ask("select id, xmin::text || xmax from mart_a"))
    assert {one for one in before if after[one] == before[one]} == {1, 9}  # untouched, not even locked
    outbox.send("select 1 as id, 'a' as name")
    assert len(outbox.rows()) == 4
    outbox.send("select 1 as id, null::varchar as name", delete_missing=True)
    assert outbox.rows() == [(1, None, "theirs", 3)]


def test_the_table_is_made_with_its_key_where_there_is_none(outbox):
    how = {"mode": "upsert", "key": ["b", "a"], "indexes": ["v"]}
    outbox.send("select 1 as a, 'x' as b, 1.5 as v", **how)
    outbox.send("select 2 as a, 'x' as b, 2.5 as v, true as extra", **how)
    assert outbox.rows() == [(1, "x", Decimal("1.5"), None), (2, "x", Decimal("2.5"), True)]
    defs = [one for (one,) in outbox.ask("select indexdef from pg_indexes where tablename = 'mart_a'")]
    assert any("UNIQUE" in one and "(b, a)" in one for one in defs)
    assert outbox.send("select 2 as a, 'x' as b, 2.5 as v, true as extra", **how) == (1, 0)


def test_a_table_of_keys_alone_takes_new_keys(outbox):
    outbox.options = UPSERT
    outbox.send("select 1 as id")
    outbox.send("select i as id from range(3) t(i)")
    assert outbox.rows() == [(0,), (1,), (2,)]


def test_keys_that_tell_nothing_apart_are_refused(outbox):
    outbox.options = UPSERT
    outbox.ask("create table mart_a (id integer, name text)")
    with pytest.raises(PublishError, match=r"public\.mart_a does not keep rows apart by id"):
        outbox.send("select 1 as id, 'a' as name")
    outbox.ask("create unique index on mart_a (id) where id > 5; create unique index on mart_a (id, name)")
    with pytest.raises(PublishError, match="does not keep rows apart by id"):
        outbox.send("select 1 as id, 'a' as name")
    outbox.ask("create unique index on mart_a (id) include (name)")
    outbox.send("select 1 as id, 'a' as name")
    for rows, match in (
        ("select 1 as id, 'b' as name union all select 1, 'c'", "key id of marts.mart_a is the same in two rows"),
        ("select null::int as id, 'b' as name", "key id of marts.mart_a is empty in some rows"),
    ):
        with pytest.raises(PublishError, match=match):
            outbox.send(rows)
    with pytest.raises(PublishError, match="A column is missing"):
        outbox.send("select 'a' as name")
    assert outbox.rows() == [(1, "a")]


@pytest.mark.few(5)
@pytest.mark.parametrize(
    ("there", "sent", "fine"),
    [
        ("bigint", "1::integer", True),
        ("smallint", "1::bigint", True),
        ("numeric", "1.25::decimal(9,2)", True),
        ("numeric(12,4)", "1.25::decimal(9,2)", True),
        ("varchar(5)", "'abc'", True),
        ("double precision", "1.5::float", True),
        ("numeric(12,1)", "1.25::decimal(9,2)", False),
        ("integer", "1.5::decimal(9,1)", False),
        ("timestamp", "timestamptz '2026-01-01 00:00:00+00'", False),
        ("date", "timestamp '2026-01-01 10:00:00'", False),
        ("text", "1", False),
        ("real", "0.1::double", False),
        ("char(5)", "'ab'", False),
    ],
)
def test_a_column_of_another_type_takes_values_unchanged_or_not_at_all(outbox, there, sent, fine):
    outbox.options = UPSERT
    outbox.ask(f"create table mart_a (id integer primary key, v {there})")
    if fine:
        outbox.send(f"select 1 as id, {sent} as v")
        assert str(outbox.rows()[0][1]).rstrip("0") in ("1", "1.25", "abc", "1.5")
    else:
        with pytest.raises(PublishError, match=r"public\.mart_a\.v is .*, and .* is sent"):
            outbox.send(f"select 1 as id, {sent} as v")


def test_what_does_not_fit_there_is_refused(outbox):
    outbox.options = UPSERT
    outbox.ask(
        "create table mart_a (id smallint primary key, v varchar(3) check (v <> 'no'), w int not null default 1)"
    )
    for rows in ("select 70000 as id, 'a' as v", "select 1 as id, 'long' as v"):
        with pytest.raises(PublishError, match="PostgreSQL cannot hold a value"):
            outbox.send(rows)
    with pytest.raises(PublishError, match=r"A rule of the table \(mart_a_v_check\) forbids it"):
        outbox.send("select 1 as id, 'no' as v")
    with pytest.raises(PublishError, match="The column of w may not be null there"):
        outbox.send("select 1 as id, 'a' as v, null::int as w")
    assert outbox.rows() == []


def test_settings_that_cannot_be_meant_are_refused():
    for options, match in (
        ({"mode": "upsert"}, "needs a `key`"),
        ({"delete_missing": True}, "takes `delete_missing` with `mode: upsert` alone"),
        ({"table": "t_{date}"}, "no other placeholder"),
        ({"url": "mysql://x@y/z"}, "should be postgresql://"),
    ):
        with pytest.raises(ValidationError, match=match):
            PostgresPublisher.Options(**{"url": "postgresql://me:secret@host/db", **options})
    assert "secret" not in repr(PostgresPublisher.Options(url="postgresql://me:secret@host/db"))


VERSIONS = st.lists(
    st.dictionaries(st.integers(0, 6), st.none() | st.integers(-2, 2), max_size=5), min_size=1, max_size=4
)


@pytest.mark.long
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(VERSIONS, st.booleans())
def test_any_sequence_of_versions_ends_as_a_dictionary_would(outbox, versions, deletes):
    outbox.ask("drop table if exists mart_a, lakesmith_published")
    expected = {}
    for version in versions:
        expected = version if deletes else {**expected, **version}
        rows = [f"({k}, {'null' if v is None else v})" for k, v in version.items()]
        body = f"values {', '.join(rows)}" if rows else "select 1, 1 where false"
        outbox.send(f"select a::int as id, b::int as v from ({body}) t(a, b)", **UPSERT, delete_missing=deletes)
        assert dict(outbox.rows()) == expected
