"""`include: "*"`: tables that no stream names are shown with their sizes, and loaded by the run that finds them."""

import json
import re

import pytest
import yaml
from click.testing import CliRunner

import lakesmith
from lakesmith.cli.main import cli
from lakesmith.errors import ConnectorOptionsError, SourceMissingError
from lakesmith.model.streams import SourceContext, StreamId, StreamSpec
from lakesmith.sources.postgres import PostgresSource

PROJECT = """
version: 1
name: shop
sources:
  shop: {type: postgres, url: "${env:SHOP_URL}", include: "*"%s}
"""
MADE = """
create table orders (id int primary key, note text); insert into orders select n, repeat('x', 100) from generate_series(1, 500) n;
create table people (id int, "First Name" text, unique (id)); insert into people values (1, 'Ann'), (2, 'Bob');
create view seen as select 1 as one; create schema far; create table far.away (id int);
"""


class Shop:
    """A project on a database."""

    def __init__(self, root, url):
        self.root = root
        (root / ".env").write_text(f"SHOP_URL={url}\n")
        self.say()

    def say(self, more=""):
        (self.root / "lakesmith.yml").write_text(PROJECT % more)
        return self

    def open(self):
        return lakesmith.open(self.root)

    def cli(self, *arguments):
        return CliRunner().invoke(cli, [*arguments, "--project", str(self.root)]).output

    def json(self, command):
        return json.loads(self.cli(command, "--json"))

    def tables(self):
        """Return how many rows each table of the lake has."""
        lake = self.open()._shop.lake
        return {stream.name: lake.table(stream).head().rows for stream in lake.streams()}


@pytest.fixture
def shop(db, url, tmp_path):
    db.execute(MADE)
    return Shop(tmp_path, url)


def source_of(url, *streams, **options):
    specs = tuple(
        StreamSpec(StreamId("shop", name), options=PostgresSource.StreamOptions(**said), where="lakesmith.yml:9")
        for name, said in streams
    )
    made = PostgresSource.Options(url=url, **options)
    return PostgresSource(SourceContext("shop", made, None, specs, "lakesmith.yml:5"))


def found(url, *streams, **options):
    source = source_of(url, *streams, **options)
    try:
        return {one.name: (dict(one.said), one.size_bytes) for one in source.discover()}
    finally:
        source.close()


def test_tables_of_the_patterns_that_no_stream_reads_the_largest_first(db, url):
    db.execute(MADE)
    size = db.execute("select pg_table_size('orders')").fetchone()[0]
    all_ = found(url, include="*")
    assert list(all_) == ["orders", "people", "seen"]
    assert all_["orders"] == ({"mode": "replace", "key": ["id"]}, size)
    assert all_["people"][0] == {"mode": "replace"}, "a unique index over a column that may be null is no key"
    assert all_["seen"] == ({"mode": "replace"}, None)
    assert list(found(url, ("bestellungen", {"table": "public.orders"}), ("people", {}), include="*")) == ["seen"]
    assert found(url, include=("far.*", "p*"), exclude="people") == {
        "far__away": ({"table": '"far"."away"', "mode": "replace"}, 0)
    }


def test_the_name_of_another_tables_stream_is_refused(db, url):
    db.execute(MADE)
    source = source_of(url, ("orders", {"table": "people"}), include="*")
    with pytest.raises(
        ConnectorOptionsError,
        match=r"(?s)public\.orders as a stream `orders`.*lakesmith\.yml:9.*exclude: \['public\.orders'\]",
    ):
        source.discover()
    source.close()


def test_what_a_user_may_not_read_stays_out(db, url):
    db.execute(MADE)
    db.execute("create role finder login password 'pass-word'; grant select on people to finder")
    try:
        assert list(found(url, include="*", user="finder")) == ["people"]
    finally:
        db.execute("drop owned by finder; drop role finder")


