"""Runs as child processes: a run outlives the scheduler that began it, and a fault of one is no fault of the other."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from lakesmith.errors import RetriableError, RunInProgressError

STOPPED = 130
KEPT_BYTES = 1_000_000


@dataclass(frozen=True, slots=True)
class Ending:
    """How a run ended. `state` is its own word, `busy` where another run held the lock, `failed` where it said nothing."""

    state: str
    run_id: str | None
    message: str
    seconds: float
    may_pass: bool
    """Whether its errors may go away by themselves."""


@dataclass(slots=True)
class Running:
    """A run under way; its answer goes into a file, so that nobody has to listen."""

    process: subprocess.Popen[bytes]
    answer: Path

    def ended(self) -> Ending | None:
        """Return how it ended; None while it goes on."""
        code = self.process.poll()
        return None if code is None else _ending(code, self.answer)

    def ask_to_stop(self) -> None:
        """Ask it to stop at its next safe point."""
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(signal.SIGINT)


@dataclass(frozen=True, slots=True)
class Starter:
    """Starts runs of one project on one target; `folder` takes their answers."""

    project: Path
    target: str
    folder: Path

    def start(self, pipeline: str, words: Sequence[str], nominal_at: datetime, cause: tuple[str, int]) -> Running:
        """Start `lakesmith run` in a session of its own: Ctrl-C reaches it only through us. `cause`: the trigger, and which attempt it is."""
        self.folder.mkdir(parents=True, exist_ok=True)
        answer = self.folder / f"{pipeline}.json"
        place = ["--project", str(self.project), "--target", self.target]
        known = {
            "LAKESMITH_TRIGGER": cause[0],
            "LAKESMITH_ATTEMPT": str(cause[1]),
            "LAKESMITH_PIPELINE": pipeline,
            "LAKESMITH_NOMINAL_AT": nominal_at.isoformat(),
        }
        with answer.open("wb") as out, answer.with_suffix(".err").open("wb") as errors:
            process = subprocess.Popen(
                [sys.executable, "-m", "lakesmith", "run", *place, *words, "--json"],
                env={**os.environ, **known},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=errors,
                start_new_session=True,
            )
        return Running(process, answer)


def _ending(code: int, answer: Path) -> Ending:
    said = _said(answer)
    if said.get("error") == RunInProgressError.__name__:
        return Ending("busy", None, str(said.get("what", "")), 0.0, may_pass=True)
    errors = said.get("errors") or []
    message = str(errors[0].get("what", "")) if errors else str(said.get("what", ""))
    state = str(said.get("state") or ("stopped" if code == STOPPED else "failed"))
    if not said:
        message = (
            f"its process ended with code {code} and said nothing: {answer.with_suffix('.err').name} has its last words"
        )
    return Ending(
        state,
        said.get("run_id"),
        message,
        float(said.get("seconds") or 0.0),
        may_pass=code in (RetriableError.exit_code, -signal.SIGKILL),
    )


def _said(answer: Path) -> dict[str, Any]:
    """Return the object that a run printed; nothing if it printed none."""
    try:
        with answer.open("rb") as file:
            said = json.loads(file.read(KEPT_BYTES))
    except (OSError, ValueError):
        return {}
    return said if isinstance(said, dict) else {}
