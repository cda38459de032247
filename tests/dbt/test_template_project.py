"""The b2b-sales template as a dbt project: documented, tested, and kept whole by `dbt deps`, over a day of hand-made data."""

import json
from datetime import date
from pathlib import Path
from typing import Any, Final

import pytest
import standin
import yaml

pytestmark = [pytest.mark.slow, pytest.mark.long]

DAY: Final = date(2026, 10, 1)
FILES: Final = {
    "data/init/companies.csv": """company_id,name,industry,country,employees,annual_revenue,website,updated_at
C0000001,Alpha ,-,DE,~1250,€12.5M,n/a,2026-01-02T10:11:00Z
c0000001,Alpha New,IT,DE,"1,250",12500K,NULL,03/04/2026 10:11 AM
C0000009,short,row
""",
    "data/init/customers.csv": """customer_id,company_id,first_name,last_name,email,phone,signed_up_on
U0000001,C-0000001, Ann , Lee,Ann@X.example,-,04.03.2025
""",
    "data/init/products.csv": """product_id,name,category,unit_price,launched_on
P0000001,Pump,Tools,"1.234,50 €",20250304
""",
    "data/init/orders.csv": """order_id,customer_id,product_id,ordered_at,quantity,unit_price,discount_pct,status
O0000001,U0000001,P0000001,2026-03-04 10:10:00,3 pcs,"1,234.50",10,paid
O0000002,U0000404,P0000001,04.03.2026 10:12,2,EUR 1234.50,0,shipped
""",
    "data/raw/2026-10-01/companycsv.csv": """company_id,name,industry,country,employees,annual_revenue,website,updated_at
C0000002,Beta,IT,n/a,1250 employees,"12,500,000",x.example,1772619060
""",
    "data/raw/2026-10-01/leadcsv.csv": """lead_id,company_id,email,campaign,status,created_at,updated_at
L0000001,,a@b.example,NULL,converted,2026-09-28T10:11:00Z,2026-09-29T10:11:00Z
""",
    "data/raw/2026-10-01/weblogs.log": """\
100.64.0.1 - - [01/Oct/2026:10:11:00 +0000] "GET /pricing/?x=1&utm_campaign=SPRING_Launch HTTP/1.1" 200 12 "-" "Mozilla/5.0"
this is no request
100.64.0.2 - - [01/Oct/2026:10:12:00 +0000] "GET / HTTP/1.1" 404 12 "-" "Googlebot/2.1"
""",
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose owner added a package of their own before the first build."""
    folder = standin.new_project(tmp_path_factory.mktemp("acme"))
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    standin.load_day(folder, DAY, 1)
    own = folder / "packages/own"
    (own / "macros").mkdir(parents=True)
    (own / "dbt_project.yml").write_text("{name: own, version: '1.0.0', config-version: 2}")
    (folder / "packages.yml").write_text((folder / "packages.yml").read_text() + "  - local: packages/own\n")
    installed = standin.dbt(folder, "deps")
    assert installed.code == 0, installed.output
    built = standin.dbt(folder, "build")
    assert built.code == 0, built.output
    return folder


def artifact(project: Path, name: str) -> dict[str, Any]:
    """Read one of the files dbt leaves behind."""
    read: dict[str, Any] = json.loads((project / f"target/{name}.json").read_text())
    return read


def nodes(project: Path, kind: str) -> list[dict[str, Any]]:
    """The project's nodes of one kind."""
    return [node for node in artifact(project, "manifest")["nodes"].values() if node["resource_type"] == kind]


def test_dbt_deps_keeps_the_bundled_package_beside_the_users_own(project: Path) -> None:
    """Offline, and although dbt empties the folder first."""
    assert sorted(path.name for path in (project / "dbt_packages").iterdir()) == ["lakesmith", "own"]


def test_every_model_has_a_description_a_test_and_a_build_stamp(project: Path) -> None:
    """So that nobody has to guess what a table is and whether it can be trusted."""
    models = nodes(project, "model")
    tested = {parent for test in nodes(project, "test") for parent in test["depends_on"]["nodes"]}
    assert [model["name"] for model in models if not model["description"]] == []
    assert [model["name"] for model in models if model["unique_id"] not in tested] == []
    assert [model["name"] for model in models if "_ls_built_at" not in model["columns"]] == []
    assert 15 <= len(models) <= 20
    assert 40 <= len(nodes(project, "test")) <= 65


def test_documented_columns_are_the_columns(project: Path) -> None:
    """In the order of the table, each with a description."""
    for model in nodes(project, "model"):
        described = [name for name, column in model["columns"].items() if column["description"]]
        built = [name for name, *_ in standin.query(project, f"describe {model['schema']}.{model['name']}")]
        assert described == built, model["name"]


def test_schemas_are_exactly_the_layers(project: Path) -> None:
    """No prefix from the target."""
    schemas = standin.query(project, "select distinct table_schema from information_schema.tables order by 1")
    assert schemas == [("bronze_backoffice",), ("gold",), ("marts",), ("silver",)]
    assert {(model["schema"], Path(model["path"]).parts[0]) for model in nodes(project, "model")} == {
        (s, s) for s in ("silver", "gold", "marts")
    }


def test_dirt_that_is_expected_warns_and_nothing_else_does(project: Path) -> None:
    """The unknown customer, the quantity that was no number."""
    results = artifact(project, "run_results")["results"]
    assert {r["status"] for r in results} == {"success", "pass", "warn"}
    names = sorted(r["unique_id"].split(".")[2] for r in results if r["status"] == "warn")
    assert [name.split("_stg_")[0] for name in names] == [
        "lakesmith_source_sibling_empty_backoffice_orders_quantity",
        "relationships",
    ]


def test_hand_made_marts_are_right(project: Path) -> None:
    """One look at the numbers a person can check on paper."""
    sold = standin.query(
        project,
        "select company_name, country, quantity, gross_amount::varchar, net_amount::varchar from marts.mart_monthly_sales order by all",
    )
    assert sold == [("Alpha New", "DE", 3, "3703.50", "3333.15"), ("Unknown", "Unknown", 2, "2469.00", "2469.00")]
    assert standin.query(project, "select page, campaign, views from marts.mart_traffic") == [
        ("/pricing", "spring_launch", 1)
    ]
    days = "select day::varchar, new_leads, conversions, page_views, bot_requests, sales from marts.mart_daily_metrics order by 1"
    assert standin.query(project, days) == [
        ("2026-03-04", 0, 0, 0, 0, 2), ("2026-09-28", 1, 0, 0, 0, 0), ("2026-09-29", 0, 1, 0, 0, 0), ("2026-10-01", 0, 0, 1, 1, 0),
    ]  # fmt: skip


def test_project_file_names_the_streams_the_models_read() -> None:
    """lakesmith.yml and models/sources.yml agree, and nothing private would be committed."""
    described = yaml.safe_load((standin.TEMPLATE / "lakesmith.yml").read_text())
    (source,) = yaml.safe_load((standin.TEMPLATE / "models/sources.yml").read_text())["sources"]
    assert list(described["sources"]) == [source["name"]]
    assert list(described["sources"]["backoffice"]["streams"]) == [table["name"] for table in source["tables"]]
    assert {".env", ".lakesmith/", "dbt_packages/"} <= set((standin.TEMPLATE / ".gitignore").read_text().split())
