"""A project, opened."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
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

    from lakesmith.api.differing import Difference, Wish
    from lakesmith.api.drifting import Accepted, Candidate
    from lakesmith.api.existing import TableNews
    from lakesmith.api.granting import Dialect, Section
    from lakesmith.api.rebuilding import RebuildPlan
    from lakesmith.api.result import RunResult
    from lakesmith.api.returning import Return
    from lakesmith.api.standing import Standings
    from lakesmith.api.table import PublishedTable
    from lakesmith.dbt.scaffold import FileChange
    from lakesmith.lake.moving.move import Moved
    from lakesmith.lake.upkeep.collect import Swept
    from lakesmith.model.loads import QuarantinedRow, Upkeep
    from lakesmith.model.versions import Version
    from lakesmith.monitor.judging.values import Judgement
    from lakesmith.monitor.reading import CheckRecord, DriftRecord, History
    from lakesmith.monitor.store import RunStore
    from lakesmith.run.reconciling import Reconciled
    from lakesmith.run.replaying import Replayed


ALL_DRIFT = 10_000
"""How many events are looked at for open rename candidates."""


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
        from lakesmith.api.discovering import discover

        return check(*discover(self._shop, keep=False))

    def move_lake(self, to: str | None = None, *, catalog: str | None = None, here: bool = False) -> Moved:
        """Move the lake of this target to another target, a folder or a bucket, or settle a copied folder where it is (`here`).

        Every object is compared; the old lake stays as it is for readers and is closed for loads. Safe to repeat after a kill.

        Args:
            to: The name of a target, a folder, or a URL.
            catalog: The catalog of the new place, unless `to` is a target.
            here: Rewrite the paths of a copied lake in place instead.

        Raises:
            UsageError: If it cannot be meant so.
            RunInProgressError: If a run of this project and target goes on.
            FencedError: If somebody loaded into the lake meanwhile.
        """
        from lakesmith.api.moving import move_lake

        return move_lake(self._shop, to=to, catalog=catalog, here=here)

    def compact(self, stream: str | None = None) -> Iterator[tuple[StreamId, Upkeep | None]]:
        """Make the small files of a table, or of all, into few; yield what was done to each, None if nothing.

        Raises:
            SelectionError: If there is no such table.
            LakesmithError: If a table cannot be read or written. No row is lost or doubled, whatever it is.
        """
        from lakesmith.api.tables import need_table
        from lakesmith.api.upkeep import compact

        return compact(self._shop, [need_table(self._shop, stream)] if stream else self._shop.lake.streams())

    def collect(self, *, delete: bool = False) -> list[Swept]:
        """Return the files of the lake that nobody needs; with `delete`, those go that an earlier such call has found as well.

        Args:
            delete: Whether to mark and delete; False: only look.
        """
        from lakesmith.api.upkeep import collect

        return collect(self._shop, delete=delete)

    def check_lake(self) -> list[Finding]:
        """Look whether everything is there that the lake's tables name, and is as it was written."""
        from lakesmith.api.upkeep import check_lake

        return check_lake(self._shop)

    def diff(self, other: Project, wish: Wish | None = None) -> Iterator[Difference]:
        """Yield how each table that readers of this target or of another one open differs; errors as in `api.differing.compare`."""
        from lakesmith.api.differing import Wish, compare

        return compare(self._shop, other._shop, wish or Wish())

    def grants(self, dialect: Dialect | None = None, *, database: str | None = None) -> list[Section]:
        """Return SQL for the roles that load, build and read, and runs none of it.

        Raises:
            UsageError: If the target's engine has no roles, and no dialect is given.
        """
        from lakesmith.api.granting import grants

        return grants(self._shop, dialect, database)

    def doctor(self) -> list[Finding]:
        """Examine the installation, the lake and the run store."""
        from lakesmith.api.doctor import examine

        return examine(self._shop)

    def repair(self) -> list[Finding]:
        """Bring back from the logs of runs what the run store lost; return what became of each run.

        Raises:
            RunInProgressError: If a run of this target is going on.
            LakesmithError: If the store cannot be opened.
        """
        from lakesmith.api.doctor import repair

        return repair(self._shop)

    def plan(self, *, select: Sequence[str] = (), exclude: Sequence[str] = ()) -> Plan:
        """Return what `run` would do: a tuple of steps, empty if nothing is due. What cannot be looked at stands first, and says so.

        Raises:
            SelectionError: If the selection names nothing.
        """
        from lakesmith.api.discovering import discover
        from lakesmith.run.survey import survey

        shop, news = discover(self._shop, keep=False)
        with shop.sources_in_use():
            found = survey(shop, Order(tuple(select), tuple(exclude)))
        mask = shop.host.secrets.mask
        finds = tuple(Step(f"discover:{name}", "discover", reason=mask(words)) for name, words in news.plans())
        blind = (
            Step(f"load:{stream}", "load", selects=(str(stream),), reason=f"cannot be looked at: {mask(error.what)}")
            for stream, error in found.faults.items()
        )
        return (*finds, *blind, *make_plan(found.facts))

    def run(
        self,
        *,
        select: Sequence[str] = (),
        exclude: Sequence[str] = (),
        on: date | None = None,
        full_refresh: bool = False,
        recorders: Iterable[Recorder] = (),
    ) -> RunResult:
        """Load what is new, build and test the models, swap, publish, and write the page. Sources with `include:` are asked first.

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
        from lakesmith.api.discovering import reopened
        from lakesmith.api.running import run

        order = Order(tuple(select), tuple(exclude), on, full_refresh)
        result = run(self._shop, order, tuple(recorders), self.page)
        if result.news and result.news.taken:
            self._shop = reopened(self._shop)
        return result

    def versions(self, table: str) -> list[Version]:
        """Return what happened to a bronze table, newest first: loads, swaps, rollbacks, compactions.

        Raises:
            SelectionError: If there is no such table.
        """
        from lakesmith.api.tables import need_table, versions_of

        return versions_of(self._shop, need_table(self._shop, table))

    def plan_rollback(self, name: str, *, to: str | None = None) -> list[Return]:
        """Return what `rollback` would do: each table that goes back, and to which version.

        Args:
            name: A table (`source.stream`), or the beginning of a run's id: then every table that it loaded goes back to before it.
            to: For a table: a load's number, a snapshot, or a date; None: what readers had before the newest change.

        Raises:
            SelectionError: If there is no such table, run or version.
            UsageError: If there is nothing to go back to, or this target may not change the table.
        """
        from lakesmith.api.returning import plan_returns

        return plan_returns(self._shop, self.history(), name, to)

    def rollback(
        self, returns: Sequence[Return] | str, *, to: str | None = None, recorders: Iterable[Recorder] = ()
    ) -> RunResult:
        """Take tables back to an earlier version, and rerun what depends on them. Can be rolled back itself.

        The next run loads again what the source still has beyond that version.

        Args:
            returns: What `plan_rollback` returned, or a table or run as it takes them.
            to: As for `plan_rollback`.
            recorders: Who else wants to hear of every event.

        Raises:
            RunInProgressError: If a run of this target is going on.
            LakesmithError: What `plan_rollback` raises.
        """
        from lakesmith.api.running import run

        planned = self.plan_rollback(returns, to=to) if isinstance(returns, str) else returns
        select = tuple(f"source:{one.stream}+" for one in planned)
        back = {one.stream: one.to.snapshot_id for one in planned}
        order = Order(select, rollback=back, rollback_from={one.stream: one.now.snapshot_id for one in planned})
        return run(self._shop, order, tuple(recorders), self.page)

    def plan_rebuild(self, stream: str, *, since: date | None = None) -> RebuildPlan:
        """Return what `rebuild` would read, and what of the table would stay or be lost.

        Raises:
            SelectionError: If the project has no such stream.
            UsageError: If `since` has no meaning for it, or this target may not load.
        """
        from lakesmith.api.rebuilding import plan_rebuild

        return plan_rebuild(self._shop, stream, since)

    def rebuild(self, stream: str, *, since: date | None = None, recorders: Iterable[Recorder] = ()) -> RunResult:
        """Load a stream from the start, aside; swap it in; rerun what depends on it. `rollback` undoes it.

        Args:
            stream: `source.stream`.
            since: Load anew only what is dated from this day on, and keep the rows of everything before; None: load all.
            recorders: Who else wants to hear of every event.

        Raises:
            RunInProgressError: If a run of this target is going on.
            LakesmithError: What `plan_rebuild` raises.
        """
        from lakesmith.api.running import run

        return run(self._shop, self.plan_rebuild(stream, since=since).order, tuple(recorders), self.page)

    def record(self) -> AbstractContextManager[RunStore]:
        """Open the record of runs for a `with`.

        Raises:
            LakesmithError: If it cannot be opened.
        """
        from lakesmith.api.storing import store_in_use

        return store_in_use(self._shop)

    def watch(self, store: RunStore) -> None:
        """Judge every table as of now, and open, feed and end incidents; `announce` tells people."""
        from lakesmith.api.incidents import settle
        from lakesmith.api.judging import judge

        settle(self._shop, store, judge(self._shop, store))

    def announce(self, store: RunStore) -> None:
        """Send the messages that are due, and the sign of life."""
        from lakesmith.api.alerts import announce

        announce(self._shop, store)

    def metrics(self) -> str:
        """Return the state of the target in Prometheus's text format.

        Raises:
            LakesmithError: If the record of runs cannot be opened.
        """
        from lakesmith.api.exporting import metrics

        with self.record() as store:
            return metrics(self._shop, store)

    def history(self) -> History:
        """Return the record of runs."""
        from lakesmith.api.storing import open_store
        from lakesmith.monitor.reading import History

        return History(open_store(self._shop), now=self._shop.host.clock.now())

    def health(self, judged: Sequence[Judgement] | None = None) -> tuple[str, str, list[CheckRecord]]:
        """Return good, warn, bad or unknown, one sentence why, and the newest result of each test, worst first.

        Args:
            judged: What is thought of the tables, as `standings` has it; None: what was thought last.
        """
        from lakesmith.api.health import health

        return health(self._shop, self.history(), judged)

    def standings(self) -> Standings:
        """Return how every table is doing now: rows of the last 24 hours, health and why, worst first. Nothing is written."""
        from lakesmith.api.standing import standings

        with self.record() as store:
            return standings(self._shop, store)

    def tables_of_others(self) -> list[TableNews]:
        """Return the tables that others load, as the newest runs saw them and as that is judged now."""
        from lakesmith.api.existing import tables_of_others

        return tables_of_others(self._shop, self.history())

    def quarantine(self, stream: str | None = None) -> Iterator[QuarantinedRow]:
        """Yield the records in quarantine, newest first; only those of `source.stream` if given.

        Raises:
            SelectionError: If the project has no such stream.
        """
        from lakesmith.api.checking import need_stream

        names = [need_stream(self._shop, stream)] if stream else self._shop.lake.streams()
        for name in names:
            yield from self._shop.lake.table(name).quarantined()

    def replay(
        self,
        stream: str,
        *,
        reason: str | None = None,
        since: date | None = None,
        dry_run: bool = False,
        overtaking: bool = False,
    ) -> Replayed:
        """Parse records of quarantine again by today's rules, and bring in those that can become rows, exactly once.

        Args:
            stream: `source.stream`.
            reason: Only records whose reason holds this text.
            since: Only records put aside on this day or later (UTC).
            dry_run: Only say what would become of them.
            overtaking: Also records of keys that have newer rows by now; theirs then count as the newest.

        Raises:
            SelectionError: If the project has no such stream.
            UsageError: If its source cannot parse records again, or this target may not load.
            RunInProgressError: If a run of this target is going on.
            DriftRefusedError: If a record has a shape that `freeze` does not let pass.
        """
        from lakesmith.api.checking import need_stream
        from lakesmith.api.replaying import Chosen, replay
        from lakesmith.run.replaying import Wish

        wish = Wish(Chosen(reason, since).holds, dry_run, overtaking)
        return replay(self._shop, need_stream(self._shop, stream), wish)

    def drift(self, stream: str | None = None, *, limit: int = 50) -> tuple[list[DriftRecord], list[Candidate]]:
        """Return the changes of shape on record, newest first, and the rename candidates that are still open.

        Raises:
            SelectionError: If the project has no such stream.
        """
        from lakesmith.api.checking import need_stream
        from lakesmith.api.drifting import candidates

        name = str(need_stream(self._shop, stream)) if stream else None
        records = [one for one in self.history().drift(ALL_DRIFT) if name in (None, one.stream)]
        return records[:limit], candidates(self._shop, records)

    def pin_schema(self, stream: str, *, replace: bool = False) -> tuple[Path, bool]:
        """Write a table's schema down as `schemas/<source>.<stream>.yml`; return the file, and whether it changed.

        Raises:
            SelectionError: If the project has no such stream.
            UsageError: If it has never been loaded, or another pinned schema is there and `replace` is false.
        """
        from lakesmith.api.checking import need_stream
        from lakesmith.api.drifting import pin

        return pin(self._shop, need_stream(self._shop, stream), replace=replace)

    def accept_rename(self, stream: str, old: str, new: str, *, dry_run: bool = False) -> Accepted:
        """Rename a column in bronze by its field id, and the scaffold's models with it; no value moves.

        Raises:
            SelectionError: If the project has no such stream.
            UsageError: If there is no such column, or the two cannot be one.
            RunInProgressError: If a run of this target is going on.
        """
        from lakesmith.api.checking import need_stream
        from lakesmith.api.drifting import accept

        return accept(self._shop, need_stream(self._shop, stream), (old, new), dry_run=dry_run)

    def reconcile(self, stream: str, *, dry_run: bool = False) -> Reconciled:
        """Find keys that a cursor stream's source has deleted, and write a `d` row for each; the dry run only counts them.

        Raises:
            SelectionError: If the project has no such stream.
            UsageError: If the stream has no key, was never loaded, or its source cannot send keys.
            EmptiedError: If the source has no key at all.
            RunInProgressError: If a run of this target is going on.
        """
        from lakesmith.api.checking import need_stream
        from lakesmith.api.reconciling import reconcile

        return reconcile(self._shop, need_stream(self._shop, stream), dry_run=dry_run)

    def raw_of(self, row: QuarantinedRow) -> str:
        """Return the raw text of a record as it may be shown: not where the stream has masked columns and it may hold one in clear."""
        from lakesmith.api.replaying import shown_raw

        return shown_raw(self._shop)(row)

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
        from lakesmith.run.scaffolding import scaffold

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
