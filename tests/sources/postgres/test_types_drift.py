"""What becomes of every change of a table under every policy, by real loads from a real server into a real lake."""

from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal as Number

import pytest
from reading_tables import trial_of

from lakesmith.errors import DriftRefusedError, LakesmithError, SourceDataError, SourceMissingError

POLICIES = ("evolve", "freeze", "quarantine", "ignore")
STOP = "stop"
FAST = {"renames a column", "int to bigint", "an infinite date"}
"""Changes that are played in the fast suite; all others are long."""


@dataclass(frozen=True)
class Cell:
    """What one policy makes of a change: events (kind, column, outcome), the new row without `id`, None where it waits."""

    events: tuple[tuple[str, str, str], ...] = ()
    row: dict | None = field(default_factory=dict)


@dataclass(frozen=True)
class Case:
    """A change of column `x` of a type: SQL for it, and the new row as SQL; `cells` by policy."""

    title: str
    kind: str
    first: str
    change: str
    second: str
    cells: dict[str, Cell | str]


def cells(evolve, freeze=STOP, quarantine=None, ignore=None):
    return dict(zip(POLICIES, (evolve, freeze, quarantine, ignore), strict=True))


def always(events, row):
    """Return the same for all policies."""
    return cells(*[Cell(events, row)] * 4)


def misfit(value, sibling, kind="value_incompatible"):
    return cells(
        Cell(((kind, "x", "sibling"),), {"x": None, sibling: value}),
        STOP,
        Cell(((kind, "x", "quarantined"),), None),
        Cell(((kind, "x", "nulled"),), {"x": None}),
    )


def wider(value):
    kind = "type_widened"
    return cells(
        Cell(((kind, "x", "promoted"),), {"x": value}),
        STOP,
        Cell(((kind, "x", "quarantined"), ("value_incompatible", "x", "quarantined")), None),
        Cell(((kind, "x", "cast"), ("value_incompatible", "x", "nulled")), {"x": None}),
    )


NARROW = (("type_narrowed", "x", "kept"),)
GONE = ("column_missing", "x", "kept")
CASES = (
    Case("adds a column", "int", "1", "add y text", "2, 'new'", cells(
        Cell((("column_added", "y", "added"),), {"x": 2, "y": "new"}), STOP,
        Cell((("column_added", "y", "quarantined"),), None), Cell((("column_added", "y", "dropped"),), {"x": 2}))),
    Case("drops a column", "int", "1", "drop x", "", cells(Cell((GONE,), {"x": None}), STOP, Cell((GONE,), {"x": None}), Cell((GONE,), {"x": None}))),
    Case("renames a column", "int", "1", "rename x to y", "2", cells(
        Cell((("renamed", "y", "renamed"),), {"y": 2}), STOP,
        Cell((GONE, ("column_added", "y", "quarantined"), ("rename_candidate", "y", "quarantined")), None),
        Cell((GONE, ("column_added", "y", "dropped")), {"x": None}))),
    Case("int to bigint", "int", "1", "alter x type bigint", str(2**40), wider(2**40)),
    Case("smallint to int says nothing", "smallint", "1", "alter x type int", "70000", always((), {"x": 70_000})),
    Case("real to double precision", "real", "1", "alter x type double precision", "0.1", wider(0.1)),
    Case("longer varchar says nothing", "varchar(3)", "'a'", "alter x type varchar(9)", "'abcdef'", always((), {"x": "abcdef"})),
    Case("varchar to text says nothing", "varchar(3)", "'a'", "alter x type text", "'abcdef'", always((), {"x": "abcdef"})),
    Case("more digits", "numeric(5,2)", "1.25", "alter x type numeric(9,2)", "1234567.25", wider(Number("1234567.25"))),
    Case("another scale", "numeric(9,2)", "1.25", "alter x type numeric(9,4)", "1.2345", misfit(Number("1.2345"), "x__decimal")),
    Case("precision taken away", "numeric(9,2)", "1.25", "alter x type numeric", "1.2345", misfit(Number("1.234500000"), "x__decimal")),
    Case("precision given", "numeric", "1.25", "alter x type numeric(9,2)", "7.25", always(NARROW, {"x": Number("7.250000000")})),
    Case("bigint to int", "bigint", "1", "alter x type int", "7", always(NARROW, {"x": 7})),
    Case("fewer digits", "numeric(9,2)", "1.25", "alter x type numeric(5,2)", "7.25", always(NARROW, {"x": Number("7.25")})),
    Case("double precision to real", "double precision", "1", "alter x type real", "1.5", always(NARROW, {"x": 1.5})),
    Case("int to text", "int", "1", "alter x type text", "'7 pcs'", misfit("7 pcs", "x__string")),
    Case("int to numeric", "int", "1", "alter x type numeric(9,2)", "7.25", misfit(Number("7.25"), "x__decimal")),
    Case("text to int", "text", "'1'", "alter x type int using x::int", "7", always(NARROW, {"x": "7"})),
    Case("text to date", "text", "'2020-01-01'", "alter x type date using x::date", "'2020-02-01'", always(NARROW, {"x": "2020-02-01"})),
    Case("timestamp to timestamptz", "timestamp", "'2020-01-01'", "alter x type timestamptz", "'2020-01-01 10:00Z'", misfit("2020-01-01 10:00:00.000000Z", "x__string")),
    Case("date to timestamp", "date", "'2020-01-01'", "alter x type timestamp", "'2020-01-01 10:00'", misfit("2020-01-01 10:00:00.000000", "x__string")),
    Case("int to int[]", "int", "1", "alter x type int[] using array[x]", "'{1,2}'", misfit("[1, 2]", "x__string")),
    Case("an infinite date", "date", "'2020-01-01'", "", "'infinity'", misfit("infinity", "x__string")),
    Case("not a number", "numeric(5,2)", "1.25", "", "'NaN'", misfit("NaN", "x__string")),
    Case("an array of two dimensions", "int[]", "'{1}'", "", "'{{1},{2}}'", misfit("{{1},{2}}", "x__string")),
    Case("an array that begins at 0", "text[]", "'{a}'", "", "'[0:0]={a}'", misfit("[0:0]={a}", "x__string")),
    Case("a new word of an enum says nothing", "mood", "'sad'", "", "'glad'", always((), {"x": "glad"})),
    Case("another default and not null say nothing", "int", "1", "alter x set not null, alter x set default 5", "7", always((), {"x": 7})),
    Case("dropped and added again is the same column", "int", "1", "drop x, add x int", "7", always((), {"x": 7})),
    Case("dropped and added again with another type", "int", "1", "drop x, add x text", "'7 pcs'", misfit("7 pcs", "x__string")),
)  # fmt: skip


