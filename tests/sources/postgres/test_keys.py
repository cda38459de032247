"""Keys of all that a table holds now, for finding what it deleted."""

import psycopg
import pytest
from reading_tables import opened, rows_of, said_by, trial_of

from lakesmith.errors import ConnectorOptionsError, ProjectFileError, SourceDataError
from lakesmith.host import Host
from lakesmith.model.streams import Ask
from lakesmith.run.load import LoadJob
from lakesmith.run.reconciling import reconcile_stream

BY_ID = {"mode": "dedupe", "cursor": "at_", "key": ("id", "part")}


def test_keys_are_all_there_are_and_nothing_else(db, url):
    db.execute(
        "create table t as select i as id, i % 3 as part, case when i % 2 = 0 then i end as at_, 'x' as name from generate_series(1, 5000) i"
    )
    with opened(url, **BY_ID, filter="id > 10", look_back=5, exclude=["name"], source={"split_kb": 64}) as (
        source,
        spec,
    ):
        chunks = list(source.keys(spec, Ask()))
    assert rows_of(chunks) == said_by(db, "select id, part from t where id > 10")
    assert sum(chunk.counted for chunk in chunks) == 4990
    assert {chunk.after for chunk in chunks} == {b"{}"}


def test_key_that_is_no_column(db, url):
    db.execute("create table t (id int, at_ int)")
    with opened(url, **BY_ID) as (source, spec), pytest.raises(ConnectorOptionsError, match="no column `part`"):
        list(source.keys(spec, Ask()))


def test_deleted_rows_become_rows_that_say_so(db, url, tmp_path):
    db.execute("create table t as select i as id, i as at_ from generate_series(1, 100) i")
    trial = trial_of(url, tmp_path, mode="dedupe", cursor="at_", key=("id",))
    trial.load()
    db.execute("delete from t where id % 10 = 0; insert into t values (200, 200)")
    with trial.opened() as source:
        done = reconcile_stream(LoadJob(trial.spec, source, trial.lake().table(trial.spec.id), Host()))
    assert (done.keys, done.vanished) == (91, 10)
    rows = trial.bronze().rows
    assert sorted(row["id"] for row in rows if row["_ls_op"] == "d") == list(range(10, 101, 10))


def reconciled(trial):
    with trial.opened() as source:
        return reconcile_stream(LoadJob(trial.spec, source, trial.lake().table(trial.spec.id), Host()))


def test_key_may_be_written_as_the_lake_has_it(db, url, tmp_path):
    db.execute('create table t as select i as "userId", i as at_ from generate_series(1, 9) i')
    trial = trial_of(url, tmp_path, mode="dedupe", cursor="at_", key=("user_id",))
    trial.load()
    db.execute('delete from t where "userId" < 3')
    done = reconciled(trial)
    assert (done.keys, done.vanished) == (7, 2)
    db.execute('alter table t add "user-id" int')
    with pytest.raises(ConnectorOptionsError, match="any of the columns `userId` and `user-id`"):
        reconciled(trial)


def test_keys_of_another_table_say_nothing(db, url, tmp_path, postgres_server):
    statement = "create table t as select i as id, i as at_ from generate_series(1, {}) i"
    db.execute(statement.format(9))
    trial_of(url, tmp_path, mode="dedupe", cursor="at_", key=("id",)).load()
    other = postgres_server.database()
    with psycopg.connect(other, autocommit=True) as there:
        there.execute(statement.format(3))
    with pytest.raises(ConnectorOptionsError, match="another server or database"):
        reconciled(trial_of(other, tmp_path, mode="dedupe", cursor="at_", key=("id",)))
    db.execute("drop table t; " + statement.format(3))
    with pytest.raises(SourceDataError, match="dropped and made anew"):
        reconciled(trial_of(url, tmp_path, mode="dedupe", cursor="at_", key=("id",)))


def test_key_that_was_renamed_since_the_last_load(db, url, tmp_path):
    db.execute("create table t as select i as id, i as at_, -i as other from generate_series(1, 9) i")
    trial_of(url, tmp_path, mode="dedupe", cursor="at_", key=("id",)).load()
    db.execute("alter table t rename id to pk")
    with pytest.raises(ProjectFileError, match="no column 'pk', which `key:` names"):
        reconciled(trial_of(url, tmp_path, mode="dedupe", cursor="at_", key=("pk",)))
    db.execute("alter table t rename other to id")
    with pytest.raises(ConnectorOptionsError, match="was called `other` when"):
        reconciled(trial_of(url, tmp_path, mode="dedupe", cursor="at_", key=("id",)))
