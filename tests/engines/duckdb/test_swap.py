"""Tested relations become what readers open: whole, exact, and never in anybody's way."""

from __future__ import annotations

import ast
import json
import os
import signal
import subprocess
import sys
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lakesmith.engines.duckdb import DuckDBEngine
from lakesmith.errors import ConfigError, TransformError
from lakesmith.model.plans import Dataset, EngineContext

SALES = Dataset("mart_sales", "marts", (), 0, ("daily",), "Sales per day", "2026-01-02T03:04:05Z")
EMPTY = Dataset("mart_empty", "marts", (), 0)


def make(build, day: int = 1) -> None:
    build(
        "CREATE SCHEMA IF NOT EXISTS marts",
        f"CREATE OR REPLACE TABLE marts.mart_sales AS SELECT i::BIGINT AS id, {day} AS day FROM range({day * 3}) t(i)",
        "CREATE OR REPLACE VIEW marts.mart_empty AS SELECT * FROM marts.mart_sales WHERE false",
    )


def outside(engine: DuckDBEngine, sql: str) -> list[tuple]:
    """What any client sees that opens the published file, in a process of its own."""
    code = "import duckdb, sys, json; print(json.dumps(duckdb.connect(sys.argv[1], read_only=True).sql(sys.argv[2]).fetchall()))"
    file = str(engine._context.warehouse / "local.duckdb")
    done = subprocess.run([sys.executable, "-c", code, file, sql], capture_output=True, text=True, check=True)
    return [tuple(row) for row in json.loads(done.stdout)]


def versions(engine: DuckDBEngine) -> set[str]:
    return {path.relative_to(engine._context.warehouse).as_posix() for path in engine._context.warehouse.glob("*/*/*")}


def test_a_swap_publishes_all_data_sets_with_files_and_rows(engine, build):
    make(build)
    sales, empty = engine.swap([SALES, EMPTY], {"app.orders": 17})
    assert (sales.rows, empty.rows) == (3, 0)
    assert (sales.tags, sales.description, sales.built_at) == (SALES.tags, SALES.description, SALES.built_at)
    assert pq.read_table(sales.files[0]).to_pylist() == [{"id": i, "day": 1} for i in range(3)]
    assert pq.read_table(empty.files[0]).schema.names == ["id", "day"]
    assert outside(engine, "SELECT sum(id)::INT, (SELECT count(*) FROM marts.mart_empty) FROM marts.mart_sales") == [
        (3, 0)
    ]
    assert outside(engine, "SELECT comment FROM duckdb_views() WHERE view_name = 'mart_sales'") == [("Sales per day",)]
    assert set(engine.published()) == {sales, empty}


def test_the_manifest_says_what_there_is(engine, build):
    make(build)
    (sales,) = engine.swap([SALES], {"app.orders": 17})
    manifest = json.loads((engine._context.warehouse / "manifest.json").read_text())
    assert manifest == engine.read_manifest()
    assert manifest["target"] == "local"
    assert manifest["inputs"] == {"app.orders": 17}
    assert manifest["datasets"] == [
        {
            "schema": "marts",
            "name": "mart_sales",
            "files": [Path(sales.files[0]).relative_to(engine._context.warehouse).as_posix()],
            "rows": 3,
            "columns": [{"name": "id", "type": "BIGINT"}, {"name": "day", "type": "INTEGER"}],
            "tags": ["daily"],
            "description": "Sales per day",
            "built_at": "2026-01-02T03:04:05Z",
        }
    ]


