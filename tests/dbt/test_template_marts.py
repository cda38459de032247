"""The b2b-sales template against the truth of the demo company: three days, one dbt build each, every value compared."""

from collections import Counter
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Final

import duckdb
import pytest
import standin
from standin import Rows

from lakesmith.simulate import MART_COLUMNS, Company, clean_tables, deliver, truth

pytestmark = pytest.mark.long  # tests/end_to_end holds the same marts against the truth through the real loader

COMPANY: Final = Company(scale=0.4)
DAYS: Final = (1, 2, 3)
LAST: Final = DAYS[-1]
ALL_BUT_BUILT: Final = "select * exclude (_ls_built_at) from {}"


@dataclass
class Story:
    """What was seen on the way: the project folder, what dbt said, and the marts after each day."""

    folder: Path
    builds: dict[int, standin.Built] = field(default_factory=dict)
    marts: dict[int, dict[str, Rows]] = field(default_factory=dict)

    def query(self, sql: str) -> Rows:
        """Read the build file."""
        return standin.query(self.folder, sql)

    def compiled(self, model: str) -> str:
        """The SQL that the last build ran for a model."""
        (path,) = (self.folder / "target/compiled/acme/models").rglob(f"{model}.sql")
        return path.read_text()


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    """A new project that lives through three days, far from UTC; on the last one the web server logs a new field."""
    story = Story(standin.new_project(tmp_path_factory.mktemp("acme")))
    for day in DAYS:
        deliver(COMPANY, story.folder, day)
        standin.load_day(story.folder, COMPANY.start, day)
        if day == LAST:
            with duckdb.connect(story.folder / standin.BUILD) as build:
                build.execute("alter table bronze_backoffice.weblogs add column edge varchar")
                build.execute(f"update bronze_backoffice.weblogs set edge = 'fra' where _ls_seq >> 32 = {LAST}")
        story.builds[day] = standin.dbt(story.folder, "build", zone="America/St_Johns")
        assert story.builds[day].code == 0, story.builds[day].output
        story.marts[day] = {name: story.query(ALL_BUT_BUILT.format(f"marts.{name}")) for name in MART_COLUMNS}
    return story


@pytest.fixture(scope="module")
def truths() -> dict[int, dict[str, Rows]]:
    """What the marts must hold after each day."""
    return {day: truth(COMPANY, day) for day in DAYS}


@pytest.fixture(scope="module")
def clean() -> dict[str, Rows]:
    """What silver must hold after the last day."""
    return clean_tables(COMPANY, LAST)


def differences(got: Rows, expected: Rows) -> list[str]:
    """Return at most ten rows that one side has more often than the other."""
    missing, extra = Counter(expected) - Counter(got), Counter(got) - Counter(expected)
    return [f"missing {row}" for row in missing][:5] + [f"extra {row}" for row in extra][:5]


@pytest.mark.parametrize("day", DAYS)
@pytest.mark.parametrize("mart", MART_COLUMNS)
def test_mart_equals_the_truth(story: Story, truths: dict[int, dict[str, Rows]], mart: str, day: int) -> None:
    """Value by value, nothing missing, nothing extra, nothing twice."""
    assert differences(story.marts[day][mart], truths[day][mart]) == []
    assert len(truths[day][mart]) > 10


@pytest.mark.parametrize("mart", MART_COLUMNS)
def test_mart_has_the_agreed_columns(story: Story, mart: str) -> None:
    """In order, and _ls_built_at last."""
    assert [name for name, *_ in story.query(f"describe marts.{mart}")] == [*MART_COLUMNS[mart], "_ls_built_at"]


@pytest.mark.parametrize(
    ("stream", "table", "columns"),
    [
        (
            "companies",
            "company_versions",
            "company_id, name, industry, country, employees, annual_revenue, website, updated_at",
        ),
        ("customers", "customers", "customer_id, company_id, first_name, last_name, email, phone, signed_up_on"),
        ("products", "products", "product_id, name, category, unit_price, launched_on"),
        (
            "orders",
            "orders",
            "order_id, customer_id, product_id, ordered_at, quantity, unit_price, discount_pct, status",
        ),
    ],
)
def test_silver_undoes_all_dirt(story: Story, clean: dict[str, Rows], stream: str, table: str, columns: str) -> None:
    """Every value of every row is clean again."""
    assert differences(story.query(f"select {columns} from silver.stg_backoffice__{stream}"), clean[table]) == []


def test_a_new_source_column_reaches_silver_without_an_edit(story: Story, clean: dict[str, Rows]) -> None:
    """`utm_term` in a table, `edge` in an incremental model; rows from before have none."""
    columns = "lead_id, company_id, email, campaign, utm_term, status, created_at, updated_at"
    newest = "qualify row_number() over (partition by lead_id order by updated_at desc) = 1"
    assert (
        differences(story.query(f"select {columns} from silver.stg_backoffice__leads {newest}"), clean["leads"]) == []
    )
    assert any(row[4] for row in clean["leads"])
    edges = story.query("select distinct _ls_seq >> 32, edge from silver.stg_backoffice__weblogs order by 1")
    assert edges == [(1, None), (2, None), (3, "fra")]


