"""What is thought now is worked out from all that was judged, the same for who looks the first time and for who has looked on for days."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest
from made_history import NOON, Company, fill, write_project
from sqlalchemy import event, insert

import lakesmith
from lakesmith.api.storing import open_store
from lakesmith.api.viewing import Viewing
from lakesmith.api.viewing.standing import Standing
from lakesmith.host import Host
from lakesmith.monitor import tables
from lakesmith.monitor.store import RunStore
from lakesmith.monitor.writing import stamp

SUBJECTS = ("a.one", "a.two", "b.one", "marts.m", "a.*")
OF_TABLES = ("age", "schedule", "volume", "row_law", "checks", "a_rule_of_tomorrow")
OF_COLUMNS = ("nulls", "distinct", "range", "categories")
FRESH = ("age", "schedule")
VERDICTS = ("good", "good", "good", "warn", "bad", "learning", "unknown")
WORST = ("bad", "warn", "unknown", "learning", "good")
DAYS = 80


class Noon:
    now_is = NOON

    def now(self):
        return self.now_is

    def steady_s(self):
        return self.now().timestamp()


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.long)])
def store(request, tmp_path):
    if request.param == "sqlite":
        store = RunStore.at(tmp_path / "runs.db", host=Host())
    else:
        store = RunStore.on(request.getfixturevalue("shared_postgres").database())
    yield store
    store.close()


def judged_on(day, chance):
    """Return what was judged within a day: rows as the record has them, oldest first."""
    rows = []
    for minute in sorted(chance.sample(range(1440), 12)):
        rule = chance.choice((*OF_TABLES, *OF_COLUMNS))
        row = {
            "target": chance.choice(("local", "local", "local", "other")),
            "subject": chance.choice(SUBJECTS),
            "column_name": chance.choice(("", "x", "y")) if rule in OF_COLUMNS else "",
            "rule": rule,
            "bucket": "b",
            "verdict": chance.choice(VERDICTS),
            "trained_on": 9,
            "judged_at": stamp(NOON + timedelta(days=day, minutes=minute)),
        }
        rows.append({**row, "reason": f"said on day {day} at {minute}"})
    return rows


def expected(rows, now):
    """Return what is known, by subject, then rule and column: the last word of each that is not too old."""
    last = {(row["subject"], row["rule"], row["column_name"]): row for row in rows if row["target"] == "local"}
    found = {subject: {} for subject in SUBJECTS}
    for (subject, rule, column), row in last.items():
        age = now - NOON.fromisoformat(row["judged_at"])
        if age <= timedelta(days=60 if rule in OF_COLUMNS else 9):
            tired = rule in FRESH and row["verdict"] == "good" and age > timedelta(hours=26)
            found[subject][rule, column] = "unknown" if tired else row["verdict"]
    return found


def told(standing, now):
    return {
        subject: {(one.rule, one.column): one.verdict for one in standing.judgements(subject, now)}
        for subject in SUBJECTS
    }


def all_of(standing, now):
    """Return everything that a standing says, whatever order its parts were read in."""
    return (
        {subject: standing.judgements(subject, now) for subject in SUBJECTS},
        {subject: standing.health(subject, now).verdict for subject in SUBJECTS},
        sorted(standing.blind(now), key=repr),
        sorted(standing.by_rule(("volume", *FRESH), now), key=repr),
        sorted(standing.subjects()),
    )


def test_who_has_looked_on_for_days_knows_what_a_first_look_finds(store):
    chance, rows, watching = random.Random(9), [], Standing("local")
    gone_stale = 0
    for day in range(DAYS):
        fresh = judged_on(day, chance)
        rows += fresh
        with store.engine.begin() as connection:
            connection.execute(insert(tables.judgement), fresh)
        for hours in (24, 24.5):
            now = NOON + timedelta(days=day, hours=hours)
            with store.engine.connect() as connection:
                watching.read(connection, now)
            assert told(watching, now) == expected(rows, now)
        later = now + timedelta(minutes=59 if day % 7 else 24 * 60)  # nothing is read, but time goes on
        assert told(watching, later) == expected(rows, later)
        gone_stale += expected(rows, later) != expected(rows, now)
        if not day % 10 or day == DAYS - 1:
            first = Standing("local")
            with store.engine.connect() as connection:
                first.read(connection, now)
            assert all_of(first, now) == all_of(watching, now)
    assert gone_stale > 5
    known = expected(rows, now)
    blind = [one for one in watching.blind(now) if one.subject in known]
    assert len(blind) == sum(one in ("learning", "unknown") for each in known.values() for one in each.values())
    volumes = {one.subject: one.verdict for one in watching.by_rule(("volume",), now)}
    assert volumes == {name: each["volume", ""] for name, each in known.items() if ("volume", "") in each}
    for subject, each in known.items():
        parts = {"load": (*OF_COLUMNS, "volume", "row_law"), "freshness": FRESH, "checks": ("checks",)}
        worst = {
            part: min((one for (rule, _), one in each.items() if rule in rules), key=WORST.index, default="unknown")
            for part, rules in parts.items()
        }
        health = watching.health(subject, now)
        assert {part: getattr(health, part) for part in parts} == worst
        assert health.verdict == min(worst.values(), key=WORST.index)


@pytest.fixture
def town(tmp_path):
    """A filled record, the views of it, and the store itself."""
    company = Company(days=4, runs_a_day=3)
    project = lakesmith.open(write_project(tmp_path / "acme", company), host=Host(clock=Noon()))
    store = open_store(project._shop)
    fill(store.engine, company)
    with Viewing(project) as viewing:
        yield viewing, store
    store.close()


def test_loads_of_another_target_are_not_in_the_days_of_a_source(town):
    viewing, store = town

    def days():
        return {plot.name: (plot.points, plot.bars, plot.lines) for plot in viewing.source("shop").throughput.plots}

    before, load = days(), tables.table_load
    with store.engine.begin() as connection:
        row = dict(connection.execute(load.select().where(load.c.stream == "shop.orders")).mappings().first())
        run = dict(connection.execute(tables.run.select()).mappings().first())
        connection.execute(insert(tables.run), [{**run, "run_id": "another", "target": "other"}])
        row.pop("load_id")
        moved = {**row, "run_id": "another", "finished_at": stamp(NOON - timedelta(days=1)), "rows_written": 10**9}
        connection.execute(insert(load), [moved])
    assert days() == before
    with store.engine.begin() as connection:
        connection.execute(tables.run.update().where(tables.run.c.run_id == "another").values(target="local"))
    assert days() != before


def test_a_page_without_judgements_does_not_ask_for_them(town):
    viewing, _ = town
    asked = []
    event.listen(viewing._store.engine, "before_cursor_execute", lambda *given: asked.append(given[2]))
    run = viewing.runs().runs[0]
    assert viewing.run(run.run_id) is not None
    assert viewing.incidents().incidents
    assert asked
    assert not [statement for statement in asked if "judgement" in statement]
    viewing.tables()
    assert [statement for statement in asked if "judgement" in statement]
