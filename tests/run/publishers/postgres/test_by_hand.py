"""Tables that people have changed by hand between two publications, and databases that hold other texts."""

import pytest
from outbox import Outbox

from lakesmith.errors import PublishError


def test_a_table_under_the_name_of_one_that_was_renamed_is_not_replaced(outbox):
    outbox.send("select 1 as id")
    outbox.ask("alter table mart_a rename to old")
    outbox.ask("create table mart_a as select 99 as id, 'mine' as said")
    with pytest.raises(PublishError, match="made by somebody else"):
        outbox.send("select 2 as id")
    assert (outbox.rows(), outbox.rows("old")) == ([(99, "mine")], [(1,)])


def test_a_table_that_was_made_anew_by_hand_is_not_replaced(outbox):
    outbox.send("select 1 as id")
    outbox.ask("drop table mart_a")
    outbox.ask("create table mart_a as select 98 as id union all select 99")
    with pytest.raises(PublishError, match="made by somebody else"):
        outbox.send("select 2 as id")
    assert outbox.rows() == [(98,), (99,)]


def test_a_table_that_was_renamed_keeps_its_key_and_its_indexes(outbox):
    options = {"key": "id", "indexes": ["said"]}
    for number in (1, 2, 3):
        outbox.send(f"select {number} as id, 'x' as said", **options)
        if number == 1:
            outbox.ask("alter table mart_a rename to old")
    indexes = "select tablename, count(*) from pg_indexes where schemaname = 'public' and tablename in ('old', 'mart_a') group by 1 order by 1"
    assert outbox.ask(indexes) == [("mart_a", 2), ("old", 2)]
    assert (outbox.rows(), outbox.rows("old")) == ([(3, "x")], [(1, "x")])


def test_rules_and_indexes_that_people_gave_the_table_stay(outbox):
    outbox.send("select 1 as id, 2 as x")
    outbox.ask("alter table mart_a alter id set not null")
    outbox.ask("create index girls_ls_x on mart_a (x)")
    outbox.send("select 3 as id, 4 as x")
    null = "select attname from pg_attribute where attrelid = 'mart_a'::regclass and attnotnull and attnum > 0"
    assert outbox.ask(null) == [("id",)]
    assert outbox.ask("select indexname from pg_indexes where tablename = 'mart_a'") == [("girls_ls_x",)]
    with pytest.raises(PublishError, match="may not be null"):
        outbox.send("select null::int as id, 4 as x")
    assert outbox.rows() == [(3, 4)]


@pytest.mark.parametrize(
    ("change", "kept"),
    [
        ("set (fillfactor = 50)", "reloptions = '{fillfactor=50}'"),
        pytest.param("replica identity full", "relreplident = 'f'", marks=pytest.mark.long),
        pytest.param("set unlogged", "relpersistence = 'u'", marks=pytest.mark.long),
        ("inherit parent", "exists (select from pg_inherits where inhrelid = 'mart_a'::regclass)"),
    ],
)
def test_settings_that_a_new_table_would_lack_stay(outbox, change, kept):
    outbox.ask("create table parent (id integer)")
    outbox.send("select 1 as id")
    outbox.ask(f"alter table mart_a {change}")
    outbox.send("select 2 as id")
    assert outbox.rows() == [(2,)]
    assert outbox.ask(f"select {kept} from pg_class where oid = 'mart_a'::regclass") == [(True,)]


def test_letters_arrive_in_a_database_that_is_made_for_others(postgres, tmp_path):
    import psycopg

    with psycopg.connect(postgres.url(), autocommit=True) as connection:
        connection.execute("drop database if exists of_latin1")
        connection.execute("create database of_latin1 template template0 encoding 'LATIN1' locale 'C'")
    outbox = Outbox(postgres.url("of_latin1"), tmp_path)
    outbox.send("select 'né à Köln' as said")
    with psycopg.connect(outbox.url, client_encoding="UTF8") as connection:
        assert connection.execute("select said from mart_a").fetchall() == [("né à Köln",)]
    with pytest.raises(PublishError, match="cannot hold a value"):
        outbox.send("select '表' as said")
    assert outbox.ask("select length(said) from mart_a") == [(9,)]
