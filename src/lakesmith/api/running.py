"""One run from lock to page."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from lakesmith.about import __version__
from lakesmith.api.discovering import NOTHING, News, discover
from lakesmith.api.result import RunResult
from lakesmith.errors import LakesmithError
from lakesmith.host import locks
from lakesmith.model import events
from lakesmith.model.protocols import Recorder
from lakesmith.run.plan import make_plan
from lakesmith.run.workshop import Order, Workshop

if TYPE_CHECKING:
    from lakesmith.monitor.store import RunStore
    from lakesmith.run.execute import Outcome

LEASE = timedelta(minutes=15)
RENEW_S = 60.0


def run(shop: Workshop, order: Order, listeners: tuple[Recorder, ...], page: Path) -> RunResult:
    """Run a project under its lock, record it, and write the page; see `Project.run`."""
    from lakesmith.monitor.recorders import Fanout, RunLog

    began = shop.host.clock.steady_s()
    with locked(shop, f"lakesmith {order.command}"), shop.host.stop.listening():
        store = _store(shop)
        try:
            run_id = shop.host.ids.run_id(shop.host.clock.now())
            log = RunLog(shop.paths.logs, host=shop.host)
            shop, news = discover(shop, keep=True) if order.command == "run" else (shop, NOTHING)
            recorder = Renewing(Fanout((store, log, *listeners), complain=_complain), shop, run_id)
            _bury_the_lost(shop, store)
            with shop.sources_in_use(), shop.engine_in_use():
                outcome = _recorded(Recording(shop, run_id, recorder, news), order, _ordinals(shop, store))
        finally:
            store.close()
        written = _page(shop, page, outcome) if outcome.state != "nothing_new" else None
    return RunResult(run_id, outcome.state, shop.host.clock.steady_s() - began, outcome, written, news)


def _store(shop: Workshop) -> RunStore:
    """Open the run store; say so if a damaged one has been put aside for a new one."""
    from lakesmith.monitor.store import RunStore

    pattern = f"{shop.paths.store.name}.broken-*"
    before = set(shop.paths.state.glob(pattern))
    store = RunStore.at(shop.paths.store, host=shop.host)
    for aside in set(shop.paths.state.glob(pattern)) - before:
        _complain(f"the run store was damaged; it is kept as {aside.name}, and the history of runs begins anew")
    return store


def _page(shop: Workshop, path: Path, outcome: Outcome) -> Path | None:
    """Write the page; that it cannot be written is one more error of the run, and takes nothing of the others away."""
    from lakesmith.api.today import write_page

    try:
        return write_page(shop, path)
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
    from lakesmith.run.build import attach
    from lakesmith.run.preparing import prepare, request

    with locked(shop, "lakesmith dbt"), shop.engine_in_use():
        prepare(shop)
        attach(shop)
        command, env = dbt_command(request(shop), arguments)
        return subprocess.call(command, cwd=shop.paths.root, env={**os.environ, **env})


@dataclass(slots=True)
class Renewing:
    """Passes events on, and renews the run's lease while there are any."""

    inner: Recorder
    shop: Workshop
    run_id: str
    renewed_s: float = field(default=0.0, init=False)

    def __post_init__(self) -> None:
        self.renewed_s = self.shop.host.clock.steady_s()

    def record(self, event: events.Event) -> None:
        """Take note of one event."""
        self.inner.record(event)
        steady = self.shop.host.clock.steady_s()
        if steady - self.renewed_s > RENEW_S:
            self.renewed_s = steady
            now = self.shop.host.clock.now()
            self.inner.record(events.RunRenewed(self.run_id, now, now + LEASE))


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
            now, texts = self.shop.host.clock.now(), map(mask, (error.what, error.where, error.fix))
            step = f"discover:{name}"
            self.recorder.record(events.ErrorSeen(self.run_id, step, now, type(error).__name__, error.remedy, *texts))
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
    recorder.record(run_started(shop, run_id, order.command, " ".join((*order.select, *left_out))))
    discovered = recording.tell_news()
    try:
        found = survey(shop, order)
        outcome = Execution(shop, order, found, run_id, recorder, ordinals=ordinals).run(make_plan(found.facts))
    except BaseException as error:
        if isinstance(error, LakesmithError):
            mask_error(error, shop.host.secrets)
        _record_end(shop, run_id, recorder, error)
        raise
    for name, fault in recording.news.faults.items():
        mask_error(fault, shop.host.secrets)
        outcome.errors.append((f"discover:{name}", fault))
        outcome.state = "failed" if outcome.state != "stopped" else "stopped"
    outcome.steps = discovered | outcome.steps
    now = shop.host.clock.now()
    recorder.record(events.RunFinished(run_id, now, outcome.state, shop.host.secrets.mask(sentence(outcome))))
    return outcome


def _record_end(shop: Workshop, run_id: str, recorder: Recorder, error: BaseException) -> None:
    now = shop.host.clock.now()
    if isinstance(error, LakesmithError):
        texts = (error.what, error.where, error.fix)
        recorder.record(events.ErrorSeen(run_id, "run", now, type(error).__name__, error.remedy, *texts))
        recorder.record(events.RunFinished(run_id, now, "failed", texts[0]))
    else:
        recorder.record(events.RunFinished(run_id, now, "failed", f"ended by {type(error).__name__}"))


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


def run_started(shop: Workshop, run_id: str, command: str, selection: str) -> events.RunStarted:
    """Return the event that begins the record of a run; its lease is to be renewed while it goes on."""
    now = shop.host.clock.now()
    return events.RunStarted(
        run_id=run_id,
        at=now,
        project=shop.config.name,
        target=shop.target.name,
        command=command,
        selection=selection,
        trigger="cli",
        version=__version__,
        config_hash=shop.config.config_hash,
        host=platform.node(),
        pid=os.getpid(),
        lease_until=now + LEASE,
    )


def _ordinals(shop: Workshop, store: RunStore) -> Mapping[str, int]:
    from lakesmith.monitor.reading import History

    return History(store, now=shop.host.clock.now()).highest_ordinals(shop.config.bronze_of(shop.target).name)


def _bury_the_lost(shop: Workshop, store: RunStore) -> None:
    """Runs of this target that still say `running` are over: their lock is ours."""
    from lakesmith.monitor.reading import History

    now = shop.host.clock.now()
    for found in History(store, now=now).unfinished(shop.target.name):
        store.record(
            events.RunFinished(found, now, "lost", "its process ended without a word; what it had committed stayed")
        )


def _complain(text: str) -> None:
    import warnings

    warnings.warn(text, RuntimeWarning, stacklevel=2)
