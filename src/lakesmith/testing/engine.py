"""The contract of an engine, as a test class to derive from. Each test proves one law of `ENGINE_LAWS`.

class TestDuckDB(EngineContract):
    engine = DuckDBEngine

    def build(self, engine, relation, query):  # as dbt would: a table in the private workspace
        …

    def outside(self, engine, query):  # as a person's own client sees it
        …
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from multiprocessing import get_context
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar

import pyarrow.parquet as pq
import pytest

from lakesmith.errors import ConfigError, LakesmithError, SelectionError, TransformError
from lakesmith.host import crash
from lakesmith.model.loads import BronzeSnapshot
from lakesmith.model.plans import Dataset, EngineContext
from lakesmith.model.protocols import Closes
from lakesmith.model.streams import StreamId
from lakesmith.model.types import DATE, DOUBLE, FLOAT, INT, LONG, STRING, TIMESTAMP, TIMESTAMPTZ, Decimal, Field, Schema
from lakesmith.testing.bronze import BronzeTable, with_system
from lakesmith.testing.contents import canonical_rows
from lakesmith.testing.planning import HEAVY

ENGINE_LAWS: Mapping[str, str] = MappingProxyType(
    {
        "secret": "the dbt profile holds no secret as a literal, nor does an error or a repr",
        "light": "asking what readers have imports no pyarrow, Polars, DuckDB, PyIceberg or pandas",
        "types": "what is attached has the values of the lake, and a table without files the same columns",
        "growth": "attaching a newer snapshot brings its rows, once, whatever happened to files and columns in between",
        "gone": "a stream that is no more is detached",
        "crash": "an attach or a swap that is killed leaves what was or what is to be, and the next one mends it",
        "forget": "tables that are forgotten are gone from the workspace, and no others",
        "released": "an engine that is closed holds nothing, and others can build",
        "swap": "all that is swapped is seen together: by readers, as files, and in the list of contents",
        "keep": "what is not swapped again stays as it is, and what is not kept goes",
        "fault": "a swap that cannot be done changes nothing, and says which relation is at fault",
        "query": "a statement reads what readers open, and nothing that writes is run",
    }
)
V1 = with_system(
    Field("id", INT, id=1),
    Field("name", STRING, id=2),
    Field("price", Decimal(10, 2), id=3),
    Field("weight", FLOAT, id=4),
    Field("gone", STRING, id=5),
)
V2 = with_system(
    Field("ident", LONG, id=1),
    Field("name", STRING, id=2),
    Field("price", Decimal(20, 2), id=3),
    Field("weight", DOUBLE, id=4),
    Field("gone", STRING, id=7),
    Field("at", TIMESTAMPTZ, id=6),
)
RENAMED = {"id": "ident"}
SALES, COPY = Dataset("mart_sales", "marts", (), 0, ("daily",), "It's 100 %"), Dataset("mart_copy", "marts", (), 0)
ORDERS = StreamId("app", "orders")
READ_ORDERS = "select * from bronze_app.orders"


class EngineContract:
    """Proves that an engine keeps its laws. Derive, fill in, and let pytest collect it.

    Attributes:
        engine: The engine's class.
        secret: A text that the profile, an error and a repr may not show.
        attach_points: Crash points of `attach`, with whether the new rows are there when it dies at them.
        swap_points: Crash points of `swap`, likewise.
    """

    engine: ClassVar[type[Any]]
    secret: str = ""
    attach_points: Sequence[tuple[str, bool]] = ()
    swap_points: Sequence[tuple[str, bool]] = ()

    def options(self) -> Any:
        """Return validated options; a new place for each test where engines share a server."""
        return self.engine.Options()

    def build(self, engine: Any, relation: str, query: str) -> None:
        """Make the table `relation` (`schema.name`) in the private workspace, in place of an earlier one, as dbt would."""
        raise NotImplementedError

    def outside(self, engine: Any, query: str) -> list[tuple[Any, ...]]:
        """Return what a client of its own sees among what readers open."""
        raise NotImplementedError

    def test_the_profile_tells_no_secret(self, tmp_path: Path) -> None:
        """The profile is read by dbt, and may be by everybody who can read the project's folder."""
        engine = self._engine(tmp_path)
        told = json.dumps(engine.profile()) + repr(engine) + repr(self._context(tmp_path))
        _require("secret", not self.secret or self.secret not in told, "the profile or a repr shows the secret")

    def test_asking_is_light(self, tmp_path: Path) -> None:
        """A run with nothing new asks for nothing else."""
        engine = self._with_marts(tmp_path, 1)
        engine.swap([SALES, COPY])
        done = _in_child(engine, self._context(tmp_path), _ASK)
        _require("light", done.returncode == 0, f"asking failed: {done.stderr[-1000:]}")
        heavy = sorted({*json.loads(done.stdout)} & {*HEAVY})
        _require("light", not heavy, f"asking what readers have imported {', '.join(heavy)}")

    def test_types(self, tmp_path: Path) -> None:
        """Values of every plain type, and nulls."""
        plain = (*V2.data, Field("day", DATE, id=20), Field("then", TIMESTAMP, id=21))
        schema = with_system(*plain)
        rows = [
            {
                "ident": 2**62,
                "name": 'a,"b\n\\N \\. zoë',
                "price": "1.50",
                "weight": 0.1,
                "gone": "",
                "at": 1,
                "day": 1,
                "then": 2,
            },
            dict.fromkeys(field.name for field in plain),
        ]
        table, engine = self._table(tmp_path), self._engine(tmp_path)
        file = table.load(schema, [_exact(row) for row in rows], 1)
        engine.attach([table.at(1, schema, file), BronzeTable(tmp_path, StreamId("app", "none")).at(1, schema)])
        self._require_rows(engine, "types", _read(file))
        empty, full = (
            engine.query(f"select * from bronze_app.{name}", where="build")  # noqa: S608 - names of ours
            .read_all()
            .schema.names
            for name in ("none", "orders")
        )
        _require("types", empty == full, f"a table without files has the columns {empty}, one with files {full}")

    def test_growth(self, tmp_path: Path) -> None:
        """One load after the other, and the same snapshot twice."""
        table, engine = self._table(tmp_path), self._engine(tmp_path)
        files: list[str] = []
        for ordinal in (1, 2, 3):
            files.append(table.load(V1, _rows(ordinal), ordinal))
            for _ in range(2):
                engine.attach([table.at(ordinal, V1, *files)])
            self._require_rows(engine, "growth", [row for file in files for row in _read(file)])

    def test_columns_change(self, tmp_path: Path) -> None:
        """Renamed, widened, added, dropped, and dropped and added again under another id."""
        table, engine = self._table(tmp_path), self._engine(tmp_path)
        first = table.load(V1, _rows(1), 1)
        engine.attach([table.at(1, V1, first)])
        rows = [{RENAMED.get(name, name): value for name, value in row.items()} for row in _rows(2)]
        second = table.load(V2, [{**row, "ident": 2**40 + row["ident"]} for row in rows], 2)
        engine.attach([table.at(2, V2, first, second)])
        before = [
            {RENAMED.get(name, name): value for name, value in row.items() if name != "gone"} for row in _read(first)
        ]
        self._require_rows(engine, "growth", [*before, *_read(second)])
        found = engine.query(READ_ORDERS, where="build").read_all().schema.names
        _require("growth", sorted(found) == sorted(V2.names), f"the columns are {found}")

    def test_files_come_and_go(self, tmp_path: Path) -> None:
        """A compaction, a rollback, and a new generation."""
        table, engine = self._table(tmp_path), self._engine(tmp_path)
        loads = [table.load(V1, _rows(ordinal), ordinal) for ordinal in (1, 2, 3)]
        compacted = table.write("compacted", V1, [row for file in loads[:2] for row in _read(file)])
        anew = table.load(V1, _rows(9), 9)
        stories: tuple[tuple[list[str], int], ...] = (
            (loads[:2], 2),
            ([compacted, loads[2]], 3),
            (loads[:1], 4),
            (loads, 5),
            ([anew], 6),
            ([], 7),
        )
        for files, snapshot in stories:
            engine.attach([table.at(snapshot, V1, *files)])
            self._require_rows(engine, "growth", [row for file in files for row in _read(file)])

    def test_streams_that_are_gone(self, tmp_path: Path) -> None:
        """What is left of them would be read as if it were today's."""
        table, engine = self._table(tmp_path), self._engine(tmp_path)
        file = table.load(V1, _rows(1), 1)
        engine.attach([table.at(1, V1, file)])
        engine.attach([])
        with pytest.raises(SelectionError, match="orders"):
            engine.query(READ_ORDERS, where="build").read_all()

    def test_an_attach_that_is_killed(self, tmp_path: Path) -> None:
        """At every point it has, while two tables grow and one changes its columns."""
        table, other = self._table(tmp_path), BronzeTable(tmp_path / "files", StreamId("app", "second"))
        first, second = table.load(V1, _rows(1), 1), table.load(V1, _rows(2), 2)
        copies = [other.load(V1, _rows(1), 1), other.load(V1, _rows(2), 2)]
        for number, (point, is_new) in enumerate(self.attach_points):
            folder = tmp_path / f"kill-{number}"
            engine, context = self._engine(folder), self._context(folder)
            engine.attach([table.at(1, V1, first), other.at(1, V1, copies[0])])
            self._let_go(engine)
            after = [table.at(2, V1, first, second), other.at(2, V1, *copies)]
            _require("crash", _dies(self.engine, context, point, "attach", after), f"nothing died at {point}")
            wanted = [row for file in ((first, second) if is_new else (first,)) for row in _read(file)]
            self._require_rows(engine, "crash", wanted)
            engine.attach(after)
            self._require_rows(engine, "crash", [row for file in (first, second) for row in _read(file)])
            self._let_go(engine)

    def test_forget(self, tmp_path: Path) -> None:
        """As `rebuild` asks for it, where rows that models hold may be gone from bronze."""
        engine = self._engine(tmp_path)
        for name in ("silver.stg_a", "silver.stg_b"):
            self.build(engine, name, "select 1 as x")
        engine.forget(["silver.stg_a", "silver.never_built"])
        left = engine.query("select x from silver.stg_b", where="build").read_all().num_rows
        _require("forget", left == 1, "a table that was not named is gone")
        with pytest.raises(SelectionError, match="stg_a"):
            engine.query("select x from silver.stg_a", where="build").read_all()

    def test_a_build_without_a_swap(self, tmp_path: Path) -> None:
        """A run may end after the attach; the next one is another process."""
        table, engine = self._table(tmp_path), self._engine(tmp_path)
        file = table.load(V1, _rows(1), 1)
        engine.attach([table.at(1, V1, file)])
        self._let_go(engine)
        process = get_context("spawn").Process(
            target=_act, args=(self.engine, self._context(tmp_path), "", "attach", [table.at(1, V1, file)])
        )
        process.start()
        process.join()
        _require("released", process.exitcode == 0, "another process could not attach")

    def test_swap(self, tmp_path: Path) -> None:
        """Readers, files and the list of contents say the same."""
        engine = self._with_marts(tmp_path, 1)
        _require("swap", engine.read_manifest() is None, "there is a list of contents before the first swap")
        swapped = engine.swap([SALES, COPY], {"models": "abc", "bronze": {"app.orders": 17}})
        _require("swap", [one.rows for one in swapped] == [3, 3], f"the rows are {[one.rows for one in swapped]}")
        _require("swap", (swapped[0].tags, swapped[0].description) == (SALES.tags, SALES.description), "tags are lost")
        _require("swap", set(engine.published()) == {*swapped}, "`published` differs from what was swapped")
        manifest = engine.read_manifest()
        _require("swap", manifest["inputs"] == {"models": "abc", "bronze": {"app.orders": 17}}, "inputs are lost")
        for one in swapped:
            wanted = [{"id": at, "day": 1} for at in range(3)]
            seen = engine.query(f"select * from {one.relation}").read_all()  # noqa: S608 - a name of ours
            for rows in (seen, *map(pq.read_table, one.files)):
                _require("swap", canonical_rows(rows) == canonical_rows(wanted), f"{one.relation} holds other rows")
            found = self.outside(engine, f"select id, day from {one.relation} order by 1")  # noqa: S608
            _require("swap", found == [(at, 1) for at in range(3)], f"outside, {one.relation} holds {found}")
        _require("swap", engine.has_build(), "`has_build` denies the workspace")

    def test_what_stays(self, tmp_path: Path) -> None:
        """By default all stays that was there; with `keep`, what it names."""
        engine = self._with_marts(tmp_path, 1)
        engine.swap([SALES, COPY])
        self._make(engine, 2)
        engine.swap([SALES])
        found = {one.relation: one.rows for one in engine.published()}
        _require("keep", found == {SALES.relation: 6, COPY.relation: 3}, f"readers have {found}")
        _require(
            "keep", self.outside(engine, "select max(day) from marts.mart_copy") == [(1,)], "it is another version"
        )
        engine.swap([SALES], keep=[SALES.relation])
        found = {one.relation: one.rows for one in engine.published()}
        _require("keep", found == {SALES.relation: 6}, f"readers have {found}")

    def test_a_swap_that_cannot_be_done(self, tmp_path: Path) -> None:
        """One relation is missing."""
        engine = self._with_marts(tmp_path, 1)
        engine.swap([SALES, COPY])
        self._make(engine, 2)
        with pytest.raises(TransformError, match="mart_none"):
            engine.swap([SALES, Dataset("mart_none", "marts", (), 0)])
        seen = self.outside(engine, "select max(day), count(*) from marts.mart_sales")
        _require("fault", seen == [(1, 3)], f"readers see {seen}")

    def test_a_swap_that_is_killed(self, tmp_path: Path) -> None:
        """At every point it has."""
        for number, (point, is_new) in enumerate(self.swap_points):
            folder = tmp_path / f"kill-{number}"
            engine = self._with_marts(folder, 1)
            engine.swap([SALES, COPY])
            self._make(engine, 2)
            died = _dies(self.engine, self._context(folder), point, "swap", [SALES, COPY])
            _require("crash", died, f"nothing died at {point}")
            seen = {one.relation: one.rows for one in engine.published()}
            wanted = dict.fromkeys(seen, 6 if is_new else 3)
            _require("crash", seen == wanted, f"killed at {point}, readers have {seen}")
            sides = "select (select max(day) from marts.mart_sales), (select max(day) from marts.mart_copy)"
            _require("crash", self.outside(engine, sides) == [(2, 2) if is_new else (1, 1)], f"half a set at {point}")
            self._make(engine, 3)
            engine.swap([SALES, COPY])
            _require("crash", self.outside(engine, sides) == [(3, 3)], f"after {point} the next swap is not seen")

    def test_readers_see_whole_sets(self, tmp_path: Path) -> None:
        """One reader keeps asking while sets are swapped."""
        engine = self._with_marts(tmp_path, 1)
        engine.swap([SALES, COPY])
        sides = "select (select max(day) from marts.mart_sales), (select max(day) from marts.mart_copy)"
        seen: list[Any] = []
        ended = threading.Event()

        def read() -> None:
            while not ended.is_set():
                seen.extend(self.outside(engine, sides))

        reader = threading.Thread(target=read)
        reader.start()
        try:
            for day in (2, 3, 4):
                self._make(engine, day)
                engine.swap([SALES, COPY])
        finally:
            ended.set()
            reader.join()
        _require("swap", {*seen} <= {(day, day) for day in (1, 2, 3, 4)}, f"a reader saw {sorted({*seen})}")
        _require("swap", self.outside(engine, sides) == [(4, 4)], "the last set is not seen")

    @pytest.mark.parametrize(
        "statement",
        [
            "create table marts.x as select 1 as y",
            "drop table marts.mart_sales",
            "delete from marts.mart_sales",
            "select 1; select 2",
        ],
    )
    def test_nothing_writes(self, tmp_path: Path, statement: str) -> None:
        """Looking at data is open to more people than changing it."""
        engine = self._with_marts(tmp_path, 1)
        engine.swap([SALES, COPY])
        for where in ("warehouse", "build"):
            with pytest.raises(LakesmithError, match="statement"):
                engine.query(statement, where=where).read_all()
        _require("query", self.outside(engine, "select count(*) from marts.mart_sales") == [(3,)], "rows are gone")

    def test_queries(self, tmp_path: Path) -> None:
        """Before the first run, and with a name that is nearly right."""
        with pytest.raises(ConfigError, match="Nothing has been published yet"):
            self._engine(tmp_path / "new").query("select 1")
        engine = self._with_marts(tmp_path, 1)
        engine.swap([SALES, COPY])
        with pytest.raises(SelectionError, match=r"(?s)mart_sale.*did you mean marts\.mart_sales"):
            engine.query("select * from marts.mart_sale")
        found = engine.query("select id from marts.mart_sales where day = 1 order by id desc").read_all().to_pylist()
        _require("query", found == [{"id": 2}, {"id": 1}, {"id": 0}], f"the rows are {found}")

    def _context(self, folder: Path) -> EngineContext:
        build = folder / ".lakesmith" / "build"
        return EngineContext("local", self.options(), folder, build, folder / "warehouse")

    def _engine(self, folder: Path) -> Any:
        folder.mkdir(parents=True, exist_ok=True)
        made = self.engine(self._context(folder))
        self.__dict__.setdefault("_made", []).append(made)
        return made

    @pytest.fixture(autouse=True)
    def _close_engines(self) -> Iterator[None]:
        """Let go, at the end of a test, of all that its engines hold."""
        yield
        for engine in self.__dict__.pop("_made", ()):
            self._let_go(engine)

    def _let_go(self, engine: Any) -> None:
        """Let another process build, where an attach keeps others out until the swap."""
        if isinstance(engine, Closes):
            engine.close()

    def _table(self, folder: Path) -> BronzeTable:
        return BronzeTable(folder / "files", ORDERS)

    def _make(self, engine: Any, day: int) -> None:
        numbers = " union all ".join(f"select {at} as id" for at in range(3 * day))
        for dataset in (SALES, COPY):
            self.build(engine, dataset.relation, f"select id, {day} as day from ({numbers}) as numbers")  # noqa: S608

    def _with_marts(self, folder: Path, day: int) -> Any:
        engine = self._engine(folder)
        self._make(engine, day)
        return engine

    def _require_rows(self, engine: Any, law: str, wanted: Sequence[Mapping[str, Any]]) -> None:
        rows = engine.query(READ_ORDERS, where="build").read_all()
        found, expected = (sorted(map(_all_columns, side)) for side in (rows.to_pylist(), wanted))
        _require(law, found == expected, f"{len(expected)} rows expected, {len(found)} found, or other values")


