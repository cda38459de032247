"""A whole project: loads, checks, and what nobody may see."""

from __future__ import annotations

import textwrap
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from rest_api import TOKEN, figures

import lakesmith
from lakesmith.host import Host
from lakesmith.lake import Lake
from lakesmith.simulate.apis.faults import Fault

TODAY = datetime.now(UTC).date()
PROJECT = """
    version: 1
    name: acme
    sources:
      shop:
        type: rest
        base_url: {url}
        auth: {{type: bearer, token: "${{env:SHOP_TOKEN}}"}}
        allow_hosts: [127.0.0.1]
        rate: {{requests: 1000}}
        retries: {{first_s: 0.01}}
        streams:
          things: {{path: page, records: data, key: id, paging: {{type: page, total: total}}}}
          days:
            mode: dedupe
            key: [day, campaign]
            params: {{since: "{{since}}", until: "{{until}}"}}
            records: rows
            paging: {{type: cursor, param: after, next: next}}
            incremental: {{start: 3d, look_back: 2d}}
            types: {{day: date, cost: "decimal(10, 2)"}}
"""


@pytest.fixture
def project(tmp_path, server, shelf, monkeypatch):
    monkeypatch.setenv("SHOP_TOKEN", TOKEN)
    shelf.days = figures([(TODAY - timedelta(days=n)).isoformat() for n in range(4)])
    (tmp_path / "lakesmith.yml").write_text(textwrap.dedent(PROJECT.format(url=server.url)))
    return lakesmith.open(tmp_path)


def bronze(project, name):
    table = Lake(project.root / "lake", Host()).open_catalog().load_table(("shop", name))
    return table.scan().to_arrow().to_pylist()


def plain(rows):
    return [{name: value for name, value in row.items() if not name.startswith("_ls_")} for row in rows]


def test_a_load_and_another(project, server, shelf):
    server.spoil(
        Fault("status", route="/page", at=(2,), status=502), Fault("throttled", route="/days", at=(1,), retry_after=0)
    )
    result = project.run()
    assert result.ok, result.outcome
    wanted = [row | {"day": date.fromisoformat(row["day"]), "cost": Decimal(row["cost"])} for row in shelf.days]
    days = sorted(plain(bronze(project, "days")), key=lambda row: (row["day"], row["campaign"]))
    assert days == sorted((row for row in wanted if row["day"] < TODAY), key=lambda row: (row["day"], row["campaign"]))
    assert plain(bronze(project, "things")) == shelf.records
    told = {str(load.stream): load.notices for load in result.outcome.loads}
    assert told["shop.things"] == ("1 request was made again (1 × HTTP 502), after 0.0 s of waiting.",)
    shelf.records = shelf.records[1:]
    assert project.run().ok
    assert plain(bronze(project, "things")) == shelf.records
    assert len(bronze(project, "days")) == len(days)
    everything = "".join(
        path.read_text("utf-8", "replace") for path in (project.root / ".lakesmith").rglob("*") if path.is_file()
    )
    assert TOKEN not in everything


def test_rows_that_vanish_from_a_window(project, shelf):
    """They stay in bronze; the newest load of their window is without them, and reconcile says that they are gone."""
    assert project.run().ok
    yesterday = (TODAY - timedelta(days=1)).isoformat()
    shelf.days = [row for row in shelf.days if row["day"] != yesterday or row["campaign"] > 2]
    told = project.reconcile("shop.days")
    assert told.vanished == 2
    rows = bronze(project, "days")
    gone = [row for row in rows if row["_ls_op"] == "d"]
    assert {(row["day"].isoformat(), row["campaign"]) for row in gone} == {(yesterday, 1), (yesterday, 2)}
    assert {row["_ls_source"] for row in rows if row["day"] and row["day"].isoformat() == yesterday} == {
        f"days {yesterday}",
        "vanished",
    }


def test_check_says_what_there_is(project):
    found = [(finding.level, finding.subject, finding.text) for finding in project.check()]
    text = str(found)
    assert "3 records on the first page of things, with id, name, price, big, tags, seen, more" in text
    assert "3 records on the first page of days" in text
    assert "error" not in {level for level, *_ in found}
    assert TOKEN not in text


def test_check_says_what_is_in_the_way(project, shelf):
    shelf.token = "another"
    found = [finding for finding in project.check() if finding.level == "error"]
    assert {finding.subject for finding in found} == {"shop.things", "shop.days"}
    assert TOKEN not in str(found)
