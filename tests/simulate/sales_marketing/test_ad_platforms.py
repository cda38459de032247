"""Eleven platforms more through the template's contract: files of another loader, a staging model each, and a line in dbt_project.yml."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal

import duckdb
import pytest
from ad_platforms import DATA, PLATFORMS
from company_home import Company, new_home

import lakesmith
from lakesmith.simulate.sales_marketing import SalesMarketing

pytestmark = [pytest.mark.slow, pytest.mark.long, pytest.mark.timeout(600)]
OURS = ("google_ads", "meta_ads", "amazon_ads")
FIGURES = ("impressions", "clicks", "spend", "conversions", "conversion_value")


@pytest.fixture(scope="module")
def company(tmp_path_factory):
    if not DATA.exists():
        pytest.skip("needs LAKESMITH_TEST_DATA")
    streams = "".join(f"      {one.name}: {{files: {one.file}_data.csv}}\n" for one in PLATFORMS)
    source = f"sources:\n  ads:\n    type: files\n    root: {DATA}\n    streams:\n{streams}"
    home = new_home(tmp_path_factory.mktemp("platforms"))
    home.edit("lakesmith.yml", "sources:\n", source)
    names = [f"stg_ads__{one.name}" for one in PLATFORMS]
    home.edit("dbt_project.yml", "ad_performance: [", f"ad_performance: [{', '.join(names)}, ")
    folder = home.root / "models/silver/ads"
    folder.mkdir()
    for name, one in zip(names, PLATFORMS, strict=True):
        (folder / f"{name}.sql").write_text(one.model())
    tables = "".join(f"      - {{name: {one.name}}}\n" for one in PLATFORMS)
    (folder / "_sources.yml").write_text(
        f"version: 2\nsources:\n  - name: ads\n    schema: bronze_ads\n    tables:\n{tables}"
    )
    company = Company(home, SalesMarketing(scale=0.1))
    company.day(1)
    return company


@pytest.fixture(scope="module")
def facts(company):
    """The gold table, by platform, day, account and campaign."""
    with duckdb.connect(company.home.root / ".lakesmith/build/local.duckdb", read_only=True) as build:
        found = build.execute(
            f"select platform, cast(day as varchar), account_id, campaign_id, {', '.join(FIGURES)} from gold.fct_ad_performance"
        ).fetchall()
    return [row for row in found if row[0] not in OURS]


@pytest.mark.parametrize("platform", PLATFORMS, ids=lambda one: one.name)
def test_a_platform_flows_through_the_contract(facts, platform):
    truth = platform.truth()
    assert truth
    assert {row[:4]: row[4:] for row in facts if row[0] == platform.name} == truth
    assert sum(row[0] == platform.name for row in facts) == len(truth)


def test_the_marts_have_all_of_them(company, facts):
    spend = defaultdict(Decimal)
    for row in facts:
        spend[row[0]] += row[6]
    table = lakesmith.open(company.home.root).table("marts.mart_channel_days").to_arrow().to_pylist()
    there = defaultdict(Decimal)
    for row in table:
        there[row["channel"]] += row["spend"]
    assert {name: there[name] for name in spend} == spend
    campaigns = lakesmith.open(company.home.root).table("marts.mart_campaigns").to_arrow().to_pylist()
    known = {(row["platform"], row["campaign_id"]) for row in campaigns}
    assert known >= {(row[0], row[3]) for row in facts}
    names = {row["campaign_name"] for row in campaigns if row["platform"] == "pinterest"}
    assert names == {row["campaign_name"] for row in next(one for one in PLATFORMS if one.name == "pinterest").rows()}
