"""One read-only statement, its rows as Arrow, and what was wrong with it in words."""

from __future__ import annotations

import contextlib
import difflib
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from lakesmith.engines.duckdb.connect import first_line
from lakesmith.errors import SelectionError, StorageUnavailableError, UsageError

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

ROWS_PER_BATCH = 65_536
NO_FIX = "correct the statement; `SHOW ALL TABLES` lists what there is"


def run(connection: duckdb.DuckDBPyConnection, statement: str) -> pa.RecordBatchReader:
    """Return the rows of one statement; the connection is closed when they have been read, or at once if it cannot run.

    Raises:
        UsageError: If it is not one statement that only reads, or DuckDB does not understand it.
        SelectionError: If it names a relation that is not there.
    """
    import pyarrow as pa

    try:
        with complaints(connection):
            _refuse_writes(connection, statement)
            reader = _bound(connection, statement).to_arrow_reader(ROWS_PER_BATCH)
    except BaseException:
        connection.close()
        raise
    return pa.RecordBatchReader.from_batches(reader.schema, _batches(connection, reader))


def _bound(connection: duckdb.DuckDBPyConnection, statement: str) -> duckdb.DuckDBPyRelation:
    import duckdb

    try:
        return connection.sql(statement)
    except duckdb.ProgrammingError:
        connection.execute(statement)  # refused too, but this complaint says where in the statement
        raise


def _batches(connection: duckdb.DuckDBPyConnection, reader: pa.RecordBatchReader) -> Iterator[pa.RecordBatch]:
    try:
        with complaints(connection):
            yield from reader
    finally:
        connection.close()


def _refuse_writes(connection: duckdb.DuckDBPyConnection, statement: str) -> None:
    import duckdb

    statements = connection.extract_statements(statement)
    if len(statements) != 1:
        raise UsageError(f"{len(statements)} statements were given; one is needed.", fix="send one statement at a time")
    if statements[0].type not in (duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN):
        raise UsageError(
            f"{statements[0].type.name} is not a statement that only reads.",
            fix="use SELECT, FROM, WITH, DESCRIBE, SUMMARIZE, SHOW or EXPLAIN; tables are made by dbt models",
        )


@contextlib.contextmanager
def complaints(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Turn DuckDB's complaints about a statement into errors without any row's value.

    Raises:
        SelectionError: If a relation is not there; names the nearest.
        StorageUnavailableError: If bronze lies in a bucket that cannot be read.
        UsageError: For everything else that is wrong with the statement.
    """
    import duckdb
    import pyarrow as pa

    try:
        yield
    except duckdb.CatalogException as error:
        raise _missing(connection, error) from error
    except duckdb.ProgrammingError as error:
        raise UsageError(
            f"The statement cannot run: {first_line(error)}", where=_place(error), fix=_hint(error)
        ) from error
    except (
        duckdb.Error,
        pa.ArrowException,
    ) as error:  # the first line may hold a value, the place holds the statement only
        if StorageUnavailableError.__name__ in str(error):  # raised by the bridge to a bucket, and quoted by DuckDB
            raise StorageUnavailableError(
                "Bronze lies in a bucket that does not answer.",
                where=_place(error),
                fix="check the target's `lake:` and `storage:`, and that the bucket can be reached: `lakesmith doctor`",
            ) from error
        raise UsageError(
            f"The statement stopped while it ran: {type(error).__name__}.",
            where=_place(error),
            fix="look at the marked expression: a value cannot be converted or computed (TRY_CAST gives null), or a file is gone",
        ) from error


def _place(error: Exception) -> str:
    found = re.search(r"^LINE \d+:.*\Z", str(error), re.MULTILINE | re.DOTALL)
    return "\n".join(found[0].splitlines()[:2]) if found else ""


def _hint(error: Exception) -> str:
    found = re.search(r"^Candidate bindings:[: ]*(.+)$", str(error), re.MULTILINE)
    return f"did you mean {found[1]}?" if found else NO_FIX


def _missing(connection: duckdb.DuckDBPyConnection, error: Exception) -> SelectionError | UsageError:
    found = re.match(r"Table with name (.+?) does not exist", first_line(error))
    if found is None:
        return UsageError(f"The statement cannot run: {first_line(error)}", where=_place(error), fix=NO_FIX)
    wanted = found[1].replace('"', "")
    near = nearest(connection, wanted)
    hint = f"did you mean {' or '.join(near)}?" if near else NO_FIX
    return SelectionError(f"There is no table or view {wanted}.", where=_place(error), fix=hint)


def nearest(connection: duckdb.DuckDBPyConnection, name: str) -> list[str]:
    """Return up to three relations of the database whose name is near `name`, as `schema.name`."""
    rows = connection.execute(
        "SELECT table_schema || '.' || table_name FROM information_schema.tables WHERE table_catalog = current_database() ORDER BY 1"
    ).fetchall()
    known = {relation.split(".", 1)[1]: relation for (relation,) in rows} | {relation: relation for (relation,) in rows}
    return list(dict.fromkeys(known[match] for match in difflib.get_close_matches(name, known, n=6, cutoff=0.6)))[:3]
