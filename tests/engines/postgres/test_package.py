"""The macros of the bundled package on PostgreSQL: the cases and the expectations are those that DuckDB is held to."""

from __future__ import annotations

import os
import random
import re
import subprocess
import sys
from datetime import timedelta
from itertools import combinations
from pathlib import Path

import psycopg
import pytest
import yaml

from lakesmith.engines.postgres import PostgresEngine, PostgresOptions
from lakesmith.model.plans import EngineContext

sys.path.insert(0, str(Path(__file__).parents[2] / "dbt"))
import standin
import test_cleaning as cleaning
import test_package_parsing as parsing
import test_package_tables as tables
import test_package_web as web
import test_regress_exact_cast as casts

pytestmark = pytest.mark.long
FAR = "-c timezone=America/St_Johns -c jit=off"
DOCUMENT = """[{"number": 1, "page": 2, "header": ["a", null], "cells": [["1", "2"], ["", "4"]]}, {"number": 2, "cells": []}]"""
MODELS = {
    **{
        f"parse_{name}": f"select place, {{{{ {call} }}}} as got from cases.{name}"
        for name, call in parsing.CALLS.items()
    },
    **{
        f"cast_{at}": f"select place, {{{{ lakesmith.exact_cast('value', '{kind}') }}}} as got from cases.cast_{at}"
        for at, kind in enumerate(casts.CASES)
    },
    **tables.MODELS,
    **web.MODELS,
    "clean_one": cleaning.one_model(),
    "clean_case": cleaning.case_model(),
    "document_cells": "select * from {{ lakesmith.document_cells('documents') }} as one",
    "sessions_of_relation": "select * from {{ lakesmith.sessions(adapter.get_relation('macros', 'public', 'requests')) }} as s",
    "document_pages": "select * from {{ lakesmith.document_pages('documents') }} as one",
    "distances": "select place, {{ lakesmith.edit_distance('one', 'two') }} as got from bronze_app.pairs",
}


@pytest.fixture(scope="module")
def url(server) -> str:
    with psycopg.connect(server.url(), autocommit=True) as connection:
        connection.execute("drop database if exists macros")
        connection.execute(
            "create database macros template template0 encoding 'UTF8' locale_provider builtin builtin_locale 'C.UTF-8'"
        )
    return server.url("macros")


@pytest.fixture(scope="module")
def read(tmp_path_factory, url):
    """Reads what one dbt run made of all cases."""
    folder = tmp_path_factory.mktemp("macros")
    engine = PostgresEngine(EngineContext("t", PostgresOptions(url=url), folder, folder / "b", folder / "w"))
    engine.attach([])
    engine._lock.release()
    _write(folder, engine)
    with psycopg.connect(url, autocommit=True) as connection:
        _fill(connection)
        built = _dbt(folder, engine, "build")
        assert "Database Error" not in built, built
        connection.execute("set timezone = 'UTC'")
        connection.execute("set search_path = ls_t_build__main, public")
        yield lambda sql: connection.execute(sql).fetchall()


def _write(folder: Path, engine: PostgresEngine) -> None:
    (folder / "models").mkdir()
    for name, text in MODELS.items():
        (folder / f"models/{name}.sql").write_text(text)
    (folder / "models/schema.yml").write_text(tables.SCHEMA)
    (folder / "dbt_project.yml").write_text(
        "{name: macros, profile: lakesmith, models: {+materialized: table}, flags: {send_anonymous_usage_stats: false}, "
        "data_tests: {+store_failures: true, +schema: failures}}"
    )
    profile = {"lakesmith": {"target": "t", "outputs": {"t": engine.profile()}}}
    (folder / "profiles.yml").write_text(yaml.safe_dump(profile))
    standin.add_package(folder)


def _dbt(folder: Path, engine: PostgresEngine, *words: str) -> str:
    environment = {**os.environ, **engine.environment(), "PGOPTIONS": FAR}
    command = [str(Path(sys.executable).parent / "dbt"), "--no-use-colors", *words]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


def _fill(connection) -> None:
    connection.execute(re.sub(r", \[([0-9, ]*)\]\)", r", '{\1}')", tables.BRONZE))  # lists as PostgreSQL spells them
    connection.execute("create schema cases")
    put = connection.cursor().executemany
    for name, cases in _cases().items():
        connection.execute(f"create table cases.{name} (place integer, value text)")
        put(f"insert into cases.{name} values (%s, %s)", [(at, text) for at, (text, _) in enumerate(cases)])
    for name, cases in {
        "agents": web.AGENTS,
        "referrers": web.REFERRERS,
        "queries": web.QUERIES,
        "lines": web.LINES,
    }.items():
        connection.execute(f"create table texts_{name} (place integer, value text, other text)")
        rows = [(at, case[0], case[1] if name == "referrers" else None) for at, case in enumerate(cases)]
        put(f"insert into texts_{name} values (%s, %s, %s)", rows)
    connection.execute("create table visits (client_ip text, user_agent text, path text, requested_at timestamptz)")
    visits = [(*visit, None if at is None else web.START + timedelta(minutes=at)) for *visit, at in web.VISITS]
    put("insert into visits values (%s, %s, %s, %s)", visits)
    connection.execute(
        "create table requests (client_ip text, user_agent text, requested_at timestamptz, _ls_seq bigint)"
    )
    put("insert into requests values (%s, %s, %s, %s)", web.requests(random.Random(3), 0, 120, 6000))
    connection.execute("create table documents (path text, tables jsonb, page_texts text[])")
    connection.execute("insert into documents values ('x', %s, %s), ('y', null, null)", [DOCUMENT, ["one", None]])


