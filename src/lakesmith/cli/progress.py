"""A run as it happens: a live line per step on a terminal, a plain line per finished step elsewhere."""

from __future__ import annotations

from collections import Counter
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.status import Status
from rich.text import Text

from lakesmith.model import events
from lakesmith.model.loads import Load
from lakesmith.run.plan import size_words

FEW_ROWS = 10_000
"""Below this many rows a rate says how long opening and committing took, and nothing about speed."""

MARKS = {
    "succeeded": ("✓", "green"),
    "warned": ("!", "yellow"),
    "failed": ("✕", "red"),
    "skipped": ("–", "dim"),
    "stopped": ("■", "yellow"),
}
DRIFT_WORDS = {
    "column_added": "new column",
    "column_missing": "column no longer sent",
    "type_widened": "wider type",
    "value_incompatible": "values of another type",
    "rename_candidate": "perhaps renamed",
    "renamed": "renamed",
}


class Progress:
    """A recorder that shows; use it as a context manager."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(highlight=False, soft_wrap=True)
        self._live: Status | None = None
        self._loads: dict[str, Load] = {}
        self._checks: Counter[str] = Counter()
        self._began_s: dict[str, float] = {}

    def __enter__(self) -> Self:
        if self.console.is_terminal:
            self._live = self.console.status("looking for what is new")
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live:
            self._live.stop()

    def record(self, event: events.Event) -> None:
        """Show one event."""
        if isinstance(event, events.StepStarted):
            self._say_live(f"{event.step}")
            self._began_s[event.step] = event.at.timestamp()
        elif isinstance(event, events.StepProgress):
            self._progress(event)
        elif isinstance(event, events.LoadFinished):
            self._loads[event.step] = event.load
        elif isinstance(event, events.CheckFinished):
            self._checks[event.status] += 1
        elif isinstance(event, events.StepFinished):
            self._finished(event)

    def _progress(self, event: events.StepProgress) -> None:
        if event.step == "build":
            self._say_live(f"build {event.rows} of {event.total_bytes or '?'}: {event.note}")
            return
        if event.step.startswith("watch:"):
            self._say_live(f"{event.step}  {event.note}")
            return
        of = f" of {size_words(event.total_bytes)}" if event.total_bytes else ""
        self._say_live(f"{event.step}  {event.rows:,} rows, {size_words(event.done_bytes)}{of}{self._rate(event)}")

    def _rate(self, event: events.StepProgress) -> str:
        import time

        seconds = time.time() - self._began_s.get(event.step, time.time())
        return f", {event.rows / seconds:,.0f} rows/s" if seconds > 0.2 else ""  # noqa: PLR2004 - before that it only flickers

    def _say_live(self, text: str) -> None:
        if self._live:
            self._live.update(text)

    def _finished(self, event: events.StepFinished) -> None:
        ways = {"load": self._load_line, "build": self._build_line, "discover": _found_line}
        lines = ways.get(event.kind, self._plain_line)(event)
        mark, style = MARKS[event.state]
        if lines is None:
            return
        text = Text(f" {mark} ", style=style)
        text.append(lines)
        self.console.print(text)
        if event.kind == "load" and event.state == "warned":
            self.console.print(Text(f"          {event.message}", style="yellow"))
        if event.step in self._loads and (beside := _beside(self._loads[event.step])):
            self.console.print(Text(f"          {beside}", style="cyan"))
        for notice in self._loads[event.step].notices if event.step in self._loads else ():
            self.console.print(Text(f"          notice: {notice}", style="cyan"))
        for change in self._loads[event.step].drift if event.step in self._loads else ():
            words = DRIFT_WORDS.get(change.kind, change.kind.replace("_", " "))
            sides = f" ({change.before} → {change.after})" if change.before and change.after else ""
            self.console.print(Text(f"          drift: {words} {change.column}{sides}: {change.outcome}", style="cyan"))

    def _load_line(self, event: events.StepFinished) -> str:
        name = event.step.removeprefix("load:")
        load = self._loads.get(event.step)
        if load is None or event.state not in ("succeeded", "warned"):
            return f"load    {name:<26} {event.message.splitlines()[0] if event.message else event.state}"
        counts = load.counts
        worth_it = event.seconds and counts.read > FEW_ROWS
        rate = f"{counts.read / event.seconds:>10,.0f} rows/s" if worth_it else ""
        parts = "1 part " if load.splits == 1 else f"{load.splits} parts"
        proof = "" if counts.proven else " (unproven)"
        return (
            f"load    {name:<26} {parts:>8}  {counts.read:>9,} read = {counts.written:,} written"
            f" + {counts.quarantined:,} quarantined + {counts.filtered:,} filtered{proof}  {rate}"
        ).rstrip()

    def _build_line(self, event: events.StepFinished) -> str:
        models = int(event.facts.get("models", 0))
        total = self._checks.total()
        bad = self._checks["fail"] + self._checks["error"]
        shown = [f"✓ {self._checks['pass']}"]
        shown += [f"! {self._checks['warn']} warn"] if self._checks["warn"] else []
        shown += [f"✕ {bad} fail"] if bad else []
        shown += [f"– {self._checks['skipped']} skipped"] if self._checks["skipped"] else []
        if event.state not in ("succeeded", "warned") or not models + total:
            return f"build   {event.message.splitlines()[0] if event.message else event.state}"
        return f"build   {models} models, {total} tests   {'  '.join(shown)}   {event.seconds:.1f} s"

    def _plain_line(self, event: events.StepFinished) -> str | None:
        if event.kind == "attach" and event.state == "succeeded":
            return None
        name = event.step.partition(":")[2] or event.step
        if event.kind == "rollback":
            return f"rollback {name}: {event.message}"
        if event.state != "succeeded":
            what = event.message.splitlines()[0] if event.message else event.state
            return f"{event.kind:<7} {what}" if name == event.kind else f"{event.kind:<7} {name}: {what}"
        count = int(event.facts.get("tables", 0))
        what = "1 table" if count == 1 else f"{count} tables"
        return f"{event.kind:<7} {what}" + ("" if event.kind == "swap" else f" by {name}")


def _found_line(event: events.StepFinished) -> str:
    return f"found   {event.step.removeprefix('discover:')}: {event.message.splitlines()[0]}"


def _beside(load: Load) -> str:
    """Return what a load did beside the row law, empty if nothing."""
    swapped = bool(load.commits) and load.commits[-1].kind == "swap"
    derived = (
        f"{load.counts.derived:,} {'kept' if swapped else 'derived: keys that vanished'}" if load.counts.derived else ""
    )
    anew = f"swapped in as generation {load.commits[-1].checkpoint.generation}" if swapped else ""
    return ", ".join(filter(None, (derived, anew)))
