"""Publications into a database as runs of a project make them."""

import shutil
from pathlib import Path

import psycopg
import pytest

import lakesmith
from lakesmith.model.events import DatasetPublished

pytestmark = [pytest.mark.slow, pytest.mark.long, pytest.mark.timeout(300)]
ACME = Path(__file__).parents[3] / "gallery" / "projects" / "acme"
PUBLISH = """publish:
  crm: {select: mart_sales, format: postgres, url: "${env:CRM_URL}", mode: upsert, key: country, delete_missing: true}
  all: {select: marts, format: postgres, url: "${env:CRM_URL}", table: "all_{name}"}
targets: {prod: {}, dev: {bronze: prod, sample: 1d}}
default_target: prod
"""


class Told:
    """Keeps what was published."""

    def __init__(self):
        self.seen = {}

    def record(self, event):
        if isinstance(event, DatasetPublished):
            self.seen[event.path.rpartition("/")[2]] = (event.rows, event.size_bytes > 0)


def run(root, target="prod", **order):
    told = Told()
    result = lakesmith.open(root, target=target).run(recorders=[told], **order)
    return result, told.seen


def test_marts_arrive_once_and_only_from_the_target_that_loads(postgres, tmp_path):
    url, root = postgres.database(), tmp_path / "acme"
    shutil.copytree(ACME, root)
    file = root / "lakesmith.yml"
    file.write_text(file.read_text().partition("publish:")[0] + PUBLISH)
    (root / ".env").write_text(f"CRM_URL={url}\n")

    def sales():
        with psycopg.connect(url) as connection:
            query = "select country, revenue::float8, orders from {} order by 1"
            return [connection.execute(query.format(name)).fetchall() for name in ("mart_sales", "all_mart_sales")]

    result, sent = run(root)
    assert result.ok, result
    assert sent == {
        "public.mart_sales": (3, True),
        "public.all_mart_sales": (3, True),
        "public.all_mart_countries": (3, True),
    }
    first = [("Austria", 140.49, 2), ("Norway", 80.0, 1), ("Portugal", 310.0, 1)]
    assert sales() == [first, first]
    assert lakesmith.open(root).plan() == ()
    result, sent = run(root, full_refresh=True)
    assert sent == {
        "public.mart_sales": (3, False),
        "public.all_mart_sales": (3, False),
        "public.all_mart_countries": (3, False),
    }
    (root / "data/orders/2026-10-09.csv").write_text(
        "order_id,customer_id,ordered_on,amount\nO77,C1,2026-10-09,50.00\n"
    )
    result, sent = run(root, target="dev")
    assert (result.ok, sent) == (True, {})
    result, sent = run(root)
    assert sent["public.mart_sales"] == (3, True)
    assert sales() == [[("Austria", 190.49, 3), *first[1:]]] * 2
    file.write_text(file.read_text().replace("all_{name}", "mart_sales"))
    result, sent = run(root)
    assert not result.ok
    assert any("would both be written to the same place" in error.what for _, error in result.outcome.errors)
