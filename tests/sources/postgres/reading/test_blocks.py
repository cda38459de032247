"""Ranges of pages read in blocks: which are, and that no row of them is lost or doubled."""

import contextlib
import sys
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

sys.path[:0] = [str(Path(__file__).parents[1])]

from reading_tables import opened, read_all, rows_of, said_by

from lakesmith.errors import FatalError
from lakesmith.model.streams import Ask
from lakesmith.sources.postgres.catalog.columns import list_columns
from lakesmith.sources.postgres.catalog.values import Relation, Table
from lakesmith.sources.postgres.connecting.arrow import ArrowSession
from lakesmith.sources.postgres.connecting.settings import SessionSettings
from lakesmith.sources.postgres.planning.plan import Token
from lakesmith.sources.postgres.reading.blocks import read_blocks
from lakesmith.sources.postgres.reading.session import Brake, ReadingSession
from lakesmith.sources.postgres.types import table_types
from lakesmith.sources.scene import Scene

SMALL = {"split_kb": 32, "batch_kb": 64}
MAKE = "create table {} as select i as id, 'name ' || i as name, i % 3 = 0 as paid, nullif(i % 5, 0) as page from generate_series(1, 5000) i"


@contextlib.contextmanager
def session_of(url, batch_bytes=64 * 1024):
    """Give a session as a source has it, in a transaction of its own."""
    with ArrowSession(url) as own:
        session = ReadingSession(own, Scene("server"), batch_bytes, Brake())
        list(session.batches(SessionSettings().statement()))
        own.rows("begin isolation level repeatable read, read only")
        yield session


def types_of(db, spec, name="t"):
    oid = db.execute("select %s::regclass::oid::int8", (name,)).fetchone()[0]
    return table_types(list_columns(db, Table(oid, Relation("public", name), "table")), spec)


def tokens_of(url, **options):
    """Return how a source plans to read a table, and its stream."""
    with opened(url, **options) as (source, spec):
        return [Token.decode(split.token) for split in source.splits(spec, Ask())], spec


def in_blocks(url, db, tokens, spec, name="t"):
    """Return the rows of splits that are read in blocks; None if one is not."""
    with session_of(url) as session:
        read = [read_blocks(session, token, types_of(db, spec, name)) for token in tokens]
        return None if None in read else [rows for blocks in read for rows in blocks]


def lines(batches):
    import pyarrow as pa

    from lakesmith.testing.contents import canonical_rows

    return canonical_rows(pa.Table.from_batches(batches))


@pytest.mark.parametrize(
    "name",
    [
        "_ls_blocks",
        'it\'s {one} "t" %s',
        *(pytest.param(name, marks=pytest.mark.long) for name in ("t", "_ls_pages", "packed")),
    ],
)
def test_every_row_comes_once_whatever_the_table_is_called(db, url, name):
    quoted = psycopg.sql.Identifier(name).as_string()
    db.execute(MAKE.format(quoted))
    db.execute(f"alter table {quoted} add packed int default 1, add rows text, add p0 bool, add _ls_blocks int")
    for gap in ("id between 1000 and 2300", "id % 250 < 5", "id > 4800"):
        db.execute(f"delete from {quoted} where {gap}")
    with opened(url, source=SMALL, table=f"public.{quoted}" if name != "t" else "t") as (source, spec):
        tokens = [Token.decode(split.token) for split in source.splits(spec, Ask())]
        chunks, _ = read_all(source, spec)
    assert len(tokens) > 5
    expected = said_by(db, f"select * from {quoted}".replace("%", "%%"))
    assert rows_of(chunks) == expected
    assert lines(in_blocks(url, db, tokens, spec, quoted)) == expected


def test_a_filter_and_a_cursor_hold_in_blocks(db, url):
    db.execute(MAKE.format("t"))
    db.execute("create index on t (page)")
    cut = {"filter": "page = 2 or t.paid -- not {all}", "cursor": "id", "mode": "append", "source": SMALL}
    with opened(url, **cut) as (source, spec):
        tokens = [Token.decode(split.token) for split in source.splits(spec, Ask())]
        chunks, _ = read_all(source, spec)
    expected = said_by(db, "select * from t where page = 2 or paid")
    assert rows_of(chunks) == expected
    assert lines(in_blocks(url, db, tokens, spec)) == expected


