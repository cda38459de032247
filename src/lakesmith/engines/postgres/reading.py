"""Rows of bronze out of the lake's files, as the CSV that COPY takes. DuckDB reads them: by field id, under today's schema."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from lakesmith.engines.duckdb import DuckDBOptions
from lakesmith.engines.duckdb import spelling as duck
from lakesmith.engines.duckdb.attach import select
from lakesmith.engines.duckdb.connect import connected, disk_errors
from lakesmith.engines.duckdb.objects import register
from lakesmith.engines.postgres.spelling import is_flat
from lakesmith.model.loads import BronzeSnapshot
from lakesmith.model.places import LakeAddress
from lakesmith.model.types import BINARY, STRING, List, Scalar, Type

if TYPE_CHECKING:
    from pathlib import Path

    import duckdb

ROWS_PER_BATCH = 32_768
MEMORY = "1GB"
MENDED = "_ls_mended"
TIMES = ("date", "timestamp", "timestamptz")


@dataclass(frozen=True, slots=True)
class Span:
    """How many rows of one batch there are, and their first and last `_ls_seq`: batches that agree on it hold the same rows."""

    rows: int
    first: int
    last: int


@dataclass(slots=True)
class Sent:
    """How many rows were sent, and how many of them hold a text that had to be changed."""

    rows: int = 0
    mended: int = 0


@dataclass(frozen=True, slots=True)
class LakeReader:
    """Reads data files of a lake. `around` is the folder that complaints about the disk name."""

    lake: LakeAddress | None
    around: Path

    def spans(self, table: BronzeSnapshot) -> dict[str, Span]:
        """Return the batches of a snapshot. Reads two columns of every file."""
        if not table.files:
            return {}
        wanted = "SELECT _ls_batch, count(*), min(_ls_seq), max(_ls_seq) FROM"
        with self._opened() as connection:
            rows = connection.execute(f"{wanted} ({select(table)}) GROUP BY ALL").fetchall()
        return {batch: Span(*numbers) for batch, *numbers in rows}

    def lines(
        self, table: BronzeSnapshot, files: Collection[str], batches: Collection[str] | None, *, sent: Sent
    ) -> Iterator[memoryview]:
        """Yield the rows of some files in blocks of CSV, columns in the order of the schema.

        Args:
            table: The snapshot.
            files: Which of its files.
            batches: Only rows of these batches; None: all.
            sent: Counts them.
        """
        import pyarrow as pa
        import pyarrow.compute as pc
        from pyarrow import csv

        if not files:
            return
        shape = csv.WriteOptions(include_header=False, quoting_style="needed")
        with self._opened() as connection:
            query = self._query(replace(table, files=tuple(files)), batches)
            reader = connection.sql(query).to_arrow_reader(ROWS_PER_BATCH)
            for whole in reader:
                batch = whole.drop_columns([MENDED])
                sent.rows += batch.num_rows
                sent.mended += pc.sum(whole.column(MENDED)).as_py() or 0
                out = pa.BufferOutputStream()
                csv.write_csv(batch, out, shape)
                yield memoryview(out.getvalue())

    def _query(self, table: BronzeSnapshot, batches: Collection[str] | None) -> str:
        picks = ", ".join(
            f"{pick(duck.name(field.name), field.type)} AS {duck.name(field.name)}" for field in table.schema
        )
        only = "" if batches is None else f" WHERE _ls_batch IN ({', '.join(map(duck.text, sorted(batches)))})"
        tests = " OR ".join(filter(None, (has_nul(duck.name(field.name), field.type) for field in table.schema)))
        picks += f", coalesce({tests or 'false'}, false) AS {MENDED}"
        return f"SELECT {picks} FROM ({select(table)}){only}"  # noqa: S608 - every part is quoted by `spelling`

    def _opened(self) -> _Opened:
        return _Opened(self)


class _Opened:
    """A DuckDB in memory that can read the lake, for the length of a `with`."""

    def __init__(self, reader: LakeReader) -> None:
        self._reader = reader

    def __enter__(self) -> duckdb.DuckDBPyConnection:
        from contextlib import ExitStack

        with ExitStack() as stack:
            stack.enter_context(disk_errors(self._reader.around))
            connection = stack.enter_context(connected(None, DuckDBOptions(memory_limit=MEMORY)))
            register(connection, self._reader.lake)
            self._stack = stack.pop_all()
        return connection

    def __exit__(self, *error: object) -> bool | None:
        return self._stack.__exit__(*error)  # type: ignore[arg-type]


def pick(column: str, kind: Type) -> str:
    """Return the expression whose text in CSV PostgreSQL reads as the same value.

    The character NUL, which PostgreSQL has no text for, becomes U+FFFD, the mark for a character that could not be kept.
    """
    if isinstance(kind, Scalar) and kind.name in TIMES:
        return f"replace(CAST({column} AS VARCHAR), ' (BC)', ' BC')"
    if kind == STRING:
        return f"CASE WHEN contains({column}, chr(0)) THEN replace({column}, chr(0), chr(65533)) ELSE {column} END"
    if kind == BINARY:
        return f"'\\x' || hex({column})"
    if is_flat(kind):
        return column
    if isinstance(kind, List) and is_flat(kind.element):
        return _array(column, kind.element)
    return _json(column)


def has_nul(column: str, kind: Type) -> str:
    """Return the test whether a value holds the character NUL, false rather than null; empty where none can."""
    if kind == STRING:
        test = f"contains({column}, chr(0))"
    elif isinstance(kind, List) and kind.element == STRING:
        test = f"contains(array_to_string({column}, ' '), chr(0))"
    elif is_flat(kind) or (isinstance(kind, List) and is_flat(kind.element)):
        return ""
    else:
        test = f"contains({_aside(column)}, '\\u0000')"
    return f"coalesce({test}, false)"


def _aside(column: str) -> str:
    # No JSON holds a plain chr(1), so it can stand for an escaped backslash while `\u0000` is looked for.
    return f"replace(CAST(to_json({column}) AS VARCHAR), '\\\\', chr(1))"


def _array(column: str, element: Type) -> str:
    text = f"CAST({pick('e', element)} AS VARCHAR)"
    quoted = f"""'"' || replace(replace({text}, '\\', '\\\\'), '"', '\\"') || '"'"""
    return (
        f"'{{' || array_to_string([CASE WHEN e IS NULL THEN 'NULL' ELSE {quoted} END FOR e IN {column}], ',') || '}}'"
    )


def _json(column: str) -> str:
    text = f"CAST(to_json({column}) AS VARCHAR)"
    mended = f"replace(replace({_aside(column)}, '\\u0000', chr(65533)), chr(1), '\\\\')"
    return f"CASE WHEN contains({text}, '\\u0000') THEN {mended} ELSE {text} END"
