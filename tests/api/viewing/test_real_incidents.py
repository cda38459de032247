"""The page of an incident shows what `settle` wrote, for incidents that real failing runs and real judgement made."""

import json
import re
import sqlite3
import sys
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))

from api_yard import Yard
from judged_yard import months_of, run_row, write

import lakesmith
from lakesmith.api.incidents import settle
from lakesmith.api.judging import judge
from lakesmith.api.storing import store_in_use
from lakesmith.api.viewing import Viewing
from lakesmith.monitor.incidents import acting, reading
from lakesmith.pages.console import incidents as page
from lakesmith.pages.frame import Chrome

DOCS = Path(__file__).parents[3] / "docs" / "incidents.md"
STRICT = """
version: 1
name: yard
sources:
  yard:
    type: files
    root: data
    streams:
      visits: {files: "visits/{date}.csv"}
      notes: {files: "notes/*.csv", max_rejects: 0, on_drift: quarantine, columns: {id: {type: long}}}
      stock: {files: "stock/*.csv", mode: replace}
"""


@pytest.fixture
def yard(tmp_path):
    yard = Yard(tmp_path / "yard", STRICT)
    yard.put("notes/a.csv", "id,name", "1,first")
    yard.put("stock/a.csv", "id,left", "1,5")
    yard.run()
    return yard


def looked(project, rule):
    """Return the one open incident of a rule as the store has it, as the view has it, and the words of its page."""
    with store_in_use(project._shop) as store:
        [kept] = [one for one in reading.incidents(store, "local", all_of_them=True) if one.rule == rule]
    with Viewing(project) as viewing:
        view = viewing.incident(kept.incident_id)
        rows = viewing.incidents(state="all").incidents
    drawn = page.render_one(view, Chrome("Incidents", "x.json", "lakesmith incidents", "p"))
    text = unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", drawn)))
    documented = set(re.findall(r"`([a-z_]+)`", DOCS.read_text().partition("## For programs")[2]))
    assert set(kept.facts) - {"relation", "whole_source", "reopened_at"} <= documented
    assert [one.text for one in view.changed] == [one["text"] for one in kept.facts["changes"] or ()]
    assert view.is_change_known == (kept.facts["changes"] is not None)
    assert view.data_safe_words == kept.facts["safe"]
    assert view.data_safe_words in text
    assert (view.first_run and view.first_run.run_id) == kept.facts["first_bad"]["run_id"]
    assert (view.last_good_run and view.last_good_run.run_id) == (kept.facts["last_good"] or {}).get("run_id")
    assert (view.downstream is None) == (kept.facts["downstream"] is None)
    for one in kept.facts["todo"]:
        assert (one["text"], one["command"]) in view.commands
        assert one["command"] in text
    line = next(one for one in rows if one.incident_id == kept.incident_id)
    return kept, view, text, line


def test_a_stream_that_fails(yard):
    yard.put("notes/b.csv", "id,name", "x,second")
    assert not yard.open().run().ok
    kept, view, text, line = looked(yard.open(), "fault")
    assert view.error.what == kept.facts["what"]
    assert view.error.fix == kept.facts["fix"] != ""
    assert "What is downstream is not known" in text
    assert {hit.subject for hit in view.hits} == {"yard.notes"}
    assert line.hits == 1
    with store_in_use(yard.open()._shop) as store:
        row = sqlite3.connect(yard.root / ".lakesmith" / "runs.db")
        row.execute("delete from error_event")  # the record forgets errors sooner than incidents
        row.commit()
        row.close()
        del store
    again = looked(yard.open(), "fault")[1].error
    assert (again.what, again.where, again.fix) == (view.error.what, view.error.where, view.error.fix)


@pytest.mark.long
def test_seen_before_and_acknowledged(yard):
    bad = yard.put("notes/b.csv", "id,name", "x,second")
    assert not yard.open().run().ok
    bad.unlink()
    yard.put("notes/c.csv", "id,name", "2,second")
    yard.run()
    with Viewing(yard.open()) as viewing:
        [over] = viewing.incidents(state="all").incidents
        told = viewing.incident(over.incident_id)
    assert over.state == "resolved"
    assert not [command for _, command in told.commands if "incidents acknowledge" in command or "resolve" in command]
    yard.put("notes/d.csv", "id,name", "x,third")
    assert not yard.open().run().ok
    kept, view, text, _ = looked(yard.open(), "fault")
    assert kept.incident_id == over.incident_id
    assert view.before.startswith("Seen 1 time before, last resolved as fixed at source")
    assert view.before in text
    with store_in_use(yard.open()._shop) as store:
        from lakesmith.api.incidents import acknowledge

        acknowledge(yard.open()._shop, store, kept.incident_id)
        assert acting.find(store, kept.incident_id).state == "acknowledged"
    with Viewing(yard.open()) as viewing:
        commands = [command for _, command in viewing.incident(kept.incident_id).commands]
    assert not [command for command in commands if "incidents acknowledge" in command]
    assert [command for command in commands if "incidents resolve" in command]


def test_a_lost_run(yard):
    project = yard.open()
    began = datetime.now(UTC) - timedelta(minutes=5)
    with store_in_use(project._shop) as store:
        gone = run_row("01a0-lost", began, state="running", minutes=1) | {"host": "elsewhere"}
        write(store, runs=[gone | {"run_id": "01a2ffff-0000-7000-8000-000000000001"}])
        settle(project._shop, store, [])
    kept, view, text, line = looked(project, "lost_run")
    assert (line.hits, view.error) == (0, None)
    assert "A run ended without a word" in text
    assert 'href="/tables/run of' not in text
    assert kept.subject == "run of everything"
    yard.put("stock/b.csv", "id,left", "2,5")
    yard.run()  # buries it
    with Viewing(yard.open()) as viewing:
        lost = [run.run_id for run in viewing.runs(state="lost").runs]
        assert lost == [run.run_id for run in viewing.system().lost] == [kept.first_run_id]
        assert sum(next(plot for plot in viewing.today().plots if plot.name == "failures").bars["today"]) == 1


def test_a_drop_in_volume(tmp_path):
    (tmp_path / "lakesmith.yml").write_text(
        'version: 1\nname: yard\nschedule: {cron: "0 6 * * *"}\nsources:\n  shop: {type: files, streams: {orders: {files: "o*.csv"}}}\n'
    )
    from dataclasses import replace

    from judged_yard import Clock

    from lakesmith.host import Host

    project = lakesmith.open(tmp_path, host=Host(clock=Clock()))
    shop = replace(project._shop, _made={})
    with store_in_use(shop) as store:
        months_of(store, ["shop.orders"], lambda _, ago: 90 if ago == 0 else 1000 + ago * 7919 % 41)
        settle(shop, store, judge(shop, store))
    kept, view, text, line = looked(project, "volume")
    assert (kept.subject, line.hits, view.error) == ("shop.orders", 1, None)
    assert re.search(r"90 rows on Wed 18 Nov, 1,0\d\d expected", view.what)
    assert list(view.reasons) == list(kept.facts["reasons"]) != []
    assert view.reasons[0] in text
    assert json.dumps(kept.facts["columns"]) == "[]"
