"""The company that sells and advertises: the same for a seed, changing its shapes on the days it promises, and true to itself."""

import itertools
import subprocess
import sys
from collections import Counter
from datetime import date
from decimal import Decimal

import pytest

from lakesmith.simulate.sales_marketing import (
    LAST_DAY,
    SALES_MARKETING_MARTS,
    SalesMarketing,
    World,
    sales_marketing_truth,
)
from lakesmith.simulate.sales_marketing.books import books_at
from lakesmith.simulate.sales_marketing.business import CAMPAIGNS, META, PLATFORMS
from lakesmith.simulate.sales_marketing.credit import credits_of

BUSINESS = SalesMarketing(scale=0.5)
DAYS = range(1, LAST_DAY + 1)
EVER = (date(2020, 1, 1), date(2030, 1, 1))


@pytest.fixture(scope="module")
def lived():
    """The operations of each day, and the world after the last."""
    world = World(BUSINESS)
    return {number: world.day(number) for number in DAYS}, world


def written(operations, collection):
    """Return what is written into a collection: whole documents, and what is set in those that are there."""
    mine = [one for one in operations if one["collection"] == collection]
    return [
        one.get("document") or one.get("update", {}).get("$set", {}) for one in mine if one["operation"] != "delete_one"
    ]


@pytest.mark.long
def test_a_seed_makes_one_company(lived):
    again = World(BUSINESS)
    assert {number: again.day(number) for number in DAYS} == lived[0]
    assert World(SalesMarketing(seed=8)).day(1) != lived[0][1]
    with pytest.raises(ValueError, match="scale of a company must be above 0"):
        SalesMarketing(scale=0)
    with pytest.raises(ValueError, match="Day 7 comes next, and not day 3"):
        again.day(3)


def test_operations_alone_make_the_documents(lived):
    days, world = lived
    held = {name: {} for name in world.documents}
    kinds = Counter()
    for operations in days.values():
        for one in operations:
            collection = held[one["collection"]]
            kinds[one["operation"]] += 1
            if one["operation"] == "insert_one":
                assert one["document"]["_id"] not in collection
                collection[one["document"]["_id"]] = dict(one["document"])
            elif one["operation"] == "delete_one":
                del collection[one["filter"]["_id"]]
            else:
                document = collection[one["filter"]["_id"]]
                for name in one["update"].get("$unset", {}):
                    del document[name]
                document.update(one["update"].get("$set", {}))
    assert held == world.documents
    assert set(kinds) == {"insert_one", "update_one", "delete_one"}


def kinds_of(documents, name):
    return {type(document[name]).__name__ for document in documents if document.get(name) is not None}


def test_shapes_change_on_their_days_and_not_before(lived):
    days, _ = lived
    seen = {
        number: {name: written(operations, name) for name in ("customers", "orders", "events", "tickets")}
        for number, operations in days.items()
    }
    keys = {
        number: {name: set().union(*documents) for name, documents in of_day.items()} for number, of_day in seen.items()
    }
    items = {
        number: [item for order in of_day["orders"] for item in order.get("items", ())]
        for number, of_day in seen.items()
    }
    assert ["consent" in keys[number]["customers"] for number in DAYS] == [False, *[True] * 5]
    assert [{"discount" in item for item in items[number]} for number in DAYS] == [{False}, *[{True}] * 5]
    assert ["phone" in keys[number]["customers"] for number in DAYS] == [True, True, *[False] * 4]
    assert ["phone_number" in keys[number]["customers"] for number in DAYS] == [False, False, *[True] * 4]
    assert [kinds_of(seen[number]["orders"], "total") for number in DAYS] == [{"float"}, {"float"}, *[{"str"}] * 4]
    assert [kinds_of(seen[number]["customers"], "zip") for number in DAYS[:5]] == [
        {"int"},
        {"int"},
        {"int"},
        {"str"},
        {"str"},
    ]
    assert ["referrer" in keys[number]["events"] for number in DAYS] == [True, True, True, *[False] * 3]
    assert [kinds_of(seen[number]["tickets"], "tag") for number in DAYS] == [*[{"str"}] * 4, {"list"}, set()]
    assert [kinds_of(items[number], "quantity") for number in DAYS] == [*[{"int"}] * 4, {"str"}, {"str"}]
    assert ["tags" in keys[number]["tickets"] for number in DAYS] == [*[False] * 5, True]


def test_documents_that_nobody_touches_keep_their_shape(lived):
    customers = lived[1].documents["customers"].values()
    assert any("phone" in one for one in customers)
    assert any("phone_number" in one for one in customers)
    assert all(not {"phone", "phone_number"} <= one.keys() for one in customers)
    orders = lived[1].documents["orders"].values()
    assert kinds_of(orders, "total") == {"float", "str"}


