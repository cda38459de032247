"""What is due: from files, lake, warehouse and what has been published, without starting anything."""

from __future__ import annotations

import json
from dataclasses import replace

import duckdb
import pytest
from run_shelf import Notes

import lakesmith
from lakesmith.errors import PublishError, SelectionError
from lakesmith.host import Host
from lakesmith.lake.upkeep import tend
from lakesmith.lake.upkeep.planning import Rules
from lakesmith.model.events import DatasetPublished
from lakesmith.model.plans import Dataset
from lakesmith.model.streams import StreamId
from lakesmith.project import load_project
from lakesmith.run import publications
from lakesmith.run.continuity import holds_same_rows
from lakesmith.run.survey import bronze_now, position, survey
from lakesmith.run.workshop import Order, Workshop

PROJECT = """
version: 1
name: small
schedule: {cron: "0 6 * * *", timezone: Pacific/Kiritimati}
sources:
  crm:
    type: files
    streams:
      people: {files: "people-*.csv"}
      places: {files: "places-*.csv"}
publish:
  tables: {select: marts, format: parquet, path: "final/{name}/"}
  reports: {select: "tag:report", format: csv, path: "reports/{name}/{date}/"}
"""
FILES = {"people-1.csv": "id,name\n1,Ada\n", "places-1.csv": "id,city\n1,Ede\n2,Ulm\n"}


@pytest.fixture
def root(tmp_path):
    (tmp_path / "lakesmith.yml").write_text(PROJECT)
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    return tmp_path


def shop_of(root):
    host = Host()
    config = load_project(root, host=host)
    return Workshop(config, config.target(None), host)


@pytest.fixture
def shop(root):
    return shop_of(root)


def due_loads(root, *select):
    facts = survey(shop_of(root), Order(select)).facts
    return {str(news.stream): (news.splits, news.size_bytes, news.first) for news in facts.news}


def test_before_the_first_load_everything_is_due(root, shop):
    sizes = [len(text) for text in FILES.values()]
    assert due_loads(root) == {"crm.people": (1, sizes[0], True), "crm.places": (1, sizes[1], True)}
    assert bronze_now(shop) == {}
    assert position(None) is None


def test_only_what_was_chosen_is_looked_at(root):
    assert due_loads(root, "source:crm.people").keys() == {"crm.people"}


def test_after_a_load_only_growth_is_due(root):
    lakesmith.open(root).run()
    assert due_loads(root) == {"crm.people": (0, 0, False), "crm.places": (0, 0, False)}
    more = "id,name\n2,Bo\n"
    (root / "people-2.csv").write_text(more)
    assert due_loads(root) == {"crm.people": (1, len(more), False), "crm.places": (0, 0, False)}


def test_bronze_is_known_by_the_snapshot_of_each_table(root, shop):
    lakesmith.open(root).run()
    before = bronze_now(shop)
    (root / "people-2.csv").write_text("id,name\n2,Bo\n")
    lakesmith.open(root).run()
    after = bronze_now(shop)
    assert after.keys() == before.keys() == {"crm.people", "crm.places"}
    assert {name for name in after if after[name] != before[name]} == {"crm.people"}


def test_a_stream_that_cannot_be_looked_at_does_not_hide_its_siblings(root):
    root.joinpath("lakesmith.yml").write_text(PROJECT.replace('"people-*.csv"', '"gone/people-*.csv"'))
    found = survey(shop_of(root), Order())
    assert found.faults.keys() == {StreamId("crm", "people")}
    assert [str(news.stream) for news in found.facts.news] == ["crm.places"]
    result = lakesmith.open(root).run()
    assert (result.state, result.outcome.steps) == (
        "failed",
        {"load:crm.people": "failed", "load:crm.places": "succeeded", "attach": "succeeded"},
    )


def test_a_selection_of_nothing_is_refused(root):
    with pytest.raises(SelectionError, match="nowhere"):
        survey(shop_of(root), Order(("source:crm.nowhere",)))


def swap(shop, *names, rows=1):
    """Make marts and let readers have them, as a run does."""
    build = shop.engine.build_file
    build.parent.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(build) as connection:
        connection.execute("create schema if not exists marts")
        for name in names:
            connection.execute(f"create or replace table marts.{name} as select range as id from range({rows})")
    return shop.engine.swap([Dataset(name, "marts", (), 0) for name in names], {})


def reasons(shop):
    return dict(publications.due(shop, shop.engine.read_manifest()))


