"""Scaffolded models: the plan of files, and what dbt makes of them on hand-made bronze."""

import shutil
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest
import yaml

from lakesmith.dbt.driver import DbtFinished, run_dbt
from lakesmith.dbt.profile import install_package, write_profiles
from lakesmith.dbt.program import DbtRequest
from lakesmith.dbt.scaffold import OWN_SOURCES, SOURCES, apply_scaffold, is_own, plan_scaffold, read_models
from lakesmith.dbt.staging import REFRESH_VAR, ScaffoldTable
from lakesmith.host import Host
from lakesmith.model.events import CheckFinished, ModelFinished
from lakesmith.model.streams import StreamId, StreamSpec
from lakesmith.model.types import DATE, DOUBLE, LONG, STRING, SYSTEM_FIELDS, Field, List, Schema
from lakesmith.project.paths import ProjectPaths

ORDERS = ScaffoldTable(
    StreamSpec(StreamId("shop", "orders"), "cdc", ("order_id",)),
    Schema((
        Field("order_id", LONG, source_name="Order-ID", doc="The order."),
        Field("quantity", LONG),
        Field("quantity__string", STRING),
        *SYSTEM_FIELDS,
    )),
)  # fmt: skip
ITEMS = ScaffoldTable(
    StreamSpec(StreamId("shop", "items"), "dedupe", ("order_id", "line")),
    Schema((Field("order_id", LONG), Field("line", LONG), Field("price", DOUBLE), *SYSTEM_FIELDS)),
)
HITS = ScaffoldTable(StreamSpec(StreamId("web", "hits")), Schema((Field("url", STRING), *SYSTEM_FIELDS)))
RATES = ScaffoldTable(
    StreamSpec(StreamId("shop", "rates"), "replace", ("day",)), Schema((Field("day", DATE), Field("rate", DOUBLE), *SYSTEM_FIELDS))
)  # fmt: skip
TABLES = [ORDERS, ITEMS, HITS, RATES]
LOADED_AT = datetime(2026, 1, 1, tzinfo=UTC)


def _actions(changes):
    return {change.path: change.action for change in changes}


def test_plan_names_one_model_and_description_per_stream():
    assert _actions(plan_scaffold([ORDERS, HITS], {})) == {
        "models/sources.yml": "create",
        "models/silver/shop/stg_shop__orders.sql": "create",
        "models/silver/shop/stg_shop__orders.yml": "create",
        "models/silver/web/stg_web__hits.sql": "create",
        "models/silver/web/stg_web__hits.yml": "create",
    }


def test_a_replaced_stream_with_history_is_read_as_its_newest_rows_and_one_without_as_its_last_load():
    kept = replace(RATES, spec=replace(RATES.spec, history=True))
    assert (RATES.kind, kept.kind) == ("replaced", "current")


def test_second_plan_changes_nothing_and_a_new_column_changes_its_files_only(tmp_path):
    assert apply_scaffold(tmp_path, plan_scaffold(TABLES, {})) == 9

    assert set(_actions(plan_scaffold(TABLES, read_models(tmp_path))).values()) == {"unchanged"}
    wider = replace(HITS, schema=HITS.schema.with_field(Field("agent", STRING)))
    changes = plan_scaffold([ORDERS, ITEMS, wider, RATES], read_models(tmp_path))
    assert {path for path, action in _actions(changes).items() if action == "update"} == {
        "models/sources.yml",
        "models/silver/web/stg_web__hits.yml",
    }


@pytest.mark.parametrize("path", ["models/silver/web/stg_web__hits.yml", "models/silver/web/stg_web__hits.sql"])
def test_edited_file_is_left_alone_and_reported(path, tmp_path):
    apply_scaffold(tmp_path, plan_scaffold(TABLES, {}))
    file = tmp_path / path
    file.write_text(file.read_text() + "\n")

    changes = plan_scaffold(TABLES, read_models(tmp_path))

    assert _actions(changes)[path] == "kept"
    assert "person" in next(change.note for change in changes if change.path == path)
    assert apply_scaffold(tmp_path, changes) == 0


def test_a_persons_declarations_are_not_repeated():
    theirs = {
        SOURCES: yaml.safe_dump({"sources": [{"name": "shop", "tables": [{"name": "orders"}]}]}),
        "models/own/stg_shop__orders.sql": "select 1",
    }

    changes = {change.path: change for change in plan_scaffold(TABLES, theirs)}

    assert changes["models/own/stg_shop__orders.sql"].action == "kept"
    assert not any(path.endswith("silver/shop/stg_shop__orders.yml") for path in changes)
    declared = yaml.safe_load(changes[OWN_SOURCES].content)["sources"]
    assert {(s["name"], t["name"]) for s in declared for t in s["tables"]} == {
        ("shop", "items"),
        ("shop", "rates"),
        ("web", "hits"),
    }


