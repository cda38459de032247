"""The scheduler: one run at a time, in the order in which they were due, whatever happened to the process before."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from lakesmith.host import Host
from lakesmith.monitor.ticking import STARTED, WAITING, Tick, Ticks
from lakesmith.project.ticks import next_tick
from lakesmith.schedule.deciding import Decision, decide, retry_at
from lakesmith.schedule.duties import Duty
from lakesmith.schedule.starting import Ending, Running

BUSY_PAUSE = timedelta(seconds=5)
POOR_PAUSE = timedelta(seconds=30)
ADOPTED_PAUSE = timedelta(seconds=2)
GOES_ON = "running"


class Starts(Protocol):
    """Starts a run of one pipeline."""

    def start(self, pipeline: str, words: list[str], nominal_at: datetime, cause: tuple[str, int]) -> Running:
        """Start it; `cause` is the trigger, and which attempt it is."""
        ...


@dataclass(slots=True)
class Job:
    """A start that is on its way: waiting for its moment (`not_before`), or running."""

    duty: Duty
    nominal_at: datetime
    not_before: datetime
    attempt: int = 1
    trigger: str = "schedule"
    running: Running | None = None


@dataclass(slots=True)
class Scheduler:
    """Does the duties of one project on one target. `turn` is called again and again and never waits.

    `tell` gets one sentence for people about whatever happens.
    """

    duties: tuple[Duty, ...]
    ticks: Ticks
    starter: Starts
    host: Host
    tell: Callable[[str], None]
    job: Job | None = None
    waiting: list[Job] = field(default_factory=list)
    awake_since: datetime = field(init=False)
    handled: dict[str, datetime] = field(init=False)
    orphans: list[Tick] = field(init=False)

    def __post_init__(self) -> None:
        self.awake_since = self.host.clock.now()
        self.handled = self.ticks.newest()
        self.orphans = self.ticks.begun()

    def turn(self) -> None:
        """Look what has ended and what is due, and start the next run if none goes on."""
        now = self.host.clock.now()
        if self.job is not None and self.job.running is not None:
            ending = self.job.running.ended()
            if ending is None:
                return
            self._end(self.job, ending, now)
        self._adopt(now)
        if self.orphans:
            return  # a run that an earlier scheduler began may go on
        self._collect(now)
        ready = sorted((job for job in self.waiting if job.not_before <= now), key=lambda job: job.nominal_at)
        if ready:
            self._start(ready[0], now)

    def replace(self, duties: tuple[Duty, ...]) -> None:
        """Go on with other duties: the project file has changed. What is under way goes on."""
        self.duties = duties
        known = {duty.name: duty for duty in duties}
        self.waiting = [job for job in self.waiting if job.duty.name in known]
        for job in self.waiting:
            job.duty = known[job.duty.name]

    def stop(self) -> bool:
        """Ask the run under way to stop at its next safe point; return whether one goes on."""
        if self.job is None or self.job.running is None:
            return False
        self.job.running.ask_to_stop()
        return True

    def coming(self) -> Mapping[str, datetime | None]:
        """Return when each duty starts next."""
        now = self.host.clock.now()
        return {duty.name: next_tick(duty.schedule, now) for duty in self.duties}

    def _collect(self, now: datetime) -> None:
        """Put what is due among what waits, at most one start for each duty."""
        for duty in self.duties:
            if any(job.duty.name == duty.name for job in self.waiting):
                continue
            handled = self.handled.setdefault(duty.name, self.awake_since)
            decision = decide(duty, handled, self.awake_since, now)
            self._leave(decision, now)
            if decision.start is not None:
                trigger = "catch_up" if decision.is_late else "schedule"
                self.waiting.append(Job(duty, decision.start, now, trigger=trigger))
                self.handled[duty.name] = decision.start

    def _leave(self, decision: Decision, now: datetime) -> None:
        name = decision.duty.name
        self._note(*(Tick(name, left.nominal_at, left.state, now, None, left.reason) for left in decision.left))
        for left in decision.left:
            self.handled[name] = max(self.handled[name], left.nominal_at)
        if decision.left:
            count = len(decision.left)
            self.tell(f"{name}: {count} {'start' if count == 1 else 'starts'} left out: {decision.left[-1].reason}")

    def _start(self, job: Job, now: datetime) -> None:
        reason = f"attempt {job.attempt}" if job.attempt > 1 else ""
        self._note(Tick(job.duty.name, job.nominal_at, STARTED, now, None, reason))
        try:
            job.running = self.starter.start(
                job.duty.name, job.duty.words(), job.nominal_at, (job.trigger, job.attempt)
            )
        except OSError as error:
            job.not_before = now + POOR_PAUSE
            self.tell(f"{job.duty.name} could not be started: {error.strerror}. Tried again in 30 seconds.")
            return
        self.waiting.remove(job)
        self.job = job
        late = f", due at {job.nominal_at:%Y-%m-%d %H:%M} UTC" if job.trigger == "catch_up" else ""
        again = f", attempt {job.attempt}" if job.attempt > 1 else ""
        self.tell(f"{job.duty.name} started{late}{again}")

    def _end(self, job: Job, ending: Ending, now: datetime) -> None:
        self.job = None
        job.running = None
        if ending.state == "busy":
            job.not_before = now + BUSY_PAUSE
            self.waiting.append(job)
            return
        again = retry_at(job.duty, now, job.attempt) if ending.may_pass and ending.state == "failed" else None
        reason = ending.message.splitlines()[0] if ending.message else ""
        if again is not None:
            reason = f"{reason} Tried again at {again:%H:%M:%S} UTC."
            self.waiting.append(Job(job.duty, job.nominal_at, again, job.attempt + 1, job.trigger))
        state = ending.state if again is None else WAITING
        self._note(Tick(job.duty.name, job.nominal_at, state, now, ending.run_id, reason))
        said = f": {reason}" if reason else ""
        self.tell(f"{job.duty.name} {ending.state.replace('_', ' ')} after {ending.seconds:.1f} s{said}")

    def _adopt(self, now: datetime) -> None:
        """Settle the starts that an earlier scheduler left: wait for a run that lives, take note of one that ended, start a dead one anew."""
        known = {duty.name: duty for duty in self.duties}
        for tick in tuple(self.orphans):
            if now - tick.decided_at < ADOPTED_PAUSE:
                continue  # its run may just be beginning
            found = self.ticks.run_of(tick)
            if found is not None and found[1] == GOES_ON and found[2] >= now:
                continue
            self.orphans.remove(tick)
            if found is not None and found[1] not in (GOES_ON, "lost") and tick.state != WAITING:
                self._note(Tick(tick.pipeline, tick.nominal_at, found[1], now, found[0]))
            elif tick.pipeline in known:
                self.tell(
                    f"{tick.pipeline}: the run of {tick.nominal_at:%Y-%m-%d %H:%M} UTC did not end; it is run again"
                )
                self.waiting.append(Job(known[tick.pipeline], tick.nominal_at, now, trigger="catch_up"))
            else:
                self._note(Tick(tick.pipeline, tick.nominal_at, "lost", now, found[0] if found else None))

    def _note(self, *ticks: Tick) -> None:
        """Write starts down. A record that cannot be written stops no run: this process knows by itself where it is."""
        try:
            self.ticks.keep(ticks)
        except Exception as error:  # noqa: BLE001 - a boundary: the record must never stop what it records
            self.tell(f"the record of starts could not be written: {type(error).__name__}")
