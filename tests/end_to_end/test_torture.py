"""Long: the whole company, killed at every pass of every point between build and reader. `make test-long` runs it."""

from __future__ import annotations

import polars as pl
import pytest
from e2e_company import Life

import lakesmith
from lakesmith.simulate import MART_COLUMNS, deliver
from lakesmith.simulate.proof import prove

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(1800),
    pytest.mark.long,  # two builds per kill
]
ONE_DATE = ("--date", "2026-10-01")
PASSES = (
    *(f"swap.exported-one:{number}" for number in range(1, len(MART_COLUMNS) + 1)),
    "swap.views-built:1",
    "swap.committed:1",
    "swap.settled:1",
    *(f"publish.{point}:{number}" for number in range(1, 8) for point in ("written", "moved")),
)
LANDED = ("swap.committed", "swap.settled", "publish.written", "publish.moved")


@pytest.fixture(scope="module")
def start(tmp_path_factory):
    """The company after day 1 with the files of day 2 in place, and a copy of it to begin from again."""
    life = Life(tmp_path_factory.mktemp("torture"))
    deliver(life.company, life.home.root, 1)
    life.home.run(*ONE_DATE)
    deliver(life.company, life.home.root, 2)
    return life, life.home.copy(life.root / "begin")


@pytest.fixture
def home(start):
    life, begin = start
    return begin.restore(life.home.root)


def read_table(home):
    def read(mart, columns):
        return lakesmith.open(home.root).table(mart).to_polars().select(columns).iter_rows()

    return read


def read_published(home):
    def read(mart, columns):
        files = home.root / "final" / f"table={mart}" / ONE_DATE[1] / "*.parquet"
        return pl.read_parquet(files, hive_partitioning=False).select(columns).iter_rows()

    return read


def holding(life, through, read):
    """Return the marts that equal the truth as of a day."""
    return {proof.mart for proof in prove(life.company, through, read) if proof.holds}


def test_these_are_all_the_points(home, tmp_path):
    log = tmp_path / "points"
    home.run(*ONE_DATE, env={"LAKESMITH_CRASH_LOG": str(log)})
    passed = [line for line in log.read_text().splitlines() if line.startswith(("swap.", "publish."))]
    assert sorted(passed) == sorted(PASSES)


@pytest.mark.parametrize("armed", PASSES)
def test_readers_have_one_day_or_the_other_and_the_next_run_ends_it(start, home, armed):
    life = start[0]
    home.run(*ONE_DATE, env={"LAKESMITH_CRASH": armed})
    assert holding(life, 2 if armed.startswith(LANDED) else 1, read_table(home)) == set(MART_COLUMNS)
    old, new = (holding(life, day, read_published(home)) for day in (1, 2))
    assert old | new == set(MART_COLUMNS)
    home.run(*ONE_DATE)
    assert holding(life, 2, read_table(home)) == holding(life, 2, read_published(home)) == set(MART_COLUMNS)
    assert home.run(*ONE_DATE).json()["state"] == "nothing_new"
