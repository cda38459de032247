"""The end of a run's log, in words. A log is opened by the id of a run that is on record, below its folder, through no link."""

from __future__ import annotations

import json
import os
import re
import stat
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from lakesmith.pages.views.details import LogLine

RUN_ID = re.compile(r"[0-9a-zA-Z][0-9a-zA-Z_-]{0,63}")
LONGEST = 512_000
"""So many bytes of the end of a log are read."""
CLIPPED = 600


def tail(folder: Path, run_id: str, mask: Callable[[str], str], *, wanted: int = 60) -> tuple[list[LogLine], int]:
    """Return the newest lines of a run's log, oldest of them first, and about how many are before them."""
    if not RUN_ID.fullmatch(run_id):
        return [], 0
    text, skipped = _end(folder, f"{run_id}.jsonl")
    lines = [line for line in text.split("\n") if line.strip()]
    if skipped and lines:
        lines = lines[1:]
    before = len(lines) - wanted
    average = max(len(text) // max(len(lines), 1), 1)
    return [_line(line, mask) for line in lines[-wanted:]], max(before, 0) + skipped // average


def _end(folder: Path, name: str) -> tuple[str, int]:
    """Return the end of a file in a folder, and how many bytes come before it. A link is not followed, and only a file is read."""
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    try:
        descriptor = os.open(folder / name, flags)
    except OSError:
        return "", 0
    facts = os.fstat(descriptor)
    if not stat.S_ISREG(facts.st_mode):
        os.close(descriptor)
        return "", 0
    with os.fdopen(descriptor, "rb") as file:
        skipped = max(facts.st_size - LONGEST, 0)
        file.seek(skipped)
        return file.read(LONGEST).decode("utf-8", "replace"), skipped


def _line(line: str, mask: Callable[[str], str]) -> LogLine:
    """Return one event in words; every text in it is masked before it is shortened."""
    try:
        event = json.loads(line)
    except ValueError:
        return LogLine("", "a line that cannot be read")
    if not isinstance(event, dict):
        return LogLine("", "a line that is no event")
    say = _SENTENCES.get(str(event.get("event")))
    text = mask(say(event) if say else str(event.get("event")))
    return LogLine(str(event.get("at", ""))[11:19], text if len(text) <= CLIPPED else f"{text[:CLIPPED]}…")


def _loaded(event: Mapping[str, Any]) -> str:
    load = event.get("load") or {}
    counts, stream = load.get("counts") or {}, load.get("stream") or {}
    name = f"{stream.get('source')}.{stream.get('name')}"
    read, written, kept, left = (counts.get(key, 0) for key in ("read", "written", "quarantined", "filtered"))
    return f"loaded {name}: {read:,} read = {written:,} written + {kept:,} quarantined + {left:,} filtered"


def _ended(event: Mapping[str, Any]) -> str:
    message = f": {event.get('message')}" if event.get("message") else ""
    return f"{event.get('step')} {event.get('state')} after {event.get('seconds') or 0:.2f} s{message}"


_SENTENCES: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "RunStarted": lambda e: (
        f"{e.get('command')} of {e.get('project')} on {e.get('target')} {e.get('selection') or ''}".rstrip()
    ),
    "RunFinished": lambda e: f"run ended: {e.get('state')}, {e.get('message') or ''}".rstrip(", "),
    "RunRenewed": lambda _: "still working",
    "RunSealed": lambda _: "what is above was written to the record",
    "StepStarted": lambda e: f"{e.get('step')} began",
    "StepFinished": _ended,
    "LoadFinished": _loaded,
    "ModelFinished": lambda e: f"model {e.get('model')} {e.get('status')}: {e.get('message') or ''}".rstrip(": "),
    "CheckFinished": lambda e: f"test {e.get('check_id')} {e.get('status')}, {e.get('failures') or 0:,} rows",
    "DatasetPublished": lambda e: f"published {e.get('dataset')}: {e.get('rows') or 0:,} rows",
    "ErrorSeen": lambda e: (
        f"{e.get('kind')}: {e.get('what')} Where: {e.get('where') or '–'} Fix: {e.get('fix') or '–'}"
    ),
}
