"""Three days of the subscription business, from its PostgreSQL server: after each run every mart equals the truth in full."""

from __future__ import annotations

import itertools
import json
import shutil
from collections import Counter
from functools import cached_property

import duckdb
import polars as pl
import pytest
from e2e_home import Home

import lakesmith
from lakesmith.simulate.server import DemoServer
from lakesmith.simulate.subscriptions import (
    SUBSCRIPTIONS_MARTS,
    Generator,
    Subscriptions,
    daily,
    last_tick,
    subscriptions_truth,
)

pytestmark = [pytest.mark.slow, pytest.mark.long, pytest.mark.timeout(600)]
BUSINESS = Subscriptions(scale=0.2)
DAYS = (1, 2, 3)
WARNED = {"relationships_stg_billing", "charges_recorded_twice", "refunds_over_the_payment"}
MUTANTS = (
    ("mart_net_revenue", "stg_billing__payments", "then 'GBP'", "then 'EUR'"),
    ("mart_net_revenue", "stg_billing__payments", "coalesce(ended_at, began_at)", "coalesce(paid_at, began_at)"),
    ("mart_net_revenue", "stg_billing__payments", "coalesce(ended_at, began_at)", "ended_at"),
    ("mart_net_revenue", "fct_payments", "ranked.record_of_charge = 1 and ranked.deleted_at is null", "true"),
    ("mart_net_revenue", "fct_payments", "where not coalesce(customers.is_test, false)", ""),
    ("mart_net_revenue", "fct_payments", "partition by charge_key", "partition by payment_id"),
    ("mart_net_revenue", "fct_refunds", "least(running.refunded_so_far, running.countable)", "running.refunded_so_far"),
    ("mart_net_revenue", "stg_billing__customers", "like '%@test.example'", "like '%@nobody.example'"),
    ("mart_mrr", "stg_billing__subscriptions", "case when valid_to < ", "case when valid_to is null or valid_to > "),
    ("mart_mrr", "stg_billing__subscriptions", "coalesce(quantity, 1)", "quantity"),
    ("mart_mrr", "fct_subscription_periods", "coalesce(customers.main_customer_id, 0)", "subscriptions.customer_id"),
    ("mart_mrr", "fct_subscription_periods", "coalesce(subscriptions.trial_ends_at, subscriptions.valid_from)", "valid_from"),
    ("mart_cohorts", "fct_mrr_changes", "where changed_on <= ", "where date '1970-01-01' <= "),
    ("mart_mrr", "dim_plan", "then 12 else 1", "then 1 else 1"),
    ("mart_cohorts", "fct_mrr_changes", "when mrr_before = 0 and has_paid", "when false"),
    ("mart_churn_features", "mart_churn_features", "on changes.changed_on < snapshots.snapshot_on", "on changes.changed_on <= snapshots.snapshot_on"),
    ("mart_churn_features", "mart_churn_features", "on payments.paid_on < snapshots.snapshot_on", "on payments.paid_on <= snapshots.snapshot_on"),
    ("mart_churn_features", "mart_churn_features", "where payments.is_charge\n", "where payments.is_counted\n"),
    ("mart_churn_features", "mart_churn_features", "and customers.valid_from < snapshots.snapshot_at\n", ""),
    ("mart_churn_features", "stg_billing__cards", "'/([0-9]{2})$'", "'/([0-9])$'"),
)  # fmt: skip


class Life:
    """The first three days of the business, lived once; after each the marts are put aside."""

    def __init__(self, root, url):
        made = Home(root).lakesmith("init", "acme", "--template", "subscriptions")
        assert made.code == 0, made.err
        self.home, self.published, self.read, self.runs = Home(root / "acme"), {}, {}, {}
        (self.home.root / ".env").write_text(f"BILLING_URL={url}\n")
        self.generator = Generator(BUSINESS, url)

    @cached_property
    def days(self):
        for day in DAYS:
            self.generator.through(last_tick(day))
            self.runs[day] = self.home.run("--date", f"2026-10-0{day}").json()
            self.read[day] = {name: self._mart(name) for name in SUBSCRIPTIONS_MARTS}
            self.published[day] = {name: self._file(name, day) for name in SUBSCRIPTIONS_MARTS}
        return self

    def _mart(self, name):
        table = lakesmith.open(self.home.root).table(f"marts.{name}").to_arrow()
        assert table.column_names == [*SUBSCRIPTIONS_MARTS[name], "_ls_built_at"]
        return [tuple(row.values()) for row in table.drop_columns(["_ls_built_at"]).to_pylist()]

    def _file(self, name, day):
        path = self.home.root / "final" / f"table={name}" / f"2026-10-0{day}" / "*.parquet"
        return list(pl.read_parquet(path, hive_partitioning=False).select(SUBSCRIPTIONS_MARTS[name]).iter_rows())

    def compiled(self, model):
        found = (self.home.root / "target/compiled/acme/models").rglob(f"{model}.sql")
        [path] = [path for path in found if ".yml" not in str(path)]  # beside those of unit tests
        return path.read_text()

    def artifact(self, name):
        return json.loads((self.home.root / f"target/{name}.json").read_text())

    @cached_property
    def nodes(self):
        return list(self.artifact("manifest")["nodes"].values())

    @cached_property
    def models(self):
        return {node["name"]: node for node in self.nodes if node["resource_type"] == "model"}

    def relation(self, model):
        return f"{self.models[model]['schema']}.{model}"

    def build(self):
        return duckdb.connect(self.home.root / ".lakesmith/build/local.duckdb", read_only=True)


