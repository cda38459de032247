"""The macros and generic tests of the bundled package that work on whole tables, over small tables made by hand."""

import json
from datetime import UTC, datetime
from hashlib import md5
from itertools import combinations
from pathlib import Path
from typing import Any, Final

import duckdb
import pytest
import standin

pytestmark = pytest.mark.slow

BRONZE: Final = """
create schema bronze_app;

-- key 1: updated; 2: deleted; 3: deleted, then created again; null: a key like any other; 4, 5: truncated away, 5 came back
create table bronze_app.things (id integer, shop varchar, name varchar, since date, _ls_seq bigint, _ls_op varchar);
insert into bronze_app.things values
  (4, 'a', 'gone', '2026-01-01', 1, 'c'), (5, 'a', 'gone', '2026-01-01', 2, 'c'), (null, null, null, null, 3, 't'),
  (1, 'a', 'old', '2026-01-01', 4, 'c'), (2, 'a', 'here', '2026-01-01', 5, 'c'), (3, 'a', 'here', '2026-01-01', 6, 'c'),
  (null, 'a', 'first', '2026-01-01', 7, 'r'), (2, 'a', 'here', '2026-01-02', 8, 'd'), (3, 'a', 'here', '2026-01-02', 9, 'd'),
  (3, 'a', 'again', '2026-01-03', 10, 'c'), (null, 'a', 'second', '2026-01-02', 11, 'r'), (5, 'a', 'back', '2026-01-01', 12, 'c'),
  (1, 'a', 'new', '2026-01-05', 13, 'u'), (1, 'b', 'other shop', '2026-01-01', 14, 'r'), (1, 'a', 'late', '2026-01-03', 15, 'r'),
  (1, 'a', 'late', '2026-01-03', 16, 'r'), (1, 'a', 'new', '2026-01-06', 17, 'r');

-- 1: a hole, null as a value, a hole in two rows; 2: deleted; 3: deleted and created again with a hole; 4: truncated away; 5: all holes
create table bronze_app.holed (id integer, place varchar, name varchar, _ls_seq bigint, _ls_op varchar, _ls_unchanged integer[]);
insert into bronze_app.holed values
  (4, 'x', 'gone', 1, 'c', null), (null, null, null, 2, 't', null),
  (1, 'far', 'old', 3, 'c', null), (2, 'x', 'y', 4, 'c', null), (3, 'before', 'first', 5, 'c', null), (null, 'here', 'none', 6, 'c', null),
  (1, null, 'new', 7, 'u', [21]), (1, 'gone', null, 8, 'u', []), (2, null, null, 9, 'd', null), (3, null, null, 10, 'd', null),
  (1, null, null, 11, 'u', [21]), (3, null, 'second', 12, 'c', [21]), (null, null, null, 13, 'u', [21, 22]), (5, null, null, 14, 'u', [21, 22]);
comment on column bronze_app.holed.id is 'field 20';
comment on column bronze_app.holed.place is 'field 21';
comment on column bronze_app.holed.name is 'field 22';

create table bronze_app.wide (a integer, "odd Name" varchar, b integer, b__string varchar, dropped integer, _ls_seq bigint);
insert into bronze_app.wide values (1, 'x', 2, 'three', 9, 1), (2, 'y', null, '3 pcs', 9, 2);

create table bronze_app.pairs (place integer, one varchar, two varchar);
insert into bronze_app.pairs values (0, 'a', null), (1, 'a', ''), (2, '', 'a'), (3, null, 'a'), (4, null, null), (5, '', ''), (6, 'n', 'n'),
  (7, 'a', 'b'), (8, 'ab', ''), (9, 'av1:b', null), (10, 'a', 'v1:b'), (11, 'v0:', null), (12, 'a-b', 'c'), (13, 'a', 'b-c'), (14, 'n', ''),
  (15, 'a|', 'b'), (16, 'a', '|b'), (17, 'ä', 'b');

create table bronze_app.doubled (id integer, place varchar, name varchar, price decimal(18, 2), valid_from date, valid_to date, _ls_seq bigint);
insert into bronze_app.doubled values
  (1, 'x', 'same', 1, '2026-01-01', '2026-01-05', 1), (1, 'x', 'same', 1, '2026-01-04', null, 2), (2, 'x', 'one', null, '2026-01-01', '2026-01-02', 3),
  (2, 'x', 'two', 0, '2026-01-02', null, 4), (3, 'x', 'single', -1, '2026-01-01', null, 5), (null, 'y', 'p', 1, null, null, 6), (null, 'y', 'q', 1, null, null, 7);
"""
MODELS: Final = {
    "current_by_one": "select id, shop, name, _ls_seq from {{ lakesmith.current(source('app', 'things'), 'id') }}",
    "current_by_two": "select id, shop, name, _ls_seq from {{ lakesmith.current(source('app', 'things'), ['id', 'shop']) }}",
    "current_of_cte": "with t as (select * from {{ source('app', 'things') }}) select * from {{ lakesmith.current('t', 'id') }} as x",
    "current_holed": "select * from {{ lakesmith.current(source('app', 'holed'), 'id') }}",
    "current_holed_cte": "with t as (select * from {{ source('app', 'holed') }}) select * from {{ lakesmith.current('t', ['id'], source('app', 'holed')) }} as x",
    "history": "select * from {{ lakesmith.history(source('app', 'things'), ['id', 'shop'], 'since') }}",
    "history_of_changes": "select * from {{ lakesmith.history(source('app', 'things'), ['id', 'shop'], 'since', compare=['name']) }}",
    "star": "select {{ lakesmith.star(source('app', 'wide'), except=['Dropped', 'missing'], replace={'a': 'a * 10', 'b': 'b * 2', 'nope': '1'}) }} from {{ source('app', 'wide') }}",
    "star_system": "select {{ lakesmith.star(source('app', 'wide'), system=true) }} from {{ source('app', 'wide') }}",
    "sibling": "select {{ lakesmith.sibling(source('app', 'wide'), 'b', lakesmith.parse_integer('b__string')) }} as b, {{ lakesmith.sibling(source('app', 'wide'), 'a', 'nope') }} as a from {{ source('app', 'wide') }}",
    "hashed": "select place, {{ lakesmith.surrogate_key(['one', 'two']) }} as sk from {{ source('app', 'pairs') }}",
    "hashed_alone": "select place, {{ lakesmith.surrogate_key(['one']) }} as sk from {{ source('app', 'pairs') }}",
    "built_first": "select {{ lakesmith.built_at() }} as _ls_built_at",
    "built_second": "select _ls_built_at, {{ lakesmith.built_at() }} as own from {{ ref('built_first') }}",
}
SCHEMA: Final = """
sources:
  - name: app
    schema: bronze_app
    tables:
      - {name: things}
      - {name: holed}
      - {name: pairs}
      - name: wide
        columns:
          - {name: a, data_tests: [lakesmith.sibling_empty: {name: no_sibling}]}
          - {name: b, data_tests: [lakesmith.sibling_empty: {name: filled_sibling}]}
      - name: doubled
        data_tests:
          - lakesmith.unique_key: {name: doubled_id, arguments: {key: id}}
          - lakesmith.unique_key: {name: doubled_both, arguments: {key: [id, place]}}
          - lakesmith.unique_key: {name: not_doubled, arguments: {key: [id, name, valid_from]}}
          - lakesmith.no_overlap: {name: overlaps, arguments: {key: id}}
        columns:
          - {name: price, data_tests: [lakesmith.not_negative: {name: negative_price}]}
          - {name: id, data_tests: [lakesmith.not_negative: {name: negative_id}]}
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with one model per macro, built once; its tests keep their failing rows."""
    folder = tmp_path_factory.mktemp("tables")
    for name, sql in MODELS.items():
        (folder / "models").mkdir(exist_ok=True)
        (folder / f"models/{name}.sql").write_text(sql)
    (folder / "models/schema.yml").write_text(SCHEMA)
    (folder / "dbt_project.yml").write_text(
        "{name: tables, profile: lakesmith, models: {+materialized: table}, flags: {send_anonymous_usage_stats: false}, "
        "data_tests: {+store_failures: true, +schema: failures}}"
    )
    (folder / "profiles.yml").write_text((standin.TEMPLATE / "profiles.yml").read_text())
    standin.add_package(folder)
    with duckdb.connect(folder / standin.BUILD) as build:
        build.execute(BRONZE)
    built = standin.dbt(folder, "build")
    assert "ERROR creating" not in built.output, built.output
    return folder


