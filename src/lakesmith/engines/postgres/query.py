"""One read-only statement of a person, its rows as Arrow, and what was wrong with it in words."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lakesmith.engines.postgres import spelling as sql
from lakesmith.engines.postgres.connect import as_error, load_psycopg
from lakesmith.engines.postgres.streaming import Output, Streamer, describe
from lakesmith.errors import ConfigError, LakesmithError, RetriableError, SelectionError, UsageError

if TYPE_CHECKING:
    import psycopg
    import pyarrow as pa

READ_ONLY = "set transaction read only"
HELD = "lakesmith_asked"
READS = ("select", "with", "values", "table", "(")
TELLS = ("explain", "show")
NO_FIX = "correct the statement; `select * from information_schema.tables` lists what there is"
VALUES = ("22", "P0", "23", "21")
"""Classes of errors whose text may hold a value."""


@dataclass(frozen=True, slots=True)
class Renames:
    """Statements after which schemas have other names, and those that undo them."""

    there: tuple[str, ...] = ()
    back: tuple[str, ...] = ()


NO_RENAMES = Renames()


def run(
    connection: psycopg.Connection[Any], streamer: Streamer, statement: str, renames: Renames = NO_RENAMES
) -> pa.RecordBatchReader:
    """Return the rows of one statement.

    Args:
        connection: A session for what is asked about the statement before it runs.
        streamer: Runs it.
        statement: What a person asked.
        renames: Names that schemas have for the statement; nobody else ever sees them.

    Raises:
        UsageError: If it is not one statement that only reads, or PostgreSQL does not understand it.
        SelectionError: If it names a relation that is not there.
    """
    psycopg = load_psycopg()
    asked = statement.strip().rstrip(";").strip()
    first = _first_word(asked)
    try:
        with connection.transaction(force_rollback=True):
            for one in renames.there:
                connection.execute(one)
            if first in TELLS:
                return _told(connection, asked)
            outputs = describe(connection, asked)
            if first not in READS or not outputs:
                raise UsageError(
                    f"{first.upper()} is not a statement that only reads.",
                    fix="use SELECT, WITH, VALUES, TABLE, SHOW or EXPLAIN; tables are made by dbt models",
                )
            describe(connection, f"select * from ({asked}\n) as lakesmith_rows")  # noqa: S608 - what a person asked
    except psycopg.Error as error:
        raise _explained(connection, error, asked) from error
    if renames.there:
        return streamer.rows(
            f"table pg_temp.{HELD}", outputs, _stopped, (_holding(asked, outputs, renames), (READ_ONLY,))
        )
    return streamer.rows(asked, outputs, _stopped, ((READ_ONLY,),))


def _holding(statement: str, outputs: Sequence[Output], renames: Renames) -> tuple[str, ...]:
    """Return a transaction that binds the statement to its relations and renames nothing: a swap need not wait for its rows."""
    names = ", ".join(f"c{at}" for at in range(len(outputs)))
    return (*renames.there, f"create temporary view {HELD} ({names}) as {statement}", *renames.back)


def _stopped(kind: str) -> UsageError:
    return UsageError(
        f"The statement stopped while it ran: {kind}.",
        fix="look for a value that cannot be converted or computed; infinite times, NaN as numeric and lists of lists need a cast to text",
    )


def _first_word(statement: str) -> str:
    bare = re.sub(r"^(\s*(--[^\n]*\n|/\*.*?\*/))*\s*", "", statement, flags=re.DOTALL)
    return "(" if bare.startswith("(") else (re.match(r"\w*", bare) or [""])[0].lower()


def _told(connection: psycopg.Connection[Any], statement: str) -> pa.RecordBatchReader:
    import pyarrow as pa

    connection.execute(READ_ONLY)
    cursor = connection.execute(statement)
    names = [column.name for column in cursor.description or ()]
    columns: list[list[str]] = [[] for _ in names]
    for row in cursor:
        for column, value in zip(columns, row, strict=True):
            column.append(str(value))
    table = pa.table({name: pa.array(column, pa.string()) for name, column in zip(names, columns, strict=True)})
    return table.to_reader()


def _explained(connection: psycopg.Connection[Any], error: psycopg.Error, statement: str) -> LakesmithError:
    code, diag = error.sqlstate or "", error.diag
    if code == "42P01":
        wanted = (re.search(r'relation "(.+)" does not exist', diag.message_primary or "") or ["", "?"])[1]
        near = nearest(connection, wanted)
        return SelectionError(
            f"There is no table or view {wanted}.",
            where=_place(diag.statement_position, statement),
            fix=f"did you mean {' or '.join(near)}?" if near else NO_FIX,
        )
    known = as_error(error, connection.info.host)
    if isinstance(known, RetriableError | ConfigError):
        return known
    told = diag.message_primary if not code.startswith(VALUES) else type(error).__name__
    return UsageError(
        f"The statement cannot run: {told}",
        where=_place(diag.statement_position, statement),
        fix=diag.message_hint or NO_FIX,
    )


def _place(position: str | None, statement: str) -> str:
    if not position:
        return ""
    before = statement[: int(position) - 1]
    line = statement.splitlines()[before.count("\n")] if statement else ""
    column = len(before) - (before.rfind("\n") + 1)
    return f"LINE {before.count(chr(10)) + 1}: {line}\n{' ' * (len(f'LINE {before.count(chr(10)) + 1}: ') + column)}^"


def nearest(connection: psycopg.Connection[Any], name: str) -> list[str]:
    """Return up to three relations whose name is near `name`, as `schema.name`; builds under the names the project gives them."""
    rows = connection.execute(
        "select n.nspname, c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace"
        " where c.relkind in ('r', 'p', 'v', 'm', 'f') and n.nspname not in ('pg_catalog', 'information_schema') order by 1, 2"
    )
    known: dict[str, str] = {}
    for schema, table in rows:
        full = f"{schema.partition(sql.BUILD)[2] or schema}.{table}"
        known |= {table: full, full: full}
    return list(dict.fromkeys(known[match] for match in difflib.get_close_matches(name, known, n=6, cutoff=0.6)))[:3]
