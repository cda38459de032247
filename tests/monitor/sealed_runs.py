"""A store with sealed runs and their logs, as runs of a project leave it; as a program, it is killed at the end.

Usage: `python sealed_runs.py FOLDER COUNT`.
"""

from __future__ import annotations

import os
import signal
import sys
from dataclasses import asdict, replace
from datetime import timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from monitor_events import ALL, NOON

from lakesmith.host import Host
from lakesmith.model.events import RunStarted
from lakesmith.monitor.recorders import RunLog
from lakesmith.monitor.repair import SEAL_NOTE
from lakesmith.monitor.sealing import seal
from lakesmith.monitor.store import RunStore


def at_day(event, number):
    """The same event in another run, some days later."""
    later = {"run_id": f"run-{number}"}
    if hasattr(event, "at"):
        later["at"] = event.at + timedelta(days=number)
    if isinstance(event, RunStarted):
        later["lease_until"] = event.lease_until + timedelta(days=number)
    return replace(event, **later)


def record_runs(store, folder, count, first=1):
    """Record runs with events of every kind, each sealed at its end."""
    log = RunLog(folder / "logs", host=Host())
    for number in range(first, first + count):
        for event in ALL:
            told = at_day(event, number)
            log.record(told)
            store.record(told)
        made = seal(store, f"run-{number}", folder / "runs.seal", at=NOON + timedelta(days=number))
        log.note(f"run-{number}", SEAL_NOTE, asdict(made))


def main():
    """Record runs, then die without closing anything."""
    folder, count = Path(sys.argv[1]), int(sys.argv[2])
    RunStore.at(folder / "runs.db", host=Host()).close()
    record_runs(RunStore.at(folder / "runs.db", host=Host()), folder, count)
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    main()
