"""`rebuild`: a stream loaded from the start, aside; with `--since`, only what is dated from that day on."""

from __future__ import annotations

import os
import sys
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

sys.path.insert(0, str(Path(__file__).parent))

from api_yard import PROJECT, Yard

from lakesmith.cli.main import cli
from lakesmith.errors import SelectionError, UsageError


@pytest.fixture
def yard(tmp_path):
    yard = Yard(tmp_path / "yard")
    yard.put("visits/2026-10-01.csv", "id,page", "1,home", "2,broken,row", "3,home")
    yard.put("visits/2026-10-02.csv", "id,page", "4,home")
    yard.put("visits/2026-10-03.csv", "id,page", "5,home", "6,broken,row")
    yard.run()
    return yard


def test_everything_is_loaded_anew_and_the_table_before_can_be_had_back(yard):
    yard.put("visits/2026-10-02.csv", "id,page", "40,home", "41,home")  # mended: plain runs refuse a rewritten file
    before = yard.rows("yard.visits")
    result = yard.open().rebuild("yard.visits")
    assert result.ok, result.outcome.errors
    [load] = result.outcome.loads
    assert (load.counts.read, load.counts.written, load.counts.quarantined) == (7, 5, 2)
    assert yard.rows("yard.visits") == [1, 3, 40, 41, 5]
    assert yard.waiting("yard.visits") == ["visits/2026-10-01.csv:3", "visits/2026-10-03.csv:3"]
    assert yard.open().run().state == "nothing_new"
    yard.open().rollback("visits")
    assert yard.rows("yard.visits") == before == [1, 3, 4, 5]


def test_since_a_day_loads_the_files_from_that_day_on_and_keeps_the_rows_of_the_others(yard):
    yard.put("visits/2026-10-01.csv", "id,page", "100,changed")  # before the day: not looked at
    yard.put("visits/2026-10-02.csv", "id,page", "40,home")
    (yard.root / "data/visits/2026-10-03.csv").unlink()
    plan = yard.open().plan_rebuild("visits", since=date(2026, 10, 2))
    assert (plan.splits, plan.kept) == (1, ("visits/2026-10-01.csv", "visits/2026-10-03.csv"))
    result = yard.open().rebuild("visits", since=date(2026, 10, 2))
    assert result.ok, result.outcome.errors
    [load] = result.outcome.loads
    assert (load.counts.written, load.counts.derived, load.counts.holds) == (1, 3, True)
    assert yard.rows("yard.visits") == [1, 3, 5, 40]
    assert yard.rows("yard.visits", "_ls_source") == [
        "visits/2026-10-01.csv",
        "visits/2026-10-01.csv",
        "visits/2026-10-03.csv",
        "visits/2026-10-02.csv",
    ]
    assert yard.waiting("yard.visits") == ["visits/2026-10-01.csv:3", "visits/2026-10-03.csv:3"]


@pytest.mark.long
def test_what_was_kept_is_not_read_again(yard):
    yard.open().rebuild("visits", since=date(2026, 10, 3))
    assert yard.open().run().state == "nothing_new"
    yard.put("visits/2026-10-04.csv", "id,page", "7,home")
    yard.run()
    assert yard.rows("yard.visits") == [1, 3, 4, 5, 7]


@pytest.mark.long
def test_a_file_without_a_day_in_its_path_is_dated_by_when_it_was_written(yard):
    for name, day in (("a", 1), ("b", 20)):
        file = yard.put(f"notes/{name}.csv", "id", str(day))
        at = datetime(2026, 10, day, 12, tzinfo=UTC).timestamp()
        os.utime(file, (at, at))
    yard.run()
    plan = yard.open().plan_rebuild("notes", since=date(2026, 10, 20))
    assert (plan.splits, plan.kept) == (1, ("notes/a.csv",))
    yard.open().rebuild("notes", since=date(2026, 10, 20))
    assert yard.rows("yard.notes") == [1, 20]


def test_files_that_are_gone_are_named_before_their_rows_are(yard):
    (yard.root / "data/visits/2026-10-02.csv").unlink()
    assert yard.open().plan_rebuild("visits").gone == ("visits/2026-10-02.csv",)
    yard.open().rebuild("visits")
    assert yard.rows("yard.visits") == [1, 3, 5]


@pytest.mark.long
def test_since_has_no_meaning_where_each_load_is_everything(yard):
    yard.put("stock/a.csv", "id", "1")
    yard.run()
    with pytest.raises(UsageError, match="each load of a `replace` stream reads all of it"):
        yard.open().plan_rebuild("stock", since=date(2026, 10, 1))


def test_a_rebuild_on_purpose_may_empty_a_table(yard):
    yard.put("stock/a.csv", "id", "1")
    yard.run()
    yard.put("stock/a.csv", "id")
    result = yard.open().run()
    assert "sent no record" in str(result.outcome.errors[0][1])
    assert yard.rows("yard.stock") == [1]
    assert yard.open().rebuild("stock").ok
    assert yard.rows("yard.stock") == []


def test_only_the_owner_of_a_lake_rebuilds_and_only_what_there_is(yard):
    text = PROJECT + "targets:\n  look: {bronze: local, ingest: false}\n"
    (yard.root / "lakesmith.yml").write_text(text)
    with pytest.raises(UsageError, match="may not rebuild it"):
        yard.open("look").plan_rebuild("visits")
    with pytest.raises(SelectionError, match="no stream of the project called 'visit'") as error:
        yard.open().plan_rebuild("visit")
    assert "yard.visits" in error.value.fix or "visits" in error.value.fix


@pytest.mark.long
def test_a_rebuild_that_would_forget_earlier_loads_says_so(tmp_path):
    yard = Yard(tmp_path / "kept", PROJECT.replace("mode: replace", "mode: replace, history: true, key: id"))
    yard.put("stock/a.csv", "id", "1", "2")
    assert not yard.open().plan_rebuild("stock").forgets
    yard.run()
    yard.put("stock/a.csv", "id", "1")
    yard.run()
    plan = yard.open().plan_rebuild("stock")
    assert (plan.forgets, plan.rows) == (True, 4)
    assert yard.open().rebuild("stock").ok
    assert yard.rows("yard.stock") == [1]
    told = CliRunner().invoke(cli, ["rebuild", "yard.stock", "--dry-run", "--project", str(yard.root)])
    assert "Its history would be gone from the table" in told.stdout
