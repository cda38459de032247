"""Runs written into a run store as a project writes them, and sealed; what a test knows of them it knows from here."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from lakesmith.host import Host
from lakesmith.model import events
from lakesmith.model.loads import Counts, Load, Traffic
from lakesmith.model.shapes import Drift
from lakesmith.model.streams import StreamId
from lakesmith.monitor.sealing import seal
from lakesmith.monitor.store import RunStore

NOON = datetime(2026, 10, 1, 12, 0, 0, 250, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


class Record:
    """A run store in a project's folder, or on a server; runs are numbered from 1 on, an hour apart."""

    def __init__(self, folder, address=None):
        self.state = folder / ".lakesmith"
        self.state.mkdir(parents=True, exist_ok=True)
        self.store = RunStore.on(address) if address else RunStore.at(self.state / "runs.db", host=Host())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.store.close()

    def run(self, number, loads, *, state="succeeded", target="prod", prefix="run"):
        """Record a run that loads streams: name to (written, quarantined); it stays open with state None."""
        run_id, at = f"{prefix}-{number}", NOON + number * 60 * MINUTE
        lease = at + timedelta(minutes=15)
        told = [events.RunStarted(run_id, at, "acme", target, "run", "", "cli", "0.1.0", "c0ffee", "ada", 4711, lease)]
        for name, (written, quarantined) in loads.items():
            step, end = f"load:{name}", at + MINUTE
            counts = Counts(written + quarantined, written, quarantined, 0)
            told.append(events.StepStarted(run_id, step, "load", at))
            load = Load(
                StreamId.parse(name),
                "succeeded",
                (),
                counts,
                (Drift("column_added", "utm", "", "string", "evolve", "added"),) if quarantined else (),
                {"short": quarantined} if quarantined else {},
                {},
                size_bytes=10 * written,
                phases_s={"read": 0.5},
                traffic=Traffic(bytes_read=100 * written),
            )
            told.append(events.LoadFinished(run_id, step, end, load))
            told.append(events.StepFinished(run_id, step, "load", end, "succeeded", 60.0, "", {}, cpu_s=1.5))
        if state == "failed":
            told.append(events.ErrorSeen(run_id, "build", at + MINUTE, "TransformError", "skip", "It broke.", "x", "y"))
        if state is not None:
            told.append(events.RunFinished(run_id, at + 2 * MINUTE, state, "", cpu_s=2.5))
        for event in told:
            self.store.record(event)
        if state is not None:
            self.seal(number, prefix=prefix)

    def seal(self, number, prefix="run"):
        """Seal a run, as its end does."""
        at = NOON + number * 60 * MINUTE + 3 * MINUTE
        return seal(self.store, f"{prefix}-{number}", self.state / "runs.seal", at=at)
