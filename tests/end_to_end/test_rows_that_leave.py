"""Rows that leave bronze leave silver and the marts: by `replace`, by a rollback, by a rebuild. Compared with what the files say."""

from __future__ import annotations

import csv
import shutil
from collections import Counter
from pathlib import Path

import pytest

import lakesmith

pytestmark = [pytest.mark.slow, pytest.mark.long, pytest.mark.timeout(600)]
PROJECT = """
version: 1
name: depot
sources:
  depot:
    type: files
    root: data
    streams:
      stock: {files: "stock/*.csv", key: item, mode: replace}
      crew: {files: crew.csv, key: name, mode: replace, history: true}
      visits: {files: "visits/{date}.csv"}
"""
MODELS = {
    "silver/items.sql": """
        {{ config(materialized='incremental', incremental_strategy='append') }}
        select item, kind, pieces, _ls_seq from {{ source('depot', 'stock') }}
        {% if is_incremental() %} where _ls_seq > (select max(_ls_seq) from {{ this }}) {% endif %}""",
    "silver/seen.sql": """
        {{ config(materialized='incremental', incremental_strategy='append') }}
        select visit, page, _ls_seq, '{{ invocation_id }}' as built_in from {{ source('depot', 'visits') }}
        {% if is_incremental() %} where _ls_seq > (select max(_ls_seq) from {{ this }}) {% endif %}""",
    "marts/mart_stock.sql": "select kind, cast(sum(pieces) as bigint) as pieces from {{ ref('items') }} group by all",
    "marts/mart_pages.sql": "select page, count(*) as visits from {{ ref('seen') }} group by all",
    "marts/mart_crew.sql": "select name, role from {{ ref('stg_depot__crew') }}",
}


class Depot:
    """The project, and what its marts have to say, counted from the files alone."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def put(self, name: str, *lines: str) -> None:
        file = self.root / "data" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("\n".join((*lines, "")))

    def open(self) -> lakesmith.Project:
        return lakesmith.open(self.root)

    def run(self):
        result = self.open().run()
        assert result.ok, result.outcome.errors
        return result

    def read(self, pattern: str) -> list[dict[str, str]]:
        return [row for file in sorted((self.root / "data").glob(pattern)) for row in csv.DictReader(file.open())]

    def truth(self, visits: str = "visits/*.csv") -> dict[str, dict[str, object]]:
        stock: Counter[str] = Counter()
        for row in self.read("stock/*.csv"):
            stock[row["kind"]] += int(row["pieces"])
        return {
            "mart_stock": dict(stock),
            "mart_pages": dict(Counter(row["page"] for row in self.read(visits))),
            "mart_crew": {row["name"]: row["role"] for row in self.read("crew.csv")},
        }

    def marts(self) -> dict[str, dict[str, object]]:
        project = self.open()
        tables = {
            name: project.table(f"marts.{name}").to_arrow().to_pylist()
            for name in ("mart_stock", "mart_pages", "mart_crew")
        }
        return {name: dict(tuple(row.values()) for row in rows) for name, rows in tables.items()}

    def builds_of_seen(self) -> int:
        """How many builds the rows of the model beside come from: one more with each load, one in all after a full refresh."""
        sql = "select count(distinct built_in) as builds from silver.seen"
        return self.open().query(sql, build=True).read_all().to_pylist()[0]["builds"]


@pytest.fixture(scope="module")
def depot(tmp_path_factory):
    root = tmp_path_factory.mktemp("depot") / "depot"
    shutil.copytree(lakesmith.__path__[0] + "/project/templates/empty", root)
    (root / "lakesmith.yml").write_text(PROJECT)
    depot = Depot(root)
    depot.put("stock/a.csv", "item,kind,pieces", "1,bolt,10", "2,nut,20", "3,bolt,5")
    depot.put("stock/b.csv", "item,kind,pieces", "4,screw,7")
    depot.put("crew.csv", "name,role", "Ada,lead", "Bo,driver", "Cy,clerk")
    depot.put("visits/2026-10-01.csv", "visit,page", "1,home", "2,stock")
    depot.run()
    depot.open().scaffold()
    for name, text in MODELS.items():
        file = root / "models" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    depot.run()
    assert depot.marts() == depot.truth()
    return depot


def test_rows_leave_step_by_step(depot):
    """One story, for every build takes seconds: what the files say now is what the marts say, after each step."""
    depot.put("visits/2026-10-02.csv", "visit,page", "3,home", "4,home")
    depot.put("stock/a.csv", "item,kind,pieces", "1,bolt,10", "3,bolt,6")  # 2 vanished, 3 changed
    (depot.root / "data/stock/b.csv").unlink()  # a whole file vanished
    depot.put("crew.csv", "name,role", "Ada,lead", "Cy,driver")  # Bo left
    result = depot.run()
    assert depot.marts() == depot.truth()
    loads = {str(load.stream): load for load in result.outcome.loads}
    assert loads["depot.stock"].commits[-1].kind == "swap"
    assert loads["depot.crew"].counts.derived == 1
    assert all(load.counts.holds for load in loads.values())
    assert depot.builds_of_seen() == 2, "what does not depend on the swapped table goes on from where it was"

    assert depot.open().run().state == "nothing_new"

    project = depot.open()
    [back] = project.plan_rollback("depot.visits")
    assert project.rollback([back]).ok
    assert depot.marts() == depot.truth(visits="visits/2026-10-01.csv")

    depot.run()  # the file is still there, and comes again
    assert depot.marts() == depot.truth()

    depot.put("visits/2026-10-01.csv", "visit,page", "1,start", "2,stock")  # mended at the source
    assert depot.open().rebuild("depot.visits").ok
    assert depot.marts() == depot.truth()
    assert depot.open().run().state == "nothing_new"
    versions = depot.open().versions("depot.visits")
    assert [(v.kind, v.state) for v in versions][:2] == [("swap", "in force"), ("load", "replaced")]

    assert depot.open().rollback("depot.visits").ok  # undoes the rebuild
    pages = depot.marts()["mart_pages"]
    assert pages == {"home": 3, "stock": 1}