def trial(url, folder, policy="evolve", **options):
    made = trial_of(url, folder, **{"mode": "append", "cursor": "id", **options})
    spec = replace(made.spec, on_drift=policy)
    return replace(made, context=replace(made.context, streams=(spec,)))


def bronze(loads):
    rows = sorted(loads.bronze().rows, key=lambda row: row["_ls_seq"])
    return [{name: value for name, value in row.items() if not name.startswith("_ls_")} for row in rows]


def plain(value):
    """Return a value as text where two drivers have it as other types."""
    return str(value) if isinstance(value, (Number, date, datetime)) else value


@pytest.fixture
def moods(db):
    db.execute("create type mood as enum ('sad', 'glad')")
    return db


CELLS = [
    pytest.param(case, policy, id=f"{case.title}-{policy}", marks=() if case.title in FAST else pytest.mark.long)
    for case in CASES
    for policy in POLICIES
]


@pytest.mark.long
@pytest.mark.parametrize(("case", "policy"), CELLS)
def test_every_cell(moods, url, tmp_path, case, policy):
    loads, cell = trial(url, tmp_path, policy), case.cells[policy]
    moods.execute(f"create table t (id int, x {case.kind}); insert into t values (1, {case.first})")
    loads.load()
    (before,) = bronze(loads)
    if case.change:
        moods.execute(f"alter table t {case.change}")
    moods.execute(f"insert into t values ({', '.join(filter(None, ['2', case.second]))})")
    if cell == STOP:
        with pytest.raises(DriftRefusedError, match=r"(?s)its policy is freeze.*Nothing was loaded"):
            loads.load()
        assert bronze(loads) == [before]
        return
    done = loads.load()
    assert sorted((d.kind, d.column, d.outcome) for d in done.drift) == sorted(cell.events)
    rows = bronze(loads)
    assert len(loads.bronze().rejects) == (cell.row is None)
    assert [row["id"] for row in rows] == [1, 2][: len(rows)]
    kept = {name: value for name, value in rows[0].items() if value is not None}
    assert [plain(value) for value in kept.values()] == [plain(value) for value in before.values()]
    if cell.row is not None:
        assert {name: plain(value) for name, value in rows[1].items()} == {"id": 2} | {
            n: plain(v) for n, v in cell.row.items()
        }


@pytest.mark.few(1)
@pytest.mark.parametrize("mode", ["replace", "append"])
def test_a_rename_moves_every_value_ever_loaded(db, url, tmp_path, mode):
    loads = trial(url, tmp_path, mode=mode, cursor="id" if mode == "append" else None)
    db.execute("create table t (id int, mail text); insert into t values (1, 'a')")
    loads.load()
    db.execute("alter table t rename mail to email; insert into t values (2, 'b')")
    assert [(d.kind, d.before, d.after) for d in loads.load().drift] == [("renamed", "mail", "email")]
    db.execute("insert into t values (3, 'c')")
    assert loads.load().drift == ()
    assert bronze(loads) == [{"id": n, "email": mail} for n, mail in enumerate("abc", 1)]


