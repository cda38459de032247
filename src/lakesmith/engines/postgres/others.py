"""Tables that others load into the same database: what they are, when they were loaded last, how many rows they hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from lakesmith.engines.postgres import spelling as sql
from lakesmith.engines.postgres.address import Address
from lakesmith.engines.postgres.connect import connect, explained, load_psycopg
from lakesmith.engines.postgres.options import PostgresOptions
from lakesmith.model.plans import EngineContext
from lakesmith.model.watching import Clock, Column, Place, Seen, Sight

if TYPE_CHECKING:
    import psycopg

TIMES = ("timestamp with time zone", "timestamp without time zone", "date")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_COLUMNS = """
select c.relname, a.attname, format_type(a.atttypid, null)
from pg_class c join pg_namespace n on n.oid = c.relnamespace left join pg_attribute a
    on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
where n.nspname = %s and c.relkind in ('r', 'p', 'v', 'm', 'f') and not c.relispartition
order by c.relname, a.attnum
"""


class PostgresOthers:
    """Looks at schemas of the target's database in sessions of its own, and writes nothing."""

    def __init__(self, context: EngineContext) -> None:
        self._options: PostgresOptions = context.options
        self._address = Address.of(self._options.url)

    def tables(self, place: Place) -> Mapping[str, Sequence[Column]]:
        """Return the tables and views of a schema with their columns.

        Raises:
            StorageUnavailableError: If the database cannot be reached.
        """
        found: dict[str, list[Column]] = {}
        with connect(self._address, self._options.connect_timeout_s) as session, explained(self._address.place):
            for table, column, kind in session.execute(_COLUMNS, [place.schema]):
                columns = found.setdefault(table, [])
                if column is not None:
                    columns.append(Column(column, kind))
        return found

    def look(self, place: Place, sights: Sequence[Sight]) -> Sequence[Seen]:
        """Look at each table in one statement, so that its rows and its clock belong together.

        Raises:
            StorageUnavailableError: If the database cannot be reached.
        """
        columns = self.tables(place)
        with connect(self._address, self._options.connect_timeout_s) as session, explained(self._address.place):
            return [_look(session, place, sight, columns) for sight in sights]

    def attach(self, places: Sequence[Place]) -> None:
        """Do nothing: dbt builds in the same database."""


def _look(
    session: psycopg.Connection[Any], place: Place, sight: Sight, columns: Mapping[str, Sequence[Column]]
) -> Seen:
    driver = load_psycopg()
    clock, fault = _readable(place, sight, columns)
    try:
        row = session.execute(_statement(place, sight, clock)).fetchone()
    except driver.OperationalError:
        raise  # the session is gone; nothing is known of any table
    except driver.Error as error:
        what = "may not be read by this user" if error.sqlstate == "42501" else f"cannot be read ({error.sqlstate})"
        return Seen(sight.stream, fault=what)
    rows, seconds = row or (None, None)
    if fault or seconds is None:
        return Seen(sight.stream, rows, fault=fault)
    loaded_at = instant(seconds)
    return Seen(
        sight.stream, rows, loaded_at, "" if loaded_at else f"{sight.clock_name} holds a time that nobody can mean"
    )


def _readable(place: Place, sight: Sight, columns: Mapping[str, Sequence[Column]]) -> tuple[Clock | None, str]:
    """Return the clock if it is of a type that tells time, else why it is not."""
    clock = sight.clock
    if clock is None:
        return None, ""
    beside = columns.get(clock.table or sight.table, ())
    kind = next((column.type for column in beside if column.name == clock.column), "")
    if clock.is_epoch or kind in TIMES:
        return clock, ""
    return None, f"{place.schema}.{sight.clock_name} is no time, it is {kind or 'not there'}"


def _statement(place: Place, sight: Sight, clock: Clock | None) -> str:
    table = sql.relation(place.schema, sight.table)
    if clock is None:
        return f"select count(*), null from {table}"  # noqa: S608 - every name is quoted
    column = sql.name(clock.column)
    seconds = f"max(({column})::numeric)" if clock.is_epoch else f"extract(epoch from max({column}))"
    if not clock.table:
        return f"select count(*), ({seconds})::text from {table}"  # noqa: S608 - every name is quoted
    only = f" where {sql.name(clock.only_where)} = 0" if clock.only_where else ""
    told = f"(select ({seconds})::text from {sql.relation(place.schema, clock.table)}{only})"  # noqa: S608 - every name is quoted
    return f"select count(*), {told} from {table}"  # noqa: S608 - every name is quoted


def instant(seconds: str) -> datetime | None:
    """Return the instant so many seconds after 1970; None where it is infinite or outside of the calendar.

    Examples:
        >>> instant("1.000001"), instant("Infinity")
        (datetime.datetime(1970, 1, 1, 0, 0, 1, 1, tzinfo=datetime.timezone.utc), None)
    """
    value = Decimal(seconds)
    if not value.is_finite():
        return None
    try:
        return _EPOCH + timedelta(microseconds=int(value * 1_000_000))
    except OverflowError:
        return None