def test_values_survive_exactly(engine, build):
    build(
        """CREATE TABLE main."odd/näme" AS SELECT
        123456789012345678901234567890.12345678::DECIMAL(38, 8) AS amount, sum(9007199254740993) AS total,
        170141183460469231731687303715::HUGEINT AS huge, TIMESTAMPTZ '2026-03-29 03:30:00.123456+02' AS at,
        TIMESTAMP '1583-01-01 00:00:00.000001' AS naive, DATE '0001-01-01' AS day, 'größe' AS "Text ""x"" y",
        'a'::ENUM('a', 'b') AS choice, TIME '10:11:12' AS clock, '{"a": 1}'::JSON AS doc, NULL AS nothing,
        {'n': 5::UBIGINT, 'l': [1::UTINYINT]} AS nested, MAP {'k': 1::HUGEINT} AS pairs, [1, 2]::INTEGER[2] AS fixed,
        'ab'::BLOB AS raw, 0.1::DOUBLE AS real, TIMESTAMP_S '2026-01-01 00:00:00' AS seconds"""
    )
    (odd,) = engine.swap([Dataset("odd/näme", "main", (), 0)])
    assert pq.read_table(odd.files[0]).to_pylist() == [
        {
            "amount": Decimal("123456789012345678901234567890.12345678"),
            "total": Decimal(9007199254740993),
            "huge": Decimal(170141183460469231731687303715),
            "at": datetime(2026, 3, 29, 1, 30, 0, 123456, tzinfo=UTC),
            "naive": datetime(1583, 1, 1, 0, 0, 0, 1),  # noqa: DTZ001 - a timestamp without zone is what is tested
            "day": date(1, 1, 1),
            'Text "x" y': "größe",
            "choice": "a",
            "clock": "10:11:12",
            "doc": '{"a": 1}',
            "nothing": None,
            "nested": {"n": Decimal(5), "l": [1]},
            "pairs": [("k", Decimal(1))],
            "fixed": [1, 2],
            "raw": b"ab",
            "real": 0.1,
            "seconds": datetime(2026, 1, 1),  # noqa: DTZ001
        }
    ]
    assert engine.query('FROM main."odd/näme"').read_all().num_rows == 1


def test_sums_that_fit_are_whole_numbers_of_64_bits(engine, build):
    build("CREATE SCHEMA marts", "CREATE TABLE marts.mart_sales AS SELECT sum(i) AS total FROM range(10) t(i)")
    (sales,) = engine.swap([SALES])
    assert pq.read_table(sales.files[0]).schema.field("total").type == pa.int64()
    assert pq.read_table(sales.files[0]).to_pylist() == [{"total": 45}]


def test_what_is_not_swapped_again_stays_and_what_is_not_kept_goes(engine, build):
    make(build)
    engine.swap([SALES, EMPTY])
    make(build, day=2)
    engine.swap([SALES])
    assert {(d.relation, d.rows) for d in engine.published()} == {("marts.mart_sales", 6), ("marts.mart_empty", 0)}
    engine.swap([SALES], keep=["marts.mart_sales"])
    assert [d.relation for d in engine.published()] == ["marts.mart_sales"]
    assert outside(engine, "SELECT view_name FROM duckdb_views() WHERE NOT internal") == [("mart_sales",)]


def test_the_previous_versions_stay_and_older_ones_go(engine, build):
    make(build)
    files = [Path(engine.swap([SALES])[0].files[0]) for _ in range(3)]
    theirs = files[0].with_name("notes.parquet")
    theirs.write_text("not ours")
    files.append(Path(engine.swap([SALES])[0].files[0]))
    assert [file.exists() for file in files] == [False, False, True, True]
    assert theirs.exists()
    assert [path.name for path in engine._context.warehouse.glob(".*")] == []


def test_a_relation_that_cannot_be_read_stops_the_whole_swap(engine, build):
    make(build)
    engine.swap([SALES])
    make(build, day=2)
    build("CREATE VIEW marts.mart_bad AS SELECT ('secret' || id)::INT AS x FROM marts.mart_sales")
    for name, said in (("mart_bad", "ConversionException"), ("mart_none", "Table with name mart_none does not exist")):
        with pytest.raises(TransformError, match=rf"(?s)marts\.{name} cannot be|{said}") as caught:
            engine.swap([SALES, Dataset(name, "marts", (), 0)])
        assert said in str(caught.value)
        assert "secret" not in str(caught.value)
    assert outside(engine, "SELECT count(*) FROM marts.mart_sales") == [(3,)]


def test_another_target_does_not_take_over_a_warehouse(engine, build, root):
    make(build)
    engine.swap([SALES])
    other = DuckDBEngine(EngineContext("dev", None, root, root / ".lakesmith" / "build", root / "warehouse"))
    engine.build_file.rename(other.build_file)
    with pytest.raises(ConfigError, match="belongs to the target 'local'"):
        other.swap([SALES])


READER = """
import duckdb, sys
connection = duckdb.connect(sys.argv[1], read_only=True)
for _ in sys.stdin:
    print(connection.sql("SELECT count(*) FROM marts.mart_sales").fetchall()[0][0], flush=True)
"""