def test_only_an_untouched_file_is_our_own():
    text = plan_scaffold([HITS], {})[1].content

    assert is_own(text)
    assert is_own(text.replace("\n", "\r\n"))
    assert not is_own(text.replace("append", "merge"))
    assert not is_own("select 1")


def test_names_of_the_source_are_not_templates():
    odd = ScaffoldTable(HITS.spec, Schema((Field("a", STRING, source_name="{{ env_var('HOME') }}"), *SYSTEM_FIELDS)))

    assert "{{ env_var" not in "".join(c.content for c in plan_scaffold([odd], {}) if c.path.endswith(".yml"))


def test_siblings_of_lists_and_json_stay_columns():
    fields = (
        Field("tags", List(STRING)),
        Field("tags__string", STRING),
        Field("note", STRING),
        Field("note__json", STRING),
    )
    table = ScaffoldTable(HITS.spec, Schema((*fields, *SYSTEM_FIELDS)))

    assert [field.name for field in table.columns] == ["tags", "tags__string", "note", "note__json"]


class Company:
    """A project with hand-made bronze, built by dbt."""

    def __init__(self, root: Path) -> None:
        self.paths = ProjectPaths(root)
        self.build = root / "build.duckdb"
        root.joinpath("dbt_project.yml").write_text(
            "name: shop\nversion: '1.0.0'\nprofile: lakesmith\nmodels: {shop: {silver: {+schema: silver}}}\n"
        )
        root.joinpath("packages.yml").write_text("packages: [{local: .lakesmith/dbt/lakesmith}]\n")
        install_package(self.paths)
        output = {"type": "duckdb", "path": "{{ env_var('LAKESMITH_BUILD') }}", "threads": 2}
        write_profiles(self.paths, {"local": output}, "local")
        self.rows: dict[str, list[dict]] = {}

    def scaffold(self, tables):
        return plan_scaffold(tables, read_models(self.paths.root))

    def bronze(self, table, *rows):
        """Append rows and write the whole table anew, as a view over a new snapshot would show it."""
        kept = self.rows.setdefault(str(table.spec.id), [])
        kept.extend({"_ls_op": "r", **row} for row in rows)
        names = {
            "long": "bigint",
            "string": "varchar",
            "double": "double",
            "date": "date",
            "timestamptz": "timestamptz",
        }
        columns = ", ".join(f"{field.name} {names[str(field.type)]}" for field in table.schema)
        with duckdb.connect(str(self.build)) as db:
            db.execute(f"create schema if not exists bronze_{table.spec.id.source}")
            name = f"bronze_{table.spec.id.source}.{table.spec.id.name}"
            db.execute(f"create or replace table {name} ({columns})")
            for seq, row in enumerate(kept, start=1):
                full = {"_ls_seq": seq, "_ls_loaded_at": LOADED_AT, **row}
                db.execute(
                    f"insert into {name} values ({', '.join('?' * len(table.schema))})",
                    [full.get(f.name) for f in table.schema],
                )

    def dbt(self, build=None, *, refresh=()):
        request = DbtRequest(
            root=self.paths.root,
            profiles=self.paths.profiles,
            target="local",
            logs=self.paths.logs,
            variables={REFRESH_VAR: list(refresh)} if refresh else {},
            env={"LAKESMITH_BUILD": str(build or self.build)},
        )
        return list(run_dbt(request, Host()))

    def silver(self, model, build=None):
        with duckdb.connect(str(build or self.build), read_only=True) as db:
            found = db.execute(f"select * exclude (_ls_built_at) from main_silver.{model}")
            names = [column[0] for column in found.description]
            return sorted(
                (dict(zip(names, row, strict=True)) for row in found.fetchall()), key=lambda row: row["_ls_seq"]
            )


def newest(rows, *key):
    """The oracle: the last row of each key after the last truncate, without deleted ones."""
    images = {}
    for seq, row in enumerate(rows, start=1):
        if row["_ls_op"] == "t":
            images.clear()
        else:
            images[tuple(row[name] for name in key)] = {**row, "_ls_seq": seq}
    return sorted((row for row in images.values() if row["_ls_op"] != "d"), key=lambda row: row["_ls_seq"])


