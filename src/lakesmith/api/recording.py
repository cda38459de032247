"""The record of one run: kept in the run store and in a log of its own, sealed at the end. It fails nothing and holds nothing up."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from lakesmith.api.storing import complain, open_store, witness_of
from lakesmith.errors import RetriableError
from lakesmith.host.collecting import collector_paused
from lakesmith.model.events import RunFinished
from lakesmith.model.protocols import Recorder
from lakesmith.run.workshop import Workshop

if TYPE_CHECKING:
    from lakesmith.monitor.queueing import Writer
    from lakesmith.monitor.recorders import RunLog
    from lakesmith.monitor.store import RunStore


@dataclass(frozen=True, slots=True)
class Record:
    """Where a run is recorded. `store` and `writer` are None where the store cannot be opened: then the log has everything."""

    shop: Workshop
    log: RunLog
    store: RunStore | None
    writer: Writer | None

    def recorder(self, listeners: tuple[Recorder, ...] = ()) -> Recorder:
        """Return who hears of every event: store and log, without secrets, and listeners."""
        from lakesmith.monitor.recorders import Fanout, Masked

        kept = (self.log,) if self.writer is None else (self.log, self.writer)
        both = Fanout(kept, complain=complain)
        return Fanout((Masked(both, self.shop.host.secrets), *listeners), complain=complain)

    def ordinals(self) -> Mapping[str, int]:
        """Return the highest ordinal on record of every stream of the lake that this target reads; nothing where nobody knows."""
        from sqlalchemy.exc import SQLAlchemyError

        from lakesmith.monitor.reading import History

        if self.store is None:
            return {}
        try:
            history = History(self.store, now=self.shop.host.clock.now())
            return history.highest_ordinals(self.shop.config.bronze_of(self.shop.target).name)
        except SQLAlchemyError as error:
            complain(f"the run store could not be read: {type(error).__name__}")
            return {}

    def bury_the_lost(self) -> None:
        """Runs of this target that still say `running` are over where their lock is ours; say so in the record."""
        from sqlalchemy.exc import SQLAlchemyError

        from lakesmith.monitor.burying import lost_runs

        if self.store is None:
            return
        shared = self.store.engine.dialect.name != "sqlite"
        try:
            now = self.shop.host.clock.now()
            for run_id in lost_runs(self.store, self.shop.target.name, now=now, shared=shared):
                end = RunFinished(run_id, now, "lost", "its process ended without a word; what it had committed stayed")
                self.log.record(end)
                self.store.record(end)
                self.seal(run_id)
        except (SQLAlchemyError, OSError) as error:
            complain(f"the run store could not be told of lost runs: {type(error).__name__}")

    def flush(self) -> bool:
        """Wait, but not for long, until the store has all events; whether it has."""
        return self.writer is not None and self.writer.flush()

    def finish(self, run_id: str) -> bool:
        """Seal the run, and let go of what is too old: the end of the record of a run, after everything else was written.

        Returns:
            Whether the store has all of it.
        """
        if not self.flush():
            return False
        self.seal(run_id)
        self._forget()
        return True

    def seal(self, run_id: str) -> None:
        """Seal the rows of a run; that it cannot be done is a complaint."""
        from sqlalchemy.exc import SQLAlchemyError

        from lakesmith.errors import LakesmithError
        from lakesmith.monitor.repair import SEAL_NOTE
        from lakesmith.monitor.sealing import seal

        if self.store is None:
            return
        try:
            made = seal(self.store, run_id, witness_of(self.shop), at=self.shop.host.clock.now())
            if made is not None:
                self.log.note(run_id, SEAL_NOTE, asdict(made))
        except (SQLAlchemyError, LakesmithError, OSError) as error:
            complain(f"the record of this run could not be sealed: {type(error).__name__}")

    def _forget(self) -> None:
        from sqlalchemy.exc import SQLAlchemyError

        from lakesmith.errors import LakesmithError
        from lakesmith.monitor.forgetting import forget

        if self.store is None:
            return
        shop = self.shop
        try:
            forget(
                self.store, shop.paths.logs, witness_of(shop), before=shop.host.clock.now() - shop.config.monitor.keep
            )
        except (SQLAlchemyError, LakesmithError, OSError) as error:
            complain(f"old runs could not be taken out of the run store: {type(error).__name__}")


@contextmanager
def record_of(shop: Workshop) -> Iterator[Record]:
    """Open the record of runs for a `with`; a store that cannot be reached now is a complaint, not a failure.

    Raises:
        ConfigError: If the project says something of the store that cannot be meant.
        StoreBrokenError: If the store was made by a newer Lakesmith.
    """
    with collector_paused():  # the database's library comes in with them
        from lakesmith.monitor.queueing import Writer
        from lakesmith.monitor.recorders import RunLog

    log = RunLog(shop.paths.logs, host=shop.host)
    try:
        store = open_store(shop)
    except RetriableError as error:
        complain(
            f"{shop.host.secrets.mask(error.what)} This run is in its log alone; `lakesmith doctor --repair` brings it in"
        )
        yield Record(shop, log, None, None)
        return
    writer = Writer(store, host=shop.host, complain=complain)
    try:
        yield Record(shop, log, store, writer)
    finally:
        writer.close()
        store.close()
