"""Columns that travel in blocks give the very arrays that rows give, for every type, and the values that were written."""

import random
import sys
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal as Number
from pathlib import Path
from uuid import UUID

import adbc_driver_postgresql.dbapi as adbc
import psycopg
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

sys.path[:0] = [str(Path(__file__).parents[1])]

from type_values import NATIVE, NUMBERS, SETUP, WORDS

from lakesmith.errors import FatalError
from lakesmith.model.streams import StreamId, StreamSpec
from lakesmith.sources.postgres.catalog.columns import list_columns
from lakesmith.sources.postgres.catalog.values import Relation, Table
from lakesmith.sources.postgres.connecting.settings import SessionSettings
from lakesmith.sources.postgres.types import table_types
from lakesmith.sources.postgres.types.packing import MOST_COLUMNS, Packed, pack

SEED = 20261121
BLOCKS = "cross join lateral (select {select} from (select * from {table} order by n) as told where n % {blocks} = block having count(*) > 0) as packed"


@pytest.fixture
def reader(url):
    with adbc.connect(url, autocommit=True) as connection:
        batches(connection, SessionSettings().statement())
        yield connection


def batches(connection, query):
    with connection.cursor() as cursor:
        cursor.execute(query)
        return list(cursor.fetch_record_batch())


def types_of(db, table="t", said=None):
    oid = db.execute("select %s::regclass::oid::int8", (table,)).fetchone()[0]
    columns = list_columns(db, Table(oid, Relation("public", table), "table"))
    return table_types(columns, StreamSpec(StreamId("shop", "t"), columns=said or {}))


def by_blocks(reader, types, table="t", blocks=3):
    """Return the rows of a table whose column `n` says which block each is of."""
    lateral = BLOCKS.format(select=types.packed.select, table=table, blocks=blocks)
    query = f"select packed.* from generate_series(0, {blocks}) as blocks (block) {lateral}"
    return [types.rows_in(batch) for batch in batches(reader, query)]


def by_rows(reader, types, table="t", blocks=3):
    return [
        types.rows(batch) for batch in batches(reader, f"select {types.select} from {table} order by n % {blocks}, n")
    ]


def exact(chunks):
    """Return columns as they are to the bit, since no NaN equals another."""
    table = pa.Table.from_batches(chunks).combine_chunks()
    whole = {pa.float32(): pa.int32(), pa.float64(): pa.int64()}
    return [
        (field, (column.chunk(0).view(whole[field.type]) if field.type in whole else column.chunk(0)).to_pylist())
        for field, column in zip(table.schema, table.columns, strict=True)
    ]


def fill(db, kinds, rows):
    """Make a table of one column for each type, some of whose values are null, and one row of nothing but nulls."""
    rng = random.Random(SEED)
    names = [f"c{number}" for number in range(len(kinds))]
    db.execute(
        f"create table t (n int, {', '.join(f'{name} {kind}' for name, kind in zip(names, kinds, strict=True))})"
    )
    values = []
    for make, edges in kinds.values():
        made = [*edges, *(None if rng.random() < 0.2 else make(rng) for _ in range(rows - len(edges)))]
        rng.shuffle(made)
        values.append(made)
    with db.cursor() as cursor:
        cursor.executemany(
            f"insert into t values ({', '.join(['%s'] * (1 + len(kinds)))})",
            [*((n, *row) for n, row in enumerate(zip(*values, strict=True))), (rows, *[None] * len(kinds))],
        )


def test_every_type_is_the_same_both_ways(db, reader):
    db.execute(SETUP)
    kinds = {**NATIVE, **NUMBERS, **WORDS}
    left_out = ["ints"]  # arrays do not travel so
    left_out += ["numeric(3,5)", "numeric(5,-2)"] if db.info.server_version < 150_000 else []
    try:
        db.execute("select '<a/>'::xml")
    except psycopg.errors.FeatureNotSupported:
        left_out.append("xml")
    fill(db, {kind: made for kind, made in kinds.items() if kind not in left_out}, 60)
    types = types_of(db)
    assert exact(by_blocks(reader, types)) == exact(by_rows(reader, types))


def test_what_the_project_says_of_types_holds_in_blocks(db, reader):
    kinds = {kind: NUMBERS[kind] for kind in ("numeric", "numeric(10,2)")} | {"date": NATIVE["date"]}
    fill(db, kinds, 40)
    said = {"c0": {"type": "decimal(20, 4)"}, "c1": {"type": "string"}, "c2": {"type": "string"}}
    for pins in (said, {"c1": {"type": "decimal(30, 5)"}}):
        types = types_of(db, said=pins)
        assert exact(by_blocks(reader, types)) == exact(by_rows(reader, types))


