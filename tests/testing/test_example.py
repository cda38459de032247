"""A connector from outside: installed through its entry point, it passes the contract suite and loads from the command line."""

import contextlib
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tomllib
import zipfile
from decimal import Decimal
from pathlib import Path

import pytest
from installing import install

from lakesmith.host import Host
from lakesmith.lake import Lake
from lakesmith.model.streams import StreamId
from lakesmith.testing import canonical_hash, canonical_rows

EXAMPLE = Path(__file__).parents[2] / "examples" / "lakesmith-sqlite"
LAKESMITH = ["-c", "from lakesmith.cli.main import main; main()"]
PROJECT = """version: 1
name: shop
sources:
  shop:
    type: sqlite
    path: data/shop.db
    streams:
      orders: {mode: dedupe, key: id, batch_rows: 30}
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    install(EXAMPLE, folder)
    return folder


def run(site, arguments, folder):
    env = {**os.environ, "PYTHONPATH": str(site)}
    return subprocess.run(
        [sys.executable, *arguments], cwd=folder, env=env, capture_output=True, text=True, check=False
    )


@pytest.mark.long
def test_its_own_tests_pass_against_the_installed_package(site, tmp_path):
    shutil.copytree(EXAMPLE / "tests", tmp_path / "tests")
    done = run(site, ["-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", ".", "tests"], tmp_path)
    assert done.returncode == 0, done.stdout
    assert "19 passed" in done.stdout


@pytest.mark.long
def test_it_loads_from_the_command_line(site, tmp_path):
    (tmp_path / "lakesmith.yml").write_text(PROJECT)
    (tmp_path / "data").mkdir()
    rows = sell(tmp_path, range(1, 101))
    first = lakesmith(site, tmp_path, "run")
    assert facts(first) == ("succeeded", 100, 86, 14, True)
    assert lakesmith(site, tmp_path, "run")["state"] == "nothing_new"
    rows += sell(tmp_path, range(101, 151))
    assert facts(lakesmith(site, tmp_path, "run")) == ("succeeded", 50, 43, 7, True)
    bronze = Lake(tmp_path / "lake", Host()).open_catalog().load_table(("shop", "orders")).scan().to_arrow()
    assert canonical_rows(bronze) == canonical_rows(rows)
    assert canonical_hash(bronze) == canonical_hash(rows)
    waiting = list(Lake(tmp_path / "lake", Host()).table(StreamId("shop", "orders")).quarantined())
    assert sorted(row.where for row in waiting) == sorted(f"orders, rowid {key}" for key in range(7, 151, 7))


def test_a_fault_in_its_options_has_a_line(site, tmp_path):
    (tmp_path / "lakesmith.yml").write_text(PROJECT.replace("batch_rows: 30", "batch_row: 30"))
    done = run(site, [*LAKESMITH, "check"], tmp_path)
    assert done.returncode == 2
    assert (
        'lakesmith.yml:8: sources.shop.streams.orders: unknown key "batch_row", did you mean "batch_rows"?'
        in done.stdout + done.stderr
    )


def test_its_wheel_holds_what_was_installed(site, tmp_path):
    build = pytest.importorskip("hatchling.build")
    shutil.copytree(EXAMPLE, tmp_path / "package", ignore=shutil.ignore_patterns("__pycache__"))
    with contextlib.chdir(tmp_path / "package"):
        built_wheel = tmp_path / build.build_wheel(str(tmp_path))
    with zipfile.ZipFile(built_wheel) as wheel:
        assert {path.relative_to(site).as_posix() for path in site.rglob("*.py")} == {
            name for name in wheel.namelist() if name.endswith(".py")
        }
        built = wheel.read("lakesmith_sqlite-0.1.0.dist-info/entry_points.txt").decode()
    assert built.split() == (site / "lakesmith_sqlite-0.1.0.dist-info/entry_points.txt").read_text().split()


def test_it_needs_only_what_lakesmith_brings():
    needs = {
        name.split(">")[0]
        for name in tomllib.loads((EXAMPLE / "pyproject.toml").read_text())["project"]["dependencies"]
    }
    ours = tomllib.loads((EXAMPLE.parents[1] / "pyproject.toml").read_text())["project"]["dependencies"]
    assert needs - {"lakesmith"} <= {name.split(">")[0] for name in ours}


def lakesmith(site, folder, command):
    done = run(site, [*LAKESMITH, command, "--json"], folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def facts(result):
    (load,) = result["loads"]
    return result["state"], load["read"], load["written"], load["quarantined"], load["proven"]


def sell(folder, keys):
    """Insert orders, every seventh with a price that is none; return those that are sound."""
    with contextlib.closing(sqlite3.connect(folder / "data" / "shop.db")) as connection, connection:
        connection.execute(
            "create table if not exists orders (id integer primary key, price numeric(10, 2), name text)"
        )
        orders = [(key, key / 4 if key % 7 else "cheap", f"näme {key}") for key in keys]
        connection.executemany("insert into orders values (?, ?, ?)", orders)
    return [{"id": key, "price": Decimal(key) / 4, "name": name} for key, price, name in orders if price != "cheap"]