@pytest.fixture(scope="module")
def company(tmp_path_factory):
    """Two builds with a load and a new column between them, and a full refresh of the same bronze in a copy."""
    company = Company(tmp_path_factory.mktemp("company"))
    company.bronze(
        ORDERS,
        {"order_id": 1, "quantity": 5},
        {"order_id": 2, "quantity__string": "7"},
        {"order_id": None, "quantity": 1},
    )
    company.bronze(ORDERS, {"order_id": 3, "quantity": 2}, {"order_id": 1, "quantity__string": "3 pcs", "_ls_op": "u"})
    company.bronze(ITEMS, {"order_id": 1, "line": 1, "price": 1.5}, {"order_id": 1, "line": 2, "price": 2.5})
    company.bronze(HITS, {"url": "/"}, {"url": "/"})
    company.bronze(RATES, {"day": LOADED_AT.date(), "rate": 1.1})
    apply_scaffold(company.paths.root, company.scaffold(TABLES))
    company.first = company.dbt()
    company.silver_first = company.silver("stg_shop__orders")

    orders, hits = (
        replace(table, schema=table.schema.with_field(Field("channel", STRING))) for table in (ORDERS, HITS)
    )
    company.bronze(
        orders,
        {"order_id": 3, "_ls_op": "d"},
        {"order_id": 4, "quantity": 9, "channel": "web"},
        {"order_id": None, "quantity": 8},
    )
    company.bronze(hits, {"url": "/new", "channel": "mail"})
    company.bronze(ITEMS, {"_ls_op": "t"}, {"order_id": 2, "line": 1, "price": 4.0})
    company.rows["shop.rates"].clear()
    company.bronze(RATES, {"day": LOADED_AT.date(), "rate": 1.2})
    company.copy = company.build.with_name("copy.duckdb")
    shutil.copy(company.build, company.copy)
    with duckdb.connect(str(company.copy)) as db:  # shows whether the refresh began anew
        db.execute("insert into main_silver.stg_web__hits (url, _ls_seq) values ('/never', 0)")
    company.second = company.dbt()
    company.refreshed = company.dbt(company.copy, refresh=[str(table.spec.id) for table in TABLES])
    return company


@pytest.mark.slow
@pytest.mark.long
def test_first_build_is_current_and_reads_siblings(company):
    assert [(row["order_id"], row["quantity"]) for row in company.silver_first] == [
        (2, 7),
        (None, 1),
        (3, 2),
        (1, None),
    ]
    assert "quantity__string" not in company.silver_first[0]


@pytest.mark.slow
@pytest.mark.long
def test_new_rows_and_a_new_column_arrive_without_an_edit(company):
    expected = newest(company.rows["shop.orders"], "order_id")

    got = company.silver("stg_shop__orders")

    assert [(row["order_id"], row["_ls_seq"], row["channel"]) for row in got] == [
        (row["order_id"], row["_ls_seq"], row.get("channel")) for row in expected
    ]
    assert [(row["url"], row["channel"]) for row in company.silver("stg_web__hits")] == [
        ("/", None),
        ("/", None),
        ("/new", "mail"),
    ]


@pytest.mark.slow
@pytest.mark.long
def test_truncate_empties_and_replace_replaces(company):
    items = newest(company.rows["shop.items"], "order_id", "line")

    assert [(row["order_id"], row["line"], row["price"]) for row in company.silver("stg_shop__items")] == [(2, 1, 4.0)]
    assert [row["_ls_seq"] for row in items] == [row["_ls_seq"] for row in company.silver("stg_shop__items")]
    assert [row["rate"] for row in company.silver("stg_shop__rates")] == [1.2]


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.parametrize("model", [table.model for table in TABLES])
def test_increments_equal_a_full_refresh(model, company):
    assert company.silver(model) == company.silver(model, company.copy)


@pytest.mark.slow
@pytest.mark.long
def test_checks_report_the_sibling_and_the_null_key(company):
    checks = {
        (c.relation, c.column, c.status) for c in company.first if isinstance(c, CheckFinished) and c.status != "pass"
    }

    assert checks == {("bronze_shop.orders", "quantity", "warn"), ("main_silver.stg_shop__orders", "order_id", "fail")}


@pytest.mark.slow
@pytest.mark.long
def test_every_model_was_built_and_documented(company):
    for events in (company.first, company.second, company.refreshed):
        built = {e.model: e.status for e in events if isinstance(e, ModelFinished)}
        assert built == {table.model: "success" for table in TABLES}
        assert isinstance(events[-1], DbtFinished)
    text = (company.paths.root / "models/silver/shop/stg_shop__orders.yml").read_text()
    assert "The order. The source calls it `Order-ID`." in text
