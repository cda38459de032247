import random
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from lakesmith.host import Host
from lakesmith.model import events
from lakesmith.model.loads import Counts, Load
from lakesmith.model.streams import StreamId
from lakesmith.monitor.exports.exposition import exposition
from lakesmith.monitor.exports.prometheus import families
from lakesmith.monitor.exports.totals import Totals
from lakesmith.monitor.store import RunStore

sys.path.insert(0, str(Path(__file__).parent))

from expositions import read

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
STATES = ("succeeded", "warned", "failed", "nothing_new")


@pytest.fixture
def store(tmp_path):
    opened = RunStore.at(tmp_path / "runs.db", host=Host())
    yield opened
    opened.close()


def run_at(store, number, state, loads, target="local", at=None):
    """Record one run of a minute with its loads: stream to (written, quarantined, filtered)."""
    at, run_id = at or NOW - timedelta(hours=50 - number), f"{target}-{number}"
    store.record(
        events.RunStarted(
            run_id, at, "acme", target, "run", "", "cli", "1", "c0ffee", "ada", 1, at + timedelta(minutes=2)
        )
    )
    for stream, (written, quarantined, filtered) in loads.items():
        counts = Counts(written + quarantined + filtered, written, quarantined, filtered)
        reasons = {"too short: line 3": quarantined} if quarantined else {}
        load = Load(
            StreamId.parse(stream),
            "succeeded",
            (),
            counts,
            (),
            reasons,
            size_bytes=written * 10,
            phases_s={"read": 2.0},
        )
        store.record(events.LoadFinished(run_id, f"load:{stream}", at + timedelta(seconds=30), load))
    if state != "running":
        store.record(events.RunFinished(run_id, at + timedelta(minutes=1), state))


def metrics(store, totals=None, subjects=("shop.orders", "marts.mart_x")):
    return read(exposition(families(store, "local", subjects, totals or Totals(), NOW)))


def test_sums_are_those_of_every_load_whether_asked_once_or_again_and_again(store):
    chance, totals, rows, results = random.Random(7), Totals(), Counter(), Counter()
    for number in range(30):
        loads = {
            f"shop.{name}": (chance.randrange(100), chance.randrange(3), chance.randrange(3))
            for name in ("orders", "items")
        }
        state = chance.choice(STATES)
        run_at(store, number, state, loads)
        run_at(store, number, state, loads, target="other")
        results[state] += 1
        for stream, (written, quarantined, filtered) in loads.items():
            rows[stream, "written"] += written
            rows[stream, "quarantined"] += quarantined
            rows[stream, "filtered"] += filtered
            rows[stream, "read"] += written + quarantined + filtered
        if number % 7 == 0:
            metrics(store, totals)
    once, again = metrics(store), metrics(store, totals)
    assert once == again
    for (stream, op), count in rows.items():
        assert once["lakesmith_rows_total", (("op", op), ("table", stream))] == count
    assert (
        once["lakesmith_rows_rejected_total", (("reason", "too short"), ("table", "shop.orders"))]
        == rows["shop.orders", "quarantined"]
    )
    for state, count in results.items():
        assert once["lakesmith_runs_total", (("pipeline", "everything"), ("result", state))] == count


def test_times_are_those_of_the_newest_run_and_load(store):
    run_at(store, 1, "succeeded", {"shop.orders": (5, 0, 0)})
    run_at(store, 2, "failed", {})
    found = metrics(store)
    begun = NOW.timestamp() - 50 * 3600
    everything = (("pipeline", "everything"),)
    assert found["lakesmith_last_success_timestamp_seconds", everything] == begun + 3600 + 60
    assert found["lakesmith_last_completion_timestamp_seconds", everything] == begun + 7200 + 60
    assert found["lakesmith_last_run_duration_seconds", (*everything, ("result", "failed"))] == 60
    assert found["lakesmith_freshness_lag_seconds", (("table", "shop.orders"),)] == 49 * 3600 - 30


def test_every_table_has_the_time_of_its_own_newest_load(store):
    newest = {}
    for number, names in enumerate(("abc", "b", "ca", "d", "b")):
        run_at(store, number, "succeeded", {f"shop.{name}": (5, 0, 0) for name in names})
        newest |= dict.fromkeys(names, number)
    run_at(store, 9, "succeeded", {"shop.a": (5, 0, 0), "shop.e": (5, 0, 0)}, target="other")
    found = metrics(store)
    ages = {name: found["lakesmith_freshness_lag_seconds", (("table", f"shop.{name}"),)] for name in newest}
    assert ages == {name: (50 - number) * 3600 - 30 for name, number in newest.items()}
    assert ("lakesmith_freshness_lag_seconds", (("table", "shop.e"),)) not in found


def test_a_run_whose_lease_ended_is_lost_and_not_under_way(store):
    run_at(store, 1, "running", {})
    run_at(store, 2, "running", {}, at=NOW - timedelta(minutes=1))
    found = metrics(store)
    assert found["lakesmith_run_active", (("pipeline", "everything"),)] == 1
    assert found["lakesmith_runs_total", (("pipeline", "everything"), ("result", "lost"))] == 1


def test_a_table_that_nobody_judged_is_unknown_and_never_good(store):
    found = metrics(store)
    states = {
        dict(labels)["state"]: value
        for (name, labels), value in found.items()
        if name == "lakesmith_table_health" and ("table", "shop.orders") in labels
    }
    assert states == {"good": 0, "warn": 0, "bad": 0, "learning": 0, "unknown": 1}
    assert found["lakesmith_health", (("state", "unknown"),)] == 1


def test_no_label_names_a_run(store):
    run_at(store, 1, "succeeded", {"shop.orders": (5, 1, 0)})
    assert not any("local-1" in value for _, labels in metrics(store) for _, value in labels)
