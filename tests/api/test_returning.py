"""`rollback`: tables go back to what they were, whole runs too, and a rollback can be rolled back."""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from api_yard import PROJECT, Yard

from lakesmith.errors import FencedError, ForeignCommitError, SelectionError, UsageError
from lakesmith.lake.upkeep import tend
from lakesmith.lake.upkeep.planning import Rules
from lakesmith.model.streams import StreamId


@pytest.fixture(scope="module")
def grown(tmp_path_factory):
    """Three runs: visits in each, notes in the second, stock in the second and, another generation, in the third."""
    yard = Yard(tmp_path_factory.mktemp("returning") / "yard")
    yard.put("visits/2026-10-01.csv", "id,page", "1,home")
    first = yard.run()
    yard.put("visits/2026-10-02.csv", "id,page", "2,home", "2,too,many")
    yard.put("notes/a.csv", "id", "10")
    yard.put("stock/a.csv", "id", "20", "21")
    second = yard.run()
    yard.put("visits/2026-10-03.csv", "id,page", "3,home")
    yard.put("stock/a.csv", "id", "21")
    third = yard.run()
    return yard, (first, second, third)


@pytest.fixture
def yard(grown, tmp_path):
    """The same state for every test: none leaves a trace in that of another."""
    import shutil

    yard = object.__new__(Yard)
    yard.root = grown[0].root
    kept = tmp_path / "kept"
    shutil.copytree(yard.root, kept)
    yield yard
    shutil.rmtree(yard.root)
    shutil.copytree(kept, yard.root)


def test_a_table_goes_back_to_what_readers_had_before_and_forward_again(yard):
    assert yard.rows("yard.visits") == [1, 2, 3]
    assert yard.open().rollback("yard.visits").ok
    assert yard.rows("yard.visits") == [1, 2]
    assert yard.waiting("yard.visits") == ["visits/2026-10-02.csv:3"]
    assert yard.open().rollback("bronze.yard.visits").ok
    assert yard.rows("yard.visits") == [1, 2, 3]
    states = [(v.kind, v.state) for v in yard.open().versions("visits")]
    assert states == [
        ("rollback", "in force"),
        ("rollback", "rolled back"),
        ("load", ""),
        ("load", ""),
        ("load", ""),
    ]


def test_a_rollback_takes_back_nothing_that_came_after_it_was_decided_on(yard):
    project = yard.open()
    planned = project.plan_rollback("visits")
    yard.put("visits/2026-10-04.csv", "id,page", "4,home")
    yard.run()
    result = project.rollback(planned)
    assert [(step, type(error)) for step, error in result.outcome.errors] == [("rollback:yard.visits", FencedError)]
    assert "after this rollback was decided on" in result.outcome.errors[0][1].what
    assert yard.rows("yard.visits") == [1, 2, 3, 4]


@pytest.mark.long
def test_upkeep_after_it_was_decided_on_is_no_matter(yard):
    project = yard.open()
    planned = project.plan_rollback("visits")
    assert tend(yard.open()._shop.lake.table(StreamId("yard", "visits")), Rules(due_files=3)) is not None
    assert project.rollback(planned).ok
    assert yard.rows("yard.visits") == [1, 2]


@pytest.mark.long
def test_rows_that_another_tool_added_are_taken_back(yard):
    table = yard.open()._shop.lake.open_catalog().load_table(("yard", "visits"))
    columns = table.schema().as_arrow()
    table.append(pa.Table.from_pylist([dict.fromkeys(columns.names) | {"id": 9, "_ls_seq": 9}], schema=columns))
    with pytest.raises(ForeignCommitError, match="was not written by Lakesmith"):
        yard.open().run()
    result = yard.open().rollback("visits")
    assert result.ok, result.outcome.errors
    assert yard.rows("yard.visits") == [1, 2, 3]
    assert yard.open().run().ok


def test_what_the_table_left_behind_is_marked(yard):
    yard.open().rollback("visits", to="1")
    versions = yard.open().versions("visits")
    assert [(v.kind, v.state, v.ordinal, v.rows) for v in versions] == [
        ("rollback", "in force", 4, 1),
        ("load", "rolled back", 3, 3),
        ("load", "rolled back", 2, 2),
        ("load", "", 1, 1),
    ]
    assert (versions[0].back_to, versions[0].generation) == (1, 1)
    assert yard.waiting("yard.visits") == []


