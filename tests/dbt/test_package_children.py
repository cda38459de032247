"""The macros of the bundled package that make child models of nested lists, over documents as bronze has them after every kind of drift."""

from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import duckdb
import pytest
import standin

pytestmark = pytest.mark.slow

ITEM: Final = (
    "STRUCT(sku VARCHAR, quantity BIGINT, price DOUBLE, tags VARCHAR[], quantity__string VARCHAR, price__decimal DECIMAL(18, 2), "
    "count BIGINT, count_json VARCHAR)[]"
)
BRONZE: Final = f"""
create schema bronze_app;

create table bronze_app.orders (_id varchar, shop integer, items {ITEM}, items__json varchar, _ls_seq bigint, _ls_op varchar);
insert into bronze_app.orders values
  ('a', 1, [{{'sku': 'X', 'quantity': 2, 'price': 5.25, 'tags': ['p', 'q'], 'count': 9007199254740993}}, {{'sku': 'Y', 'quantity__string': '3'}}], null, 1, 'c'),
  ('b', 1, [], null, 2, 'c'),
  ('c', 1, null, null, 3, 'c'),
  ('d', 1, null, '[{{"sku": "Z", "quantity": 7, "later": true}}]', 4, 'c'),
  ('e', 1, null, '{{"sku": "one", "quantity": 1}}', 5, 'c'),
  ('f', 2, [{{'sku': 'V', 'quantity__string': '3 pcs', 'price__decimal': 12345678901234.50, 'count_json': '"4"'}}, null], null, 6, 'c'),
  ('g', 2, [{{'sku': 'W', 'count_json': '{{"$numberLong": "5"}}'}}], null, 7, 'c');

create table bronze_app.tickets (_id varchar, tag varchar, tag__json varchar, tags varchar[], _ls_seq bigint, _ls_op varchar);
insert into bronze_app.tickets values
  ('t', 'billing', null, null, 1, 'r'), ('u', null, '["a", null, "b\\"c"]', null, 2, 'r'), ('v', null, null, ['x', 'y'], 3, 'r'),
  ('w', null, null, null, 4, 'r'), ('x', null, '[]', null, 5, 'r'), ('y', '[1', null, null, 6, 'r');

create table bronze_app.numbers (_id integer, sizes bigint[], sizes__string varchar);
insert into bronze_app.numbers values (1, [1, null, 3], null), (2, null, '"4"'), (3, null, 'many'), (4, null, '[5, 6.5]');

create table bronze_app.places (_id integer, place STRUCT(zip BIGINT, zip__string VARCHAR, city VARCHAR));
insert into bronze_app.places values (1, {{'zip': 1067, 'city': 'Dresden'}}), (2, {{'zip__string': '01067'}}), (3, null);
"""
PARTS: Final = {"sku": "text", "quantity": "bigint", "price": "decimal(18, 2)", "later": "boolean", "count": "bigint"}
MODELS: Final = {
    "items": f"select * from {{{{ lakesmith.child_rows(source('app', 'orders'), 'items', ['_id', 'shop'], parts={PARTS}) }}}} as item",
    "items_now": "select * from {{ lakesmith.child_rows(lakesmith.current(source('app', 'orders'), '_id'), 'items', '_id', parts={'sku': 'text'}, of=source('app', 'orders')) }} as item",
    "items_of_cte": "with chosen as (select * from {{ source('app', 'orders') }} where shop = 2) select * from {{ lakesmith.child_rows('chosen', 'items', '_id', parts={'sku': 'text'}) }} as item",
    "grandchildren": "select _id, position, tags from {{ lakesmith.child_rows(source('app', 'orders'), 'items', '_id', parts={'tags': 'text'}) }} as item where tags is not null",
    "tags": "select * from {{ lakesmith.child_rows(source('app', 'tickets'), ['tags', 'tag', 'gone'], '_id', element='tag') }} as tag",
    "sizes": "select * from {{ lakesmith.child_rows(source('app', 'numbers'), 'sizes', '_id') }} as size",
    "places": "select _id, {{ lakesmith.nested_part('place', 'zip') }} as zip, {{ lakesmith.nested_part('place', 'country') }} as country, {{ lakesmith.nested_part('place', 'zip', 'bigint') }} as number from {{ source('app', 'places') }} as one",
}
SCHEMA: Final = """
sources:
  - name: app
    schema: bronze_app
    tables: [{name: orders}, {name: tickets}, {name: numbers}, {name: places}]
"""
EXPECTED: Final[dict[str, list[tuple[Any, ...]]]] = {
    "items": [
        ("a", 1, 1, "X", 2, Decimal("5.25"), None, 9007199254740993),
        ("a", 1, 2, "Y", 3, None, None, None),
        ("d", 1, 1, "Z", 7, None, True, None),
        ("e", 1, 1, "one", 1, None, None, None),
        ("f", 2, 1, "V", None, Decimal("12345678901234.50"), None, 4),
        ("f", 2, 2, None, None, None, None, None),
        ("g", 2, 1, "W", None, None, None, 5),
    ],
    "items_now": [("a", 1, "X"), ("a", 2, "Y"), ("d", 1, "Z"), ("e", 1, "one"), ("f", 1, "V"), ("f", 2, None), ("g", 1, "W")],
    "items_of_cte": [("f", 1, "V"), ("f", 2, None), ("g", 1, "W")],
    "tags": [
        *(("t", 1, "billing"), ("u", 1, "a"), ("u", 2, None), ("u", 3, 'b"c'), ("v", 1, "x"), ("v", 2, "y"), ("y", 1, "[1")),
    ],
    "sizes": [(1, 1, "1"), (1, 2, None), (1, 3, "3"), (2, 1, "4"), (3, 1, "many"), (4, 1, "5"), (4, 2, "6.5")],
    "places": [(1, "1067", None, 1067), (2, "01067", None, 1067), (3, None, None, None)],
}  # fmt: skip


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with one model per case, built once."""
    folder = tmp_path_factory.mktemp("children")
    (folder / "models").mkdir()
    for name, sql in MODELS.items():
        (folder / f"models/{name}.sql").write_text(sql)
    (folder / "models/schema.yml").write_text(SCHEMA)
    (folder / "dbt_project.yml").write_text(
        "{name: children, profile: lakesmith, models: {+materialized: table}, flags: {send_anonymous_usage_stats: false}}"
    )
    (folder / "profiles.yml").write_text((standin.TEMPLATE / "profiles.yml").read_text())
    standin.add_package(folder)
    with duckdb.connect(folder / standin.BUILD) as build:
        build.execute(BRONZE)
    built = standin.dbt(folder, "build")
    assert built.code == 0, built.output
    return folder


@pytest.mark.parametrize("model", EXPECTED)
def test_every_element_is_a_row(project: Path, model: str) -> None:
    """Lists of objects, of values, single values before and after lists; parts that came later, or with another type."""
    assert (
        standin.query(
            project,
            f"select * from {model} order by 1, position" if model != "places" else "select * from places order by 1",
        )
        == EXPECTED[model]
    )


def test_lists_in_lists_are_json_again(project: Path) -> None:
    """A part that is a list can be taken apart by the next child model."""
    assert standin.query(project, "select * from grandchildren") == [("a", 1, '["p","q"]')]
