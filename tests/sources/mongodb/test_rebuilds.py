"""Rebuilds that were cut off, of a collection that is another one by the time they are begun again."""

import pytest
from reading_collections import Rebuilding, trial_of

from lakesmith.errors import ConnectorOptionsError, SourceDataError
from lakesmith.testing.killing import load_all

CUT_OFF = ("run.load.committed:1", "run.load.before_swap:1")


def _fill(db, note, count=60, name="t"):
    db[name].insert_many([{"_id": n, "note": note, "pad": "x" * 90} for n in range(count)])


def _cut_off(url, folder, point, **options):
    """Load a collection, and kill a rebuild of it; return that rebuild as a trial."""
    small = {"split_kb": 2, "batch_kb": 1}
    trial = trial_of(url, folder, mode="append", cursor="_id", source=small, **options)
    trial.load()
    rebuilding = Rebuilding(trial.kind, trial.context, trial.lakes)
    ended = load_all(rebuilding, {"lake": point})
    assert ended.died == ("lake",), ended.complaints
    return rebuilding


def _held(trial):
    return sorted((row["_id"], row["note"]) for row in trial.bronze().rows)


@pytest.mark.parametrize(
    ("point", "count"),
    [
        (CUT_OFF[0], 60),
        pytest.param(CUT_OFF[1], 7, marks=pytest.mark.long),
        *(pytest.param(CUT_OFF[0], count, marks=pytest.mark.long) for count in (7, 0)),
        *(pytest.param(CUT_OFF[1], count, marks=pytest.mark.long) for count in (60, 0)),
    ],
)
def test_a_rebuild_that_was_cut_off_reads_a_collection_made_anew(db, url, tmp_path, point, count):
    _fill(db, "old")
    rebuilding = _cut_off(url, tmp_path, point)
    db.drop_collection("t")
    db.create_collection("t")
    if count:
        _fill(db, "new", count)
    with pytest.raises(SourceDataError, match=r"(?s)dropped and made anew.*rebuild shop\.t"):
        trial_of(url, tmp_path, mode="append", cursor="_id").load()
    assert _held(rebuilding) == [(n, "old") for n in range(60)]
    rebuilding.load()
    assert _held(rebuilding) == [(n, "new") for n in range(count)]


@pytest.mark.long
def test_a_rebuild_that_was_cut_off_reads_another_database_that_an_address_kept_apart_names(db, url, tmp_path):
    _fill(db, "old")
    rebuilding = _cut_off(url, tmp_path, CUT_OFF[0])
    other = db.client[f"{db.name}_other"]
    _fill(other, "new", 7)
    elsewhere = trial_of(url.replace(db.name, other.name), tmp_path, mode="append", cursor="_id")
    try:
        with pytest.raises(ConnectorOptionsError, match=r"(?s)from another collection.*rebuild shop\.t"):
            elsewhere.load()
        Rebuilding(elsewhere.kind, elsewhere.context, elsewhere.lakes).load()
    finally:
        db.client.drop_database(other.name)
    assert _held(rebuilding) == [(n, "new") for n in range(7)]


@pytest.mark.parametrize("point", [pytest.param(CUT_OFF[0], marks=pytest.mark.long), *CUT_OFF[1:]])
def test_a_rebuild_that_was_cut_off_goes_on_where_the_collection_is_the_same(db, url, tmp_path, point):
    _fill(db, "old")
    rebuilding = _cut_off(url, tmp_path, point)
    assert rebuilding.load().resumed
    assert _held(rebuilding) == [(n, "old") for n in range(60)]
