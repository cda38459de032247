"""Writes events to the run store from a thread of its own: a run never waits for its record, and never fails by it."""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from time import monotonic

from sqlalchemy.exc import DatabaseError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from lakesmith.host import Host
from lakesmith.model.events import LEASE, Event, RunFinished, RunRenewed, RunStarted, StepProgress
from lakesmith.monitor.store import RunStore

RENEW_EVERY = timedelta(seconds=20)
MOST = 20_000
"""Events that may wait; what comes beyond them is in the run's log alone."""
GATHER_S = 0.1
"""How long one waits for more events that can go with the first."""
LOOK_S = 2.0
"""How often one looks whether a lease is due: by the wall, for a machine that slept."""
BEGIN_LIMIT_S, END_LIMIT_S = 2.0, 5.0
_PAUSES_S = (0.2, 0.5, 1.0, 2.0)


class Writer:
    """A `Recorder` before a `RunStore`. It keeps the lease of a run from its first event to its last."""

    def __init__(self, store: RunStore, *, host: Host, complain: Callable[[str], None]) -> None:
        self._store, self._host, self._complain = store, host, complain
        self._waiting: deque[tuple[int, Event]] = deque()
        self._numbers: Counter[str] = Counter()
        self._changed = threading.Condition()
        self._busy = self._hurried = self._ending = False
        self._renewed: dict[str, datetime] = {}
        self._fault, self._patience_s = "", END_LIMIT_S
        self.missed = 0
        """Events that the store did not take; the log has them."""
        self._thread = threading.Thread(target=self._work, name="lakesmith-record", daemon=True)
        self._thread.start()

    def record(self, event: Event) -> None:
        """Take note of one event; the first of a run is in the store when this returns, if the store answers soon."""
        if isinstance(event, StepProgress):
            return
        with self._changed:
            if len(self._waiting) >= MOST:
                self.missed += 1
                return
            self._add(event)
            self._changed.notify_all()
        if isinstance(event, RunStarted):
            self.flush(BEGIN_LIMIT_S)

    def flush(self, limit_s: float | None = None) -> bool:
        """Wait until everything that was recorded is in the store, but no longer than `limit_s`; whether it is.

        Without a limit of its own, a wait that was in vain takes from what the next ones may take: a run waits 5 s in all.
        """
        began = monotonic()
        until = began + (self._patience_s if limit_s is None else limit_s)
        with self._changed:
            self._hurried = True
            self._changed.notify_all()
            while (self._waiting or self._busy) and (left := until - monotonic()) > 0:
                self._changed.wait(left)
            self._hurried = False
            is_empty = not self._waiting and not self._busy
            if not is_empty:
                self._patience_s = max(0.0, self._patience_s - (monotonic() - began))
            return is_empty and not self.missed

    def close(self, limit_s: float | None = None) -> bool:
        """Write what waits, say so if that cannot be done in time, and end the thread; whether the store has everything."""
        is_whole = self.flush(limit_s)
        with self._changed:
            left = len(self._waiting) + self.missed
            self._waiting.clear()
            self._ending = True
            self._changed.notify_all()
        if not is_whole:
            why = f" ({self._fault})" if self._fault else ""
            self._complain(
                f"the run store does not have all of this run: {left:,} events are in its log alone{why}; "
                "`lakesmith doctor --repair` brings them in"
            )
        self._thread.join(0.5)
        return is_whole

    def _add(self, event: Event) -> None:
        if isinstance(event, RunStarted) or event.run_id in self._numbers:
            self._numbers[event.run_id] += 1
        self._waiting.append((self._numbers[event.run_id], event))
        if isinstance(event, RunStarted | RunRenewed):
            self._renewed[event.run_id] = event.at
        elif isinstance(event, RunFinished):
            self._renewed.pop(event.run_id, None)

    def _work(self) -> None:
        pauses = 0
        while True:
            batch = self._next()
            if batch is None:
                return
            if self._tried(batch):
                pauses = 0
                continue
            with self._changed:
                if not self._ending:
                    self._changed.wait(_PAUSES_S[min(pauses, len(_PAUSES_S) - 1)])
            pauses += 1

    def _next(self) -> list[tuple[int, Event]] | None:
        """Return what is to be written, None at the end; it stays in the queue until it was taken."""
        with self._changed:
            while not self._waiting and not self._ending:
                self._changed.wait(LOOK_S)
                self._renew()
            if self._waiting and not self._hurried and not self._ending:
                self._changed.wait(GATHER_S)
            self._renew()
            if not self._waiting:
                return None if self._ending else []
            self._busy = True
            return list(self._waiting)

    def _renew(self) -> None:
        now = self._host.clock.now()
        for run_id, at in tuple(self._renewed.items()):
            if now - at >= RENEW_EVERY and len(self._waiting) < MOST:
                self._add(RunRenewed(run_id, now, now + LEASE))

    def _tried(self, batch: Sequence[tuple[int, Event]]) -> bool:
        """Write a batch; whether it is done with. What the store will never take is left out, the rest is kept for later."""
        try:
            done = self._written(batch)
        except Exception as error:  # noqa: BLE001 - a boundary: a record must never fail what it records
            self._fault = _named(error)
            done = 0
        with self._changed:
            for _ in range(min(done, len(self._waiting))):
                self._waiting.popleft()
            self._busy = False
            self._changed.notify_all()
        return done == len(batch)

    def _written(self, batch: Sequence[tuple[int, Event]]) -> int:
        """Return how many events at the beginning of a batch are done with."""
        if not batch:
            return 0
        try:
            self._store.write_once(batch)
        except Exception as error:
            if _may_pass(error):
                raise
            self._fault = _named(error)
        else:
            return len(batch)
        for number, one in enumerate(batch):
            try:
                self._store.write_once([one])
            except Exception as error:  # noqa: BLE001 - what this event alone does is no reason to lose the others
                if _may_pass(error):
                    return number
                self._fault = _named(error)
                self.missed += 1
        return len(batch)


def _may_pass(error: Exception) -> bool:
    """Whether the same may go well later: somebody holds a lock, the disk is full, the server is away."""
    return (
        isinstance(error, OperationalError | InterfaceError | PoolTimeoutError | OSError)
        or type(error) is DatabaseError
    )


def _named(error: Exception) -> str:
    return type(getattr(error, "orig", None) or error).__name__
