"""Recorders that write to several places, and never let a broken one fail a load."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from lakesmith.host import Host
from lakesmith.host.secrets import Secrets
from lakesmith.model.events import Event, RunFinished, RunRenewed, StepProgress
from lakesmith.model.protocols import Recorder
from lakesmith.monitor.plain import as_plain, masked


class Fanout:
    """Hands each event to every recorder; one that fails is dropped after it has been complained about once."""

    def __init__(self, recorders: tuple[Recorder, ...], *, complain: Callable[[str], None]) -> None:
        self._recorders = list(recorders)
        self._complain = complain

    def record(self, event: Event) -> None:
        """Take note of one event, everywhere."""
        for recorder in tuple(self._recorders):
            try:
                recorder.record(event)
            except Exception as error:  # noqa: BLE001 - a boundary: a record must never fail what it records
                self._recorders.remove(recorder)
                self._complain(f"{type(recorder).__name__} stopped recording: {type(error).__name__}")


class Masked:
    """Takes every known secret out of an event before it is handed on: what is kept is kept without them."""

    def __init__(self, inner: Recorder, secrets: Secrets) -> None:
        self._inner, self._secrets = inner, secrets

    def record(self, event: Event) -> None:
        """Take note of one event."""
        self._inner.record(masked(event, self._secrets.mask))


class RunLog:
    """One file per run, one JSON object per event; secrets are masked. All that a run store holds of a run can be made again from it."""

    def __init__(self, folder: Path, *, host: Host) -> None:
        self._folder, self._host = folder, host

    def record(self, event: Event) -> None:
        """Append the event to its run's file; at the end of a run it is on the disk."""
        if not isinstance(event, StepProgress | RunRenewed):
            self._append(event.run_id, as_plain(event), durable=isinstance(event, RunFinished))

    def note(self, run_id: str, kind: str, facts: Mapping[str, Any]) -> None:
        """Append something that is no event of the run, such as its seal."""
        self._append(run_id, {"event": kind, "run_id": run_id, **facts}, durable=True)

    def _append(self, run_id: str, plain: Mapping[str, Any], *, durable: bool) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        line = self._host.secrets.mask(json.dumps(plain, ensure_ascii=False)) + "\n"
        with (self._folder / f"{run_id}.jsonl").open("ab") as file:
            file.write(line.encode("utf-8", "replace"))
            if durable:
                file.flush()
                os.fsync(file.fileno())
