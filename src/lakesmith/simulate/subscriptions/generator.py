"""The running generator: it brings a database from tick to tick, each tick in one transaction that also moves its clock."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lakesmith.simulate.subscriptions.business import TICKS_PER_DAY, Subscriptions
from lakesmith.simulate.subscriptions.life import Life
from lakesmith.simulate.subscriptions.records import TABLES, Record
from lakesmith.simulate.subscriptions.schema import DDL, NEWER, upsert
from lakesmith.simulate.subscriptions.spelling import Row, row_of

if TYPE_CHECKING:
    import psycopg

NEW_COLUMN_TICK = TICKS_PER_DAY + 6
"""When the developers add a column, without a word."""


@dataclass(slots=True)
class Generator:
    """Changes the database of one business; `url` is PostgreSQL's."""

    business: Subscriptions
    url: str
    _life: Life | None = field(default=None, init=False)

    @classmethod
    def of(cls, url: str) -> Generator:
        """Return the generator of the business that a database has in it.

        Raises:
            ValueError: If it has none.
        """
        found = _clock(url)
        if found is None:
            message = "The database has no business in it."
            raise ValueError(message)
        return cls(found[1], url)

    def tick(self) -> int | None:
        """Return the tick the database stands at; None: it is not made yet.

        Raises:
            ValueError: If the database is another business's.
        """
        found = _clock(self.url)
        if found is None:
            return None
        if found[1] != self.business:
            message = f"The database belongs to {found[1]}, and not to {self.business}. Name an empty database."
            raise ValueError(message)
        return found[0]

    def make(self) -> None:
        """Make the tables, with all of the past in them."""
        with _connect(self.url) as connection:
            connection.execute(DDL.encode())
            connection.execute(
                "insert into simulator.clock values (0, %s, %s, %s)",
                (self.business.seed, self.business.scale, self.business.start),
            )
            _write(connection, Life(self.business).writes[0], self.business.seed)

    def advance(self, ticks: int = 1) -> dict[str, int]:
        """Let some ticks pass, and return how many rows were written by table; a database that is not there is made.

        Args:
            ticks: How many.

        Raises:
            ValueError: If the database is another business's, or another generator changes it.
        """
        written = dict.fromkeys(TABLES.values(), 0)
        begin = self.tick()
        if begin is None:
            self.make()
        for tick in range((begin or 0) + 1, (begin or 0) + ticks + 1):
            for table, count in self._tick_to(tick).items():
                written[table] += count
        return written

    def _tick_to(self, tick: int) -> dict[str, int]:
        with _connect(self.url) as connection:  # a transaction, undone by any error
            moved = connection.execute("update simulator.clock set tick = %s where tick = %s", (tick, tick - 1))
            if moved.rowcount != 1:
                message = f"Another generator changes this database: it is not at tick {tick - 1} any more."
                raise ValueError(message)
            if tick == NEW_COLUMN_TICK:
                connection.execute(NEWER.encode())
            return _write(connection, self._life_at(tick).writes[tick], self.business.seed)

    def through(self, tick: int) -> dict[str, int]:
        """Bring the database to a tick, if it is not there yet, and return how many rows were written by table."""
        return self.advance(max(0, tick - (self.tick() or 0)))

    def note_load(self) -> tuple[int, ...]:
        """Note that the database was just read at its tick, and return all ticks at which it was, in order."""
        with _connect(self.url) as connection:
            connection.execute("insert into simulator.loads select tick from simulator.clock on conflict do nothing")
            rows = connection.execute("select tick from simulator.loads order by tick").fetchall()
        return tuple(int(row[0]) for row in rows)

    def _life_at(self, tick: int) -> Life:
        """Return the life of the business, lived at least to a tick."""
        life = self._life = self._life or Life(self.business)
        while life.tick < tick:
            life.live()
        return life


def _connect(url: str) -> psycopg.Connection:
    import psycopg

    return psycopg.connect(url, application_name="lakesmith simulator")


def _clock(url: str) -> tuple[int, Subscriptions] | None:
    """Return where a database stands and whose it is, None while it is not made."""
    with _connect(url) as connection:
        found = connection.execute("select to_regclass('simulator.clock') is not null").fetchone()
        if found != (True,):
            return None
        row = connection.execute("select tick, seed, scale, start from simulator.clock").fetchone()
    return None if row is None else (row[0], Subscriptions(seed=row[1], scale=row[2], start=row[3]))


def _write(connection: psycopg.Connection, records: list[Record], seed: int) -> dict[str, int]:
    """Write the newest of these states of each row."""
    newest = {(TABLES[type(record)], record.number): record for record in records}
    rows: dict[str, list[Row]] = {}
    for (table, _), record in newest.items():
        rows.setdefault(table, []).append(row_of(record, seed))
    with connection.cursor() as cursor:
        for table, values in rows.items():
            cursor.executemany(upsert(table).encode(), values)
    return {table: len(values) for table, values in rows.items()}
