"""What views hold is what the record holds, counted another way; and nothing is well that was not looked at."""

import json
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import timedelta

import pytest
from made_history import DOWN, NOON, Company, fill, write_project
from sqlalchemy import insert, select

import lakesmith
from lakesmith.api.masking import masked
from lakesmith.api.storing import open_store
from lakesmith.api.viewing import Viewing
from lakesmith.api.viewing.twins import as_facts, as_json
from lakesmith.host import Host
from lakesmith.monitor import tables
from lakesmith.monitor.writing import stamp


class Noon:
    later = timedelta()

    def now(self):
        return NOON + self.later

    def steady_s(self):
        return self.now().timestamp()


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgres", marks=pytest.mark.long)])
def town(request, tmp_path_factory):
    """A filled record in either database, the views of it, and its rows as they are."""
    root = tmp_path_factory.mktemp("views") / "acme"
    company = Company(days=16, runs_a_day=3)
    address = request.getfixturevalue("shared_postgres").database() if request.param == "postgres" else ""
    write_project(root, company, "${env:STORE}" if address else "")
    (root / ".env").write_text(f"STORE={address}\n")
    project = lakesmith.open(root, host=Host(clock=Noon()))
    store = open_store(project._shop)
    fill(store.engine, company)
    with store.engine.connect() as connection:
        rows = {
            table.name: [dict(row) for row in connection.execute(select(table)).mappings()]
            for table in tables.metadata.sorted_tables
        }
    with Viewing(project) as viewing:
        yield viewing, rows, store, company
    store.close()


def hours(rows, count):
    began = {row["run_id"] for row in rows["run"] if row["started_at"] >= stamp(NOON - timedelta(hours=count))}
    return [row for row in rows["table_load"] if row["run_id"] in began]


def test_every_table_has_its_rows_of_a_day_and_its_newest_load(town):
    viewing, rows, _, company = town
    lines = {line.name: line for line in viewing.tables().tables}
    assert set(lines) == {*company.streams, *company.marts}
    written, kept, newest = Counter(), Counter(), {}
    for row in hours(rows, 24):
        written[row["stream"]] += row["rows_written"]
        kept[row["stream"]] += row["rows_quarantined"]
    for row in rows["table_load"]:
        newest[row["stream"]] = max(newest.get(row["stream"], ""), row["finished_at"])
    for stream in company.streams:
        assert lines[stream].rows_day == written[stream]
        assert (lines[stream].quarantined_day or 0) == kept[stream]
        assert stamp(lines[stream].loaded_at) == newest[stream]
    assert sum(written.values()) > 1000


def test_health_is_the_worst_of_its_parts_and_never_good_unlooked(town):
    viewing, rows, _, company = town
    parts = {"age": "freshness", "publication": "freshness", "checks": "checks"}
    newest = {}
    for row in sorted(rows["judgement"], key=lambda row: row["judged_at"]):
        newest[row["subject"], row["rule"]] = row["verdict"]
    order = ["bad", "warn", "unknown", "learning", "good"]
    for line in viewing.tables().tables:
        told = defaultdict(list)
        for (subject, rule), verdict in newest.items():
            if subject == line.name:
                told[parts.get(rule, "load")].append(verdict)
        whole = [min(told[part] or ["unknown"], key=order.index) for part in ("load", "freshness", "checks")]
        assert [line.health.load, line.health.freshness, line.health.checks] == whole
        assert line.health.verdict == min(whole, key=order.index)
    verdicts = Counter(line.health.verdict for line in viewing.tables().tables)
    assert verdicts == viewing.today().verdicts
    assert min(verdicts["good"], verdicts["unknown"]) > 0
    assert verdicts["bad"] >= len(company.sources[DOWN])


def test_what_was_fresh_long_ago_is_unknown(town):
    viewing = town[0]
    before = Counter(line.health.freshness for line in viewing.tables().tables)
    Noon.later = timedelta(days=2)
    try:
        after = Counter(line.health.freshness for line in viewing.tables().tables)
    finally:
        Noon.later = timedelta()
    assert before["good"] > 0
    assert after["good"] == 0
    assert after["bad"] == before["bad"]