def test_more_columns_than_one_number_has_bits_for(db, reader):
    count = MOST_COLUMNS - 1
    shown = ", ".join(f"case when n % {i + 2} > 0 then n % {i + 3} > 1 end as c{i}" for i in range(count))
    db.execute(f"create table t as select n, {shown} from generate_series(1, 300) n")
    types = types_of(db)
    assert types.packed.words > 2
    assert exact(by_blocks(reader, types)) == exact(by_rows(reader, types))


def test_arrays_and_too_many_columns_are_read_row_by_row(db):
    db.execute("create table t (n int, x int[])")
    assert types_of(db).packed is None
    [number] = types_of(db).columns[:1]
    assert pack([number] * MOST_COLUMNS) is not None
    assert pack([number] * (MOST_COLUMNS + 1)) is None
    assert pack([]) is None


def test_short_numbers_share_words_at_their_ends(db, reader):
    kinds = [kind for kind in ("integer", "smallint", "integer", "smallint", "smallint", "boolean") for _ in range(3)]
    ends = {"integer": (-(2**31), 2**31 - 1, -1), "smallint": (-(2**15), 2**15 - 1, -1), "boolean": (True, False, True)}
    db.execute(f"create table t (n int, {', '.join(f'c{i} {kind}' for i, kind in enumerate(kinds))})")
    rows = [
        tuple(None if (n + i) % 7 == 0 else ends[kind][(n * i) % 3] for i, kind in enumerate(kinds)) for n in range(50)
    ]
    with db.cursor() as cursor:
        cursor.executemany(
            f"insert into t values ({', '.join(['%s'] * (1 + len(kinds)))})", [(n, *row) for n, row in enumerate(rows)]
        )
    types = types_of(db)
    assert len(types.packed.in_words) == len(kinds)  # one number would have a word for itself
    assert len({bits.word for bits in types.packed.in_words.values()}) > 3
    came = {row.pop("n"): tuple(row.values()) for batch in by_blocks(reader, types) for row in batch.to_pylist()}
    assert came == dict(enumerate(rows))


def test_rows_that_did_not_arrive_are_no_rows(db, reader):
    db.execute("create table t as select n, 'x' || n as x, 'y'::bytea as y from generate_series(1, 9) n")
    types = types_of(db)
    for wrong in ("count(*) + 1 as rows", "count(*) - 1 as rows"):
        changed = types.packed.select.replace("count(*) as rows", wrong)
        with pytest.raises(FatalError, match=r"The server counted \d+ rows in a block"):
            types.rows_in(batches(reader, f"select {changed} from t")[0])
    texts = Packed(types.packed.columns[1:2])
    object.__setattr__(types, "packed", texts)
    short = texts.select.replace(r"'\x00'::pg_catalog.bytea", "null")
    with pytest.raises(FatalError, match="The server counted 9 rows in a block, and 1 arrived"):
        types.rows_in(batches(reader, f"select {short} from t")[0])


FINITE = {"min_value": Number(-(10**14) + 1), "max_value": Number(10**14 - 1), "places": 4}
MOMENTS = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30))  # noqa: DTZ001 - the type has no zone
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=9)
COLUMNS = {
    "boolean": st.booleans(),
    "smallint": st.integers(-(2**15), 2**15 - 1),
    "integer": st.integers(-(2**31), 2**31 - 1),
    "bigint": st.integers(-(2**63), 2**63 - 1),
    "double precision": st.floats(allow_nan=False),
    "numeric(18,4)": st.decimals(**FINITE),
    "numeric(30,4)": st.decimals(**FINITE),
    "date": st.dates(date(1, 1, 1), date(9999, 12, 31)),
    "timestamp": MOMENTS,
    "timestamptz": MOMENTS.map(lambda at: at.replace(tzinfo=UTC)),
    "text": TEXTS,
    "bytea": st.binary(max_size=9),
    "uuid": st.uuids(),
}
ROWS = st.lists(st.tuples(*(st.none() | values for values in COLUMNS.values())), min_size=1, max_size=20)


@settings(max_examples=40, deadline=timedelta(seconds=20), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=ROWS, blocks=st.integers(1, 5))
def test_what_was_written_is_what_comes(db, reader, rows, blocks):
    columns = ", ".join(f"c{number} {kind}" for number, kind in enumerate(COLUMNS))
    db.execute(f"drop table if exists t; create table t (n int, {columns})")
    with db.cursor() as cursor, cursor.copy("copy t from stdin") as copy:
        for n, row in enumerate(rows):
            copy.write_row((n, *row))
    types = types_of(db)
    came = [row for batch in by_blocks(reader, types, blocks=blocks) for row in batch.to_pylist()]
    told = [
        {"n": n} | {f"c{i}": str(value) if isinstance(value, UUID) else value for i, value in enumerate(row)}
        for n, row in enumerate(rows)
    ]
    assert sorted(came, key=lambda row: row["n"]) == told
