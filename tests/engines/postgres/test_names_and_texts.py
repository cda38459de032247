"""Names that PostgreSQL cuts, texts it cannot hold, and databases that hold others."""

from __future__ import annotations

import pytest

from lakesmith.engines.postgres import PostgresEngine, PostgresOptions
from lakesmith.errors import ConfigError
from lakesmith.model.plans import Dataset, EngineContext
from lakesmith.model.streams import StreamId
from lakesmith.model.types import INT, STRING, Field, List, Struct
from lakesmith.testing.bronze import BronzeTable, with_system

LONG = "c" * 63


def test_texts_that_were_changed_are_counted(engine, tmp_path):
    table = BronzeTable(tmp_path, StreamId("app", "orders"))
    schema = with_system(
        Field("s", STRING, id=1),
        Field("l", List(STRING, 3), id=2),
        Field("t", Struct((Field("u", STRING, id=5),)), id=4),
    )
    rows = [
        {"s": "a\0b", "l": ["x\0", None], "t": {"u": "\0"}},
        {"s": None, "l": ["\0"], "t": None},
        {"s": None, "l": None, "t": {"u": "\0"}},
        {"s": "plain", "l": ["x"], "t": {"u": "\\u0000"}},
        {"s": None, "l": None, "t": None},
    ]
    (note,) = engine.attach([table.at(1, schema, table.load(schema, rows, 1))])
    assert note.startswith("3 rows of app.orders hold the character U+0000")
    assert engine.attach([table.at(1, schema, str(tmp_path / "app.orders.load-1.parquet"))]) == ()


def test_columns_that_are_cut_are_told(engine, tmp_path, admin):
    table = BronzeTable(tmp_path, StreamId("app", "orders"))
    schema = with_system(Field(f"{LONG}é", INT, id=1), Field(f"x{LONG}", INT, id=2))
    file = table.load(schema, [{f"{LONG}é": 1, f"x{LONG}": 2}], 1)
    (note,) = engine.attach([table.at(1, schema, file)])
    assert note.startswith("2 columns of app.orders have longer names than PostgreSQL takes")
    assert admin(f"select {LONG}, x{LONG[1:]} from bronze_app.orders") == [(1, 2)]


@pytest.mark.parametrize(
    ("stream", "columns", "said"),
    [
        (StreamId("app", "o" * 64), ["id"], "The name o{64} is longer than PostgreSQL takes"),
        (StreamId("a" * 60, "orders"), ["id"], "The name bronze_a{60} is longer"),
        (StreamId("app", "orders"), [f"{LONG}a", f"{LONG}b"], "c{63}a and c{63}b would have the same name"),
    ],
)
def test_names_that_would_become_one_are_refused(engine, tmp_path, admin, stream, columns, said):
    schema = with_system(*(Field(name, INT, id=at) for at, name in enumerate(columns, 1)))
    with pytest.raises(ConfigError, match=said):
        engine.attach([BronzeTable(tmp_path, stream).at(1, schema)])
    assert admin("select count(*) from pg_namespace where nspname like 'bronze%'") == [(0,)]


def test_a_schema_of_many_bytes_is_swapped_again_and_again(engine, build, admin):
    name = 'ä"' * 16
    for day in (1, 2, 3):
        build(f"{name}.mart", f"select {day} as x")
        engine.swap([Dataset("mart", name, (), 0)])
    quoted = name.replace('"', '""')
    assert admin(f'select x from "{quoted}".mart') == [(3,)]


def test_a_schema_whose_build_would_be_cut_is_refused(engine):
    with pytest.raises(ConfigError, match=r"PostgreSQL would cut the schema's name ls_prod_build__m{50}"):
        engine.swap([Dataset("mart", "m" * 50, (), 0)])


@pytest.mark.few(1)
@pytest.mark.parametrize("encoding", ["LATIN1", "SQL_ASCII", "WIN1251"])
def test_databases_of_other_encodings_are_refused_by_name(server, context, encoding):
    import psycopg

    name = f"of_{encoding.lower()}"
    with psycopg.connect(server.url(), autocommit=True) as connection:
        connection.execute(f"drop database if exists {name}")
        connection.execute(f"create database {name} template template0 encoding '{encoding}' locale 'C'")
    options = PostgresOptions(url=server.url(name))
    engine = PostgresEngine(EngineContext("prod", options, context.root, context.build, context.warehouse))
    with pytest.raises(ConfigError, match=f"(?s)made for {encoding}.*create database"):
        engine.attach([])
    engine.close()
    with psycopg.connect(server.url(name)) as connection:
        assert connection.execute("select count(*) from pg_namespace where nspname like 'ls%'").fetchone() == (0,)


def test_a_url_that_cannot_be_meant_is_not_repeated():
    with pytest.raises(ValueError, match="should be postgresql") as caught:
        PostgresOptions(url="mysql://me:hush@host/db")
    assert "hush" not in str(caught.value)


def test_what_a_url_says_besides_is_kept_and_its_password_is_not_shown(url, context):
    bare = url.replace(":pass-word@", "@")
    options = PostgresOptions(url=f"{bare}?password=pass-word&options=-c%20work_mem%3D7MB")
    engine = PostgresEngine(EngineContext("prod", options, context.root, context.build, context.warehouse))
    found = engine._lock.take().execute("select current_setting('work_mem'), current_setting('timezone')").fetchone()
    engine.close()
    assert found == ("7MB", "UTC")
    assert engine.environment()["DBT_ENV_SECRET_LAKESMITH_PASSWORD"] == "pass-word"
    assert "work_mem" in engine.environment()["PGOPTIONS"]
    assert "pass-word" not in repr(engine._address) + str(engine.profile())