def test_a_new_judgement_is_seen_at_once(town):
    viewing, rows, store, _ = town
    run = rows["run"][-1]["run_id"]
    assert next(line for line in viewing.tables().tables if line.name == "gold.dim_customer").health.verdict != "bad"
    new = {
        "run_id": run,
        "target": "local",
        "subject": "gold.dim_customer",
        "column_name": "",
        "rule": "volume",
        "bucket": "b",
        "judged_at": stamp(NOON),
        "trained_on": 9,
    }
    with store.engine.begin() as connection:
        connection.execute(insert(tables.judgement).values(new | {"verdict": "bad", "reason": "0 rows, 900 expected"}))
        connection.execute(
            insert(tables.judgement).values(
                new | {"verdict": "bad", "reason": "of another target", "target": "dev", "subject": "gold.fct_orders"}
            )
        )
    found = {line.name: line for line in viewing.tables(find="gold.").tables}
    assert (found["gold.dim_customer"].health.verdict, found["gold.dim_customer"].health.reason) == (
        "bad",
        "0 rows, 900 expected",
    )
    assert found["gold.fct_orders"].health.verdict != "bad"
    with store.engine.begin() as connection:
        connection.execute(
            insert(tables.judgement).values(
                new | {"verdict": "good", "reason": "900 rows", "judged_at": stamp(NOON + timedelta(seconds=1))}
            )
        )
    assert next(line for line in viewing.tables(find="gold.dim").tables).health.verdict != "bad"


def test_runs_come_newest_first_page_by_page_each_once(town):
    viewing, rows, _, _ = town
    seen, before = [], ""
    while True:
        view = viewing.runs(before=before)
        seen += view.runs
        if view.wanted.older is None:
            break
        before = view.runs[-1].run_id
    expected = sorted(rows["run"], key=lambda row: (row["started_at"], row["run_id"]), reverse=True)
    assert [run.run_id for run in seen] == [row["run_id"] for row in expected]
    sums = Counter()
    for row in rows["table_load"]:
        sums[row["run_id"]] += row["rows_written"]
    assert all(run.rows_written == sums[run.run_id] for run in seen)


@pytest.mark.parametrize("state", ["failed", "lost", "running", "warned", "succeeded", "stopped"])
def test_states_are_those_of_now(town, state):
    viewing, rows, _, _ = town
    now = stamp(NOON)

    def real(row):
        return "lost" if row["state"] == "running" and row["lease_until"] < now else row["state"]

    expected = {row["run_id"] for row in rows["run"] if real(row) == state}
    found = viewing.runs(state=state)
    shown = {run.run_id for run in found.runs}
    assert {run.state for run in found.runs} <= {state}
    assert shown == expected if len(expected) <= 50 else shown < expected


def test_a_run_holds_its_steps_loads_and_errors(town):
    viewing, rows, _, _ = town
    for row in [row for row in rows["run"] if row["state"] in ("failed", "warned")][-6:]:
        run = viewing.run(row["run_id"])
        mine = {
            name: [one for one in rows[name] if one["run_id"] == row["run_id"]]
            for name in ("run_step", "table_load", "error_event", "check_result")
        }
        assert sorted(step.step for step in run.steps) == sorted(one["step"] for one in mine["run_step"])
        assert sorted((one.stream, one.written) for one in run.loads) == sorted(
            (one["stream"], one["rows_written"]) for one in mine["table_load"]
        )
        assert len(run.errors) == len(mine["error_event"])
        assert run.checks_passed + len(run.checks) == len(mine["check_result"])
    assert viewing.run("nothing") is None


def test_the_incident_has_its_cause_its_runs_and_its_downstream(town):
    viewing, rows, _, company = town
    line = viewing.today().incidents[0]
    incident = viewing.incident(line.incident_id)
    first = min(row["started_at"] for row in rows["run"] if row["pipeline"] == DOWN and row["state"] == "failed")
    assert stamp(incident.first_run.started_at) == first
    assert incident.last_good_run.started_at < incident.first_run.started_at
    assert incident.error.error_class == "auth_expired"
    assert (incident.downstream.models, incident.downstream.marts) == (9, 4)
    assert list(incident.downstream.names) == list(company.marts[:4])
    assert {hit.subject for hit in incident.hits if hit.role == "cause"} == {
        f"{DOWN}.{name}" for name in company.sources[DOWN]
    }
    assert [one.kind for one in incident.changed] == ["code"]
    assert len(incident.seen_before) == 1
    assert incident.before == "Seen 1 time before, last resolved as fixed at source: the password was renewed."
    assert line.hits == len(company.sources[DOWN])