@pytest.fixture(scope="module")
def life(tmp_path_factory):
    root = tmp_path_factory.mktemp("subscriptions")
    server = DemoServer(root / "server")
    try:
        with server.running():
            yield Life(root, server.url).days
    finally:
        shutil.rmtree(server.folder.resolve())  # where this user is root, a link to where the server's user can reach


def differences(found, wanted):
    """Return at most ten rows that one side has more often than the other."""
    missing, extra = Counter(wanted) - Counter(found), Counter(found) - Counter(wanted)
    return [f"missing {row}" for row in missing][:5] + [f"extra {row}" for row in extra][:5]


@pytest.mark.parametrize("day", DAYS)
@pytest.mark.parametrize("mart", SUBSCRIPTIONS_MARTS)
def test_a_mart_holds_the_truth(life, mart, day):
    wanted = subscriptions_truth(BUSINESS, daily(day))[mart]
    assert len(wanted) > 10
    assert differences(life.read[day][mart], wanted) == []
    assert differences(life.published[day][mart], wanted) == []


@pytest.fixture(scope="module")
def lab(life, tmp_path_factory):
    """A copy of the build file, in which models may be built anew; the name of the file is that of the database."""
    copy = shutil.copy(life.home.root / ".lakesmith/build/local.duckdb", tmp_path_factory.mktemp("lab"))
    with duckdb.connect(copy) as build:
        build.execute("set timezone = 'UTC'")
        yield build


@pytest.mark.parametrize(("mart", "model", "right", "wrong"), MUTANTS)
def test_a_mistake_in_a_model_is_noticed(life, lab, mart, model, right, wrong):
    sql = life.compiled(model)
    assert right in sql
    lab.begin()
    lab.execute(f"create or replace table {life.relation(model)} as {sql.replace(right, wrong)}")
    _build_again(life, lab, mart, {model})
    found = lab.sql(f"select {', '.join(SUBSCRIPTIONS_MARTS[mart])} from {life.relation(mart)}").fetchall()
    lab.rollback()
    assert differences(found, subscriptions_truth(BUSINESS, daily(DAYS[-1]))[mart]) != []


def _build_again(life, lab, model, changed):
    """Build a model anew, after the models it reads, where one of these was changed; and say in `changed` that it was."""
    if model in changed:
        return
    parents = [
        parent
        for parent in life.models
        if life.models[parent]["unique_id"] in life.models[model]["depends_on"]["nodes"]
    ]
    for parent in parents:
        _build_again(life, lab, parent, changed)
    if changed.intersection(parents):
        lab.execute(f"create or replace table {life.relation(model)} as {life.compiled(model)}")
        changed.add(model)


def test_only_what_changed_is_read_of_large_tables_and_all_of_small_ones(life):
    first, *later = ({load["stream"]: load for load in life.runs[day]["loads"]} for day in DAYS)
    assert first.keys() == {f"billing.{name}" for name in _tables()}
    for loads in later:
        assert loads["billing.cards"]["written"] >= first["billing.cards"]["written"]
        for stream in ("billing.payments", "billing.subscriptions"):
            assert 0 < loads[stream]["written"] < first[stream]["written"] / 10
    assert not any(load["quarantined"] for day in DAYS for load in life.runs[day]["loads"])


def _tables():
    return ("plans", "customers", "cards", "subscriptions", "payments", "refunds")


def test_a_column_that_nobody_announced_reaches_silver(life):
    with life.build() as build:
        columns = [row[0] for row in build.sql("describe silver.stg_billing__subscriptions").fetchall()]
    assert "sales_channel" in columns
    assert "valid_to__string" not in columns  # `infinity` is an open end


def test_rows_of_features_stay_as_they_were_first_published(life):
    by_day = [{row[:2]: row[2:] for row in life.published[day]["mart_churn_features"]} for day in DAYS]
    for before, after in itertools.pairwise(by_day):
        assert before.keys() <= after.keys()
        assert all(after[key][:-1] == row[:-1] for key, row in before.items())
        assert all(row[-1] is None or after[key][-1] == row[-1] for key, row in before.items())


def test_dirt_that_is_expected_warns_and_all_else_passes(life):
    results = life.artifact("run_results")["results"]
    warned = {result["unique_id"].split(".")[2].split("__")[0] for result in results if result["status"] == "warn"}
    assert warned == WARNED
    assert {result["status"] for result in results} == {"success", "pass", "warn"}
    assert sum(result["unique_id"].startswith("unit_test.") for result in results) == 4


def test_every_model_is_described_column_by_column_and_tested(life):
    models = list(life.models.values())
    tested = {
        parent for node in life.nodes if node["resource_type"] == "test" for parent in node["depends_on"]["nodes"]
    }
    assert len(models) == 18
    assert [model["name"] for model in models if not model["description"] or model["unique_id"] not in tested] == []
    with life.build() as build:
        for model in models:
            described = [name for name, column in model["columns"].items() if column["description"]]
            built = [row[0] for row in build.sql(f"describe {model['schema']}.{model['name']}").fetchall()]
            assert described == [name for name in built if name != "sales_channel"], model["name"]
