"""Replace: the table becomes the data set, and keeps what people gave it."""

import pytest

from lakesmith.errors import PublishError, RunInProgressError


def test_a_table_is_made_replaced_and_left_alone_when_nothing_changed(outbox):
    assert outbox.send("select 1 as id, 'a' as name")[0] == 1
    first = outbox.ask("select 'mart_a'::regclass::oid, published_at from lakesmith_published")
    assert outbox.send("select 1 as id, 'a' as name") == (1, 0)  # other files, the same content
    assert outbox.ask("select 'mart_a'::regclass::oid from lakesmith_published") == [first[0][:1]]
    rows, size = outbox.send("select i as id, 'b' as name, i % 2 = 0 as even from range(3) t(i)")
    assert (rows, size > 0) == (3, True)
    assert outbox.rows() == [(0, "b", True), (1, "b", False), (2, "b", True)]
    assert outbox.send("select 1 as id where false")[0] == 0
    assert outbox.rows() == []
    tables = "select tablename from pg_tables where schemaname !~ '^(pg_|information)' order by 1"
    assert outbox.ask(tables) == [("lakesmith_published",), ("mart_a",)]


def test_only_another_moment_of_the_build_is_no_change(outbox):
    outbox.send("select 1 as id, timestamp '2026-01-01 00:00:00' as _ls_built_at")
    assert outbox.send("select 1 as id, timestamp '2026-01-02 00:00:00' as _ls_built_at") == (1, 0)


def test_rights_comments_indexes_and_constraints_stay(outbox):
    outbox.ask("create role reader; create role writer")
    try:
        how = {"key": ["id"], "indexes": ["name", ["day", "name"]], "readers": ["reader"]}
        outbox.send("select 1 as id, 'a' as name, date '2026-01-01' as day", **how)
        outbox.ask("grant update on mart_a to writer with grant option; grant select (day) on mart_a to public")
        outbox.ask("comment on column mart_a.day is 'which day'; comment on table mart_a is 'sales'")
        outbox.ask(
            "create unique index by_upper on mart_a (upper(name)) where id > 0; alter table mart_a add check (id > -5)"
        )
        before = shape(outbox)
        outbox.send("select 2 as id, 'b' as name, date '2026-01-02' as day", **how)
        assert shape(outbox) == before
        assert outbox.rows()[0][:2] == (2, "b")
        assert {kind for kind, _ in before} == {"acl", "column acl", "comment", "index", "constraint"}
        assert len([1 for kind, _ in before if kind == "index"]) == 4
        outbox.send("select 2 as id, 'b' as name, date '2026-01-02' as day", key=["id"], indexes=["day"])
        names = [name for kind, name in shape(outbox) if kind == "index" and "mart_a_ls_" in name]
        assert len(names) == 1
        assert "(day)" in names[0]
        with pytest.raises(PublishError, match=r"A rule of the table .* forbids it"):
            outbox.send("select -7 as id, 'b' as name, date '2026-01-02' as day", key=["id"])
    finally:
        outbox.ask("drop owned by reader, writer; drop role reader, writer")


def shape(outbox):
    return outbox.ask(
        """select 'acl', a::text from pg_class, unnest(relacl) a where oid = 'mart_a'::regclass
        union all select 'column acl', attname || attacl::text from pg_attribute
          where attrelid = 'mart_a'::regclass and attacl is not null
        union all select 'comment', objsubid || description from pg_description where objoid = 'mart_a'::regclass
        union all select 'constraint', conname || pg_get_constraintdef(oid) from pg_constraint
          where conrelid = 'mart_a'::regclass and contype <> 'n'
        union all select 'index', indexdef from pg_indexes where tablename = 'mart_a' order by 1, 2"""
    )


