"""`sample:`: a target that builds from the newest part of bronze only, without loading."""

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

import lakesmith
from lakesmith.engines.duckdb.attach import select
from lakesmith.host import Host
from lakesmith.model.loads import BronzeSnapshot
from lakesmith.model.streams import StreamId
from lakesmith.project import load_project
from lakesmith.run.sampling import sampled
from lakesmith.run.workshop import Workshop

PROJECT = """
version: 1
name: shop
default_target: prod
sources: {{shop: {{type: files, root: data, streams: {{orders: {{files: "o*.csv"}}, cities: {{files: "c*.csv"}}}}}}}}
targets: {{prod: {{engine: duckdb}}, dev: {{engine: duckdb, bronze: prod, sample: {sample}}}}}
"""
START = datetime(2026, 1, 1, 6, tzinfo=UTC)


class Calendar:
    """A clock that stands on a day until it is moved."""

    def __init__(self):
        self.day = 0

    def now(self):
        return START + timedelta(days=self.day)

    def steady_s(self):
        return 0.0

    def sleep(self, seconds):
        del seconds


@pytest.fixture
def shop(tmp_path):
    """Orders of five weeks, loaded weekly; cities loaded once."""
    root, host = tmp_path / "shop", Host(clock=Calendar())
    shutil.copytree(Path(lakesmith.__file__).parent / "project/templates/empty", root)
    shutil.rmtree(root / "models", ignore_errors=True)
    (root / "lakesmith.yml").write_text(PROJECT.format(sample="2w"))
    (root / "data").mkdir()
    (root / "data/c.csv").write_text("city\nLyon\n")
    for week in range(5):
        host.clock.day = 7 * week
        (root / f"data/o{week}.csv").write_text(f"id\n{week}\n")
        lakesmith.open(root, host=host).run()
    return root, host


def seen(root, host, table="orders"):
    config = load_project(root, host=host)
    dev = Workshop(config, config.target("dev"), host)
    tables = [dev.lake.table(stream).snapshot() for stream in dev.lake.streams()]
    found = next(one for one in sampled(dev, tables) if one.stream.name == table)
    return [row[0] for row in duckdb.sql(f"select * from ({select(found)}) order by 1").fetchall()]


@pytest.mark.timeout(120)
def test_what_is_shown_is_what_was_loaded_up_to_so_long_before_the_newest_load(shop):
    root, host = shop
    assert seen(root, host) == [2, 3, 4]  # 14 days before day 28, that day included
    assert seen(root, host, "cities") == ["Lyon"]  # loaded long ago, and whole
    host.clock.day += 300
    assert seen(root, host) == [2, 3, 4]  # time alone changes nothing
    (root / "lakesmith.yml").write_text(PROJECT.format(sample="1w"))
    assert seen(root, host) == [3, 4]
    (root / "lakesmith.yml").write_text(PROJECT.format(sample="520w"))
    assert seen(root, host) == list(range(5))


def test_a_table_without_rows_is_shown_without_rows():
    empty = BronzeSnapshot(StreamId("a", "b"), None, (), (), since=START)
    assert "WHERE false" in select(empty)


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.timeout(240)
def test_a_sampled_target_builds_its_part_anew_when_the_sample_changes_and_loads_nothing(shop):
    root, host = shop
    lakesmith.open(root, host=host).scaffold()
    lakesmith.open(root, host=host).run()
    (root / "data/o99.csv").write_text("id\n99\n")

    def orders(target):
        project = lakesmith.open(root, target=target, host=host)
        result = project.run()
        assert result.ok, result
        return sorted(
            row["id"] for row in project.query("select id from silver.stg_shop__orders").read_all().to_pylist()
        )

    assert orders("dev") == [2, 3, 4]
    assert lakesmith.open(root, target="dev", host=host).plan() == ()
    (root / "lakesmith.yml").write_text(PROJECT.format(sample="1w"))
    assert [s.reason for s in lakesmith.open(root, target="dev", host=host).plan() if s.name == "build"] == [
        "the target's sample changed"
    ]
    assert orders("dev") == [3, 4]
    (root / "lakesmith.yml").write_text(PROJECT.format(sample="2w"))
    assert orders("dev") == [2, 3, 4]
    assert orders("prod") == [*range(5), 99]
