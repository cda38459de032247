"""The contract of engines notices an engine that breaks it; each mutant breaks one law."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from lakesmith.engines.duckdb import DuckDBEngine
from lakesmith.model.plans import Dataset
from lakesmith.testing.engine import ENGINE_LAWS, EngineContract
from lakesmith.testing.hashing import differing, file_hashes, published_hashes


class Leaves(DuckDBEngine):
    """Does not attach the newest file of a table."""

    def attach(self, tables):
        super().attach([replace(table, files=table.files[:1]) for table in tables])


class Clings(DuckDBEngine):
    """Keeps streams that are gone."""

    def attach(self, tables):
        if tables:
            super().attach(tables)


class Remembers(DuckDBEngine):
    """Does not forget."""

    def forget(self, relations):
        """Do nothing."""


class Careless(DuckDBEngine):
    """Loses what the caller wants to find again."""

    def swap(self, datasets, _inputs=None, *, keep=None):
        return super().swap(datasets, {}, keep=keep)


class Hoards(DuckDBEngine):
    """Never lets a table go."""

    def swap(self, datasets, inputs=None, **_keep):
        return super().swap(datasets, inputs)


class Chatters(DuckDBEngine):
    """Writes the password into the profile."""

    def profile(self):
        return {**super().profile(), "password": "hush"}


class Heavy(DuckDBEngine):
    """Loads a library before it answers."""

    def has_build(self):
        import pyarrow as pa

        return super().has_build() and bool(pa.__version__)


class Suite(EngineContract):
    secret = "hush"

    def build(self, engine, relation, query):
        schema, _, name = relation.partition(".")
        engine.build_file.parent.mkdir(parents=True, exist_ok=True)
        with duckdb.connect(engine.build_file) as connection:
            connection.execute(f"create schema if not exists {schema}")
            connection.execute(f"create or replace table {schema}.{name} as {query}")

    def outside(self, engine, query):
        with duckdb.connect(engine._context.warehouse / "local.duckdb", read_only=True) as connection:
            return connection.execute(query).fetchall()


MUTANTS = [
    (Leaves, "test_growth", "growth"),
    (Leaves, "test_files_come_and_go", "growth"),
    (Careless, "test_swap", "swap"),
    (Hoards, "test_what_stays", "keep"),
    (Chatters, "test_the_profile_tells_no_secret", "secret"),
    (Heavy, "test_asking_is_light", "light"),
]


@pytest.mark.few(3)
@pytest.mark.parametrize(("mutant", "test", "law"), MUTANTS)
def test_a_mutant_breaks_its_law(tmp_path, mutant, test, law):
    suite = type("Mutant", (Suite,), {"engine": mutant})()
    with pytest.raises(AssertionError, match=f"the {law} law is broken"):
        getattr(suite, test)(tmp_path)


@pytest.mark.parametrize(("mutant", "test"), [(Clings, "test_streams_that_are_gone"), (Remembers, "test_forget")])
def test_a_mutant_that_keeps_what_should_be_gone(tmp_path, mutant, test):
    suite = type("Mutant", (Suite,), {"engine": mutant})()
    with pytest.raises(pytest.fail.Exception, match="DID NOT RAISE"):
        getattr(suite, test)(tmp_path)


def test_every_law_is_named_by_a_test_or_proved_by_one():
    from lakesmith.testing import engine

    written = Path(engine.__file__).read_text().partition("class EngineContract")[2]
    assert [law for law in ENGINE_LAWS if f'"{law}"' not in written] == []


def test_equal_tables_have_equal_hashes_whatever_the_order_and_the_width(tmp_path):
    suite = type("Sound", (Suite,), {"engine": DuckDBEngine})()
    hashes = []
    for folder, query in (
        (
            "a",
            "select 1::int as id, 1.50::decimal(10, 2) as x, 'a' as name, 1 as _ls_seq union all select 2, 0.1, null, 2",
        ),
        (
            "b",
            "select 2::bigint as id, null::varchar as name, 0.1000::decimal(38, 4) as x union all select 1, 'a', 1.5",
        ),
        ("c", "select 1 as id, 1.5::double as x, 'a' as name union all select 2, 0.1, null"),
    ):
        engine = suite._engine(tmp_path / folder)
        suite.build(engine, "marts.one", query)
        suite.build(engine, "marts.two", "select 1 as x")
        engine.swap([Dataset("one", "marts", (), 0), Dataset("two", "marts", (), 0)])
        assert published_hashes(engine) == file_hashes(engine)
        hashes.append(published_hashes(engine))
    assert differing(hashes[0], hashes[1]) == []
    assert differing(hashes[0], hashes[2]) == ["marts.one"]  # a decimal is no double