def publish(shop, name):
    notes = Notes()
    published = publications.publish(shop, name, shop.engine.published(), Order(), "r1", notes.record)
    publications.remember(shop, name)
    return published, notes.seen


NOT_YET = "not published in this form yet"


def test_nothing_to_publish_before_the_first_swap(shop):
    assert reasons(shop) == {"tables": "", "reports": ""}


def test_a_publication_is_due_until_it_has_been_written_and_again_after_a_swap(root, shop):
    swap(shop, "mart_a", "mart_b", rows=3)
    assert reasons(shop) == {"tables": NOT_YET, "reports": NOT_YET}
    count, seen = publish(shop, "tables")
    assert count == 2
    assert [(type(event), event.dataset, event.path, event.rows) for event in seen] == [
        (DatasetPublished, "marts.mart_a", "final/mart_a", 3),
        (DatasetPublished, "marts.mart_b", "final/mart_b", 3),
    ]
    assert reasons(shop) == {"tables": "", "reports": NOT_YET}
    publish(shop, "reports")
    assert reasons(shop) == reasons(shop_of(root)) == {"tables": "", "reports": ""}
    swap(shop, "mart_a")
    assert reasons(shop) == {"tables": NOT_YET, "reports": NOT_YET}


def test_a_publication_that_was_rewritten_in_the_project_is_due(root, shop):
    swap(shop, "mart_a")
    publish(shop, "tables")
    publish(shop, "reports")
    (root / "lakesmith.yml").write_text(PROJECT.replace("format: parquet,", "format: parquet, compression: zstd,"))
    assert reasons(shop_of(root)) == {"tables": NOT_YET, "reports": ""}


@pytest.mark.parametrize(
    "damage", ["", '{"local": 3}', *(pytest.param(text, marks=pytest.mark.long) for text in ("[]", "null", "{"))]
)
def test_a_damaged_note_only_makes_publications_due_again(shop, damage):
    swap(shop, "mart_a")
    publish(shop, "tables")
    (shop.paths.state / publications.STATE).write_text(damage)
    assert reasons(shop) == {"tables": NOT_YET, "reports": NOT_YET}
    publish(shop, "tables")
    assert reasons(shop)["tables"] == ""


def test_every_target_has_its_own_note(shop):
    swap(shop, "mart_a")
    publish(shop, "tables")
    other = Workshop(shop.config, replace(shop.target, name="prod"), shop.host)
    swap(other, "mart_a")
    assert reasons(other)["tables"] == NOT_YET
    publish(other, "tables")
    assert reasons(shop)["tables"] == ""
    assert set(json.loads((shop.paths.state / publications.STATE).read_text())) == {"local", "prod"}


def test_two_tables_in_one_place_are_refused(root):
    (root / "lakesmith.yml").write_text(PROJECT.replace("final/{name}/", "final/all/"))
    shop = shop_of(root)
    swap(shop, "mart_a", "mart_b")
    with pytest.raises(PublishError, match=r"marts.mart_a and marts.mart_b would both be written"):
        publish(shop, "tables")


def test_the_date_in_a_path_is_that_of_the_schedules_zone(shop):
    from datetime import UTC, datetime, timedelta

    now = datetime.now(UTC) + timedelta(hours=14)  # Kiritimati is as far ahead as a zone gets
    assert publications.logical_date(shop, Order()) in (now.date(), (now - timedelta(minutes=1)).date())
    day = datetime(2026, 2, 3, tzinfo=UTC).date()
    assert publications.logical_date(shop, Order(on=day)) == day


@pytest.mark.long
def test_a_table_that_was_only_compacted_holds_the_rows_that_were_built(root, shop):
    lakesmith.open(root).run()
    (root / "people-2.csv").write_text("id,name\n2,Bob\n")
    lakesmith.open(root).run()
    before = bronze_now(shop)
    table = shop.lake.table(StreamId("crm", "people"))
    assert tend(table, Rules(due_files=2)) is not None
    now = bronze_now(shop)
    assert now["crm.people"] != before["crm.people"]
    assert all(holds_same_rows(shop, name, before, now) for name in now)
    (root / "people-3.csv").write_text("id,name\n3,Cyd\n")
    lakesmith.open(root).run()
    later = bronze_now(shop)
    assert not holds_same_rows(shop, "crm.people", before, later)
    assert not holds_same_rows(shop, "crm.people", {}, later)