def test_a_reader_with_the_old_file_open_neither_fails_nor_is_disturbed(engine, build):
    make(build)
    engine.swap([SALES])
    command = [sys.executable, "-c", READER, str(engine._context.warehouse / "local.duckdb")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as reader:
        assert reader.stdin
        assert reader.stdout

        def ask() -> int:
            print("count", file=reader.stdin, flush=True)
            return int(reader.stdout.readline())

        assert ask() == 3
        make(build, day=2)
        engine.swap([SALES])
        assert ask() == 3
        assert outside(engine, "SELECT count(*) FROM marts.mart_sales") == [(6,)]
        reader.communicate()


EAGER = """
import duckdb, sys, threading
threading.Thread(target=lambda: (sys.stdin.read(), done.append(1)), daemon=True).start()
done, seen = [], []
while not done:
    with duckdb.connect(sys.argv[1], read_only=True) as connection:
        rows = connection.sql("SELECT max(day), count(*), (SELECT max(day) FROM marts.mart_copy) FROM marts.mart_sales").fetchall()
    if not seen:
        print("started", flush=True)
    seen.append(rows[0])
print(sorted(set(seen)))
"""


@pytest.mark.long
def test_readers_that_keep_coming_see_whole_sets_only(engine, build):
    copy = Dataset("mart_copy", "marts", (), 0)
    for day in (1, 2, 3, 4):
        make(build, day)
        build("CREATE OR REPLACE TABLE marts.mart_copy AS FROM marts.mart_sales")
        engine.swap([SALES, copy])
        if day == 1:
            command = [sys.executable, "-c", EAGER, str(engine._context.warehouse / "local.duckdb")]
            reader = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            assert reader.stdout
            assert reader.stdout.readline() == "started\n"
    said, _ = reader.communicate()
    assert reader.returncode == 0
    seen = ast.literal_eval(said)
    assert set(seen) <= {(day, day * 3, day) for day in (1, 2, 3, 4)}
    assert len(seen) > 1


SWAP = """
import sys, pathlib
from lakesmith.engines.duckdb import DuckDBEngine
from lakesmith.model.plans import Dataset, EngineContext
root = pathlib.Path(sys.argv[1])
engine = DuckDBEngine(EngineContext("local", None, root, root / ".lakesmith" / "build", root / "warehouse"))
engine.swap([Dataset("mart_sales", "marts", (), 0), Dataset("mart_empty", "marts", (), 0)])
"""


@pytest.mark.parametrize(
    ("point", "seen"),
    [
        pytest.param("swap.exported-one:2", 3, marks=pytest.mark.long),
        pytest.param("swap.views-built", 3, marks=pytest.mark.long),
        ("swap.committed", 6),
        pytest.param("swap.settled", 6, marks=pytest.mark.long),
    ],
)
def test_a_swap_that_is_killed_leaves_the_old_set_or_the_new(engine, build, root, point, seen):
    make(build)
    engine.swap([SALES, EMPTY])
    make(build, day=2)
    done = subprocess.run(
        [sys.executable, "-c", SWAP, str(root)], env={**os.environ, "LAKESMITH_CRASH": point}, check=False
    )
    assert done.returncode == -signal.SIGKILL
    with duckdb.connect(
        engine._context.warehouse / "local.duckdb", read_only=True
    ) as connection:  # before anything is mended
        left = connection.sql("SELECT count(*) FROM marts.mart_sales").fetchall()
    assert left == [(3 if point == "swap.committed" else seen,)]
    assert {d.relation: d.rows for d in engine.published()} == {"marts.mart_sales": seen, "marts.mart_empty": 0}
    assert outside(engine, "SELECT count(*) FROM marts.mart_sales") == [(seen,)]

    make(build, day=3)
    engine.swap([SALES, EMPTY])
    assert outside(engine, "SELECT count(*) FROM marts.mart_sales") == [(9,)]
    assert len(versions(engine)) == 4  # two data sets, this version and the one before
    assert [path.name for path in engine._context.warehouse.glob(".*")] == []


def test_the_idle_path_imports_no_duckdb(engine, build, root):
    make(build)
    engine.swap([SALES])
    code = (
        SWAP.rsplit("engine.swap", 1)[0]
        + "assert engine.published() and engine.read_manifest()\nprint('duckdb' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(root)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_a_damaged_manifest_is_named(engine):
    engine._context.warehouse.mkdir(parents=True)
    (engine._context.warehouse / "manifest.json").write_text('{"format": 9}')
    with pytest.raises(ConfigError, match=r"(?s)cannot be read.*manifest\.json.*remove that file"):
        engine.published()