CASES = {name: make() for name, make in parsing.CASES.items()}


def _cases():
    return CASES | {f"cast_{at}": cases for at, cases in enumerate(casts.CASES.values())}


@pytest.mark.parametrize("name", CASES)
def test_parsing_gives_the_exact_value_or_null(read, name):
    got = [value for (value,) in read(f"select got from parse_{name} order by place")]
    cases = CASES[name]
    assert [(text, value, want) for (text, want), value in zip(cases, got, strict=True) if value != want] == []


@pytest.mark.parametrize("kind", casts.CASES)
def test_a_text_becomes_the_same_value_or_null(read, kind):
    at = list(casts.CASES).index(kind)
    got = [value for (value,) in read(f"select got from cast_{at} order by place")]
    assert dict(zip([text for text, _ in casts.CASES[kind]], got, strict=True)) == dict(casts.CASES[kind])


@pytest.mark.parametrize("name", cleaning.ONE)
def test_one_value_is_cleaned(read, name):
    got = dict(read("select place, cleaned from clean_one"))
    assert {text: got[f"{name} {at}"] for at, (text, _) in enumerate(cleaning.ONE[name])} == dict(cleaning.ONE[name])


def test_case_and_blanks(read):
    assert [city for (city,) in read("select city from clean_case order by place")] == ["Berlin"] * 4 + ["Bonn"] * 2 + [
        None
    ]


@pytest.mark.parametrize(
    "test",
    [
        tables.test_current_keeps_the_newest_image_of_each_living_key,
        tables.test_current_fills_holes_with_the_newest_value_that_was_brought,
        tables.test_history_orders_versions_by_their_own_time,
        tables.test_history_can_drop_versions_in_which_nothing_changed,
        tables.test_surrogate_keys_collide_for_no_two_different_lists,
    ],
)
def test_whole_tables(read, monkeypatch_rows, test):
    monkeypatch_rows(read)
    test(Path())


@pytest.fixture
def monkeypatch_rows():
    """Lets the expectations written for DuckDB read what PostgreSQL made."""
    kept = tables.rows

    def put(read) -> None:
        tables.rows = lambda _project, sql: read(sql)

    yield put
    tables.rows = kept


def test_columns_follow_the_relation(read):
    names = "select column_name from information_schema.columns where table_schema = 'ls_t_build__main' and table_name = '{}' order by ordinal_position"
    assert read(names.format("star")) == [("a",), ("odd Name",), ("b",)]
    assert read("select * from star order by a") == [(10, "x", 4), (20, "y", None)]
    history = {name for (name,) in read(names.format("history_of_changes"))}
    assert history == {"id", "shop", "name", "_ls_seq", "_ls_op", "valid_from", "valid_to", "is_current", "version"}
    assert {name for (name,) in read(names.format("sessions_of_relation"))} & {
        "ls_begins",
        "ls_session",
        "ls_first",
    } == set()


def test_web(read):
    agents = "select agent_family, agent_version, agent_os, agent_device, is_bot from agents order by place"
    assert [(case[0], *row) for case, row in zip(web.AGENTS, read(agents), strict=True)] == web.AGENTS
    referrers = read("select got from referrers order by place")
    assert [(*case[:2], value) for case, (value,) in zip(web.REFERRERS, referrers, strict=True)] == web.REFERRERS
    queries = read("select utm_source, utm_medium, utm_campaign, click_id, click_network from queries order by place")
    assert [(case[0], row) for case, row in zip(web.QUERIES, queries, strict=True)] == web.QUERIES
    lines = read("select method, target, path, query, protocol from lines order by place")
    assert [(case[0], row) for case, row in zip(web.LINES, lines, strict=True)] == web.LINES
    assert [row[-1] for row in read("select * from bots order by client nulls last")] == [
        False,
        True,
        True,
        True,
        False,
        False,
    ]


def test_sessions(read):
    rows = read("select client_ip, user_agent, requested_at, _ls_seq from requests")
    got = read(
        "select _ls_seq, session_id, session_started_at, session_ended_at, session_request, session_requests from sessions_whole"
    )
    members: dict[str, list[int]] = {}
    for seq, session, *_ in got:
        members.setdefault(session, []).append(seq)
    found = {seq: (min(members[session]) if session else None, *values) for seq, session, *values in got}
    assert found == web.expected_sessions(rows)


def test_documents(read):
    cells = read(
        "select table_number, page, row_number, column_number, header, value from document_cells order by 1, 3, 4"
    )
    assert cells == [(1, 2, 1, 1, "a", "1"), (1, 2, 1, 2, None, "2"), (1, 2, 2, 1, "a", None), (1, 2, 2, 2, None, "4")]
    assert read("select path, page, text from document_pages order by 2") == [("x", 1, "one"), ("x", 2, None)]


def test_edit_distances(read):
    def distance(one: str, two: str) -> int:
        row = list(range(len(two) + 1))
        for i, a in enumerate(one, 1):
            row, above = [i], row
            for j, b in enumerate(two, 1):
                row.append(min(row[-1] + 1, above[j] + 1, above[j - 1] + (a != b)))
        return row[-1]

    pairs = {at: (one, two) for at, one, two in read("select place, one, two from bronze_app.pairs")}
    got = dict(read("select place, got from distances"))
    assert got == {at: None if None in pair else distance(*pair) for at, pair in pairs.items()}
    assert len([1 for one, two in combinations(pairs, 2) if got[one] != got[two]]) > 10
