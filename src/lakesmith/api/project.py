"""A project, opened."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from lakesmith.host import Host
from lakesmith.model.plans import Plan, Step
from lakesmith.model.protocols import Recorder
from lakesmith.model.streams import Finding, StreamId
from lakesmith.project import find_root, load_project
from lakesmith.project.config import ProjectConfig
from lakesmith.run.plan import make_plan
from lakesmith.run.workshop import Order, Workshop

if TYPE_CHECKING:
    import pyarrow as pa

    from lakesmith.api.result import RunResult
    from lakesmith.api.table import PublishedTable
    from lakesmith.dbt.scaffold import FileChange
    from lakesmith.model.loads import QuarantinedRow
    from lakesmith.monitor.reading import CheckRecord, History


def open(path: str | Path = ".", *, target: str | None = None, host: Host | None = None) -> Project:  # noqa: A001
    """Open the project in `path`, or in the closest folder above it.

    Args:
        path: A folder in or below the project.
        target: The target to work on; None: the project's `default_target`.
        host: Clock, ids and signals; None: the machine's.

    Raises:
        ProjectNotFoundError: If there is no `lakesmith.yml`.
        ProjectFileError: If something in it is wrong; all faults at once, each with file and line.
        SelectionError: If the project has no such target.
    """
    used = host or Host()
    config = load_project(find_root(Path(path)), host=used)
    return Project(Workshop(config, config.target(target), used))


class Project:
    """A project on one target. Get one from `lakesmith.open`.

    Examples:
        A run and a look at a mart:

        ```python
        project = lakesmith.open(".")
        project.run()
        project.table("marts.mart_monthly_sales").to_polars()
        ```
    """

    def __init__(self, shop: Workshop) -> None:
        self._shop = shop

    def __repr__(self) -> str:
        return f"Project({self.name!r}, target={self.target!r}, root={str(self.root)!r})"

    @property
    def name(self) -> str:
        """The project's name."""
        return self._shop.config.name

    @property
    def target(self) -> str:
        """The name of the target in use."""
        return self._shop.target.name

    @property
    def root(self) -> Path:
        """The project folder."""
        return self._shop.paths.root

    @property
    def config(self) -> ProjectConfig:
        """The checked project file."""
        return self._shop.config

    @property
    def page(self) -> Path:
        """Where `run` writes the page."""
        return self._shop.paths.warehouse_of(self.target) / "report" / "index.html"

    def check(self) -> list[Finding]:
        """Look at the project and its sources without loading anything."""
        from lakesmith.api.checking import check

        return check(self._shop)

    def doctor(self) -> list[Finding]:
        """Examine the installation, the lake and the run store."""
        from lakesmith.api.doctor import examine

        return examine(self._shop)

    def plan(self, *, select: Sequence[str] = (), exclude: Sequence[str] = ()) -> Plan:
        """Return what `run` would do: a tuple of steps, empty if nothing is due. What cannot be looked at stands first, and says so.

        Raises:
            SelectionError: If the selection names nothing.
        """
        from lakesmith.run.survey import survey

        found = survey(self._shop, Order(tuple(select), tuple(exclude)))
        mask = self._shop.host.secrets.mask
        blind = (
            Step(f"load:{stream}", "load", selects=(str(stream),), reason=f"cannot be looked at: {mask(error.what)}")
            for stream, error in found.faults.items()
        )
        return (*blind, *make_plan(found.facts))

    def run(
        self,
        *,
        select: Sequence[str] = (),
        exclude: Sequence[str] = (),
        on: date | None = None,
        full_refresh: bool = False,
        recorders: Iterable[Recorder] = (),
    ) -> RunResult:
        """Load what is new, build and test the models, swap, publish, and write the page.

        Args:
            select: What to work on, in dbt's grammar over streams and models; empty: everything.
            exclude: What to leave out, in the same grammar.
            on: The date that goes into paths of publications; None: today in the schedule's time zone.
            full_refresh: Build incremental models from the beginning.
            recorders: Who else wants to hear of every event, such as a progress display.

        Raises:
            RunInProgressError: If another run of this target is going on.
            SelectionError: If the selection names nothing.
            FatalError: If the lake cannot be trusted.
        """
        from lakesmith.api.running import run

        order = Order(tuple(select), tuple(exclude), on, full_refresh)
        return run(self._shop, order, tuple(recorders), self.page)

    def history(self) -> History:
        """Return the record of runs."""
        from lakesmith.monitor.reading import History
        from lakesmith.monitor.store import RunStore

        store = RunStore.at(self._shop.paths.store, host=self._shop.host)
        return History(store, now=self._shop.host.clock.now())

    def health(self) -> tuple[str, str, list[CheckRecord]]:
        """Return good, warn, bad or unknown, one sentence why, and the newest result of each test, worst first."""
        from lakesmith.api.health import health

        return health(self._shop, self.history())

    def quarantine(self, stream: str | None = None) -> Iterator[QuarantinedRow]:
        """Yield the records in quarantine, newest first; only those of `source.stream` if given.

        Raises:
            SelectionError: If the project has no such stream.
        """
        from lakesmith.api.checking import need_stream

        names = [need_stream(self._shop, stream)] if stream else self._shop.lake.streams()
        for name in names:
            yield from self._shop.lake.table(name).quarantined()

    def streams(self) -> list[StreamId]:
        """Return the streams of the project."""
        return [spec.id for spec in self._shop.config.streams()]

    def table(self, name: str) -> PublishedTable:
        """Return a published table, `schema.name` or a name that is unique.

        Raises:
            SelectionError: If readers have no such table.
        """
        from lakesmith.api.table import find_table

        return find_table(self._shop.engine, name)

    def query(self, sql: str, *, build: bool = False) -> pa.RecordBatchReader:
        """Run one reading statement on what readers open, or (`build`) on bronze, silver and gold as they are built.

        Raises:
            UsageError: If the statement cannot run or would write.
            SelectionError: If it names a relation that is not there.
        """
        reader: pa.RecordBatchReader = self._shop.engine.query(sql, where="build" if build else "warehouse")
        return reader

    def scaffold(self, *, dry_run: bool = False) -> list[FileChange]:
        """Write dbt sources and staging models from the real schemas of bronze; return the changes."""
        from lakesmith.api.scaffolding import scaffold

        return scaffold(self._shop, dry_run=dry_run)

    def dbt(self, arguments: Sequence[str]) -> int:
        """Run dbt with the right profile and fresh views of bronze; return its exit code.

        Raises:
            RunInProgressError: If a run of this target is going on.
        """
        from lakesmith.api.running import pass_through

        return pass_through(self._shop, list(arguments))

    def write_page(self) -> Path:
        """Write the page anew and return its path."""
        from lakesmith.api.today import write_page

        return write_page(self._shop, self.page)
