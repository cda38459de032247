"""Six days of the company, each with its drift, from files: after every run all marts equal the truth, and history goes on."""

from __future__ import annotations

import json

import duckdb
import pytest
from company_home import Company, new_home

from lakesmith.simulate.sales_marketing import LAST_DAY, SalesMarketing

pytestmark = [pytest.mark.slow, pytest.mark.long, pytest.mark.timeout(900)]
BUSINESS = SalesMarketing(scale=0.5)
ACCEPT = ("drift", "accept", "app.customers", "phone", "phone_number")
EXPECTED = {
    1: set(),
    2: {("app.customers", "column_added", "consent"), ("app.orders", "column_added", "items.discount")},
    3: {("app.customers", "rename_candidate", "phone_number"), ("app.orders", "value_incompatible", "total")},
    4: {("app.customers", "value_incompatible", "zip"), ("app.events", "column_missing", "referrer")},
    5: {("app.tickets", "value_incompatible", "tag"), ("app.orders", "value_incompatible", "items.quantity")},
    6: {("app.tickets", "column_added", "tags")},
}
MUTANTS = (
    ("mart_customers", "stg_app__customers", "coalesce(phone_number, phone_number__added)", "phone_number"),
    ("mart_customers", "stg_app__customers", "coalesce(cast(zip as TEXT), zip__string)", "cast(zip as TEXT)"),
    ("mart_customers", "stg_app__customers", "lpad(", "substr("),
    ("mart_products", "stg_app__order_items", "quantity__string", "quantity__nothing"),
    ("mart_acquisition", "stg_app__orders", "total__string", "'0 EUR'"),
    ("mart_support", "stg_app__ticket_tags", '"tag__json"', '"tag"'),
    ("mart_support", "stg_app__ticket_tags", 'to_json(base."tags")', "to_json(null)"),
    ("mart_attribution", "fct_touches", "720 hours", "7200 hours"),
    ("mart_attribution", "fct_touches", "sessions.started_at <= orders.ordered_at", "true"),
    ("mart_attribution", "fct_sessions", "\n  owners.customer_id,", "\n  null as customer_id,"),
    ("mart_channel_days", "stg_ga4__sessions", "max(_ls_seq)", "min(_ls_seq)"),
    ("mart_channel_days", "stg_meta_ads__ad_days", "action_type = 'purchase'", "true"),
    ("mart_campaigns", "stg_google_ads__ad_days", "max(_ls_seq)", "min(_ls_seq)"),
    ("mart_channel_days", "stg_app__events", "lower(", "("),
    ("mart_funnel", "fct_leads", "group by email", "where is_current group by email"),
    ("mart_retention", "fct_orders", "'paid', 'shipped', 'delivered'", "'paid', 'shipped', 'delivered', 'cancelled'"),
)  # fmt: skip


@pytest.fixture(scope="module")
def lived(tmp_path_factory):
    """The company after its days; by day what the run said, and how the marts differed from the truth."""
    company = Company(new_home(tmp_path_factory.mktemp("sales")), BUSINESS)
    told, wrong = {}, {}
    for number in range(1, LAST_DAY + 1):
        if number == 4:
            accepted = company.home.lakesmith(*ACCEPT)
            assert accepted.code == 0, accepted.err
        told[number] = company.day(number)
        wrong[number] = company.differences()
    return company, told, wrong


@pytest.mark.parametrize("number", range(1, LAST_DAY + 1))
def test_the_marts_hold_the_truth(lived, number):
    assert lived[2][number] == {}


@pytest.mark.parametrize("number", range(1, LAST_DAY + 1))
def test_the_drift_of_a_day_is_noticed_and_breaks_nothing(lived, number):
    told = lived[1][number]
    assert told["ok"]
    drift = {(load["stream"], one["kind"], one["column"]) for load in told["loads"] for one in load["drift"]}
    assert drift >= EXPECTED[number]
    assert sum(load["quarantined"] for load in told["loads"]) == 0


