"""One run from lock to page."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from lakesmith.api.circumstances import run_started
from lakesmith.api.discovering import NOTHING, News, discover
from lakesmith.api.judging import after_run
from lakesmith.api.recording import record_of
from lakesmith.api.result import RunResult
from lakesmith.errors import LakesmithError
from lakesmith.host import locks
from lakesmith.host.measuring import Gauge, peak_rss_bytes
from lakesmith.model import events
from lakesmith.model.protocols import Recorder
from lakesmith.run.plan import make_plan
from lakesmith.run.telling import error_seen
from lakesmith.run.workshop import Order, Workshop

if TYPE_CHECKING:
    from lakesmith.monitor.store import RunStore
    from lakesmith.run.execute import Outcome


def run(shop: Workshop, order: Order, listeners: tuple[Recorder, ...], page: Path) -> RunResult:
    """Run a project under its lock, record it, and write the page; see `Project.run`."""
    began = shop.host.clock.steady_s()
    with locked(shop, f"lakesmith {order.command}"), shop.host.stop.listening(), record_of(shop) as record:
        run_id = shop.host.ids.run_id(shop.host.clock.now())
        shop, news = discover(shop, keep=True) if order.command == "run" else (shop, NOTHING)
        record.bury_the_lost()
        with shop.sources_in_use(), shop.engine_in_use():
            recording = Recording(shop, run_id, record.recorder(listeners), news)
            try:
                outcome = _recorded(recording, order, record.ordinals())
            finally:
                after_run(shop, record, run_id)
                store = record.store if record.finish(run_id) else None  # one that did not answer is asked anew
        is_shown = outcome.state != "nothing_new" and record.store is not None
        written = _page(shop, page, store, outcome) if is_shown else None
    return RunResult(run_id, outcome.state, shop.host.clock.steady_s() - began, outcome, written, news)


def _page(shop: Workshop, path: Path, store: RunStore | None, outcome: Outcome) -> Path | None:
    """Write the page; that it cannot be written is one more error of the run, and takes nothing of the others away."""
    from sqlalchemy.exc import SQLAlchemyError

    from lakesmith.api.today import write_page

    try:
        with suppress(SQLAlchemyError):
            return write_page(shop, path, store)
        return write_page(shop, path)  # opening the store anew tells what is wrong with it
    except LakesmithError as error:
        outcome.errors.append(("page", error))
        outcome.state = "failed"
        return None


def locked(shop: Workshop, command: str) -> AbstractContextManager[None]:
    """Hold the lock of the target's runs.

    Raises:
        RunInProgressError: If another process holds it.
    """
    since = f"{shop.host.clock.now():%Y-%m-%d %H:%M:%S} UTC"
    return locks.hold(shop.paths.lock(shop.target.name), {"command": command, "pid": os.getpid(), "since": since})


def pass_through(shop: Workshop, arguments: list[str]) -> int:
    """Run dbt as the person wrote it, on fresh views; return its exit code."""
    from lakesmith.dbt.program import pass_through as dbt_command
    from lakesmith.dbt.tidying import tidy_results
    from lakesmith.run.build import attach
    from lakesmith.run.preparing import prepare, request

    with locked(shop, "lakesmith dbt"), shop.engine_in_use():
        prepare(shop)
        attach(shop)
        asked = request(shop)
        command, env = dbt_command(asked, arguments)
        try:
            return subprocess.call(command, cwd=shop.paths.root, env={**os.environ, **env})
        finally:
            tidy_results(asked.artifacts, shop.host.secrets.mask)


@dataclass(frozen=True, slots=True)
class Recording:
    """A run that is recorded, and what sources found before it."""

    shop: Workshop
    run_id: str
    recorder: Recorder
    news: News

    def tell_news(self) -> dict[str, str]:
        """Record what sources found, or why they could not be asked; return the state of each such step."""
        mask, states = self.shop.host.secrets.mask, {}
        for name, error in self.news.faults.items():
            step = f"discover:{name}"
            seen = error_seen(self.run_id, step, self.shop.host.clock.now(), error)
            self.recorder.record(replace(seen, what=mask(seen.what), where=mask(seen.where), fix=mask(seen.fix)))
            states[step] = self._finish(step, "failed", mask(error.what))
        for name, sentence in self.news.sentences():
            states[f"discover:{name}"] = self._finish(f"discover:{name}", "succeeded", mask(sentence))
        return states

    def _finish(self, step: str, state: str, message: str) -> str:
        now = self.shop.host.clock.now()
        self.recorder.record(events.StepStarted(self.run_id, step, "discover", now))
        self.recorder.record(events.StepFinished(self.run_id, step, "discover", now, state, 0.0, message))
        return state


def _recorded(recording: Recording, order: Order, ordinals: Mapping[str, int]) -> Outcome:
    """Survey, plan and execute between the first and the last event of a run."""
    from lakesmith.run.execute import Execution, mask_error
    from lakesmith.run.survey import survey

    shop, run_id, recorder = recording.shop, recording.run_id, recording.recorder
    left_out = (f"--exclude {name}" for name in order.exclude)
    gauge = Gauge.begin()
    recorder.record(run_started(shop, run_id, order.command, " ".join((*order.select, *left_out)), order.cause))
    discovered = recording.tell_news()
    try:
        found = survey(shop, order)
        outcome = Execution(shop, order, found, run_id, recorder, ordinals=ordinals).run(make_plan(found.facts))
    except BaseException as error:
        if isinstance(error, LakesmithError):
            mask_error(error, shop.host.secrets)
        _record_end(recording, gauge, error)
        raise
    for name, fault in recording.news.faults.items():
        mask_error(fault, shop.host.secrets)
        outcome.errors.append((f"discover:{name}", fault))
        outcome.state = "failed" if outcome.state != "stopped" else "stopped"
    outcome.steps = discovered | outcome.steps
    recorder.record(_end(recording, gauge, outcome.state, sentence(outcome)))
    return outcome


def _record_end(recording: Recording, gauge: Gauge, error: BaseException) -> None:
    message = f"ended by {type(error).__name__}"
    if isinstance(error, LakesmithError):
        now, message = recording.shop.host.clock.now(), error.what
        recording.recorder.record(error_seen(recording.run_id, "run", now, error))
    recording.recorder.record(_end(recording, gauge, "failed", message))


def _end(recording: Recording, gauge: Gauge, state: str, message: str) -> events.RunFinished:
    """Return the event that ends the record of a run, with what the run took."""
    host, took = recording.shop.host, gauge.read()
    told = host.secrets.mask(message)
    return events.RunFinished(recording.run_id, host.clock.now(), state, told, took.cpu_s, peak_rss_bytes())


def sentence(outcome: Outcome) -> str:
    """Return one sentence about a run."""
    if outcome.state == "nothing_new":
        return "nothing new"
    if outcome.errors:
        step, error = outcome.errors[0]
        more = f", and {len(outcome.errors) - 1} more" if len(outcome.errors) > 1 else ""
        return f"{step}: {error.what.splitlines()[0]}{more}"
    if outcome.missed:
        return f"not fresh: {outcome.missed}"
    returned = [str(load.stream) for load in outcome.loads if load.state == "rolled_back"]
    if returned:
        return f"{', '.join(returned)} rolled back"
    written = sum(load.counts.written for load in outcome.loads)
    swapped = [str(load.stream) for load in outcome.loads if load.commits and load.commits[-1].kind == "swap"]
    anew = f", {', '.join(swapped)} replaced" if swapped else ""
    return f"{written:,} rows loaded{anew}" if outcome.loads else "built anew"