@pytest.mark.long
def test_a_run_shows_what_it_found_and_loads_it(shop, db):
    output = shop.cli("run")
    line = next(line for line in output.splitlines() if "found" in line)
    assert "found   shop: 3 new tables, " in line
    assert re.search(r"orders \([\d.]+ kB\), people \([\d.]+ kB\), seen \(of no known size\)", line)
    assert output.index(line) < output.index("load    shop.orders")
    assert shop.tables() == {"orders": 500, "people": 2, "seen": 1}
    db.execute("create table tags (t text); insert into tags values ('x')")
    said = shop.json("run")
    assert [(one["stream"], one["taken_in"]) for one in said["found"]] == [("shop.tags", True)]
    assert said["steps"]["discover:shop"] == "succeeded"
    assert shop.tables()["tags"] == 1
    assert shop.json("run")["found"] == []


def test_one_project_knows_what_its_run_took_in(shop):
    project = shop.open()
    assert project.streams() == []
    assert project.run().ok
    assert {stream.name for stream in project.streams()} == {"orders", "people", "seen"}


def test_plan_and_check_show_it_and_keep_nothing(shop):
    (first, *loads) = shop.open().plan()
    assert (first.name, first.reason[:12]) == ("discover:shop", "3 new tables")
    assert {step.name for step in loads} >= {"load:shop.orders", "load:shop.people", "load:shop.seen"}
    texts = [finding.text for finding in shop.open().check()]
    assert any(text.startswith("3 new tables, ") for text in texts)
    assert any("its primary key" in text or "public.orders: 2 columns" in text for text in texts)
    assert not (shop.root / ".lakesmith" / "found").exists()
    assert shop.open().streams() == []


@pytest.mark.parametrize(
    "policy", ["freeze", *(pytest.param(p, marks=pytest.mark.long) for p in ("quarantine", "ignore"))]
)
def test_other_policies_only_tell(shop, policy):
    shop.say(f", on_drift: {policy}, streams: {{orders: {{mode: append, cursor: id}}}}")
    output = shop.cli("run")
    assert "found   shop: 2 new tables, " in output
    assert "not taken in, as only `on_drift: evolve` does" in output
    assert shop.tables() == {"orders": 500}
    again = shop.json("run")
    assert (again["state"], [one["taken_in"] for one in again["found"]]) == ("nothing_new", [False, False])
    told = [finding for finding in shop.open().check() if "not taken in" in finding.text]
    assert [(one.level, one.fix) for one in told] == [("note", "name it under `streams:`, or set `on_drift: evolve`")]


@pytest.mark.long
def test_a_table_that_vanished_stays_a_stream_whose_load_says_so(shop, db):
    assert shop.open().run().ok
    db.execute("drop table people cascade")
    result = shop.open().run()
    ((step, error),) = result.outcome.errors
    assert (step, type(error)) == ("load:shop.people", SourceMissingError)
    assert "There is no table or view `public.people`" in error.what
    assert shop.tables()["people"] == 2
    assert "people" in {stream.name for stream in shop.open().streams()}


def test_a_source_that_cannot_be_asked_fails_the_run_and_is_on_record(shop):
    shop.say(", streams: {orders: {table: people, mode: replace}}")
    result = shop.open().run()
    assert (result.state, result.outcome.errors[0][0]) == ("failed", "discover:shop")
    assert "stream of that name reads another table" in shop.open().history().runs(1)[0].message
    assert shop.tables() == {"orders": 2}, "the streams that the project names are loaded all the same"
    assert any("reads another table" in one.text and one.level == "error" for one in shop.open().check())
    assert "cannot be asked for its tables" in shop.open().plan()[0].reason


def test_rows_of_a_found_table_and_its_key_in_silver(shop, db):
    db.execute("comment on column people.id is 'Who it is'; alter table people alter id set not null")
    shop.open().run()
    rows = shop.open()._shop.lake.open_catalog().load_table(("shop", "people")).scan().to_arrow().to_pylist()
    assert [(row["id"], row["first_name"]) for row in rows] == [(1, "Ann"), (2, "Bob")]
    (shop.root / "dbt_project.yml").write_text("name: shop\n")
    shop.open().scaffold()
    (model,) = yaml.safe_load((shop.root / "models/silver/shop/stg_shop__people.yml").read_text())["models"]
    assert model["columns"][0] == {"name": "id", "description": "Who it is.", "data_tests": ["unique", "not_null"]}
