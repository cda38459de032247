"""Reading one SQLite file: open it read-only, know its tables, count, fetch. Everything that can go wrong has a remedy."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lakesmith.errors import ConnectorOptionsError, SourceDataError, SourceMissingError, StorageUnavailableError

BUSY_TIMEOUT_S = 5.0


def quoted(name: str) -> str:
    """Return a name as SQL spells it."""
    return '"' + name.replace('"', '""') + '"'


@dataclass(frozen=True, slots=True)
class Table:
    """A table as a stream reads it: `columns` are (name, declared type); `cursor` is what grows."""

    name: str
    cursor: str
    columns: tuple[tuple[str, str], ...]

    @property
    def whole_cursor(self) -> str:
        """An SQL condition: the row has a cursor that can be compared."""
        return f"typeof({quoted(self.cursor)}) = 'integer'"


@contextmanager
def reading(path: Path, where: str) -> Iterator[sqlite3.Connection]:
    """Open `path` read-only for the length of a `with`: one read transaction, so all that is read fits together.

    Raises:
        SourceMissingError: If there is no such file.
        SourceDataError: If it is no SQLite database, or a damaged one.
        StorageUnavailableError: If it cannot be opened or is locked for too long.

    """
    place = f"{path} ({where})" if where else str(path)
    if not path.is_file():
        raise SourceMissingError("There is no such database file.", where=place, fix="put it there, or correct `path:`")
    try:
        uri = f"{path.absolute().as_uri()}?mode=ro"
        with closing(sqlite3.connect(uri, uri=True, timeout=BUSY_TIMEOUT_S, isolation_level=None)) as connection:
            connection.text_factory = (
                bytearray  # told from blobs; and text that is not UTF-8 becomes a reject, no exception
            )
            connection.execute("begin")
            yield connection
    except sqlite3.OperationalError as error:
        raise StorageUnavailableError(
            f"The database cannot be read now: {error}.", where=place, fix="run again once no other program holds it"
        ) from error
    except sqlite3.DatabaseError as error:
        raise SourceDataError(
            f"The file is no SQLite database, or is damaged: {error}.",
            where=place,
            fix="run `sqlite3 FILE 'pragma integrity_check'`, and restore it from a backup",
        ) from error


def find_table(connection: sqlite3.Connection, name: str, cursor: str, where: str) -> Table:
    """Return a table of the database.

    Raises:
        ConnectorOptionsError: If there is no such table, or it has no such cursor.

    """
    # hidden = 1 is a virtual table's own; generated columns (2, 3) hold values like any other
    found = connection.execute("select name, type from pragma_table_xinfo(?) where hidden <> 1", (name,)).fetchall()
    columns = tuple((column.decode(), declared.decode()) for column, declared in found)
    if not columns:
        raise ConnectorOptionsError(
            f"The database has no table `{name}`.", where=where, fix="correct `table:`, or the stream's name"
        )
    if cursor not in dict(columns) and not (cursor == "rowid" and _has_rowid(connection, name)):
        raise ConnectorOptionsError(
            f"The table `{name}` has no column `{cursor}` to read on from.",
            where=where,
            fix="set `cursor:` to an integer column that grows with every new row",
        )
    return Table(name, cursor, columns)


def _has_rowid(connection: sqlite3.Connection, name: str) -> bool:
    query = "select 1 from pragma_table_list where name = ? and type = 'table' and wr = 0"
    return connection.execute(query, (name,)).fetchone() is not None


def one(connection: sqlite3.Connection, table: Table, what: str, *bounds: int) -> Any:
    """Return one value about the rows of a table, above the first of `bounds` and up to the second."""
    condition = " and ".join(
        (table.whole_cursor, *(f"{quoted(table.cursor)} {op} ?" for op, _ in zip((">", "<="), bounds, strict=False)))
    )
    return connection.execute(f"select {what} from {quoted(table.name)} where {condition}", bounds).fetchone()[0]  # noqa: S608 - names are quoted


def rows_between(connection: sqlite3.Connection, table: Table, after: int, until: int) -> list[tuple[Any, ...]]:
    """Return the rows above `after` up to `until`, in the cursor's order; the cursor itself stands first in each row."""
    names = ", ".join(quoted(name) for name in (table.cursor, *(name for name, _ in table.columns)))
    cursor = quoted(table.cursor)
    query = f"select {names} from {quoted(table.name)} where {table.whole_cursor} and {cursor} > ? and {cursor} <= ? order by {cursor}"  # noqa: S608 - names are quoted
    return connection.execute(query, (after, until)).fetchall()
