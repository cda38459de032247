"""Rows that share their key at the source: the newest by the cursor comes last, as that is the one that counts."""

import pytest
from reading_tables import opened, read_all, rows_of, trial_of

from lakesmith.model.streams import Ask

SHARED = "create table t as select i % 10 as k, 30000 - i as at_, i as v from generate_series(0, 29999) i"


def _newest(rows):
    return {row["k"]: row["at_"] for row in sorted(rows, key=lambda row: row["_ls_seq"])}


def test_newest_row_of_a_key_comes_last(db, url, tmp_path):
    db.execute(SHARED)
    trial = trial_of(url, tmp_path, mode="dedupe", key=("k",), cursor="at_", look_back=5, source={"split_kb": 64})
    newest = dict(db.execute("select k, max(at_) from t group by k").fetchall())
    trial.load()
    assert _newest(trial.bronze().rows) == newest
    db.execute("insert into t values (3, 29998, -1), (4, 29997, -1), (5, 30010, -1), (5, 30009, -1), (0, 29999, -1)")
    trial.load()
    assert _newest(trial.bronze().rows) == newest | {5: 30010, 4: 29997, 3: 29998}
    assert trial.load().state == "nothing_new"


@pytest.mark.few(1)
@pytest.mark.parametrize("kind", ["numeric", "numeric(9,1)", "text"])
def test_order_is_that_of_values_and_not_of_their_texts(db, url, kind, tmp_path):
    db.execute(f"create table t (k int, at_ {kind}, id serial); insert into t (k, at_) values (1, '10'), (1, '9')")
    load = trial_of(url, tmp_path, mode="dedupe", key=("k",), cursor="at_")
    load.load()
    newest = max(load.bronze().rows, key=lambda row: row["_ls_seq"])
    assert newest["id"] == db.execute("select id from t order by at_ desc limit 1").fetchone()[0]


@pytest.mark.few(1)
@pytest.mark.parametrize(("key", "is_cut"), [(("user_id",), True), (("userId",), True), (("other",), False)])
def test_key_that_the_server_keeps_unique_is_read_side_by_side(db, url, key, is_cut):
    db.execute(
        'create table t ("userId" int primary key, other int, at_ int); insert into t select i, i, i from generate_series(1, 5000) i'
    )
    with opened(url, mode="dedupe", key=key, cursor="at_", source={"split_kb": 16}) as (source, spec):
        assert (len(source.splits(spec, Ask())) > 1) is is_cut
        assert len(rows_of(read_all(source, spec)[0])) == 5000