_ASK = "engine.published(), engine.read_manifest(), engine.has_build(), print(json.dumps(sorted(sys.modules)))"


def _in_child(engine: Any, context: EngineContext, what: str) -> subprocess.CompletedProcess[str]:
    import pickle

    code = f"import sys, json, pickle; kind, context = pickle.loads(bytes.fromhex(sys.argv[1])); engine = kind(context); {what}"
    handed = pickle.dumps((type(engine), context)).hex()
    return subprocess.run([sys.executable, "-c", code, handed], capture_output=True, text=True, check=False)


def _dies(kind: type[Any], context: EngineContext, point: str, method: str, argument: Any) -> bool:
    process = get_context("spawn").Process(target=_act, args=(kind, context, point, method, argument))
    process.start()
    process.join()
    return process.exitcode == -signal.SIGKILL


def _act(kind: type[Any], context: EngineContext, point: str, method: str, argument: Any) -> None:
    os.environ[crash.ARMED] = point
    getattr(kind(context), method)(argument)


def _require(law: str, held: object, found: str) -> None:
    if not held:
        raise AssertionError(f"the {law} law is broken: {found}\n  the law: {ENGINE_LAWS[law]}")


def _rows(ordinal: int) -> list[dict[str, Any]]:
    from decimal import Decimal as Number

    return [
        {"id": at, "name": f"n{ordinal}-{at}", "price": Number(at) / 4, "weight": 0.5 * at, "gone": "x" * at}
        for at in range(ordinal * 2)
    ]


def _exact(row: Mapping[str, Any]) -> dict[str, Any]:
    from datetime import UTC, date, datetime
    from decimal import Decimal as Number

    values = {
        "price": Number("12345678901234567.89"),
        "at": datetime(2026, 3, 29, 1, 30, 0, 123456, tzinfo=UTC),
        "day": date(1969, 12, 31),
        "then": datetime(1583, 1, 1, 0, 0, 0, 1),  # noqa: DTZ001 - a timestamp without zone
    }
    return {name: value if value is None else values.get(name, value) for name, value in row.items()}


def _read(file: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pq.read_table(file).to_pylist()
    return rows


def _all_columns(row: Mapping[str, Any]) -> str:
    """Return a row as text, the columns of Lakesmith included: an engine may lose none of them."""
    return canonical_rows([{name.replace("_ls_", "ls_"): value for name, value in row.items()}])[0]


__all__ = ["ENGINE_LAWS", "BronzeSnapshot", "EngineContract", "Schema"]
