"""Silver follows bronze when bronze, or the scaffold's own model, is no longer what silver was built from."""

import shutil

import pytest

import lakesmith

pytestmark = [pytest.mark.slow, pytest.mark.long, pytest.mark.timeout(300)]
PROJECT = """
version: 1
name: shop
sources:
  shop: {type: files, root: data, streams: {orders: {files: "*.csv"}}}
publish:
  none: {select: stg_shop__orders, format: csv, path: "final/{name}/"}
  one: {select: mart_near, format: parquet, path: final/same/}
  two: {select: mart_far, format: parquet, path: final/same/}
  good: {select: mart_far, format: csv, path: "final/{name}/"}
"""
FAR = "select date '9999-12-31' + 400 as day, 1.5::double as amount, order_id from {{ ref('stg_shop__orders') }}"


class Shop:
    """A project whose silver is built by the scaffold's incremental model."""

    def __init__(self, root):
        self.root = root

    def put(self, name, *ids):
        (self.root / "data").mkdir(exist_ok=True)
        (self.root / "data" / name).write_text("\n".join(["order_id", *map(str, ids), ""]))

    def run(self):
        return lakesmith.open(self.root).run()

    def silver(self):
        sql = "select order_id from silver.stg_shop__orders"
        found = lakesmith.open(self.root).query(sql, build=True).read_all().to_pylist()
        return sorted(row["order_id"] if row["order_id"] is not None else -1 for row in found)


@pytest.fixture(scope="module")
def first(tmp_path_factory):
    """The shop after two loads, and its catalog as it was after the first."""
    root = tmp_path_factory.mktemp("shop") / "shop"
    template = lakesmith.__path__[0] + "/project/templates/empty"
    shutil.copytree(template, root)
    (root / "lakesmith.yml").write_text(PROJECT)
    shop = Shop(root)
    shop.put("5.csv", 5, 6)
    shop.run()
    shop.backup = {file.name: file.read_bytes() for file in (root / "lake").glob("catalog.db*")}
    lakesmith.open(root).scaffold()
    (root / "models/marts/mart_far.sql").write_text(FAR)
    (root / "models/marts/mart_near.sql").write_text("select order_id from {{ ref('stg_shop__orders') }}")
    shop.put("6.csv", 7)
    shop.ran = shop.run()
    assert shop.silver() == [5, 6, 7]
    return shop


def test_two_publish_entries_never_write_over_each_other(first):
    told = {step: error.what for step, error in first.ran.outcome.errors}
    assert told.keys() == {"publish:none", "publish:one", "publish:two"}
    assert "would both be written to the same place" in told["publish:one"]
    assert not (first.root / "final/same").exists()
    assert (first.root / "final/mart_far/mart_far.csv").is_file()


def test_a_publish_entry_that_publishes_nothing_says_so(first):
    told = dict(first.ran.outcome.errors)
    assert (
        told["publish:none"].what
        == "`stg_shop__orders` selects nothing that readers can open, so nothing was published."
    )


def test_a_mart_with_a_day_that_python_does_not_know_is_on_the_page(first):
    assert first.ran.page is not None
    assert "mart_far" in first.ran.page.read_text()


def test_a_catalog_restored_from_before_hides_no_row_from_silver(first):
    for file in (first.root / "lake").glob("catalog.db*"):
        file.unlink()
    for name, content in first.backup.items():
        (first.root / "lake" / name).write_bytes(content)
    first.put("1.csv", 100)  # read before 6.csv, so that it takes the `_ls_seq` that silver knows as 7
    first.run()
    assert first.silver() == [5, 6, 7, 100]


def test_a_lake_made_anew_hides_no_row_from_silver(first):
    shutil.rmtree(first.root / "lake")
    first.put("2.csv", 101)
    first.run()
    assert first.silver() == [5, 6, 7, 100, 101]
    first.put("3.csv", 102)
    first.run()
    assert first.silver() == [5, 6, 7, 100, 101, 102]


def test_values_beside_their_column_are_read_back_exactly_once_the_scaffold_knows_of_them(first):
    first.put("9.csv", "8.0", "9.5", "late")
    first.run()
    lakesmith.open(first.root).scaffold()
    first.run()
    assert first.silver() == [-1, -1, 5, 6, 7, 8, 100, 101, 102]
