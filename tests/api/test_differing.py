"""`diff`: what two targets publish, compared; Python over plain rows is the judge."""

import json
import os
import sys
from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import lakesmith
from lakesmith.api.differing import Wish, compare
from lakesmith.errors import ConfigError, SelectionError
from lakesmith.model.plans import Dataset

sys.path.insert(0, str(Path(__file__).parents[1] / "tools"))

from warm_lakesmith import run_lakesmith

PROJECT = """
version: 1
name: shop
sources: {shop: {type: files, streams: {orders: {files: "*.csv"}}}}
targets: {prod: {}, dev: {bronze: prod}}
"""


@pytest.fixture
def shop(tmp_path):
    (tmp_path / "lakesmith.yml").write_text(PROJECT)
    return tmp_path


def workshop(root, target):
    return lakesmith.open(root, target=target)._shop


def publish(root, target, **tables):
    """Make tables of DuckDB queries what readers of a target open."""
    engine = workshop(root, target).engine
    engine.build_file.parent.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(engine.build_file) as connection:
        connection.execute("create schema if not exists marts")
        for name, query in tables.items():
            connection.execute(f"create or replace table marts.{name} as {query}")
    engine.swap([Dataset(name, "marts", (), 0) for name in tables], keep=())


def differ(root, **wish):
    found = compare(workshop(root, "dev"), workshop(root, "prod"), Wish(**wish))
    return {one.table.removeprefix("marts."): one for one in found}


def test_rows_keys_and_values_are_told_apart(shop):
    publish(
        shop,
        "dev",
        a="from (values (1, 'a', 1.5), (2, 'b', null), (3, 'c', 3), (9, 'x', 1)) t(id, name, v)",
        only="select 1 as x",
    )
    publish(
        shop, "prod", a="from (values (1, 'a', 1.5), (2, 'B', 2), (3, 'c', 4), (7, 'x', 1), (8, 'y', 1)) t(id, name, v)"
    )
    found = differ(shop, keys={"a": ("id",)})
    a = found["a"]
    assert (a.left, a.right, a.only_left, a.only_right, a.changed, a.same) == (4, 5, 1, 2, 2, False)
    assert a.columns == {"name": 1, "v": 2}
    assert a.examples == {"only_left": ("9",), "only_right": ("7", "8"), "changed": ("2", "3")}
    assert (found["only"].left, found["only"].right, found["only"].same) == (1, None, False)


def test_without_a_key_or_with_one_that_comes_twice_whole_rows_are_compared(shop):
    publish(shop, "dev", a="from (values (1, 'a'), (1, 'a'), (2, 'b')) t(id, name)")
    publish(shop, "prod", a="from (values (1, 'a'), (2, 'c')) t(id, name)")
    for wish, note in (({}, "no key is known"), ({"keys": {"": ("id",)}}, "id comes twice")):
        one = differ(shop, **wish)["a"]
        assert (one.only_left, one.only_right, one.changed, one.key) == (2, 1, None, ())
        assert note in one.note


def test_columns_and_types_that_differ_are_named(shop):
    publish(
        shop, "dev", a="select 1::integer as id, 1.50::decimal(9, 2) as p, 'a' as d, 1 as mine, now() as _ls_built_at"
    )
    publish(shop, "prod", a="select 1::bigint as id, 1.5::decimal(18, 4) as p, 'a' as d, 2 as theirs")
    one = differ(shop, keys={"": ("id",)})["a"]
    assert (one.changed, one.only_left, one.columns_left, one.columns_right, one.same) == (
        0,
        0,
        ("mine",),
        ("theirs",),
        False,
    )
    assert one.types == {"id": "INTEGER → BIGINT", "p": "DECIMAL(9,2) → DECIMAL(18,4)"}
    publish(shop, "dev", a="select 1::integer as id, 1 as p")
    publish(shop, "prod", a="select 1::integer as id, 'one' as p")
    assert differ(shop, keys={"": ("id",)})["a"].columns == {"p": 1}


def test_nested_values_nan_and_nulls_compare_as_values(shop):
    table = "select 1 as id, {'x': [1, null]} as s, 'nan'::double as n, null as z, map {'k': 1} as m"
    publish(shop, "dev", a=table)
    publish(shop, "prod", a=table)
    assert differ(shop, keys={"": ("id",)})["a"].same
    assert differ(shop)["a"].same


