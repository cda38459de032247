"""One run with one event of every kind, every field set to something that can be told from the others."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from lakesmith.model import events
from lakesmith.model.loads import Checkpoint, Commit, Counts, Load
from lakesmith.model.shapes import Drift
from lakesmith.model.streams import StreamId
from lakesmith.model.watching import Glance, Seen, Verdict

NOON = datetime(2026, 10, 1, 12, tzinfo=UTC)
STREAM = StreamId("app", "orders")
DRIFT = Drift("column_added", "utm_term", "", "string", "evolve", "added")


def started(run_id="r1", at=NOON, target="local"):
    return events.RunStarted(
        run_id, at, "acme", target, "run", "+mart_x", "cli", "0.1.0", "c0ffee", "ada", 4711, at + timedelta(minutes=15)
    )


def loaded(run_id="r1", rows=7, at=NOON, drift=(DRIFT,)):
    counts = Counts(rows + 3, rows, 2, 1)
    commit = Commit(2**62, "batch-1", Checkpoint(STREAM, b"{}", 5), counts, 2, 900, at)
    load = Load(
        STREAM,
        "succeeded",
        (commit,),
        counts,
        drift,
        {"short": 2},
        {"held": 1},
        splits=3,
        size_bytes=2**40,
        resumed=True,
        phases_s={"read": 1.5, "commit": 0.5},
        base=2**61,
        notices=("`b.csv` is gone",),
    )
    return events.LoadFinished(run_id, f"load:{STREAM}", at, load)


def checked(status, run_id="r1", at=NOON, check_id="test.acme.unique.1"):
    return events.CheckFinished(run_id, at, check_id, "marts.mart_x", "day", status, "error", 4, 0.25, "Got 4 results")


def looked(run_id="r1", at=NOON, state="late", rows=7, loaded_at=NOON - timedelta(hours=3)):
    seen = Seen(StreamId("legacy", "customers"), rows, loaded_at)
    return events.TableSeen(run_id, at, Glance(seen, Verdict(state, "was due")))


ALL = (
    started(),
    looked(),
    events.RunRenewed("r1", NOON, NOON + timedelta(minutes=30)),
    events.StepStarted("r1", "load:app.orders", "load", NOON),
    events.StepProgress("r1", "load:app.orders", 5, 10, 20),
    loaded(),
    events.StepFinished(
        "r1", "load:app.orders", "load", NOON + timedelta(seconds=2), "succeeded", 2.0, "", {"read": 10}
    ),
    events.StepStarted("r1", "build", "build", NOON + timedelta(seconds=3)),
    events.ModelFinished("r1", NOON, "model.acme.mart_x", "marts.mart_x", "success", 0.5, 12, "OK"),
    checked("warn"),
    events.StepFinished("r1", "build", "build", NOON + timedelta(seconds=9), "warned", 6.0, "4 rows", {"models": 1}),
    events.DatasetPublished("r1", NOON, "tables", "marts.mart_x", "final/x", 12, 3_000),
    events.ErrorSeen("r1", "build", NOON, "TransformError", "skip", "It broke.", "marts.mart_x", "mend it"),
    events.RunFinished("r1", NOON + timedelta(seconds=10), "warned", "7 rows loaded"),
)