def test_the_next_run_loads_again_what_the_source_still_has_with_numbers_above(yard):
    yard.open().rollback("visits", to="1")
    (yard.root / "data/visits/2026-10-03.csv").unlink()
    yard.run()
    assert yard.rows("yard.visits") == [1, 2]
    assert yard.waiting("yard.visits") == ["visits/2026-10-02.csv:3"]
    assert yard.open().versions("visits")[0].ordinal == 5


def test_a_version_is_called_by_number_snapshot_or_moment(yard):
    versions = yard.open().versions("visits")
    day = f"{versions[0].at:%Y-%m-%d}"
    just_after = (versions[1].at + timedelta(milliseconds=1)).isoformat()
    for name, wanted in (("2", 1), (str(versions[2].snapshot_id), 2), (just_after, 1)):
        [one] = yard.open().plan_rollback("visits", to=name)
        assert (one.to, one.now) == (versions[wanted], versions[0])
    with pytest.raises(UsageError, match="at that version already"):
        yard.open().plan_rollback("visits", to=day)
    with pytest.raises(SelectionError, match="no version '2020-01-01' that is still kept") as error:
        yard.open().plan_rollback("visits", to="2020-01-01")
    assert "lakesmith history yard.visits" in error.value.fix
    with pytest.raises(UsageError, match="neither a number nor a date"):
        yard.open().plan_rollback("visits", to="yesterday")


@pytest.mark.long
def test_a_generation_goes_back_to_the_one_before(yard):
    assert yard.rows("yard.stock") == [21]
    yard.open().rollback("stock")
    assert yard.rows("yard.stock") == [20, 21]
    yard.run()  # the file still says 21 alone
    assert yard.rows("yard.stock") == [21]


@pytest.mark.long
def test_all_that_a_run_loaded_goes_back_to_before_it_and_forward_again(grown, yard):
    third = grown[1][2]
    result = yard.open().rollback(third.run_id)
    assert result.ok
    assert (yard.rows("yard.visits"), yard.rows("yard.stock"), yard.rows("yard.notes")) == ([1, 2], [20, 21], [10])
    assert yard.open().plan_rollback(third.run_id) == []
    [recorded, *_] = yard.open().history().runs()
    assert (recorded.command, recorded.state) == ("rollback", "succeeded")
    assert recorded.message == "yard.stock, yard.visits rolled back"
    loads = yard.open().history().loads(run_id=result.run_id)
    assert {(load.stream, load.state, load.kind) for load in loads} == {
        ("yard.visits", "rolled_back", "rollback"),
        ("yard.stock", "rolled_back", "rollback"),
    }
    yard.open().rollback(result.run_id)
    assert (yard.rows("yard.visits"), yard.rows("yard.stock")) == ([1, 2, 3], [21])


@pytest.mark.long
def test_loads_of_later_runs_go_back_with_it_and_are_named(grown, yard):
    first, second, _third = grown[1]
    with pytest.raises(UsageError, match=r"yard\.(notes|stock) was loaded for the first time by that run"):
        yard.open().plan_rollback(second.run_id)
    with pytest.raises(UsageError, match="first time"):
        yard.open().plan_rollback(first.run_id)
    [one] = yard.open().plan_rollback("visits", to="1")
    assert [version.ordinal for version in one.leaves] == [3, 2]


def test_names_that_mean_nothing_are_answered_with_what_is_near(yard):
    with pytest.raises(SelectionError, match=r"no bronze table or run called 'yard\.visit'") as error:
        yard.open().plan_rollback("yard.visit")
    assert "yard.visits" in error.value.fix
    with pytest.raises(SelectionError, match="no bronze table called 'nothing'") as error:
        yard.open().versions("nothing")
    assert "yard.notes, yard.stock, yard.visits" in error.value.fix
    with pytest.raises(UsageError, match="no version before the one in force"):
        yard.open().plan_rollback("notes")


def test_only_the_owner_of_a_lake_takes_rows_back(yard):
    (yard.root / "lakesmith.yml").write_text(PROJECT + "targets:\n  look: {bronze: local, ingest: false}\n")
    assert len(yard.open("look").versions("visits")) == 3
    with pytest.raises(UsageError, match="may not roll it back") as error:
        yard.open("look").plan_rollback("visits")
    assert error.value.fix == "`--target local`"