def test_where_a_view_hangs_on_the_table_its_rows_are_replaced_in_place(outbox):
    outbox.send("select i as id, 'a' as name from range(3) t(i)")
    outbox.ask("create view seen as select count(*) as n from mart_a")
    oid = outbox.ask("select 'mart_a'::regclass::oid")
    outbox.send("select i as id, 'a' as name, 1.5 as price from range(5) t(i)")
    assert outbox.ask("select n from seen") == [(5,)]
    assert outbox.ask("select 'mart_a'::regclass::oid") == oid
    with pytest.raises(PublishError, match=r"public\.mart_a\.id is integer|public\.mart_a\.id is bigint") as refused:
        outbox.send("select 'x' as id, 'a' as name")
    assert "view" in str(refused.value) or "rule" in str(refused.value)
    assert outbox.ask("select n from seen") == [(5,)]


@pytest.mark.long
@pytest.mark.parametrize(
    "holder",
    [
        "create trigger t after insert on mart_a execute function suppress_redundant_updates_trigger()",
        "create policy p on mart_a for select using (true)",
        "alter table mart_a enable row level security",
        "create publication p for table mart_a",
        "create materialized view m as select * from mart_a",
        "create function f(mart_a) returns int language sql as 'select 1'",
        "create statistics s on id, name from mart_a",
        "create table child () inherits (mart_a)",
        "alter table mart_a alter name set default 'n'",
    ],
)
def test_whatever_else_hangs_on_it_stays_with_the_table(outbox, holder):
    outbox.options = {"key": ["id"]}
    outbox.send("select 1 as id, 'a' as name")
    outbox.ask(holder)
    oid = outbox.ask("select 'mart_a'::regclass::oid")
    if "trigger" in holder:
        outbox.ask("alter table mart_a disable trigger t")
    outbox.send("select 2 as id, 'b' as name")
    assert outbox.ask("select 'mart_a'::regclass::oid, id, name from mart_a") == [(*oid[0], 2, "b")]


def test_foreign_keys_of_others_forbid_that_rows_go(outbox):
    outbox.send("select 1 as id, 'a' as name", key=["id"])
    outbox.ask("create table orders (mart_id integer references mart_a)")
    outbox.ask("insert into orders values (1)")
    with pytest.raises(PublishError, match=r"A foreign key \(orders_mart_id_fkey\) forbids it"):
        outbox.send("select 1 as id, 'b' as name", key=["id"])
    assert outbox.rows() == [(1, "a")]


def test_a_table_of_somebody_else_is_not_replaced(outbox):
    outbox.ask("create table mart_a (id integer); insert into mart_a values (7)")
    with pytest.raises(PublishError, match=r"public\.mart_a was made by somebody else, and would be replaced"):
        outbox.send("select 1 as id")
    outbox.ask("create view other as select 1 as id")
    with pytest.raises(PublishError, match=r"public\.other is no table"):
        outbox.send("select 1 as id", table="other")
    assert outbox.rows() == [(7,)]


def test_a_table_that_was_dropped_or_restored_is_sent_again(outbox):
    outbox.send("select 1 as id")
    outbox.ask("drop table mart_a")
    assert outbox.send("select 1 as id")[1] > 0
    outbox.ask("create table copy as select * from mart_a; drop table mart_a; alter table copy rename to mart_a")
    assert outbox.send("select 1 as id")[1] > 0
    assert outbox.rows() == [(1,)]


@pytest.mark.long
def test_readers_of_the_old_table_are_waited_for_and_named(outbox):
    import psycopg

    outbox.send("select 1 as id")
    with psycopg.connect(outbox.url) as reader:
        reader.execute("select * from mart_a")
        with pytest.raises(RunInProgressError, match="Somebody holds the table"):
            outbox.send("select 2 as id", lock_timeout_s=1)
        assert reader.execute("select * from mart_a").fetchall() == [(1,)]
    assert outbox.send("select 2 as id", lock_timeout_s=1)[0] == 1


def test_an_older_build_does_not_take_the_place_of_a_newer_one(outbox):
    old, new = outbox.dataset("select 1 as id"), outbox.dataset("select 2 as id")
    outbox.send(new)
    with pytest.raises(PublishError, match=r"holds marts\.mart_a as built at .*:02Z, which is newer than .*:01Z"):
        outbox.send(old)
    assert outbox.rows() == [(2,)]
