"""Resources of dlt in an environment of their own: exactly what they yield, and what is new by their own state."""

import json
import os
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

import lakesmith

PYTHON = Path(os.environ.get("LAKESMITH_TEST_WRAPPED", "missing")) / "python"
RESOURCE = """
import datetime as dt
import decimal
import json
from pathlib import Path

import dlt

print("what a resource prints is no message")


@dlt.source
def shop(file):
    @dlt.resource(primary_key="id", write_disposition="merge")
    def orders(newest=dlt.sources.incremental("id", initial_value=0)):
        for number in json.loads(Path(file).read_text()):
            if number >= newest.last_value:
                when = dt.datetime(2026, 1, 1, number % 24, tzinfo=dt.UTC)
                yield {
                    "id": number,
                    "price": decimal.Decimal("12345678901234567890.25"),
                    "paid_at": when,
                    "due": when.date(),
                }

    @dlt.resource
    def plans():
        yield [{"name": "a", "parts": [1, 2]}, {"name": "b", "parts": []}]

    return orders, plans
"""
"""A source of dlt with a cursor of its own, as people write them; read from the file that `file` names."""

pytestmark = pytest.mark.skipif(not PYTHON.exists(), reason="`make wrapped` installs it")


@pytest.fixture
def project(tmp_path):
    (tmp_path / "mine.py").write_text(RESOURCE)
    file = tmp_path / "numbers.json"
    file.write_text(json.dumps(list(range(1, 6))))
    source = {"type": "dlt", "python": str(PYTHON), "resource": "mine:shop", "config": {"file": str(file)}}
    streams = {"orders": {"mode": "append"}, "plans": {}}
    text = {"version": 1, "name": "acme", "sources": {"shop": {**source, "streams": streams}}}
    (tmp_path / "lakesmith.yml").write_text(json.dumps(text))
    return lakesmith.open(tmp_path)


def rows(project, stream):
    found = project._shop.lake.open_catalog().load_table(("shop", stream)).scan().to_arrow().to_pylist()
    return [{name: value for name, value in row.items() if not name.startswith("_ls_")} for row in found]


def order(number):
    when = datetime(2026, 1, 1, number % 24, tzinfo=UTC)
    return {"id": number, "price": "12345678901234567890.25", "paid_at": when, "due": date(2026, 1, 1)}


def test_what_is_new_and_nothing_twice(project, tmp_path):
    assert project.run().state == "succeeded"
    assert rows(project, "orders") == [order(number) for number in range(1, 6)]
    assert rows(project, "plans") == [{"name": "a", "parts": [1, 2]}, {"name": "b", "parts": []}]
    (tmp_path / "numbers.json").write_text(json.dumps(list(range(1, 9))))
    project.run()
    project.run()
    assert sorted(row["id"] for row in rows(project, "orders")) == list(range(1, 9))
    assert len(rows(project, "plans")) == 2


def test_check_names_keys_and_what_is_missing(project, tmp_path):
    found = {finding.subject: finding.text for finding in project.check()}
    assert (found["shop.orders"], found["shop.plans"]) == ("its key is id", "it has no key")
    (tmp_path / "mine.py").write_text("import no_such_module\n")
    told = [finding.text for finding in lakesmith.open(tmp_path).check() if finding.subject == "shop"]
    assert len(told) == 1
    assert "No module named 'no_such_module'" in told[0]