def test_pages_that_came_later_are_none_of_the_snapshot(db, url):
    db.execute(MAKE.format("t"))
    expected = said_by(db, "select * from t")
    with opened(url, source=SMALL) as (source, spec):
        splits = source.splits(spec, Ask())
        db.execute("insert into t select * from t")
        chunks = [chunk for split in splits for chunk in source.read(spec, split, Ask())]
    assert rows_of(chunks) == expected


def test_values_beside_the_table_are_read_row_by_row(db, url):
    db.execute(MAKE.format("t"))
    db.execute("alter table t alter name set storage external")
    db.execute("update t set name = repeat('x', 100000) where id = 7")
    tokens, spec = tokens_of(url, source=SMALL)
    assert in_blocks(url, db, tokens, spec) is None
    with opened(url, source=SMALL) as (source, spec):
        assert rows_of(read_all(source, spec)[0]) == said_by(db, "select * from t")


def test_what_has_no_pages_is_read_row_by_row(db, url):
    db.execute(MAKE.format("t"))
    db.execute("create view v as select * from t")
    for cut in ({"split_by": "id"}, {"table": "v"}, {"mode": "dedupe", "key": ("id",), "cursor": "id"}):
        tokens, spec = tokens_of(url, source=SMALL, **cut)
        assert in_blocks(url, db, tokens, spec) is None
    tokens, spec = tokens_of(url, source=SMALL)
    for other in ({"order": "id"}, {"marks": "1"}, {"pages": None}):
        assert in_blocks(url, db, [replace(tokens[0], **other)], spec) is None
    assert in_blocks(url, db, tokens[:1], spec) is not None


def test_a_block_that_does_not_come_is_missed(db, url, monkeypatch):
    db.execute(MAKE.format("t"))
    tokens, spec = tokens_of(url, source=SMALL)
    whole = ReadingSession.batches

    def without_the_last(session, query, share=1):
        *first, last = whole(session, query, share)
        yield from (*first, last.slice(0, last.num_rows - 1))

    monkeypatch.setattr(ReadingSession, "batches", without_the_last)
    with pytest.raises(FatalError, match=r"(\d+) blocks of pages were asked for, and (?!\1)\d+ arrived"):
        in_blocks(url, db, tokens[:1], spec)


def test_pages_without_rows_are_blocks_too(db, url):
    db.execute(MAKE.format("t"))
    db.execute("delete from t where id between 1000 and 4500")
    tokens, spec = tokens_of(url, source={"split_kb": 128, "batch_kb": 8})
    assert lines(in_blocks(url, db, tokens, spec)) == said_by(db, "select * from t")


def test_partitions_are_read_in_blocks(db, url):
    db.execute(MAKE.format("source") + "; create table t (like source) partition by range (id)")
    for first in (0, 7000, 14000):
        db.execute(
            f"create table t_{first} partition of t for values from ({first}) to ({first + 7001 - first // 14000})"
        )
        break
    db.execute("create table t_rest partition of t default; insert into t select * from source")
    tokens, spec = tokens_of(url, source=SMALL)
    assert len({token.relation for token in tokens}) == 2
    assert lines(in_blocks(url, db, tokens, spec)) == said_by(db, "select * from source")


def test_what_is_null_against_the_servers_word_is_null(db, url):
    if db.info.server_version < 180_000:
        pytest.skip("this server proves all rows when a column becomes `not null`")
    db.execute(MAKE.format("t"))
    db.execute("alter table t add constraint later not null page not valid")
    with opened(url, source=SMALL) as (source, spec):
        assert rows_of(read_all(source, spec)[0]) == said_by(db, "select * from t")


def test_a_session_is_set_as_before_once_blocks_are_read(db, url):
    db.execute(MAKE.format("t"))
    tokens, spec = tokens_of(url, source=SMALL)
    asked = "select current_setting('enable_indexscan'), current_setting('enable_bitmapscan')"
    with session_of(url) as session:
        blocks = read_blocks(session, tokens[0], types_of(db, spec))
        next(blocks)
        for _ in blocks:
            pass
        assert session.answer(asked) == ("on", "on")