def test_names_that_are_swapped_and_taken_over(db, url, tmp_path):
    loads = trial(url, tmp_path)
    db.execute("create table t (id int, a text, b int); insert into t values (1, 'a', 1)")
    loads.load()
    db.execute(
        "alter table t rename a to c; alter table t rename b to a; alter table t rename c to b; alter table t add c int"
    )
    db.execute("insert into t values (2, 'b', 2, 3)")
    loads.load()
    assert bronze(loads) == [{"id": 1, "b": "a", "a": 1, "c": None}, {"id": 2, "b": "b", "a": 2, "c": 3}]


def test_a_renamed_key_waits_for_the_project_and_is_followed_then(db, url, tmp_path):
    db.execute("create table t (id int, x int); insert into t values (1, 1)")
    trial(url, tmp_path, mode="dedupe", key=("id",), cursor="x").load()
    db.execute("alter table t rename id to number; insert into t values (2, 2)")
    loads = trial(url, tmp_path, mode="dedupe", key=("id",), cursor="x")
    with pytest.raises(LakesmithError, match=r"came without id, which is in its key"):
        loads.load()
    loads = trial(url, tmp_path, mode="dedupe", key=("number",), cursor="x")
    loads.load()
    assert bronze(loads) == [{"number": 1, "x": 1}, {"number": 2, "x": 2}]


def test_a_table_that_was_emptied_is_not_taken_for_granted(db, url, tmp_path):
    db.execute("create table t (id int, x int); insert into t values (1, 1)")
    whole, cursor = trial(url, tmp_path / "a", mode="replace", cursor=None), trial(url, tmp_path / "b")
    for loads in (whole, cursor):
        loads.load()
    db.execute("truncate t")
    with pytest.raises(LakesmithError, match=r"(?i)empty|no row"):
        whole.load()
    cursor.load()
    assert bronze(whole) == bronze(cursor) == [{"id": 1, "x": 1}]


def test_a_table_that_was_dropped(db, url, tmp_path):
    db.execute("create table t (id int); insert into t values (1)")
    loads = trial(url, tmp_path)
    loads.load()
    db.execute("drop table t")
    with pytest.raises(SourceMissingError, match=r"\bt\b"):
        loads.load()
    assert bronze(loads) == [{"id": 1}]


@pytest.mark.long
def test_a_table_that_was_made_anew_proves_no_rename(db, url, tmp_path):
    db.execute("create table t (id int, a text, b text); insert into t values (1, 'a', 'b')")
    whole, cursor = trial(url, tmp_path / "a", mode="replace", cursor=None), trial(url, tmp_path / "b")
    for loads in (whole, cursor):
        loads.load()
    db.execute("drop table t; create table t (id int, b text, a text); insert into t values (2, 'b', 'a')")
    assert whole.load().drift == ()
    assert bronze(whole) == [{"id": 2, "a": "a", "b": "b"}]
    with pytest.raises(SourceDataError, match="made anew"):
        cursor.load()


@pytest.mark.long
@pytest.mark.parametrize("mode", ["replace", "append"])
def test_a_view_that_was_made_anew_proves_no_rename(db, url, tmp_path, mode):
    db.execute("create view t as select 1 as id, 'a' as a, 'b' as b")
    loads = trial(url, tmp_path, mode=mode, cursor="id" if mode == "append" else None)
    loads.load()
    db.execute("drop view t; create view t as select 2 as id, 'b' as b, 'a' as a")
    assert loads.load().drift == ()
    assert bronze(loads)[-1] == {"id": 2, "a": "a", "b": "b"}


@pytest.mark.long
def test_rare_values_of_a_first_load_in_many_splits_change_no_type(db, url, tmp_path):
    db.execute(
        "create table t as select i as id, case when i < 2000 or i % 7 = 0 then 'infinity' else date '2020-01-01' + i % 99 end as x, "
        "case when i % 5 = 0 then 'NaN' else i / 8.0 end as n, case when i % 3 = 0 then '{{1}}' else array[i] end as l "
        "from generate_series(1, 5000) i"
    )
    loads = trial(url, tmp_path, mode="replace", cursor=None, source={"split_kb": 64, "batch_kb": 16})
    done = loads.load()
    assert (done.counts.written, done.counts.quarantined) == (5000, 0)
    assert {(d.kind, d.column) for d in done.drift} == {("value_incompatible", name) for name in "xnl"}
    told = db.execute("select id, x::text, n::text, l::text from t order by id").fetchall()
    for row, (id_, x, n, numbers) in zip(sorted(bronze(loads), key=lambda row: row["id"]), told, strict=True):
        assert row["id"] == id_
        assert (row["x__string"] or row["x"].isoformat()) == x
        assert row["n__string"] == n if n == "NaN" else row["n"] == Number(n)
        assert row["l__string"] == numbers if numbers.startswith("{{") else row["l"] == [id_]
