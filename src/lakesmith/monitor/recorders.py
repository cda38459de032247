"""Recorders that write to several places, and never let a broken one fail a load."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, is_dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from lakesmith.host import Host
from lakesmith.model.events import Event, StepProgress
from lakesmith.model.protocols import Recorder


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


class RunLog:
    """One file per run, one JSON object per event; secrets are masked."""

    def __init__(self, folder: Path, *, host: Host) -> None:
        self._folder, self._host = folder, host

    def record(self, event: Event) -> None:
        """Append the event to its run's file."""
        if isinstance(event, StepProgress):
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        line = json.dumps({"event": type(event).__name__, **asdict(event)}, default=_plain, ensure_ascii=False)
        with (self._folder / f"{event.run_id}.jsonl").open("a", encoding="utf-8") as file:
            file.write(self._host.secrets.mask(line) + "\n")


def _plain(value: Any) -> Any:
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    return str(value)
