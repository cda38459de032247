"""A rename begins a generation, in its own commit: what was built from the table under the old name is built anew."""

from dataclasses import replace

import pytest
from reading_tables import trial_of

from lakesmith.run.continuity import risen


@pytest.fixture
def loads(db, url, tmp_path):
    db.execute("create table t (id int primary key, mail text, age int); insert into t values (1, 'a', 1)")
    return trial_of(url, tmp_path, mode="append", cursor="id")


def generation(loads):
    return loads.lake().table(loads.spec.id).head().checkpoint.generation


def test_a_rename_begins_one_and_nothing_else_does(loads, db):
    loads.load()
    first = generation(loads)
    built = {"inputs": {"generations": {"shop.t": first}}}
    db.execute("alter table t add note text; insert into t values (2, 'b', 2, 'n')")
    loads.load()
    assert generation(loads) == first
    assert risen(built, {"shop.t": first}) == []
    db.execute(
        "alter table t rename mail to email; alter table t rename age to years; insert into t values (3, 'c', 3, 'n')"
    )
    done = loads.load()
    assert [commit.checkpoint.generation for commit in done.commits] == [generation(loads)] == [first + 1]
    assert risen(built, {"shop.t": first + 1}) == [loads.spec.id]
    db.execute("insert into t values (4, 'd', 4, 'n')")
    loads.load()
    assert generation(loads) == first + 1, "it is met once"


def test_names_that_change_places_do_as_well(loads, db):
    loads.load()
    first = generation(loads)
    db.execute("alter table t rename mail to x; alter table t rename age to mail; alter table t rename x to age")
    db.execute("insert into t (id, age, mail) values (2, 'b', 2)")
    loads.load()
    assert generation(loads) == first + 1


def test_a_policy_that_takes_a_rename_for_a_new_column_begins_none(loads, db):
    loads.load()
    first = generation(loads)
    db.execute("alter table t rename mail to email; insert into t values (2, 'b', 2)")
    ignoring = replace(loads.spec, on_drift="ignore")
    replace(loads, context=replace(loads.context, streams=(ignoring,))).load()
    assert generation(loads) == first
