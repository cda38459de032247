"""Data sets into an operational PostgreSQL, exactly once: rows and what is known of them arrive in one transaction."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from lakesmith.engines.postgres.address import Address
from lakesmith.engines.postgres.spelling import LONGEST_NAME
from lakesmith.errors import ConfigError, PublishError, StorageUnavailableError
from lakesmith.host import crash
from lakesmith.host.ids import Ids
from lakesmith.model.plans import Dataset
from lakesmith.run.publishers.postgres.ledger import Entry, Ledger
from lakesmith.run.publishers.postgres.options import NAME, PostgresPublisherOptions
from lakesmith.run.publishers.postgres.sessions import explained, is_lost, load_psycopg, session

if TYPE_CHECKING:
    import psycopg

    from lakesmith.run.publishers.postgres.shipment import Shipment


class PostgresPublisher:
    """Writes a data set into one table: in place of what was there, or by key. What is there already is not sent again."""

    Options: ClassVar[type[PostgresPublisherOptions]] = PostgresPublisherOptions
    needs_path: ClassVar[bool] = False

    def __init__(self, options: PostgresPublisherOptions | None = None) -> None:
        if options is None:
            raise ConfigError("Publishing into PostgreSQL needs a `url:`.", where="format: postgres", fix="add it")
        self._options = options
        self._address = Address.of(options.url)

    def place(self, dataset: Dataset) -> str:
        """Return the table that gets a data set, with its database.

        Raises:
            PublishError: If PostgreSQL would cut the name.
        """
        name = self._table(dataset)
        if len(name.encode()) > LONGEST_NAME:
            raise PublishError(
                f"The table {name} has a longer name than PostgreSQL takes: {LONGEST_NAME} bytes.",
                where=dataset.relation,
                fix="give a shorter `table:`",
            )
        return f"{self._address.place}/{self._options.schema_}.{name}"

    def publish(self, dataset: Dataset, place: str) -> tuple[int, int]:
        """Make the table hold `dataset`; return its rows, and the bytes of the files that were sent: 0 if it held them already.

        Raises:
            PublishError: If the database refuses a value, the table or the user.
            RetriableError: If the database cannot be reached, or somebody holds the table.
        """
        from lakesmith.run.publishers.postgres.shipment import opened

        with opened(dataset) as shipment, explained(place):
            attempt = Attempt(self._options, self._address, shipment, self._table(dataset), Ids().ticket())
            sent = attempt.run(place)
        return shipment.rows, _size(dataset) if sent else 0

    def _table(self, dataset: Dataset) -> str:
        return self._options.table.replace(NAME, dataset.name)


@dataclass(slots=True)
class Attempt:
    """One attempt to bring a shipment; `asked` is whether its commit was asked for."""

    options: PostgresPublisherOptions
    address: Address
    shipment: Shipment
    table: str
    ticket: str
    asked: bool = False

    def run(self, place: str) -> bool:
        """Bring it; return whether anything had to be sent.

        Raises:
            StorageUnavailableError: If the session is lost, and nothing was published.
        """
        psycopg = load_psycopg()
        try:
            with session(self.address, self.options.connect_timeout_s) as connection:
                Ledger(connection, self.options.schema_).prepare()
                return self._transact(connection, place)
        except psycopg.Error as error:
            if not (self.asked and is_lost(error)):
                raise
            if self._landed():
                return True
            raise StorageUnavailableError(
                "The session was lost while the rows were committed; they are not there.", where=place, fix="run again"
            ) from error

    def _transact(self, connection: psycopg.Connection[Any], place: str) -> bool:
        from lakesmith.run.publishers.postgres.sending import Delivery

        ledger = Ledger(connection, self.options.schema_)
        with connection.transaction():
            self._take_lock(connection)
            known = ledger.entry(self.table)
            self._refuse_older(known, place)
            made = known.made if known else ledger.restored(self.table)
            sends = known is None or (known.content, known.settings) != (self.shipment.content, self._settings)
            if sends:
                delivery = Delivery(connection, self.options, self.shipment, self.table, self.ticket)
                made = (delivery.replace if self.options.mode == "replace" else delivery.upsert)(made=made)
            ledger.write(self._entry(made=made))
            crash.point("publish.before-commit")
            self.asked = True
        crash.point("publish.committed")
        return sends

    def _take_lock(self, connection: psycopg.Connection[Any]) -> None:
        """Wait for whoever publishes into this table: also for a session of ours that was lost and has not ended yet."""
        connection.execute(f"set local lock_timeout = '{self.options.lock_timeout_s}s'")
        connection.execute(
            "select pg_advisory_xact_lock(hashtextextended(%s, 0))",
            [f"lakesmith publish {self.options.schema_}.{self.table}"],
        )

    def _landed(self) -> bool:
        """Find out, after a lost session, whether the commit is there."""
        with session(self.address, self.options.connect_timeout_s) as connection, connection.transaction():
            self._take_lock(connection)
            known = Ledger(connection, self.options.schema_).entry(self.table)
        return known is not None and known.ticket == self.ticket

    def _refuse_older(self, known: Entry | None, place: str) -> None:
        now = self.shipment.dataset
        if known is not None and known.dataset == now.relation and known.built_at > now.built_at:
            raise PublishError(
                f"{place} holds {now.relation} as built at {known.built_at}, which is newer than {now.built_at}.",
                where=place,
                fix="another machine or target publishes into the same table: let one of them do it, or build again here",
            )

    def _entry(self, *, made: bool) -> Entry:
        ship, data = self.shipment, self.shipment.dataset
        return Entry(
            self.table, data.relation, ship.content, self._settings, ship.rows, data.built_at, self.ticket, made
        )

    @property
    def _settings(self) -> str:
        """What decides how the table looks, beside the rows."""
        one = self.options
        told = repr(
            (one.mode, one.key, one.delete_missing, one.indexes, one.readers, self.shipment.dataset.description)
        )
        return hashlib.sha256(told.encode()).hexdigest()


def _size(dataset: Dataset) -> int:
    from pathlib import Path

    return sum(Path(file).stat().st_size for file in dataset.files)
