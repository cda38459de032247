"""Loads of several tables that become visible in one moment: all of them or none, where the catalog is a database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyiceberg.catalog.sql import IcebergTables, SqlCatalog
from pyiceberg.exceptions import CommitFailedException
from sqlalchemy import insert, update
from sqlalchemy.orm import Session

from lakesmith.errors import (
    CatalogBrokenError,
    CatalogLockedError,
    CommitUnknownError,
    StorageUnavailableError,
)
from lakesmith.host import crash
from lakesmith.lake import points
from lakesmith.lake.commits.judge import check_batch
from lakesmith.lake.commits.load import LoadWork, commit_load
from lakesmith.lake.commits.sending import ATTEMPTS, PATIENCE, Prepared, raise_if_hopeless

if TYPE_CHECKING:
    from pyiceberg.table import StagedTable

    from lakesmith.lake.metadata import Metadata
    from lakesmith.lake.services import Services
    from lakesmith.model.loads import Batch, Commit, Group


def commit_together(services: Services, loads: Sequence[tuple[Group, Batch]]) -> list[Commit]:
    """Make groups of different tables visible in one transaction of the catalog, exactly once; return a commit for each, in order.

    If one of the tables cannot take its group, none becomes visible. A catalog that is no database commits one after the other.

    Raises:
        ValueError: If two groups are of one table, or a batch is not one of its group.
        RowLawError: If the counts of a batch do not fit each other or the staged files.
        FencedError: If another loader committed to one of the tables meanwhile.
        ForeignCommitError: If something that is not Lakesmith changed rows of one of them.
        CatalogLockedError: If the catalog stayed locked; nothing landed.
        StorageFullError: If the disk is full; nothing landed.
        StorageUnavailableError: If a file or the catalog cannot be written; nothing landed.
        CommitUnknownError: If there was no answer and the catalog cannot be read to find out.
    """
    if len({group.stream for group, _ in loads}) < len(loads):
        raise ValueError("groups that are committed together are of different tables")
    for group, batch in loads:
        check_batch(group, batch)
    catalog = services.catalog()
    if not isinstance(catalog, SqlCatalog):
        return [commit_load(services, group, batch) for group, batch in loads]
    works = [LoadWork(services, group, batch) for group, batch in loads]
    return _Transaction(services, catalog, works).run()


@dataclass(frozen=True, slots=True)
class _Move:
    """A table's step from one metadata file (None: the table is new) to the next, which is written and durable."""

    namespace: str
    name: str
    before: str | None
    after: str


@dataclass(slots=True)
class _Transaction:
    """Sends several loads at once until the tables say that they landed; every table is judged by itself."""

    services: Services
    catalog: SqlCatalog
    works: list[LoadWork]
    failure: Exception | None = None
    sent: int = 0

    def run(self) -> list[Commit]:
        """Send what has not landed; an answer that was lost is looked for in the tables."""
        crash.point(points.TOGETHER_BEGUN)
        versions: tuple[str | None, ...] | None = None
        on_these = 0
        while True:
            seen = [self._look(work) for work in self.works]
            landed = [work.landed(metadata) for work, metadata in zip(self.works, seen, strict=True)]
            if len(done := [commit for commit in landed if commit is not None]) == len(self.works):
                return done
            raise_if_hopeless(self.failure, self.services)
            found = tuple(metadata.path if metadata else None for metadata in seen)
            on_these, versions = (on_these + 1 if found == versions else 1), found
            if on_these > ATTEMPTS or self.sent >= PATIENCE:
                raise self._refused()
            pending = zip(self.works, seen, landed, strict=True)
            self.failure = self._send([work.build(metadata) for work, metadata, commit in pending if commit is None])
            self.sent += 1

    def _look(self, work: LoadWork) -> Metadata | None:
        """Return a table's newest metadata; once something was sent, being unable to read it means the outcome is unknown."""
        try:
            return self.services.pointers.read(work.stream)
        except (CatalogBrokenError, CatalogLockedError, StorageUnavailableError) as error:
            if not self.sent:
                raise
            raise CommitUnknownError(
                f"The commit of {self._names()} got no answer, and the catalog cannot be read to find out.",
                where=error.where,
                fix="make the catalog readable, then run the same command again: it finds out by itself, and neither loses nor doubles a row",
            ) from (self.failure or error)

    def _send(self, prepared: list[Prepared]) -> Exception | None:
        """Send once; return what went wrong, which says nothing about whether it landed."""
        crash.point(points.TOGETHER_PREPARED)
        try:
            moves = [self._stage(one) for one in prepared]
            self._move(sorted(moves, key=lambda move: (move.namespace, move.name)))
        except Exception as error:  # noqa: BLE001 - whatever it is, only the tables know the outcome
            self.catalog.engine.dispose()  # a connection whose commit failed may still hold the transaction open
            return error
        crash.point(points.TOGETHER_LANDED)
        return None

    def _stage(self, prepared: Prepared) -> _Move:
        """Write the next metadata file of a table, which nothing points to yet."""
        before = prepared.table.metadata_location or None
        identifier = prepared.table.name()
        staged: StagedTable = self.catalog._update_and_stage_table(  # noqa: SLF001 - PyIceberg has no public way
            prepared.table if before else None, identifier, prepared.requirements, prepared.updates
        )
        self.catalog._write_metadata(staged.metadata, staged.io, staged.metadata_location)  # noqa: SLF001
        namespace = self.catalog.namespace_to_string(self.catalog.namespace_from(identifier))
        return _Move(namespace, self.catalog.table_name_from(identifier), before, staged.metadata_location)

    def _move(self, moves: list[_Move]) -> None:
        """Move all pointers in one transaction; in one order for everybody, so that two of them never wait for each other."""
        with Session(self.catalog.engine) as session:
            for move in moves:
                if move.before is None:
                    row = self.catalog._create_table_row(move.namespace, move.name, move.after)  # noqa: SLF001
                    session.execute(insert(IcebergTables).values(**row))
                else:
                    self._move_one(session, move)
            crash.point(points.TOGETHER_MOVED)
            session.commit()

    def _move_one(self, session: Session, move: _Move) -> None:
        moved = session.execute(
            update(IcebergTables)
            .where(
                IcebergTables.catalog_name == self.catalog.name,
                IcebergTables.table_namespace == move.namespace,
                IcebergTables.table_name == move.name,
                IcebergTables.metadata_location.in_((move.before, f"file://{move.before}")),
            )
            .values(metadata_location=move.after, previous_metadata_location=move.before)
        )
        if moved.rowcount != 1:  # type: ignore[attr-defined]
            raise CommitFailedException(f"{move.namespace}.{move.name} was changed meanwhile")

    def _names(self) -> str:
        return ", ".join(str(work.stream) for work in self.works)

    def _refused(self) -> StorageUnavailableError:
        error = StorageUnavailableError(
            f"The catalog refused a commit of {self._names()} {self.sent} times ({type(self.failure).__name__}); nothing became visible.",
            where=self.services.pointers.place,
            fix="run the same command again: loading resumes where it was",
        )
        error.__cause__ = self.failure
        return error
