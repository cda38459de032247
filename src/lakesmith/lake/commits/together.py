"""Loads of several tables that become visible in one moment: all of them or none, where the catalog is a database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pyiceberg.catalog.sql import IcebergTables, SqlCatalog
from sqlalchemy import insert
from sqlalchemy.orm import Session

from lakesmith.host import crash
from lakesmith.lake import points
from lakesmith.lake.catalogs.quick import move_pointer
from lakesmith.lake.commits.judge import check_batch
from lakesmith.lake.commits.load import LoadWork, commit_load
from lakesmith.lake.commits.sending import Prepared, Sent, raise_if_hopeless

if TYPE_CHECKING:
    from pyiceberg.table import StagedTable
    from pyiceberg.typedef import Identifier

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

    identifier: Identifier
    before: str | None
    after: str


@dataclass(slots=True)
class _Transaction:
    """Sends several loads at once until the tables say that they landed; every table is judged by itself."""

    services: Services
    catalog: SqlCatalog
    works: list[LoadWork]
    sent: Sent = field(default_factory=Sent)

    def run(self) -> list[Commit]:
        """Send what has not landed; an answer that was lost is looked for in the tables."""
        crash.point(points.TOGETHER_BEGUN)
        names = ", ".join(str(work.stream) for work in self.works)
        while True:
            seen = [self.sent.look(self.services, work.stream, names) for work in self.works]
            landed = [work.landed(metadata) for work, metadata in zip(self.works, seen, strict=True)]
            if len(done := [commit for commit in landed if commit is not None]) == len(self.works):
                return done
            raise_if_hopeless(self.sent.failure, self.services)
            if not self.sent.may_send_on(tuple(metadata.path if metadata else None for metadata in seen)):
                raise self.sent.refused(self.services, names)
            pending = zip(self.works, seen, landed, strict=True)
            prepared = [work.build(metadata) for work, metadata, commit in pending if commit is None]
            self.sent.failure = self._send(prepared)
            self.sent.times += 1

    def _send(self, prepared: list[Prepared]) -> Exception | None:
        """Send once; return what went wrong, which says nothing about whether it landed."""
        crash.point(points.TOGETHER_PREPARED)
        try:
            moves = [self._stage(one) for one in prepared]
            self._move(sorted(moves, key=lambda move: move.identifier))
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
        return _Move(identifier, before, staged.metadata_location)

    def _move(self, moves: list[_Move]) -> None:
        """Move all pointers in one transaction; in one order for everybody, so that two of them never wait for each other."""
        with Session(self.catalog.engine) as session:
            for move in moves:
                if move.before is not None:
                    move_pointer(session, self.catalog, move.identifier, move.before, move.after)
                    continue
                namespace = self.catalog.namespace_to_string(self.catalog.namespace_from(move.identifier))
                name = self.catalog.table_name_from(move.identifier)
                row = self.catalog._create_table_row(namespace, name, move.after)  # noqa: SLF001
                session.execute(insert(IcebergTables).values(**row))
            crash.point(points.TOGETHER_MOVED)
            session.commit()
