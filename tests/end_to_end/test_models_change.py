"""A small shop whose models are edited, whose data goes bad, and whose runs are killed between build and reader."""

from __future__ import annotations

import duckdb
import polars as pl
import pytest
from e2e_home import Home

import lakesmith

pytestmark = [pytest.mark.slow, pytest.mark.long, pytest.mark.timeout(300)]
ON = ("--date", "2026-10-01")
DAYS = "models/marts/mart_days.sql"
COUNTRIES = [("NL", 15, 2), ("SE", 20, 1)]
MORE = "order_id,customer_id,ordered_on,amount\nO4,C2,2026-10-02,7\nO5,C1,2026-10-02,1\n"
BAD = "order_id,customer_id,ordered_on,amount\nO6,C2,2026-10-03,-100\n"


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The shop after its first run, and a copy of it to begin from again."""
    folder = tmp_path_factory.mktemp("shop")
    home = Home.like("shop", folder / "shop")
    home.run(*ON)
    return home, home.copy(folder / "begin")


@pytest.fixture
def shop(built):
    home, begin = built
    return begin.restore(home.root)


def rows(home, mart):
    """Return what the Python API reads."""
    return texts_first(lakesmith.open(home.root).table(mart).to_polars().iter_rows())


def texts_first(rows):
    return sorted((str(row[0]), *row[1:]) for row in rows)


def view_rows(home, mart):
    with duckdb.connect(home.root / "warehouse" / "local.duckdb", read_only=True) as connection:
        found = connection.sql(f"from marts.{mart}").fetchall()
    return texts_first(found)


def published_rows(home, mart):
    frame = pl.read_parquet(home.root / "final" / f"table={mart}" / "2026-10-01" / "*.parquet", hive_partitioning=False)
    return texts_first(frame.iter_rows())


def test_an_edited_model_is_built_and_swapped_without_loading_and_so_is_the_way_back(shop):
    before, metadata = shop.versions(), shop.metadata()
    shop.edit(DAYS, "sum(amount)", "max(amount)")
    edited = shop.run(*ON)
    assert edited.json()["steps"].keys() >= {"attach", "build", "swap", "publish:tables"}
    assert edited.loaded() == {}
    assert rows(shop, "mart_days") == published_rows(shop, "mart_days") == [("2026-10-01", 20, 3)]
    shop.edit(DAYS, "max(amount)", "sum(amount)")
    undone = shop.run(*ON)
    assert undone.json()["state"] == "succeeded"
    assert rows(shop, "mart_days") == published_rows(shop, "mart_days") == [("2026-10-01", 35, 3)]
    assert shop.versions()["mart_days"] != before["mart_days"]
    assert shop.metadata() == metadata
    assert shop.run().json()["state"] == "nothing_new"


def test_a_failing_test_keeps_the_last_good_version_of_its_mart_and_its_siblings_move(shop):
    (shop.root / "data/orders/2026-10-03.csv").write_text(BAD)
    versions = shop.versions()
    ran = shop.lakesmith("run", "--json", *ON)
    told = ran.json()
    assert ran.code == 1
    assert not told["ok"]
    assert [error["error"] for error in told["errors"]] == ["TransformError"]
    assert rows(shop, "mart_days") == view_rows(shop, "mart_days") == [("2026-10-01", 35, 3)]
    assert shop.versions()["mart_days"] == versions["mart_days"]
    assert rows(shop, "mart_countries") == published_rows(shop, "mart_countries") == [("NL", 15, 2), ("SE", -80, 2)]
    assert "the last build did not end well" in shop.lakesmith("plan").out, (
        "what is broken stays due until it is mended"
    )


def test_a_run_killed_again_and_again_between_build_and_reader_shows_old_or_new_and_ends_whole(shop):
    (shop.root / "data/orders/2026-10-02.csv").write_text(MORE)
    old, new = [("2026-10-01", 35, 3)], [("2026-10-01", 35, 3), ("2026-10-02", 8, 2)]
    seen = {}
    for armed in (
        "swap.exported-one",
        "swap.views-built",
        "swap.committed",
        "publish.written:2",
        "publish.moved",
    ):
        shop.run(*ON, env={"LAKESMITH_CRASH": armed})
        seen[armed] = (rows(shop, "mart_days"), published_rows(shop, "mart_days"))
        assert rows(shop, "mart_countries") == (COUNTRIES if seen[armed][0] == old else [("NL", 16, 3), ("SE", 27, 2)])
    assert seen == {
        "swap.exported-one": (old, old),
        "swap.views-built": (old, old),
        "swap.committed": (new, old),
        "publish.written:2": (new, old),
        "publish.moved": (new, old),
    }
    shop.run(*ON)
    assert rows(shop, "mart_days") == view_rows(shop, "mart_days") == published_rows(shop, "mart_days") == new
    assert shop.run().json()["state"] == "nothing_new"


def test_from_an_empty_template_to_staging_models(tmp_path):
    made = Home(tmp_path).lakesmith("init", "new", "--template", "empty")
    assert made.code == 0, made.err
    home = Home(tmp_path / "new")
    (home.root / "data").mkdir(exist_ok=True)
    (home.root / "data" / "people.csv").write_text("person_id,name\n1,Ada\n2,Bo\n")
    with (home.root / "lakesmith.yml").open("a") as file:
        file.write(
            "sources:\n  crm:\n    type: files\n    streams:\n"
            "      people: {files: data/people.csv, key: person_id, mode: dedupe}\n"
        )
    assert home.run().loaded() == {"crm.people": 2}
    scaffolded = home.lakesmith("scaffold")
    assert scaffolded.code == 0, scaffolded.err
    assert (home.root / "models/silver/crm/stg_crm__people.sql").is_file()
    assert home.run().json()["state"] == "succeeded"
    found = home.lakesmith("query", "--build", "--json", "select name from silver.stg_crm__people order by 1")
    assert found.code == 0, found.err
    assert [name for name in ("Ada", "Bo") if name in found.out] == ["Ada", "Bo"]
