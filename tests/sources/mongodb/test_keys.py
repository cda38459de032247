"""Keys of all that a collection holds now, for finding what it deleted."""

import pytest
from reading_collections import opened, rows_of, trial_of

from lakesmith.errors import ConnectorOptionsError, SourceDataError
from lakesmith.host import Host
from lakesmith.model.streams import Ask
from lakesmith.run.load import LoadJob
from lakesmith.run.reconciling import reconcile_stream

BY_ID = {"mode": "dedupe", "cursor": "at", "key": ("_id_key",)}


def reconciled(trial):
    with trial.opened() as source:
        return reconcile_stream(LoadJob(trial.spec, source, trial.lake().table(trial.spec.id), Host()))


def test_keys_are_all_there_are_and_nothing_else(db, url):
    db.t.insert_many(
        [{"_id": n if n % 2 else str(n), "at": n if n % 3 else None, "name": "x" * 90} for n in range(500)]
    )
    with opened(url, **BY_ID, filter={"name": {"$ne": "y"}}, look_back=5, exclude=["name"], source={"split_kb": 4}) as (
        source,
        spec,
    ):
        chunks = list(source.keys(spec, Ask()))
    wanted = [{"_id_key": f"number:{n}" if n % 2 else f"string:{n}"} for n in range(500)]
    assert sorted(map(str, rows_of(chunks))) == sorted(map(str, wanted))
    assert sum(chunk.counted for chunk in chunks) == 500
    assert {chunk.after for chunk in chunks} == {b"{}"}


def test_deleted_documents_become_rows_that_say_so(db, url, tmp_path):
    db.t.insert_many([{"_id": n if n % 2 else str(n), "at": n} for n in range(100)])
    trial = trial_of(url, tmp_path, **BY_ID)
    trial.load()
    db.t.delete_many({"at": {"$mod": [10, 0]}})
    db.t.insert_one({"_id": 0, "at": 200})
    done = reconciled(trial)
    assert (done.keys, done.vanished) == (91, 10)
    gone = [row["_id_key"] for row in trial.bronze().rows if row["_ls_op"] == "d"]
    assert sorted(gone) == sorted(f"string:{n}" for n in range(0, 100, 10))


def test_another_key_may_be_written_as_the_lake_has_it(db, url, tmp_path):
    db.t.insert_many([{"userId": n, "at": n} for n in range(9)])
    trial = trial_of(url, tmp_path, mode="dedupe", cursor="at", key=("user_id",))
    trial.load()
    db.t.delete_many({"userId": {"$lt": 2}})
    done = reconciled(trial)
    assert (done.keys, done.vanished) == (7, 2)
    db.t.update_many({}, {"$set": {"user-id": 1}})
    with pytest.raises(ConnectorOptionsError, match="any of several fields"):
        reconciled(trial)


def test_keys_of_another_collection_say_nothing(db, url, tmp_path):
    db.t.insert_many([{"_id": n, "at": n} for n in range(9)])
    trial = trial_of(url, tmp_path, **BY_ID)
    trial.load()
    db.t.drop()
    db.t.insert_one({"_id": 1, "at": 1})
    with pytest.raises(SourceDataError, match="dropped and made anew"):
        reconciled(trial)
