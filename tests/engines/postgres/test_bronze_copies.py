"""Bronze in PostgreSQL: values as they are in the lake, what is nested as JSON, and only what is new is copied."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal as Number

import pytest

from lakesmith.engines.postgres import PostgresEngine, PostgresOptions
from lakesmith.errors import ConfigError, RunInProgressError, StorageUnavailableError
from lakesmith.model.places import LakeAddress
from lakesmith.model.plans import EngineContext
from lakesmith.model.streams import StreamId
from lakesmith.model.types import (
    BINARY,
    DOUBLE,
    FLOAT,
    INT,
    LONG,
    STRING,
    TIMESTAMPTZ,
    Decimal,
    Field,
    List,
    Map,
    Struct,
)
from lakesmith.testing.bronze import BronzeTable, with_system

ORDERS = StreamId("app", "orders")
NESTED = with_system(
    Field("tags", List(STRING, 2), id=1),
    Field("amounts", List(Decimal(10, 2), 4), id=3),
    Field("raws", List(BINARY, 6), id=5),
    Field("st", Struct((Field("a b", INT, id=8), Field("s", STRING, id=9))), id=7),
    Field("ma", Map(STRING, INT, 11, 12), id=10),
    Field("deep", List(List(INT, 15), 14), id=13),
    Field("raw", BINARY, id=16),
    Field("real", FLOAT, id=17),
    Field("wide", DOUBLE, id=18),
    Field("odd \"ñame' 表", STRING, id=19),
)
ROW = {
    "tags": ["a,b", 'q"\\{}', None, "NULL", ""],
    "amounts": [Number("1.50"), None],
    "raws": [b"\x00\xff", None],
    "st": {"a b": 1, "s": 'x"y'},
    "ma": [("k", 1)],
    "deep": [[1, None], []],
    "raw": b"\x00\xff\\",
    "real": 0.1,
    "wide": float("-inf"),
    "odd \"ñame' 表": "here",
}


@pytest.fixture
def table(tmp_path):
    return BronzeTable(tmp_path / "files", ORDERS)


def test_nested_and_odd_values(engine, table, admin):
    file = table.load(NESTED, [ROW, dict.fromkeys(ROW), {**dict.fromkeys(ROW), "tags": [], "deep": []}], 1)
    engine.attach([table.at(1, NESTED, file)])
    names = 'tags, amounts::text[], raws, st, ma, deep, raw, real::text, wide, "odd ""ñame\' 表"'
    assert admin(f"select {names} from bronze_app.orders order by _ls_seq") == [
        (
            ROW["tags"],
            ["1.50", None],
            ROW["raws"],
            ROW["st"],
            {"k": 1},
            ROW["deep"],
            ROW["raw"],
            "0.1",
            float("-inf"),
            "here",
        ),
        (None,) * 10,
        ([], None, None, None, None, [], None, None, None, None),
    ]


def test_a_character_postgresql_has_no_text_for_becomes_the_mark_of_a_lost_one(engine, table, admin):
    schema = with_system(Field("s", STRING, id=1), Field("st", Struct((Field("t", STRING, id=3),)), id=2))
    rows = [{"s": "a\0b", "st": {"t": "c\0\0d\\u0000"}}, {"s": "plain", "st": {"t": "\\u0000"}}]
    engine.attach([table.at(1, schema, table.load(schema, rows, 1))])
    assert admin("select s, st from bronze_app.orders order by _ls_seq") == [
        ("a\ufffdb", {"t": "c\ufffd\ufffdd\\u0000"}),
        ("plain", {"t": "\\u0000"}),
    ]


def test_far_times(engine, table, admin):
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = with_system(Field("at", TIMESTAMPTZ, id=1))
    file = table.load(schema, [{"at": datetime(2026, 1, 1, tzinfo=UTC)}] * 2, 1)
    rows = pq.read_table(file)
    far = pa.array([-62_198_755_200_000_000, 253_402_300_800_000_000], pa.timestamp("us", "UTC"))
    pq.write_table(rows.set_column(0, rows.schema.field(0), far), file)
    engine.attach([table.at(1, schema, file)])
    assert admin("select at::text from bronze_app.orders order by _ls_seq") == [
        ("0002-01-01 00:00:00+00 BC",),
        ("10000-01-01 00:00:00+00",),
    ]


SIMPLE = with_system(Field("id", INT, id=1))


def copied(admin) -> dict[int, int]:
    """Which transaction brought each row: a row that is copied again has another."""
    return dict(admin("select id, xmin::text::bigint from bronze_app.orders"))


def test_only_what_is_new_is_copied(engine, table, admin):
    files = [table.load(SIMPLE, [{"id": 10 * ordinal + at} for at in range(2)], ordinal) for ordinal in (1, 2, 3)]
    engine.attach([table.at(1, SIMPLE, files[0])])
    first = copied(admin)
    engine.attach([table.at(2, SIMPLE, *files)])
    second = copied(admin)
    assert {one: second[one] for one in first} == first
    compacted = table.write("compacted", SIMPLE, table_rows(files))
    engine.attach([table.at(3, SIMPLE, compacted)])
    assert copied(admin) == second
    engine.attach([table.at(4, SIMPLE, files[0])])
    assert copied(admin) == first
    ((snapshot, held),) = admin("select snapshot_id, files from lakesmith.bronze")
    assert (snapshot, held) == (4, [files[0]])


def table_rows(files: list[str]) -> list[dict]:
    import pyarrow.parquet as pq

    return [row for file in files for row in pq.read_table(file).to_pylist()]


def test_a_column_is_renamed_and_widened_in_place(engine, table, admin):
    file = table.load(SIMPLE, [{"id": 1}], 1)
    engine.attach([table.at(1, SIMPLE, file)])
    ((oid,),) = admin("select 'bronze_app.orders'::regclass::oid")
    after = with_system(Field("ident", LONG, id=1), Field("id", STRING, id=2))
    engine.attach([table.at(2, after, file)])
    assert admin("select 'bronze_app.orders'::regclass::oid, ident, id from bronze_app.orders") == [(oid, 1, None)]


def test_streams_that_are_gone_go_and_what_others_made_stays(engine, table, admin):
    file = table.load(SIMPLE, [{"id": 1}], 1)
    gone = BronzeTable(table.folder, StreamId("old", "gone"))
    engine.attach([table.at(1, SIMPLE, file), gone.at(1, SIMPLE, file)])
    admin("create table bronze_app.theirs as select 1 as x")
    engine.attach([table.at(1, SIMPLE, file)])
    left = admin("select schemaname || '.' || tablename from pg_tables where schemaname like 'bronze%' order by 1")
    assert left == [("bronze_app.orders",), ("bronze_app.theirs",)]


def test_a_table_under_a_streams_name_is_refused(engine, table, admin):
    admin("create schema bronze_app")
    admin("create view bronze_app.orders as select 1 as x")
    with pytest.raises(ConfigError, match=r"bronze_app\.orders is a table or a view that somebody else made"):
        engine.attach([table.at(1, SIMPLE, table.load(SIMPLE, [{"id": 1}], 1))])


def test_two_lakes_cannot_share_a_name(context, tmp_path, admin):
    lakes = {
        name: PostgresEngine(
            EngineContext(
                name, context.options, context.root, context.build, context.warehouse, LakeAddress(f"/{name}")
            )
        )
        for name in ("prod", "dev")
    }
    for ordinal, (name, engine) in enumerate(lakes.items(), 1):
        table = BronzeTable(tmp_path / name, ORDERS)
        snapshot = table.at(ordinal, SIMPLE, table.load(SIMPLE, [{"id": ordinal}], ordinal))
        if name == "prod":
            engine.attach([snapshot])
        else:
            with pytest.raises(ConfigError, match=r"(?s)bronze of another lake.*copied from /prod"):
                engine.attach([snapshot])
        engine._lock.release()
    assert admin("select id from bronze_app.orders") == [(1,)]


def test_a_failed_attach_changes_nothing(engine, table, admin):
    file = table.load(SIMPLE, [{"id": 1}], 1)
    engine.attach([table.at(1, SIMPLE, file)])
    second = BronzeTable(table.folder, StreamId("app", "second"))
    with pytest.raises(StorageUnavailableError, match="DuckDB cannot read or write a file"):
        engine.attach([table.at(2, SIMPLE), second.at(1, SIMPLE, str(table.folder / "nowhere.parquet"))])
    assert admin("select id from bronze_app.orders") == [(1,)]
    assert admin("select table_name, snapshot_id from lakesmith.bronze") == [("orders", 1)]


def test_two_runs_do_not_build_at_once(engine):
    from lakesmith.engines.postgres.connect import connect

    engine.attach([])
    other = connect(engine._address, 5)
    engine._lock.release()
    other.execute("select pg_advisory_lock(%s)", [engine._lock.key])
    with pytest.raises(RunInProgressError, match="Another run builds the target 'prod'"):
        engine.attach([])
    other.close()
    engine.attach([])


def test_somebody_who_holds_a_table_is_waited_for_and_named(context, table, url):
    import psycopg

    impatient = PostgresOptions(url=url, lock_timeout_s=1)
    engine = PostgresEngine(EngineContext("prod", impatient, context.root, context.build, context.warehouse))
    file = table.load(SIMPLE, [{"id": 1}], 1)
    engine.attach([table.at(1, SIMPLE, file)])
    with psycopg.connect(url) as holder:
        holder.execute("select * from bronze_app.orders")
        with pytest.raises(RunInProgressError, match="Somebody holds a table that has to be changed"):
            engine.attach([table.at(2, with_system(Field("ident", INT, id=1)), file)])
    engine._lock.release()


def test_the_profile_names_variables_for_secrets(engine):
    profile = engine.profile()
    assert profile["password"] == "{{ env_var('DBT_ENV_SECRET_LAKESMITH_PASSWORD') }}"
    assert (profile["type"], profile["schema"]) == ("postgres", "ls_prod_build__main")
    assert engine.environment()["DBT_ENV_SECRET_LAKESMITH_PASSWORD"] == "pass-word"
    assert "pass-word" not in json.dumps(profile) + repr(engine._context) + repr(engine._address)


@pytest.mark.parametrize(
    "url", ["", "mysql://a:b@c/d", "postgresql://host/db", "postgresql://me:pw@host:x/db", "postgresql://me:pw@host"]
)
def test_urls_that_cannot_be_meant(url):
    with pytest.raises(ValueError, match=r"should be postgresql://user:password@host:port/database"):
        PostgresOptions(url=url)


def test_a_server_that_is_not_there(context):
    options = PostgresOptions(url="postgresql://me:hush@127.0.0.1:1/db", connect_timeout_s=2)
    engine = PostgresEngine(EngineContext("prod", options, context.root, context.build, context.warehouse))
    with pytest.raises(
        StorageUnavailableError, match=r"(?s)cannot be reached.*postgresql://127\.0\.0\.1:1/db"
    ) as caught:
        engine.read_manifest()
    assert "hush" not in str(caught.value)


def test_a_database_that_cannot_hold_every_text_is_refused(server, context):
    import psycopg

    with psycopg.connect(server.url(), autocommit=True) as connection:
        connection.execute("drop database if exists latin")
        connection.execute("create database latin template template0 encoding 'LATIN1' locale 'C'")
    options = PostgresOptions(url=server.url("latin"))
    engine = PostgresEngine(EngineContext("prod", options, context.root, context.build, context.warehouse))
    with pytest.raises(ConfigError, match=r"(?s)made for LATIN1.*create database"):
        engine.attach([])
    engine._lock.release()