def test_pictures_hold_the_loads_of_the_table(town):
    viewing, rows, _, _ = town
    table = viewing.table("shop.orders")
    loads = sorted(
        (row for row in rows["table_load"] if row["stream"] == "shop.orders"), key=lambda row: row["finished_at"]
    )[-60:]
    plots = {plot.name: plot for plot in table.throughput.plots}
    assert set(plots) == {"rows", "days", "bytes", "speed", "phases", "lag", "cursor", "rejects", "cost"}
    bars = plots["rows"].bars
    assert [a + b for a, b in zip(bars["inserted"], bars["updated"], strict=True)] == [
        row["rows_written"] for row in loads
    ]
    by_day = Counter()
    for row in loads:
        by_day[row["finished_at"][:10]] += row["rows_written"]
    shown = {
        f"{point:%Y-%m-%d}": value
        for point, value in zip(plots["days"].points, plots["days"].bars["rows"], strict=True)
    }
    assert {day: value for day, value in shown.items() if value} == dict(by_day)
    assert sum(map(sum, plots["rejects"].bars.values())) == sum(row["rows_quarantined"] for row in loads)
    assert [run.run_id for run in table.strip] == [row["run_id"] for row in loads]


def test_a_source_by_day_adds_up(town):
    viewing, rows, _, _ = town
    plots = {plot.name: plot for plot in viewing.source("shop").throughput.plots}
    by_day = Counter()
    for row in rows["table_load"]:
        if row["stream"].startswith("shop.") and row["finished_at"] >= "2026-11-06":
            by_day[row["finished_at"][:10]] += row["rows_written"]
    assert list(plots["rows"].bars["written"]) == [by_day[day] for day in sorted(by_day)]
    assert viewing.source("nothing") is None


def test_reasons_are_counted(town):
    viewing, rows, _, _ = town
    expected = Counter()
    for row in rows["table_load"]:
        for reason, count in json.loads(row["reject_reasons"]).items():
            expected[row["stream"], reason] += count
    seen = viewing.quarantine()
    assert {(one.stream, one.reason): one.rows for one in seen.quarantined} == expected
    assert len(seen.changes) == 3
    assert seen.filtered


def test_the_hours_of_today_add_up(town):
    viewing, rows, _, _ = town
    plots = {plot.name: plot for plot in viewing.today().plots}
    start, end = NOON.replace(minute=0) - timedelta(hours=23), NOON.replace(minute=0) + timedelta(hours=1)
    for name, days in (("today", 0), ("yesterday", 1), ("a week ago", 7)):
        low, high = stamp(start - timedelta(days=days)), stamp(end - timedelta(days=days))
        began = {row["run_id"] for row in rows["run"] if low <= row["started_at"] < high}
        series = {**plots["rows"].bars, **plots["rows"].lines}[name]
        assert sum(series) == sum(row["rows_written"] for row in rows["table_load"] if row["run_id"] in began)


def test_twins_are_plain(town):
    viewing = town[0]
    for view in (
        viewing.today(),
        viewing.runs(),
        viewing.sources(),
        viewing.tables(),
        viewing.incidents(),
        viewing.quarantine(),
        viewing.system(),
    ):
        assert json.loads(as_json(view)) == json.loads(json.dumps(as_facts(view)))


@dataclass(frozen=True)
class Leaf:
    text: str
    count: int = 1


def test_masking_reaches_every_text_and_leaves_all_else():
    value = {"a key secret": (Leaf("secret"), [Leaf("plain", 2)]), "n": None, "f": 1.5}
    assert masked(value, lambda text: text.replace("secret", "••")) == {
        "a key ••": ((Leaf("••")), (Leaf("plain", 2),)),
        "n": None,
        "f": 1.5,
    }
