"""A change of one bronze table outside a run: under the run's lock, with numbers above all known ones, and on record like a load."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lakesmith.api.circumstances import run_started
from lakesmith.api.recording import record_of
from lakesmith.api.running import locked
from lakesmith.errors import LakesmithError
from lakesmith.host.measuring import Gauge, peak_rss_bytes
from lakesmith.model import events
from lakesmith.model.streams import StreamId
from lakesmith.run.telling import error_seen
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
    with (
        locked(shop, f"lakesmith {what.command}"),
        shop.host.stop.listening(),
        _recorder(shop) as (run_id, recorder, known),
    ):
        gauge = Gauge.begin()
        recorder.record(run_started(shop, run_id, what.command, str(what.stream)))
        try:
            load = work(known.get(str(what.stream), 0))
        except LakesmithError as error:
            now = shop.host.clock.now()
            recorder.record(error_seen(run_id, what.command, now, error))
            recorder.record(_end(shop, run_id, gauge, "failed", error.what))
            raise
        now = shop.host.clock.now()
        if load is not None:
            recorder.record(events.LoadFinished(run_id, f"load:{what.stream}", now, load))
        recorder.record(_end(shop, run_id, gauge, "succeeded" if load else "nothing_new", what.command))


@contextmanager
def _recorder(shop: Workshop) -> Iterator[tuple[str, Recorder, Mapping[str, int]]]:
    """Give out an id, who writes down what happens, and the highest ordinal on record of every stream."""
    with record_of(shop) as record:
        run_id = shop.host.ids.run_id(shop.host.clock.now())
        try:
            yield run_id, record.recorder(), record.ordinals()
        finally:
            record.finish(run_id)


def _end(shop: Workshop, run_id: str, gauge: Gauge, state: str, message: str) -> events.RunFinished:
    took = gauge.read()
    return events.RunFinished(run_id, shop.host.clock.now(), state, message, took.cpu_s, peak_rss_bytes())
