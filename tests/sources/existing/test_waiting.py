"""Tables that another tool loads into a real PostgreSQL: waited for, watched, never loaded."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from existing_acme import MORNING

from lakesmith.cli.output import JsonOutput
from lakesmith.cli.run import report
from lakesmith.host.stop import StopRequestedError

PROJECT = """
version: 1
name: acme
schedule: {{cron: "0 6 * * *", timezone: Europe/Berlin}}
sources:
  legacy: {{type: existing, schema: raw_airbyte, loaded_by: airbyte, {promise}}}
default_target: prod
targets: {{prod: {{engine: postgres, url: "${{env:LAKESMITH_TEST_WAREHOUSE}}"}}}}
"""
BY_SEVEN = PROJECT.format(
    promise='fresh_by: "07:15"'
)  # in Berlin: 06:15 UTC, a quarter of an hour after a run at 06:00 UTC
TABLES = (
    "create schema raw_airbyte",
    "create table raw_airbyte._airbyte_raw_stuff (a int)",
    'create table raw_airbyte.customers (id int, name text, "_airbyte_extracted_at" timestamptz)',
    "create view raw_airbyte.orders as select 1 as id, now() - interval '100 years' as at, timestamptz '2026-03-03 01:00Z' as _airbyte_extracted_at",
)


def loaded(at: datetime, number: int = 1) -> str:
    return f"insert into raw_airbyte.customers values ({number}, 'x', '{at.isoformat()}')"


def states(result) -> dict[str, tuple]:
    return {
        str(stream): (glance.verdict.state, glance.seen.rows, glance.seen.loaded_at)
        for stream, glance in result.outcome.glances.items()
    }


def test_a_run_waits_for_a_tool_that_is_late_and_goes_on_as_soon_as_it_has_loaded(acme, tool):
    yesterday, today = MORNING - timedelta(days=1), MORNING + timedelta(minutes=2)
    tool(*TABLES, loaded(yesterday))
    company = acme(BY_SEVEN)
    company.patience.meanwhile = lambda: tool(loaded(today, 2)) if company.clock.time >= today else None
    result = company.open().run()
    assert result.ok, result.outcome
    assert result.state == "succeeded"
    assert states(result) == {
        "legacy.customers": ("fresh", 2, today),
        "legacy.orders": ("fresh", 1, datetime(2026, 3, 3, 1, tzinfo=UTC)),
    }
    assert company.patience.waits_s == [30.0] * 4  # of the fifteen minutes there were
    assert company.clock.time == today


@pytest.mark.long
def test_what_has_not_come_by_its_time_is_late_and_the_run_says_so_without_waiting_longer(acme, tool):
    tool(*TABLES, loaded(MORNING - timedelta(days=1)))
    company = acme(BY_SEVEN)
    result = company.open().run()
    assert not result.ok
    assert (result.state, company.clock.time) == ("warned", MORNING + timedelta(minutes=15))
    assert result.outcome.missed == "legacy.customers was loaded last 2026-03-02 07:00, and was due by 2026-03-03 07:15"
    output = JsonOutput()
    assert report(company.open(), result, output) == 3  # try again: nothing is wrong with the project
    assert output.result["tables_of_others"][0]["state"] == "late"
    waited = len(company.patience.waits_s)
    again = company.open().run()
    assert (again.state, len(company.patience.waits_s)) == ("warned", waited)  # its time is over
    assert [step.reason for step in company.open().plan()] == ["legacy.customers: late, nothing to wait for"]
    tool(loaded(MORNING + timedelta(minutes=20), 2))
    company.clock.time += timedelta(minutes=10)
    late = company.open().run()
    assert (late.state, late.ok) == ("nothing_new", True)


def test_a_run_long_before_the_time_does_not_wait_and_takes_what_was_good_yesterday(acme, tool):
    tool(*TABLES, loaded(MORNING - timedelta(hours=20)))
    company = acme(PROJECT.format(promise='fresh_by: "17:30"'))
    assert company.open().plan() == ()
    assert company.open().run().state == "nothing_new"
    tool("truncate raw_airbyte.customers", loaded(MORNING - timedelta(hours=49)))  # nothing came yesterday either
    assert (
        company.open().run().outcome.missed
        == "legacy.customers was loaded last 2026-03-01 06:00, and was due by 2026-03-02 17:30"
    )
    assert company.patience.waits_s == []


@pytest.mark.long
@pytest.mark.parametrize(
    ("change", "why"),
    [
        ("delete from raw_airbyte.customers", "legacy.customers is empty"),
        (
            "update raw_airbyte.customers set _airbyte_extracted_at = '2026-03-03 06:06Z'",
            "legacy.customers says it was loaded 2026-03-03 06:06 UTC, which is in the future: one of the clocks is wrong",
        ),
        (
            "update raw_airbyte.customers set _airbyte_extracted_at = 'infinity'",
            "legacy.customers customers._airbyte_extracted_at holds a time that nobody can mean",
        ),
        (
            "update raw_airbyte.customers set _airbyte_extracted_at = null",
            "legacy.customers has no row that says when it was loaded",
        ),
        (
            "alter table raw_airbyte.customers drop column _airbyte_extracted_at",
            "legacy.customers there is no customers._airbyte_extracted_at or customers._airbyte_emitted_at",
        ),
        (
            "alter table raw_airbyte.customers alter column _airbyte_extracted_at type text",
            "legacy.customers raw_airbyte.customers._airbyte_extracted_at is no time, it is text",
        ),
        ("drop schema raw_airbyte cascade", "legacy has no table: there is nothing in the schema raw_airbyte"),
    ],
)
def test_what_is_not_known_is_unknown_and_never_fresh(acme, tool, change, why):
    tool(*TABLES, loaded(MORNING), change)
    company = acme(PROJECT.format(promise="max_age: 24h"))
    result = company.open().run()
    assert (result.ok, result.state, result.outcome.missed) == (False, "warned", why)
    assert "unknown" in {glance.verdict.state for glance in result.outcome.glances.values()}
    mood, headline, _ = company.open().health()
    assert mood == "unknown"
    assert headline.startswith(why.replace("in the future: one of the clocks is wrong", "in the future")), headline


def test_a_table_that_the_project_names_and_is_not_there_or_may_not_be_read_is_unknown(acme, tool, url, monkeypatch):
    tool(
        *TABLES,
        loaded(MORNING),
        "create role watcher login password 'pass-word'",
        "grant usage on schema raw_airbyte to watcher",
    )
    tool("grant create on database " + url.rpartition("/")[2] + " to watcher")
    monkeypatch.setenv("LAKESMITH_TEST_WAREHOUSE", url.replace("//lake:", "//watcher:"))
    company = acme(PROJECT.format(promise="max_age: 24h, streams: [customers, refunds]"))
    result = company.open().run()
    assert (
        result.outcome.missed
        == "legacy.customers may not be read by this user; legacy.refunds is not there: no table raw_airbyte.refunds"
    )
    found = {finding.subject: (finding.level, finding.text) for finding in company.open().check()}
    assert found["legacy.refunds"] == ("warning", "is not there: no table raw_airbyte.refunds")


def test_a_wish_to_stop_ends_the_waiting(acme, tool):
    tool(*TABLES, loaded(MORNING - timedelta(days=1)))
    company = acme(BY_SEVEN)
    project = company.open()
    company.patience.meanwhile = project._shop.host.stop.request
    result = project.run()
    assert (result.state, len(company.patience.waits_s)) == ("stopped", 1)
    with pytest.raises(StopRequestedError):
        project._shop.host.stop.check()


def test_each_look_is_on_record_and_judged_anew_when_somebody_asks(acme, tool):
    tool(*TABLES, loaded(MORNING))
    company = acme(PROJECT.format(promise="max_age: 2h"))
    tool("drop view raw_airbyte.orders")
    assert company.open().run().state == "nothing_new"
    [news] = company.open().tables_of_others()
    assert (news.stream, news.state, news.rows, news.loaded_at, news.seen_at) == (
        "legacy.customers",
        "fresh",
        1,
        MORNING,
        MORNING,
    )
    company.clock.time += timedelta(hours=3)
    [news] = company.open().tables_of_others()
    assert (news.state, news.text) == (
        "unknown",
        "was loaded last 2026-03-03 07:00, and may be 2h old at most; nobody has looked since",
    )
    company.open().run()
    [news] = company.open().tables_of_others()
    assert (news.state, news.text) == ("late", "was loaded last 2026-03-03 07:00, and may be 2h old at most")
    assert company.open().health()[0] == "warn"
    assert company.open().history().loads() == []  # nothing was loaded, and nothing says so
    page = company.open().page.read_text()
    assert "Tables that others load" in page
    assert "may be 2h old at most" in page


def test_without_a_promise_a_table_is_watched_by_nobody_and_nothing_waits(acme, tool):
    tool(*TABLES, loaded(MORNING - timedelta(days=900)))
    company = acme(PROJECT.format(promise="wait: 1h"))
    assert company.open().run().state == "nothing_new"
    assert {news.state for news in company.open().tables_of_others()} == {"unwatched"}
