"""A change of one bronze table outside a run: under the run's lock, with numbers above all known ones, and on record like a load."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lakesmith.api.running import locked, run_started
from lakesmith.errors import LakesmithError
from lakesmith.model import events
from lakesmith.model.streams import StreamId
from lakesmith.run.workshop import Workshop

if TYPE_CHECKING:
    from lakesmith.model.loads import Load
    from lakesmith.model.protocols import Recorder


@dataclass(frozen=True, slots=True)
class Change:
    """What is going to be done to which table, by which command."""

    stream: StreamId
    command: str


def change(shop: Workshop, what: Change, work: Callable[[int], Load | None]) -> None:
    """Do `work`, given the highest ordinal on record, and record the load it returns; None: nothing was changed.

    Raises:
        RunInProgressError: If a run of this target is going on.
        LakesmithError: What `work` raises; it is on record too.
    """
    with locked(shop, f"lakesmith {what.command}"), shop.host.stop.listening(), _recorder(shop) as (recorder, known):
        run_id = shop.host.ids.run_id(shop.host.clock.now())
        recorder.record(run_started(shop, run_id, what.command, str(what.stream)))
        try:
            load = work(known.get(str(what.stream), 0))
        except LakesmithError as error:
            texts = tuple(map(shop.host.secrets.mask, (error.what, error.where, error.fix)))
            now = shop.host.clock.now()
            recorder.record(events.ErrorSeen(run_id, what.command, now, type(error).__name__, error.remedy, *texts))
            recorder.record(events.RunFinished(run_id, now, "failed", texts[0]))
            raise
        now = shop.host.clock.now()
        if load is not None:
            recorder.record(events.LoadFinished(run_id, f"load:{what.stream}", now, load))
        recorder.record(events.RunFinished(run_id, now, "succeeded" if load else "nothing_new", what.command))


@contextmanager
def _recorder(shop: Workshop) -> Iterator[tuple[Recorder, dict[str, int]]]:
    """Give out who writes down what happens, and the highest ordinal on record of every stream."""
    from lakesmith.monitor.reading import History
    from lakesmith.monitor.recorders import Fanout, RunLog
    from lakesmith.monitor.store import RunStore

    store = RunStore.at(shop.paths.store, host=shop.host)
    try:
        history = History(store, now=shop.host.clock.now())
        known = dict(history.highest_ordinals(shop.config.bronze_of(shop.target).name))
        yield Fanout((store, RunLog(shop.paths.logs, host=shop.host)), complain=lambda _text: None), known
    finally:
        store.close()