def test_incremental_weblogs_equal_a_build_from_scratch(story: Story) -> None:
    """Each run added its own rows, once, and all of them."""
    from_scratch, _, watermark = story.compiled("stg_backoffice__weblogs").partition("where _ls_seq >")
    assert "max(_ls_seq)" in watermark
    columns = "select _ls_seq, requested_at, page, campaign, is_bot, is_asset, status, bytes, user_agent, edge from {}"
    built = story.query(columns.format("silver.stg_backoffice__weblogs"))
    assert differences(built, story.query(columns.format(f"({from_scratch})"))) == []
    stamps = story.query(
        "select _ls_seq >> 32, count(distinct _ls_built_at) from silver.stg_backoffice__weblogs group by 1"
    )
    assert sorted(stamps) == [(1, 1), (2, 1), (3, 1)]


def test_orders_point_at_the_version_of_the_company_that_held(story: Story, clean: dict[str, Rows]) -> None:
    """Looked up in Python, version by version; the first version holds since forever."""
    versions = {key: list(rows) for key, rows in groupby(clean["company_versions"], key=lambda row: row[0])}
    homes = {row[0]: row[1] for row in clean["customers"]}
    expected = []
    for order_id, customer_id, _, ordered_at, *_ in clean["orders"]:
        history = versions.get(homes.get(customer_id), [])
        held = [row for row in history if row[-1] <= ordered_at][-1:] or history[:1]
        expected.append((order_id, *((held[0][0], held[0][-1]) if held else ("unknown", None))))
    got = "select order_id, dim_company.company_id, valid_from from gold.fct_orders join gold.dim_company using (company_sk)"
    assert differences(story.query(got), expected) == []
    assert any(len(rows) > 1 for rows in versions.values())


# mart, the model that is changed, what in it, into what
MUTANTS: Final = [
    ("mart_monthly_sales", "mart_monthly_sales", "where is_sale", "where true"),
    ("mart_monthly_sales", "mart_monthly_sales", "where is_current", "where version = 1"),
    ("mart_monthly_sales", "mart_monthly_sales", "sum(gross_amount)", "sum(net_amount)"),
    ("mart_monthly_sales", "fct_orders", "'paid', 'shipped'", "'paid', 'shipped', 'refunded'"),
    ("mart_monthly_sales", "fct_orders", "// (2 * ", "// (1 + 2 * "),
    ("mart_customer_value", "mart_customer_value", "min(ordered_on)", "max(ordered_on)"),
    ("mart_customer_value", "mart_customer_value", ">= 2000", ">= 2100"),
    ("mart_customer_value", "mart_customer_value", "// (2 * ", "// (1 + 2 * "),
    ("mart_customer_value", "dim_customer", "coalesce(companies.company_id, 'unknown')", "customers.company_id"),
    ("mart_lead_conversion", "mart_lead_conversion", "(where was_contacted)", "(where status = 'contacted')"),
    ("mart_lead_conversion", "mart_lead_conversion", "    created_on,", "    updated_on as created_on,"),
    ("mart_lead_conversion", "fct_leads", "where is_current", "where version = 1"),
    ("mart_lead_conversion", "fct_leads", "'(none)'", "null"),
    ("mart_traffic", "mart_traffic", "count(distinct visitor_id)", "count(visitor_id)"),
    ("mart_traffic", "fct_page_views", "between 200 and 399", "between 200 and 303"),
    ("mart_traffic", "fct_page_views", "and not is_asset", ""),
    ("mart_traffic", "fct_page_views", "and not is_bot", ""),
    ("mart_traffic", "fct_page_views", "method = 'GET'", "true"),
    ("mart_daily_metrics", "mart_daily_metrics", "union select day from sales", ""),
    ("mart_daily_metrics", "mart_daily_metrics", "left join traffic on", "join traffic on"),
    ("mart_daily_metrics", "mart_daily_metrics", "select updated_on as day", "select created_on as day"),
    ("mart_daily_metrics", "fct_bot_requests", "where is_bot", "where is_bot and status < 400"),
]


@pytest.mark.parametrize(("mart", "model", "old", "new"), MUTANTS)
def test_comparison_catches_mutant(
    story: Story, truths: dict[int, dict[str, Rows]], mart: str, model: str, old: str, new: str
) -> None:
    """The compiled SQL gives the truth; with one change in it, or in a model below, it does not."""
    sql, changed = story.compiled(mart), story.compiled(model)
    assert old in changed
    mutant = sql if model != mart else sql.replace(old, new)
    mutant = mutant.replace(f'"local"."gold"."{model}"', f"({changed.replace(old, new)})")
    expected = truths[LAST][mart]
    assert differences(story.query(ALL_BUT_BUILT.format(f"({sql})")), expected) == []
    assert differences(story.query(ALL_BUT_BUILT.format(f"({mutant})")), expected) != []
