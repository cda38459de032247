"""What becomes of every change of documents under every policy, by real loads from a real server into a real lake."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from bson import DatetimeMS, Decimal128, Int64, ObjectId, Regex
from reading_collections import trial_of

from lakesmith.errors import DriftRefusedError

POLICIES = ("evolve", "freeze", "quarantine", "ignore")
STOP = "stop"
GONE = ("column_missing", "x", "kept")
DAY = datetime(2026, 1, 1, tzinfo=UTC)
FAST = {"a pattern for a text", "adds a field", "renames a field", "text for a number"}
"""Changes that are played in the fast suite; all others are long."""


@dataclass(frozen=True)
class Cell:
    """What one policy makes of a change: events (kind, column, outcome), the new row without `_id`, None where it waits."""

    events: tuple[tuple[str, str, str], ...] = ()
    row: dict | None = field(default_factory=dict)


@dataclass(frozen=True)
class Case:
    """A document before a change, one after it, and the cells by policy."""

    title: str
    first: dict
    second: dict
    cells: dict[str, Cell | str]


def cells(evolve, freeze=STOP, quarantine=None, ignore=None):
    return dict(zip(POLICIES, (evolve, freeze, quarantine, ignore), strict=True))


def added(name, row, without, column="", *more):
    """Return the cells of a new field `name`."""
    column = column or name
    return cells(
        Cell((("column_added", name, "added"), *more), row),
        STOP,
        Cell((("column_added", name, "quarantined"), *more), None),
        Cell((("column_added", name, "dropped"), *more), without),
    )


def misfit(row, without, column="x"):
    kind = "value_incompatible"
    return cells(
        Cell(((kind, column, "sibling"),), row),
        STOP,
        Cell(((kind, column, "quarantined"),), None),
        Cell(((kind, column, "nulled"),), without),
    )


NULL = {"x": None}
PATTERN = '{"$regularExpression": {"pattern": "a", "options": ""}}'
CASES = (
    Case("adds a field", {"x": 1}, {"x": 2, "y": "new"}, added("y", {"x": 2, "y": "new"}, {"x": 2})),
    Case("adds a part of an object", {"x": {"a": 1}}, {"x": {"a": 1, "b": 2}}, added("x.b", {"x": {"a": 1, "b": 2}}, {"x": {"a": 1}})),
    Case("adds a part of objects in a list", {"x": [{"a": 1}]}, {"x": [{"a": 1, "b": 2}]}, added("x.b", {"x": [{"a": 1, "b": 2}]}, {"x": [{"a": 1}]})),
    Case("stops sending a field", {"x": 1, "z": 1}, {"z": 2}, cells(*[Cell((GONE,), {"x": None, "z": 2}), STOP, Cell((GONE,), {"x": None, "z": 2}), Cell((GONE,), {"x": None, "z": 2})])),
    Case("renames a field", {"x": "a@b"}, {"y": "c@d"}, cells(
        Cell((GONE, ("column_added", "y", "added"), ("rename_candidate", "y", "recorded")), {"x": None, "y": "c@d"}), STOP,
        Cell((GONE, ("column_added", "y", "quarantined"), ("rename_candidate", "y", "quarantined")), None),
        Cell((GONE, ("column_added", "y", "dropped")), NULL))),
    Case("int to long says nothing", {"x": 1}, {"x": Int64(2**40)}, cells(*[Cell((), {"x": 2**40})] * 4)),
    Case("text for a number", {"x": 1}, {"x": "3 pcs"}, misfit({"x": None, "x__string": "3 pcs"}, NULL)),
    Case("a fraction for a whole number", {"x": 1}, {"x": 1.5}, misfit({"x": None, "x__double": 1.5}, NULL)),
    Case("a whole number for a text", {"x": "a"}, {"x": 7}, cells(*[Cell((("type_narrowed", "x", "kept"),), {"x": "7"})] * 4)),
    Case("an object id for a text says nothing", {"x": "a"}, {"x": ObjectId("65f0aa00112233445566778a")}, cells(*[Cell((), {"x": "65f0aa00112233445566778a"})] * 4)),
    Case("a list for a single value", {"x": 1}, {"x": [1]}, misfit({"x": None, "x__string": "[1]"}, NULL)),
    Case("a single value for a list", {"x": [1]}, {"x": 1}, misfit({"x": None, "x__string": "1"}, NULL)),
    Case("an object for a text", {"x": "a"}, {"x": {"a": 1}}, misfit({"x": None, "x__json": '{"a": 1}'}, NULL)),
    Case("an object for a number", {"x": 1}, {"x": {"a": 1}}, misfit({"x": None, "x__string": '{"a": 1}'}, NULL)),
    Case("a single value for an object", {"x": {"a": 1}}, {"x": 1}, misfit({"x": None, "x__string": "1"}, NULL)),
    Case("a list for an object", {"x": {"a": 1}}, {"x": [{"a": 1}]}, misfit({"x": None, "x__string": '[{"a": 1}]'}, NULL)),
    Case("text for a number in an object", {"x": {"a": 1}}, {"x": {"a": "q"}}, misfit({"x": {"a": None, "a__string": "q"}}, {"x": {"a": None}}, "x.a")),
    Case("a list for a number in an object", {"x": {"a": 1}}, {"x": {"a": [1]}}, misfit({"x": {"a": None, "a__string": "[1]"}}, {"x": {"a": None}}, "x.a")),
    Case("text for a time", {"x": DAY}, {"x": "soon"}, misfit({"x": None, "x__string": "soon"}, NULL)),
    Case("a pattern for a number", {"x": 1}, {"x": Regex("a")}, misfit({"x": None, "x__json": PATTERN}, NULL)),
    Case("a pattern for a text", {"x": "a"}, {"x": Regex("a")}, misfit({"x": None, "x__json": PATTERN}, NULL)),
    Case("a pattern for a number in an object", {"x": {"a": 1}}, {"x": {"a": Regex("a")}}, misfit({"x": {"a": None, "a__json": PATTERN}}, {"x": {"a": None}}, "x.a")),
    Case("a time beyond its type", {"x": DAY}, {"x": DatetimeMS(2**53)}, misfit({"x": None, "x__json": '{"$date": {"$numberLong": "9007199254740992"}}'}, NULL)),
    Case("adds a field that is a pattern", {"x": 1}, {"x": 2, "y": Regex("a")}, cells(
        Cell((("column_added", "y__json", "added"),), {"x": 2, "y__json": PATTERN}), STOP,
        Cell((("column_added", "y", "quarantined"),), None),
        Cell((("column_added", "y", "dropped"),), {"x": 2}))),
    Case("an empty list for a list says nothing", {"x": [1]}, {"x": []}, cells(*[Cell((), {"x": []})] * 4)),
    Case("decimals of another scale say nothing", {"x": Decimal128("1.5")}, {"x": Decimal128("2.125")}, cells(*[Cell((), {"x": Decimal("2.125")})] * 4)),
)  # fmt: skip


def trial(url, folder, policy="evolve"):
    made = trial_of(url, folder, mode="append", cursor="_id")
    spec = replace(made.spec, on_drift=policy)
    return replace(made, context=replace(made.context, streams=(spec,)))


def bronze(loads):
    rows = sorted(loads.bronze().rows, key=lambda row: row["_ls_seq"])
    return [{name: value for name, value in row.items() if not name.startswith("_ls_")} for row in rows]


CELLS = [
    pytest.param(
        case,
        policy,
        id=f"{case.title}-{policy}",
        marks=() if case.title in FAST and policy == "evolve" else pytest.mark.long,
    )
    for case in CASES
    for policy in POLICIES
]


@pytest.mark.parametrize(("case", "policy"), CELLS)
def test_every_cell(db, url, tmp_path, case, policy):
    loads, cell = trial(url, tmp_path, policy), case.cells[policy]
    db.t.insert_one({"_id": 1, **case.first})
    loads.load()
    (before,) = bronze(loads)
    db.t.insert_one({"_id": 2, **case.second})
    if cell == STOP:
        with pytest.raises(DriftRefusedError, match=r"(?s)its policy is freeze.*Nothing was loaded"):
            loads.load()
        assert bronze(loads) == [before]
        return
    done = loads.load()
    assert sorted((d.kind, d.column, d.outcome) for d in done.drift) == sorted(cell.events)
    rows = bronze(loads)
    assert len(loads.bronze().rejects) == (cell.row is None)
    assert [row["_id"] for row in rows] == [1, 2][: len(rows)]
    assert {name: rows[0][name] for name in before} | {"x": None} == before | {"x": None}
    if cell.row is not None:
        assert rows[1] == {"_id": 2, **cell.row}


def test_values_of_many_types_in_the_load_that_makes_the_table(db, url, tmp_path):
    values = [1, 2.5, "three", [4], {"five": 5}, DAY, None, Regex("^7"), Decimal128("8.5"), True]
    db.t.insert_many([{"_id": n, "x": value} for n, value in enumerate(values)])
    loads = trial(url, tmp_path)
    assert loads.load().counts.written == len(values)
    found = {}
    for row in bronze(loads):
        found[row["_id"]] = [value for name, value in row.items() if name != "_id" and value is not None]
    assert [len(found[n]) for n in range(len(values))] == [n != 6 for n in range(len(values))]
    assert not loads.bronze().rejects