def test_what_cannot_be_meant_is_said(shop):
    with pytest.raises(ConfigError, match="The target 'dev' has published nothing yet"):
        differ(shop)
    publish(shop, "dev", a="select 1 as id")
    publish(shop, "prod", a="select 1 as id")
    with pytest.raises(SelectionError, match=r"marts\.a has no column nothing on both sides"):
        differ(shop, keys={"a": ("nothing",)})
    with pytest.raises(SelectionError, match=r"mart_b"):
        differ(shop, select=("mart_b",))


ROWS = st.dictionaries(
    st.tuples(st.none() | st.integers(0, 4), st.sampled_from("ab")), st.none() | st.integers(0, 2), max_size=6
)


@pytest.mark.long
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ROWS, ROWS)
def test_any_two_tables_differ_as_dictionaries_do(shop, left, right):
    for target, rows in (("dev", left), ("prod", right)):
        body = ", ".join(
            f"({'null' if k is None else k}, '{w}', {'null' if v is None else v})" for (k, w), v in rows.items()
        )
        given_rows = f"from (values {body}) t(k, w, v)" if rows else "from (select 0 as k, '' as w, 0 as v) where false"
        publish(shop, target, a=f"select k::int as k, w, v::int as v {given_rows}")
    one = differ(shop, keys={"": ("k", "w")})["a"]
    changed = {key for key in left.keys() & right.keys() if left[key] != right[key]}
    assert (one.left, one.right) == (len(left), len(right))
    assert (one.only_left, one.only_right, one.changed) == (
        len(left.keys() - right),
        len(right.keys() - left),
        len(changed),
    )
    assert one.same == (left == right)
    whole = differ(shop)["a"]
    assert (whole.only_left, whole.only_right) == (len(left.items() - right.items()), len(right.items() - left.items()))


@pytest.mark.long
def test_the_command_says_it_to_people_and_scripts(shop):
    publish(shop, "dev", mart_a="select i as id, i % 3 as v from range(2000) t(i)", mart_b="select 1 as x")
    publish(shop, "prod", mart_a="select i as id, i % 4 as v from range(5, 2005) t(i)", mart_b="select 1 as x")
    done = run_lakesmith(["diff", "dev", "prod", "--key", "mart_a=id"], shop, os.environ)
    assert done.returncode == 1, done.stderr
    assert "only in dev, by id: 0 | 1 | 2 | …" in done.stdout
    assert "1 of 2 tables differs." in done.stdout
    told = json.loads(run_lakesmith(["diff", "dev", "prod", "--key", "id", "--json"], shop, os.environ).stdout)
    changed = sum(i % 3 != i % 4 for i in range(5, 2000))
    assert (told["same"], [one["same"] for one in told["tables"]]) == (False, [False, True])
    assert (told["tables"][0]["changed"], told["tables"][0]["columns"]) == (changed, {"v": changed})
    publish(shop, "prod", mart_a="select i as id, i % 3 as v from range(2000) t(i)", mart_b="select 1 as x")
    same = run_lakesmith(["diff", "dev", "prod"], shop, os.environ)
    assert same.returncode == 0, same.stderr
    assert "All 2 tables are the same." in same.stdout
    for wrong in (["nobody"], ["dev"], ["prod", "--key", "mart_a=x"], ["prod", "--select", "nothing"]):
        assert run_lakesmith(["diff", "dev", *wrong], shop, os.environ).returncode == 2


@pytest.mark.long
@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("100::bigint", "100::decimal(38, 35)"),
        ("1.50::decimal(10, 2)", "1.5::double"),
        ("-0.10::decimal(10, 2)", "-0.1::decimal(5, 1)"),
        ("date '2026-01-01'", "timestamp '2026-01-01 00:00:00'"),
        ("timestamp '2026-01-01 12:00:00'", "timestamptz '2026-01-01 13:00:00+01'"),
    ],
)
def test_the_same_values_in_types_of_other_engines_are_the_same(shop, left, right):
    publish(shop, "dev", a=f"select 1 as id, {left} as v")
    publish(shop, "prod", a=f"select 1 as id, {right} as v")
    one = lakesmith.open(shop, target="dev").diff(lakesmith.open(shop, target="prod"), Wish(keys={"a": ("id",)}))
    (found,) = one
    assert (found.same, list(found.types)) == (True, ["v"])
    publish(shop, "prod", a=f"select 1 as id, {right.replace('2026', '2027').replace('1', '7', 1)} as v")
    assert [one.columns for one in differ(shop, keys={"a": ("id",)}).values()] == [{"v": 1}]
