"""Costs, compared with sums that are worked out here from what was recorded."""

from __future__ import annotations

import csv
import io
import sys
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert, text

from lakesmith.monitor import tables
from lakesmith.monitor.exports.costs import FOCUS, charges, focus, lines_of, prices_of
from lakesmith.monitor.exports.sheets import FORMULA, harmless, lines
from lakesmith.monitor.writing import stamp

sys.path.insert(0, str(Path(__file__).parent))

from recorded_runs import MINUTE, NOON, Record

SPAN = (NOON, NOON + timedelta(days=1))
PRICES = prices_of(SimpleNamespace(currency="EUR", cpu_hour=0.36, idle_hour=0.036, gb_scanned=5.0, gb_stored=0.02))
"""A second of a processor is 0.0001 EUR, a second of waiting 0.00001."""


@pytest.fixture(params=["file", pytest.param("server", marks=pytest.mark.long)])
def record(request, tmp_path):
    address = request.getfixturevalue("shared_postgres").database() if request.param == "server" else None
    with Record(tmp_path, address) as opened:
        yield opened


def found(record, prices=PRICES, span=SPAN):
    with record.store.engine.connect() as connection:
        return list(charges(connection, "prod", span, prices))


@pytest.mark.parametrize("record", ["file", "server"], indirect=True)
def test_tables_pay_for_their_steps_and_the_rest_stands_by_itself(record):
    record.run(1, {"shop.orders": (1_000, 0), "shop.items": (2_000, 0)})
    record.run(2, {"shop.orders": (1_000, 0)})
    record.run(3, {"shop.orders": (500, 0)}, target="dev")
    rows = {"shop.orders": 2_000, "shop.items": 2_000}
    by_name = {line.name: line for line in lines_of(found(record), lambda charge: charge.subject, rows)}
    assert list(by_name) == ["shop.orders", "shop.items", "around the steps", "idle"]
    orders, items, idle = by_name["shop.orders"], by_name["shop.items"], by_name["idle"]
    assert (orders.cpu_s, orders.bytes_read, orders.bytes_written) == (3, 200_000, 0)
    assert orders.amounts == {"EUR": Decimal("0.0003") + Decimal("0.001")}
    assert orders.per_million(orders.amounts["EUR"]) == Decimal("0.65")
    assert items.amounts == {"EUR": Decimal("0.00015") + Decimal("0.001")}
    # each run took two minutes and 2.5 s of processors: one had two steps of 1.5 s, the other one
    assert by_name["around the steps"].cpu_s == 1
    assert idle.waiting_s == 2 * Decimal("117.5")
    assert idle.amounts == {"EUR": Decimal("0.00235")}
    assert orders.rows == 2_000
    assert idle.rows is None


def test_failures_and_retries_are_lines_of_their_own(record):
    record.run(1, {"shop.orders": (1_000, 0), "shop.items": (10, 0), "shop.notes": (10, 0)})
    with record.store.engine.begin() as connection:
        connection.execute(text("update run_step set state = 'failed' where step = 'load:shop.items'"))
        connection.execute(text("update run_step set attempt = 2 where step = 'load:shop.notes'"))
    summed = lines_of(found(record), lambda charge: charge.subject, {})
    assert [(line.name, line.cpu_s) for line in summed if line.kind != "idle"] == [
        ("shop.orders", Decimal("1.5")),
        ("failures", Decimal("1.5")),
        ("retries", Decimal("1.5")),
    ]


def test_what_a_warehouse_says_it_cost_is_not_priced_again(record):
    record.run(1, {"shop.orders": (1, 0)})
    row = {"run_id": "run-1", "step": "build", "subject": "marts.m", "resource": "credits", "quantity": 0.5}
    with record.store.engine.begin() as connection:
        priced = {**row, "unit": "credit", "price": 3.0, "currency": "USD", "seen_at": stamp(NOON)}
        connection.execute(insert(tables.cost), [priced])
    [charge] = [one for one in found(record) if one.resource == "credits"]
    assert (charge.price.currency, charge.amount) == ("USD", Decimal("1.5"))


def test_what_has_no_price_is_unknown_and_not_free(record):
    record.run(1, {"shop.orders": (1, 0)})
    assert {(one.amount, one.price) for one in found(record, {})} == {(None, None)}
    assert all(line.unpriced and not line.amounts for line in lines_of(found(record, {}), lambda one: one.subject, {}))


def test_runs_count_on_the_day_they_ended_and_only_there(record):
    for number in (1, 2, 3):
        record.run(number, {"shop.orders": (1, 0)})
    end = NOON + 2 * 60 * MINUTE + 2 * MINUTE
    assert {one.run_id for one in found(record, span=(NOON, end))} == {"run-1"}
    assert {one.run_id for one in found(record, span=(end, SPAN[1]))} == {"run-2", "run-3"}


def test_the_sheet_holds_every_charge_by_the_names_of_focus(record):
    record.run(1, {"shop.orders": (1_000, 0)})
    made = found(record)
    page = "".join(lines(FOCUS, focus(made, lambda charge: {"kind": charge.kind})))
    rows = list(csv.DictReader(io.StringIO(page)))
    assert {"BilledCost", "EffectiveCost", "ServiceName", "ResourceId", "Tags", "BillingCurrency"} <= set(rows[0])
    assert len(rows) == len(made) == 4
    assert sum(Decimal(row["BilledCost"]) for row in rows) == sum(one.amount for one in made)
    assert {row["ResourceId"] for row in rows} == {"shop.orders", "run-1"}


@given(st.text(), st.sampled_from(["", " ", "  "]), st.sampled_from(["", *FORMULA]))
def test_no_text_of_a_sheet_is_a_formula_and_none_is_lost(rest, blanks, first):
    told = blanks + first + rest
    [_, row] = csv.reader(io.StringIO("".join(lines(["a"], [[told + "x"]])), newline=""))
    assert not row[0].lstrip(" ").startswith(FORMULA)
    assert not row[0].lstrip().startswith(FORMULA)
    assert row[0] in (told + "x", f"'{told}x")
    assert harmless(harmless(told)) == harmless(told)
