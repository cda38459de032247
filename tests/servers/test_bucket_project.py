"""A whole project on a bucket and PostgreSQL: load, dbt, publish, a second run that finds nothing, doctor, move."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

ACME = Path(__file__).parents[1] / "gallery" / "projects" / "acme"
HEAVY = {"pyiceberg", "polars", "duckdb", "dbt"}
TARGETS = """
targets:
  prod:
    lake: s3://{bucket}/bronze
    catalog: ${{env:CATALOG_URL}}
    storage: {{endpoint: "{endpoint}", region: us-east-1, access_key: "${{env:BUCKET_KEY}}", secret_key: "${{env:BUCKET_SECRET}}"}}
default_target: {default}
"""


@pytest.fixture
def acme(tmp_path, objects, postgres):
    """A project folder, and the environment its commands run in."""

    def make(default):
        root = tmp_path / "acme"
        shutil.copytree(ACME, root)
        text = TARGETS.format(bucket=objects.bucket(), endpoint=objects.endpoint, default=default)
        with (root / "lakesmith.yml").open("a") as file:
            file.write(text)
        keys = {"BUCKET_KEY": "the-key-id", "BUCKET_SECRET": "the-s3cret"}
        return root, {**os.environ, **keys, "CATALOG_URL": postgres.database()}

    return make


def lakesmith(place, *arguments, code=0):
    root, environ = place
    program = (
        "import sys; from lakesmith.cli.main import main\n"
        "try: main(sys.argv[1:])\n"
        "except SystemExit as end: code = end.code or 0\n"
        "print('loaded:', *sorted({name.partition('.')[0] for name in sys.modules}), file=sys.stderr); sys.exit(code)"
    )
    command = [sys.executable, "-W", "ignore", "-c", program, *arguments]
    done = subprocess.run(command, cwd=root, env=environ, capture_output=True, text=True, timeout=150, check=False)
    assert done.returncode == code, done.stdout + done.stderr
    assert not re.search("the-s3cret|pass-word", done.stdout + done.stderr)
    return done.stdout, set(done.stderr.rpartition("loaded:")[2].split())


@pytest.mark.long
def test_a_second_run_finds_nothing_new_and_imports_nothing_heavy(acme):
    place = root, _ = acme("prod")
    (root / "dbt_project.yml").unlink()
    out, _ = lakesmith(place, "run")
    assert re.search(r"load +shop\.orders.*4 read = 4 written", out)
    assert not (root / "lake").exists()
    out, loaded = lakesmith(place, "run")
    assert "Nothing new since" in out
    assert not loaded & HEAVY
    assert "psycopg" in loaded


@pytest.mark.long
def test_a_project_runs_on_a_bucket(acme):
    place = root, _ = acme("prod")
    out, _ = lakesmith(place, "run")
    assert re.search(r"load +shop\.orders.*4 read = 4 written", out)
    assert "publish 2 tables" in out
    sales = duckdb.sql(f"SELECT * FROM '{root}/final/mart_sales/*.parquet' ORDER BY ALL").fetchall()
    assert len(sales) > 0
    for file in (path for path in root.rglob("*") if path.is_file()):
        assert not re.search(rb"the-s3cret|pass-word", file.read_bytes()), file


@pytest.mark.long
def test_a_project_moves_from_its_folder_to_a_bucket(acme):
    place = root, _ = acme("local")
    lakesmith(place, "run")
    before = duckdb.sql(f"SELECT * FROM '{root}/final/mart_sales/*.parquet' ORDER BY ALL").fetchall()
    out, _ = lakesmith(place, "lake", "move", "--to", "prod")
    assert "2 tables with 7 rows are in the new place" in out
    lakesmith(place, "run", code=2)
    (root / "data/orders/2026-10-02.csv").write_text(
        (root / "data/orders/2026-10-01.csv").read_text().splitlines()[0] + "\n"
    )
    lakesmith(place, "run", "--target", "prod")
    assert duckdb.sql(f"SELECT * FROM '{root}/final/mart_sales/*.parquet' ORDER BY ALL").fetchall() == before
    out, _ = lakesmith(place, "query", "--target", "prod", "--build", "SELECT count(*) AS n FROM bronze_shop.orders")
    assert re.search(r"\b4\b", out)