def rows(project: Path, sql: str) -> list[tuple[Any, ...]]:
    """Read the build file."""
    with duckdb.connect(project / standin.BUILD, read_only=True) as build:
        return build.execute(sql).fetchall()


def test_current_keeps_the_newest_image_of_each_living_key(project: Path) -> None:
    """Deleted keys and all before the truncate are gone; null is a key."""
    expected = [(1, "a", "new", 17), (3, "a", "again", 10), (5, "a", "back", 12), (None, "a", "second", 11)]
    assert rows(project, "select * from current_by_one order by id") == expected
    assert rows(project, "select id, shop, name, _ls_seq from current_of_cte order by id") == expected
    assert rows(project, "select * from current_by_two order by id, shop") == [
        expected[0],
        (1, "b", "other shop", 14),
        *expected[1:],
    ]


def test_current_fills_holes_with_the_newest_value_that_was_brought(project: Path) -> None:
    """Null is a value and no hole; what was before a delete or a truncate fills nothing."""
    expected = [
        (1, "gone", None, 11, "u", [21]),
        (3, None, "second", 12, "c", [21]),
        (5, None, None, 14, "u", [21, 22]),
        (None, "here", "none", 13, "u", [21, 22]),
    ]
    assert rows(project, "select * from current_holed order by id") == expected
    assert rows(project, "select * from current_holed_cte order by id") == expected