def test_platforms_say_more_of_a_day_for_four_weeks_and_then_nothing_new():
    early, late, last = (World(SalesMarketing(scale=0.1)) for _ in range(3))
    for world, days in ((early, 1), (late, 20), (last, 40)):
        for number in range(1, days + 1):
            world.day(number)
    for platform in PLATFORMS:
        told = [
            {(one.day, one.ad_group_id): one for one in world.advertising(platform).days(*EVER)}
            for world in (early, late, last)
        ]
        for before, after in itertools.pairwise(told):
            assert before.keys() < after.keys()
            assert all(after[key].conversions >= one.conversions for key, one in before.items())
            assert all(after[key].cost_micros >= one.cost_micros for key, one in before.items())
        changed = {key[0] for key, one in told[0].items() if told[1][key] != one}
        assert min(changed) > date(2026, 10, 1) - date.resolution * 28
        assert {one.reach > 0 for one in told[2].values()} == {platform == META}
        assert all(
            one.cost_micros % 10_000 == 0 and one.conversion_value_micros % 10_000 == 0 for one in told[2].values()
        )
    names = {
        number: {one.id: one.name for platform in PLATFORMS for one in world.advertising(platform).campaigns()}
        for number, world in enumerate((early, late))
    }
    assert sum(names[0][one.id] != names[1][one.id] for one in CAMPAIGNS) == 2


def test_credit_adds_up_to_the_order():
    books = books_at(BUSINESS, (1,))
    longest = 0
    for order in books.orders:
        touches = books.touches[order.number]
        longest = max(longest, len(touches))
        sums = Counter()
        for model, _, share, cents in credits_of(order, touches):
            sums[model, "share"] += share
            sums[model, "cents"] += cents
        assert {model for model, _ in sums} == {"first", "last", "linear"}
        assert all(count == (1_000_000 if kind == "share" else order.total) for (_, kind), count in sums.items())
    assert longest > 3


@pytest.mark.long
def test_the_marts_agree_with_each_other():
    truth = {
        mart: [dict(zip(SALES_MARKETING_MARTS[mart], row, strict=True)) for row in rows]
        for mart, rows in sales_marketing_truth(BUSINESS, DAYS).items()
    }
    assert truth.keys() == SALES_MARKETING_MARTS.keys()
    spend = {
        sum(row["spend"] for row in truth[mart]) for mart in ("mart_channel_days", "mart_acquisition", "mart_campaigns")
    }
    assert len(spend) == 1
    revenue = {
        sum(row["revenue"] for row in truth[mart]) for mart in ("mart_acquisition", "mart_customers", "mart_retention")
    }
    revenue |= {
        sum(row["revenue"] for row in truth["mart_attribution"] if row["model"] == model)
        for model in ("first", "last", "linear")
    }
    assert revenue == {sum(row["net"] for row in truth["mart_products"])}
    assert sum(row["new_customers"] for row in truth["mart_acquisition"]) == sum(
        row["buyers"] for row in truth["mart_funnel"]
    )
    assert all(row["visitors"] >= row["signups"] >= max(row["leads"], row["buyers"]) for row in truth["mart_funnel"])
    assert sum(row["signups"] for row in truth["mart_funnel"]) == len(truth["mart_customers"])
    assert sum(row["discount"] for row in truth["mart_products"]) > 0
    assert any(row["versions"] > 1 for row in truth["mart_customers"])
    assert any(row["zip"].startswith("0") for row in truth["mart_customers"])
    assert all(isinstance(row["roas"], Decimal) for row in truth["mart_campaigns"])


def test_only_states_that_a_load_met_are_known():
    every, rare = books_at(BUSINESS, tuple(DAYS)), books_at(BUSINESS, (LAST_DAY,))
    assert every.customers == rare.customers
    assert all(len(states) == 1 for states in rare.seen.values())
    assert any(len(states) > 1 for states in every.seen.values())


def test_only_the_standard_library_is_imported():
    code = (
        "import sys; from lakesmith.simulate.sales_marketing import World, SalesMarketing, sales_marketing_truth\n"
        "known = sys.stdlib_module_names | {'lakesmith', '__main__'}\n"
        "print({m.split('.')[0] for m in sys.modules} - known)"
    )
    found = subprocess.run(
        [sys.executable, "-S", "-c", f"import sys; sys.path = {sys.path!r}; {code}"], check=True, capture_output=True
    )
    assert found.stdout == b"set()\n"
