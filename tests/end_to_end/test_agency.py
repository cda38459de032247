"""Three days of the demo agency: after each run every mart equals the truth in full, read by two ways."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from functools import cached_property

import duckdb
import polars as pl
import pytest
from e2e_home import Home

import lakesmith
from lakesmith.simulate.agency import AGENCY_MARTS, Agency, agency_truth, deliver_agency

pytestmark = [pytest.mark.slow, pytest.mark.long, pytest.mark.timeout(600)]
AGENCY = Agency(scale=0.12)
DAYS = (1, 2, 3)
MUTANTS = (
    ("mart_customers", "stg_crm__customers", "filter (where revenue is not null)", ""),
    ("mart_customers", "stg_crm__customers", "recorded_on nulls first, _ls_seq", "_ls_seq"),
    (
        "mart_customers",
        "stg_crm__customers",
        "employees_kind is not null) as employees_to",
        "employees_to is not null) as employees_to",
    ),
    ("mart_customers", "stg_crm__revenues", "then 'GBP'", "then 'EUR'"),
    ("mart_customers", "stg_crm__employee_counts", "when at_least is not null then 'at_least'", ""),
    ("mart_customers", "bridge_customer_document", "engagements.contract_no = documents.contract_no", "false"),
    (
        "mart_projects",
        "dim_project",
        "coalesce(customers.customer_sk, contracts.customer_sk, ",
        "coalesce(customers.customer_sk, ",
    ),
    ("mart_projects", "stg_inbox__mails", ", mentioned.contract_no)", ", null)"),
    ("duplicate_customers", "duplicate_customers", "count(*) > 1", "count(*) > 2"),
    ("duplicate_customers", "duplicate_customers", "+ max(case when records.phone is null then 1 else 0 end)", ""),
)


class Life:
    """The agency's first three days, lived once; after each the marts are put aside."""

    def __init__(self, root):
        made = Home(root).lakesmith("init", "acme", "--template", "agency")
        assert made.code == 0, made.err
        self.home, self.published, self.read, self.runs = Home(root / "acme"), {}, {}, {}

    @cached_property
    def days(self):
        for day in DAYS:
            deliver_agency(AGENCY, self.home.root, day)
            self.runs[day] = self.home.run("--date", f"2026-10-0{day}").json()
            self.read[day] = {name: self._mart(name) for name in AGENCY_MARTS}
            self.published[day] = {name: self._file(name, day) for name in AGENCY_MARTS}
        return self

    def _mart(self, name):
        table = lakesmith.open(self.home.root).table(f"marts.{name}").to_arrow()
        assert table.column_names == [*AGENCY_MARTS[name], "_ls_built_at"]
        return [tuple(row.values()) for row in table.drop_columns(["_ls_built_at"]).to_pylist()]

    def _file(self, name, day):
        path = self.home.root / "final" / f"table={name}" / f"2026-10-0{day}" / "*.parquet"
        return list(pl.read_parquet(path, hive_partitioning=False).select(AGENCY_MARTS[name]).iter_rows())

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
    return Life(tmp_path_factory.mktemp("agency")).days


def differences(found, wanted):
    """Return at most ten rows that one side has more often than the other."""
    missing, extra = Counter(wanted) - Counter(found), Counter(found) - Counter(wanted)
    return [f"missing {row}" for row in missing][:5] + [f"extra {row}" for row in extra][:5]


@pytest.mark.parametrize("day", DAYS)
@pytest.mark.parametrize("mart", AGENCY_MARTS)
def test_a_mart_holds_the_truth(life, mart, day):
    wanted = agency_truth(AGENCY, day)[mart]
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
    found = lab.sql(f"select {', '.join(AGENCY_MARTS[mart])} from {life.relation(mart)}").fetchall()
    lab.rollback()
    assert differences(found, agency_truth(AGENCY, DAYS[-1])[mart]) != []


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


def test_every_stream_brings_something_every_day_and_one_row_is_torn(life):
    for day in DAYS:
        loads = {load["stream"]: load for load in life.runs[day]["loads"]}
        assert loads.keys() == {"crm.clients", "store.projects", "inbox.mails", "inbox.contracts"}
        assert {stream: load["quarantined"] for stream, load in loads.items() if load["quarantined"]} == {
            "crm.clients": 1
        }
        assert loads["inbox.mails"]["written"] > 0
    waiting = list(lakesmith.open(life.home.root).quarantine("crm.clients"))
    assert len(waiting) == len(DAYS)


def test_what_cannot_be_read_is_a_row_that_says_so(life):
    with life.build() as build:
        broken = build.sql("select type, error from silver.stg_inbox__contracts where error is not null").fetchall()
    assert len(broken) == len(DAYS)
    assert all(kind == "pdf" and error.startswith("malformed") for kind, error in broken)


def test_dirt_that_is_expected_warns_and_all_else_passes(life):
    results = life.artifact("run_results")["results"]
    warned = {result["unique_id"].split(".")[2].split("__")[0] for result in results if result["status"] == "warn"}
    assert warned == {"accepted_values_dim_document_is_readable", "relationships_stg_store"}
    assert {result["status"] for result in results} == {"success", "pass", "warn"}
    units = [result for result in results if result["unique_id"].startswith("unit_test.")]
    assert len(units) == 3


def test_every_model_is_described_column_by_column_and_tested(life):
    models = list(life.models.values())
    tested = {
        parent for node in life.nodes if node["resource_type"] == "test" for parent in node["depends_on"]["nodes"]
    }
    assert len(models) == 17
    assert [model["name"] for model in models if not model["description"] or model["unique_id"] not in tested] == []
    with life.build() as build:
        for model in models:
            described = [name for name, column in model["columns"].items() if column["description"]]
            built = [row[0] for row in build.sql(f"describe {model['schema']}.{model['name']}").fetchall()]
            assert described == built, model["name"]
