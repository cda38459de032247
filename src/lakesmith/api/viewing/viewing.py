"""The one way to what pages show: a view for each page, with every secret of the project taken out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock
from typing import TYPE_CHECKING, Self, TypeVar

from sqlalchemy.exc import DBAPIError

from lakesmith.api.exporting import metrics
from lakesmith.api.masking import masked
from lakesmith.api.storing import open_store
from lakesmith.api.viewing import front, incidents, quarantine, run, runs, sources, system, table, tables
from lakesmith.api.viewing.desk import Desk
from lakesmith.api.viewing.standing import Standing
from lakesmith.errors import StorageUnavailableError
from lakesmith.monitor.exports.totals import Totals
from lakesmith.monitor.reading import History
from lakesmith.pages.views import details, listings

if TYPE_CHECKING:
    from lakesmith.api.project import Project

View = TypeVar("View")


class Viewing:
    """A project's record, open for looking at. It never writes. Close it; safe for several threads."""

    def __init__(self, project: Project) -> None:
        self._shop = project._shop  # noqa: SLF001 - the two are one package
        self._store = open_store(self._shop)
        self._standing = Standing(self._shop.target.name)
        self._totals, self._adding = Totals(), Lock()

    def close(self) -> None:
        """Let go of the record."""
        self._store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def today(self) -> listings.Front:
        """Return the first page."""
        return self._seen(front.front_view)

    def runs(self, *, state: str = "", pipeline: str = "", before: str = "") -> listings.Runs:
        """Return the runs that fit what is asked."""
        return self._seen(lambda desk: runs.runs_view(desk, state=state, pipeline=pipeline, before=before))

    def run(self, run_id: str) -> details.Run | None:
        """Return one run, None if there is none."""
        return self._seen(lambda desk: run.run_view(desk, run_id))

    def sources(self) -> listings.Sources:
        """Return the sources of the project."""
        return self._seen(sources.sources_view)

    def source(self, key: str) -> details.Source | None:
        """Return one source, None if there is none."""
        return self._seen(lambda desk: sources.source_view(desk, key))

    def tables(self, *, sort: str = "health", verdict: str = "", find: str = "", start: int = 0) -> listings.Tables:
        """Return the tables that fit what is asked."""
        return self._seen(lambda desk: tables.tables_view(desk, sort=sort, verdict=verdict, find=find, start=start))

    def table(self, key: str) -> details.Table | None:
        """Return one table, None if there is none."""
        return self._seen(lambda desk: table.table_view(desk, key))

    def incidents(self, *, state: str = "open", start: int = 0) -> listings.Incidents:
        """Return incidents."""
        return self._seen(lambda desk: incidents.incidents_view(desk, state=state, start=start))

    def incident(self, incident_id: str) -> details.Incident | None:
        """Return one incident, None if there is none."""
        return self._seen(lambda desk: incidents.incident_view(desk, incident_id))

    def quarantine(self) -> listings.Quarantine:
        """Return what could not be accepted, and how sources changed."""
        return self._seen(quarantine.quarantine_view)

    def system(self) -> listings.System:
        """Return what the platform says of itself."""
        return self._seen(system.system_view)

    def metrics(self) -> str:
        """Return the state of the target in Prometheus's text format."""
        with self._adding, self._readable():
            return metrics(self._shop, self._store, self._totals, self._standing)

    def _seen(self, look: Callable[[Desk], View]) -> View:
        with self._desk() as desk:
            return masked(look(desk), self._shop.host.secrets.mask)

    @contextmanager
    def _desk(self) -> Iterator[Desk]:
        """Open a connection for one look, which sees one state of the record from beginning to end."""
        now = self._shop.host.clock.now()
        with self._readable(), self._store.engine.connect() as connection:
            history = History(self._store, now=now)
            yield Desk(self._shop, connection, now, self._standing, history, self._store.place)

    @contextmanager
    def _readable(self) -> Iterator[None]:
        """Say in words of ours that the record cannot be read."""
        try:
            yield
        except DBAPIError as error:
            raise StorageUnavailableError(
                f"The record of runs cannot be read: {type(error.orig).__name__}.",
                where=self._store.place,
                fix="check that it is there and can be reached; `lakesmith doctor` examines it",
            ) from None
