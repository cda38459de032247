"""`lakesmith costs` over a record whose costs are known."""

from __future__ import annotations

import csv
import io
import json
import sys
from decimal import Decimal
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import insert

from lakesmith.cli.main import cli
from lakesmith.errors import UsageError
from lakesmith.monitor import tables
from lakesmith.monitor.writing import stamp

sys.path.insert(0, str(Path(__file__).parents[1] / "monitor" / "exports"))

from recorded_runs import NOON, Record

PROJECT = """version: 1
name: acme
monitor:
  prices: {currency: EUR, cpu_hour: 0.36, gb_scanned: 5}
  tables: {"shop.*": {owner: commerce}}
"""
DAYS = ("--since", "2026-10-01", "--until", "2026-10-01")


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "lakesmith.yml").write_text(PROJECT)
    with Record(tmp_path) as record:
        record.run(1, {"shop.orders": (1_000, 0), "crm.people": (0, 0)}, target="local")
        hostile = {"run_id": "run-1", "step": "build", "subject": "=cmd()", "resource": "cpu", "quantity": 0.25}
        with record.store.engine.begin() as connection:
            connection.execute(insert(tables.cost), [{**hostile, "unit": "s", "seen_at": stamp(NOON)}])
    return tmp_path


def call(folder, *words):
    done = CliRunner().invoke(cli, ["costs", "--project", str(folder), *words], standalone_mode=False)
    if done.exception:
        raise done.exception
    return done.output


def test_owners_pay_for_their_tables(folder):
    facts = json.loads(call(folder, "--by", "owner", "--json", *DAYS))
    lines = {line["name"]: line for line in facts["lines"]}
    assert (facts["since"], facts["until"]) == ("2026-10-01", "2026-10-01")
    assert lines["commerce"]["amounts"] == {"EUR": 0.00065}
    assert lines["commerce"]["per_million_rows"] == {"EUR": 0.65}
    assert lines["nobody"]["cpu_s"] == 1.75
    assert (lines["idle"]["waiting_s"], lines["idle"]["is_priced"]) == (117.5, False)


def test_a_table_says_it_for_people(folder):
    shown = call(folder, *DAYS)
    assert "shop.orders" in shown
    assert "(idle)" in shown
    assert "Some of it has no price" in shown


def test_the_sheet_adds_up_and_runs_nothing(folder):
    rows = list(csv.DictReader(io.StringIO(call(folder, "--csv", *DAYS), newline="")))
    assert "'=cmd()" in {row["ResourceId"] for row in rows}
    assert not [cell for row in rows for cell in row.values() if cell.startswith(("=", "+", "-", "@"))]
    facts = json.loads(call(folder, "--json", *DAYS))
    total = sum(Decimal(str(line["amounts"].get("EUR", 0))) for line in facts["lines"])
    assert sum(Decimal(row["BilledCost"]) for row in rows if row["BilledCost"]) == total
    tags = [json.loads(row["Tags"]) for row in rows]
    assert {one["kind"] for one in tags} == {"work", "idle"}
    assert {one.get("owner") for one in tags if one["kind"] == "work"} == {"commerce", "nobody"}


def test_other_days_have_nothing(folder):
    assert "No run that ended" in call(folder, "--since", "2026-10-02", "--until", "2026-10-03")


def test_days_the_wrong_way_round_are_refused(folder):
    with pytest.raises(UsageError, match="after the last"):
        call(folder, "--since", "2026-10-02", "--until", "2026-10-01")


def test_a_price_needs_a_currency(folder):
    file = folder / "lakesmith.yml"
    file.write_text(PROJECT.replace("currency: EUR, ", ""))
    with pytest.raises(Exception, match=r"lakesmith\.yml:4.*needs a `currency`"):
        call(folder, *DAYS)
