"""Sends a commit of any kind, exactly once: it is never believed lost or landed before the table itself has said so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeVar

from sqlalchemy.exc import SQLAlchemyError

from lakesmith.errors import (
    CatalogBrokenError,
    CatalogLockedError,
    CommitUnknownError,
    LakesmithError,
    StorageFullError,
    StorageUnavailableError,
)
from lakesmith.host import crash
from lakesmith.host.files import storage_errors
from lakesmith.lake.catalogs.opening import translate
from lakesmith.lake.services import Services
from lakesmith.model.streams import StreamId

if TYPE_CHECKING:
    from pyiceberg.catalog import Catalog
    from pyiceberg.table import Table
    from pyiceberg.table.update import TableRequirement, TableUpdate

    from lakesmith.lake.metadata import Metadata

ATTEMPTS = 3
"""How often a commit is sent on one and the same version of the table."""
PATIENCE = 30
"""How often it is sent at all: each time that others changed the table meanwhile, it is built anew."""

T_co = TypeVar("T_co", covariant=True)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Prepared:
    """A commit ready to be sent: its manifests are written and durable, nothing points at them.

    The requirements assert the head of every branch that the updates move: so of two sent commits that were built on one version,
    at most one lands, however late.
    """

    table: Table
    updates: tuple[TableUpdate, ...]
    requirements: tuple[TableRequirement, ...]


@dataclass(frozen=True, slots=True)
class Steps:
    """The crash points that a kind of commit passes: before it looks at the table, before it is sent, after it landed."""

    begun: str
    prepared: str
    landed: str


class Work(Protocol[T_co]):
    """One commit of any kind: a load, a swap, a rollback, a compaction."""

    @property
    def stream(self) -> StreamId:
        """Whose table it is."""
        ...

    @property
    def ticket(self) -> str:
        """What tells this commit from every other, ever; it is in the snapshot's summary."""
        ...

    @property
    def steps(self) -> Steps:
        """The crash points it passes."""
        ...

    def landed(self, metadata: Metadata | None) -> T_co | None:
        """Return the commit if it landed, None if it may be sent; raise what says that it never can be.

        It is asked before every sending, and after the last: with the table's newest metadata, None where there is no table.
        """
        ...

    def build(self, metadata: Metadata | None) -> Prepared:
        """Write the manifests and return the commit, built on exactly the metadata that `landed` has just judged."""
        ...


@dataclass(frozen=True, slots=True)
class Sender:
    """Sends commits to one catalog. It deletes no file, whatever happens."""

    services: Services
    catalog: Catalog

    def send(self, work: Work[T]) -> T:
        """Make the work visible, exactly once, and return what the table says of it.

        Raises:
            CatalogLockedError: If the catalog stayed locked; nothing landed.
            StorageFullError: If the disk is full; nothing landed.
            StorageUnavailableError: If a file or the catalog cannot be written; nothing landed.
            CommitUnknownError: If there was no answer and the catalog cannot be read to find out.
            LakesmithError: What `landed` and `build` raise.
        """
        crash.point(work.steps.begun)
        sent = Sent()
        while True:
            metadata = sent.look(self.services, work.stream, f"batch {work.ticket} of {work.stream}")
            if (landed := work.landed(metadata)) is not None:
                return landed
            raise_if_hopeless(sent.failure, self.services)
            if not sent.may_send_on(metadata.path if metadata else None):
                raise sent.refused(self.services, str(work.stream))
            prepared = work.build(metadata)
            crash.point(work.steps.prepared)
            sent.failure = self.send_once(prepared)
            sent.times += 1
            if sent.failure is None:
                crash.point(work.steps.landed)

    def send_once(self, prepared: Prepared) -> Exception | None:
        """Send a commit once; return what went wrong, which says nothing about whether it landed."""
        try:
            self.catalog.commit_table(prepared.table, prepared.requirements, prepared.updates)
        except Exception as error:  # noqa: BLE001 - whatever it is, only the table knows the outcome
            if isinstance(error, SQLAlchemyError) and (engine := getattr(self.catalog, "engine", None)) is not None:
                engine.dispose()  # a connection whose commit failed may still hold the transaction open
            return error
        return None


@dataclass(slots=True)
class Sent:
    """How often commits were sent, on which versions of their tables, and what went wrong last."""

    times: int = 0
    failure: Exception | None = None
    on: object = None
    on_this: int = 0

    def look(self, services: Services, stream: StreamId, what: str) -> Metadata | None:
        """Return a table's newest metadata; `what` is sent. Once it was, being unable to read means that the outcome is unknown."""
        try:
            return services.pointers.read(stream)
        except (CatalogBrokenError, CatalogLockedError, StorageUnavailableError) as error:
            if not self.times:
                raise
            raise CommitUnknownError(
                f"The commit of {what} got no answer, and the catalog cannot be read to find out.",
                where=error.where,
                fix="make the catalog readable, then run the same command again: it finds out by itself, and neither loses nor doubles a row",
            ) from (self.failure or error)

    def may_send_on(self, version: object) -> bool:
        """Count a sending on this version of the table, or these of several; whether there may be one more."""
        self.on_this = self.on_this + 1 if version == self.on else 1
        self.on = version
        return self.on_this <= ATTEMPTS and self.times < PATIENCE

    def refused(self, services: Services, what: str) -> StorageUnavailableError:
        """Return the error that says that the catalog does not take `what`."""
        error = StorageUnavailableError(
            f"The catalog refused a commit of {what} {self.times} times ({type(self.failure).__name__}); nothing became visible.",
            where=services.pointers.place,
            fix="run the same command again: loading resumes where it was",
        )
        error.__cause__ = self.failure
        return error


def raise_if_hopeless(failure: Exception | None, services: Services) -> None:
    """Raise for what sending again does not cure, now that nothing is known to have landed: a lock, a full disk, a lost path."""
    if isinstance(failure, LakesmithError):
        raise failure
    if isinstance(failure, OSError):
        with storage_errors(services.layout.root):
            raise failure
    if isinstance(failure, SQLAlchemyError):
        remedy = translate(failure, services.pointers.place)
        if isinstance(remedy, (CatalogLockedError, StorageFullError)):
            raise remedy from failure
