"""Two databases that people know arrive whole, every table and every value."""

import os
import subprocess
from pathlib import Path

import psycopg
import pytest
from lake_servers import _programs
from psycopg.rows import tuple_row

import lakesmith
from lakesmith.testing.contents import canonical_rows

DATA = Path(os.environ.get("LAKESMITH_TEST_DATA", Path(__file__).parents[4] / "shared" / "data")) / "postgres"
PROJECT = """version: 1
name: library
sources:
  library:
    type: postgres
    url: ${env:LIBRARY_URL}
    streams:
"""


@pytest.fixture
def restored(url, request):
    """A database made from a dump; return its address."""
    dump = DATA / f"{request.param}.sql"
    if not dump.is_file():
        pytest.skip("needs LAKESMITH_TEST_DATA")
    told = subprocess.run(
        [_programs() / "psql", url, "--quiet", "--set", "ON_ERROR_STOP=1", "--file", dump],
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 0, told.stderr[-2000:]
    return url


def tables_of(url):
    """Return the tables with their columns, in their order, and all rows, as the server tells them."""
    query = "select relname from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace order by 1"
    with psycopg.connect(url, row_factory=tuple_row) as session:
        session.execute("set timezone = 'UTC'")
        names = [name for (name,) in session.execute(query)]
        return {name: session.execute(f'select * from public."{name}"').fetchall() for name in names}


def bronze_of(project, stream):
    """Return the data columns of a table, as they lie in the lake."""
    table = project._shop.lake.open_catalog().load_table(("library", stream)).scan().to_arrow()
    return table.select([name for name in table.column_names if not name.startswith("_ls_")])


@pytest.mark.parametrize(
    ("restored", "count", "rows"),
    [pytest.param("chinook", 11, 15_607, marks=pytest.mark.long), ("netflix", 1, 8_807)],
    indirect=["restored"],
)
def test_every_table_arrives_whole(restored, count, rows, tmp_path):
    told = tables_of(restored)
    assert len(told) == count
    streams = {name: "t_" + name.lower() for name in told}
    lines = "".join(f"      {stream}: {{table: '\"{name}\"'}}\n" for name, stream in streams.items())
    (tmp_path / "lakesmith.yml").write_text(PROJECT + lines)
    (tmp_path / ".env").write_text(f"LIBRARY_URL={restored}\n")
    project = lakesmith.open(tmp_path)
    result = project.run()
    assert result.state == "succeeded", result.outcome.errors
    assert sum(load.counts.written for load in result.outcome.loads) == rows
    assert all(load.counts.holds and load.counts.proven for load in result.outcome.loads)
    for name, stream in streams.items():
        bronze = bronze_of(project, stream)
        oracle = [dict(zip(bronze.column_names, row, strict=True)) for row in told[name]]
        assert canonical_rows(bronze) == canonical_rows(oracle), name