def test_history_goes_on_across_the_rename(lived):
    company, _, _ = lived
    with duckdb.connect(company.home.root / ".lakesmith/build/local.duckdb", read_only=True) as build:
        columns = {name for name, *_ in build.execute("describe bronze_app.customers").fetchall()}
        assert {"phone_number", "phone_number__added"} <= columns
        assert "phone" not in columns
        seen = build.execute(
            "select customer_id, version, phone from gold.dim_customer "
            "where customer_id in (select customer_id from gold.dim_customer where version = 2 and valid_from >= '2026-10-03 00:00:00+00')"
        ).fetchall()
        states = build.execute(
            "select count(*), count(distinct (customer_id, updated_at)) from silver.stg_app__customers"
        ).fetchall()
    assert {version for _, version, _ in seen} >= {1, 2}
    assert states[0][0] == states[0][1]


def test_a_customer_who_is_only_written_anew_has_no_new_state(lived):
    company, _, _ = lived
    with duckdb.connect(company.home.root / ".lakesmith/build/local.duckdb", read_only=True) as build:
        [(touched, states)] = build.execute(
            "select count(*), (select count(*) from gold.dim_customer) from silver.stg_app__customers"
        ).fetchall()
    assert touched > states


def test_everything_is_documented_as_it_is(lived):
    company, _, _ = lived
    manifest = json.loads((company.home.root / "target/manifest.json").read_text())
    models = [
        node
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model" and node["package_name"] == "acme"
    ]
    assert len(models) == 39
    with duckdb.connect(company.home.root / ".lakesmith/build/local.duckdb", read_only=True) as build:
        for model in models:
            there = [name for name, *_ in build.execute(f"describe {model['schema']}.{model['name']}").fetchall()]
            described = {name: column["description"] for name, column in model["columns"].items()}
            assert list(described) == there, model["name"]
            assert model["description"], model["name"]
            assert all(described.values()), model["name"]


@pytest.fixture(scope="module")
def lab(lived, tmp_path_factory):
    """A copy of the build file in which models may be built anew, and their compiled SQL."""
    home = lived[0].home
    copy = tmp_path_factory.mktemp("lab") / "local.duckdb"
    copy.write_bytes((home.root / ".lakesmith/build/local.duckdb").read_bytes())
    manifest = json.loads((home.root / "target/manifest.json").read_text())
    models = {node["name"]: node for node in manifest["nodes"].values() if node["resource_type"] == "model"}
    with duckdb.connect(copy) as build:
        build.execute("set timezone = 'UTC'")
        yield build, models, home


@pytest.mark.parametrize(("mart", "model", "right", "wrong"), MUTANTS)
def test_a_mistake_in_a_model_is_noticed(lab, mart, model, right, wrong):
    build, models, home = lab
    build.begin()
    try:
        before = build.execute(f"select * exclude (_ls_built_at) from marts.{mart}").fetchall()
        sql = _compiled(home, model)
        assert right in sql, sql
        relation = f"{models[model]['schema']}.{model}"
        build.execute(f"create or replace table {relation} as {sql.replace(right, wrong)}")
        _build_again(lab, mart, {model})
        after = build.execute(f"select * exclude (_ls_built_at) from marts.{mart}").fetchall()
    finally:
        build.rollback()
    assert sorted(map(repr, before)) != sorted(map(repr, after))


def _compiled(home, model):
    found = (home.root / "target/compiled/acme/models").rglob(f"{model}.sql")
    [path] = [path for path in found if ".yml" not in str(path)]  # beside those of unit tests
    return path.read_text()


def _build_again(lab, model, changed):
    """Build a model anew, after the models it reads, where one of these was changed; and say in `changed` that it was."""
    build, models, home = lab
    if model in changed:
        return
    parents = [key.rpartition(".")[2] for key in models[model]["depends_on"]["nodes"]]
    for parent in parents:
        if parent in models:
            _build_again(lab, parent, changed)
    if changed & set(parents):
        build.execute(f"create or replace table {models[model]['schema']}.{model} as {_compiled(home, model)}")
        changed.add(model)