VERSIONS: Final = """
select id, shop, name, valid_from::varchar, valid_to::varchar, is_current, version, _ls_seq from {} order by id, shop, version
"""


def test_history_orders_versions_by_their_own_time(project: Path) -> None:
    """A late version takes its place, an exact copy replaces its twin, a delete ends a version and is none."""
    assert rows(project, VERSIONS.format("history")) == [
        (1, "a", "old", "2026-01-01", "2026-01-03", False, 1, 4),
        (1, "a", "late", "2026-01-03", "2026-01-05", False, 2, 16),
        (1, "a", "new", "2026-01-05", "2026-01-06", False, 3, 13),
        (1, "a", "new", "2026-01-06", None, True, 4, 17),
        (1, "b", "other shop", "2026-01-01", None, True, 1, 14),
        (2, "a", "here", "2026-01-01", "2026-01-02", False, 1, 5),
        (3, "a", "here", "2026-01-01", "2026-01-02", False, 1, 6),
        (3, "a", "again", "2026-01-03", None, True, 2, 10),
        (5, "a", "back", "2026-01-01", None, True, 1, 12),
        (None, "a", "first", "2026-01-01", "2026-01-02", False, 1, 7),
        (None, "a", "second", "2026-01-02", None, True, 2, 11),
    ]


def test_history_can_drop_versions_in_which_nothing_changed(project: Path) -> None:
    """The second `new` is no change; a delete of an equal row is one."""
    got = rows(project, VERSIONS.format("history_of_changes"))
    assert [row[:5] for row in got if row[0] == 1 and row[1] == "a"] == [
        (1, "a", "old", "2026-01-01", "2026-01-03"),
        (1, "a", "late", "2026-01-03", "2026-01-05"),
        (1, "a", "new", "2026-01-05", None),
    ]
    assert [row[2:5] for row in got if row[0] == 2] == [("here", "2026-01-01", "2026-01-02")]


def test_star_and_sibling_follow_the_columns_of_the_relation(project: Path) -> None:
    """Replaced in place, their siblings gone, _ls_* only on demand."""
    assert [name for name, *_ in rows(project, "describe star")] == ["a", "odd Name", "b"]
    assert rows(project, "select * from star order by a") == [(10, "x", 4), (20, "y", None)]
    assert [name for name, *_ in rows(project, "describe star_system")] == [
        "a",
        "odd Name",
        "b",
        "b__string",
        "dropped",
        "_ls_seq",
    ]
    assert rows(project, "select b, a from sibling order by a") == [(2, 1), (3, 2)]


def test_surrogate_keys_collide_for_no_two_different_lists(project: Path) -> None:
    """Null, empty text and values that look like the encoding all stay apart; the form is md5 hex."""
    keys = dict(rows(project, "select place, sk from hashed"))
    assert [pair for pair in combinations(sorted(keys), 2) if keys[pair[0]] == keys[pair[1]]] == []
    assert keys[0] == md5(b"v1:an").hexdigest()
    assert dict(rows(project, "select place, sk from hashed_alone"))[1] == md5(b"v1:a").hexdigest()


def test_built_at_is_one_utc_instant_per_invocation(project: Path) -> None:
    """The same in every model, and not in the future or long ago."""
    ((first, own, kind),) = rows(project, "select _ls_built_at, own, typeof(own) from built_second")
    assert first == own
    assert kind == "TIMESTAMP WITH TIME ZONE"
    assert 0 <= (datetime.now(UTC) - own).total_seconds() < 600


def test_generic_tests_fail_on_what_they_look_for_only(project: Path) -> None:
    """Failures and warnings by test name."""
    results = json.loads((project / "target/run_results.json").read_text())["results"]
    found = {
        r["unique_id"].split(".")[2]: (r["status"], r["failures"])
        for r in results
        if r["unique_id"].startswith("test.")
    }
    assert found == {
        "no_sibling": ("pass", 0),
        "filled_sibling": ("warn", 2),
        "doubled_id": ("fail", 3),
        "doubled_both": ("fail", 3),
        "not_doubled": ("pass", 0),
        "overlaps": ("fail", 1),
        "negative_price": ("fail", 1),
        "negative_id": ("pass", 0),
    }


def test_unique_key_names_the_columns_that_differ(project: Path) -> None:
    """Null against a value is a difference; _ls_* columns are never named."""
    differing = rows(project, "select id, copies, differing_columns from main_failures.doubled_id order by id")
    assert differing == [(1, 2, "valid_from, valid_to"), (2, 2, "name, price, valid_from, valid_to"), (None, 2, "name")]
