"""Rows of a statement as Arrow, by binary COPY: exact types, and text for what Arrow has no type for."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lakesmith.engines.postgres import spelling as sql
from lakesmith.engines.postgres.address import Address
from lakesmith.engines.postgres.connect import APPLICATION, ENCODING, EXTRA, load_psycopg, settings_of
from lakesmith.errors import LakesmithError, MissingExtraError

if TYPE_CHECKING:
    import psycopg
    import pyarrow as pa

NATIVE = frozenset({16, 17, 20, 21, 23, 25, 700, 701, 1043})
"""bool bytea int8 int2 int4 text float4 float8 varchar"""
TIMES = {1082: "date", 1114: "timestamp", 1184: "timestamptz"}
LAST = "294247-01-01"
"""From here on microseconds since 1970 do not fit into 64 bits."""
LISTS = {
    1000: "bool[]",
    1005: "int2[]",
    1007: "int4[]",
    1016: "int8[]",
    1009: "text[]",
    1015: "varchar[]",
    1021: "float4[]",
    1022: "float8[]",
}
NUMERIC = 1700
WIDEST, PLACES = 38, 18
HEADER = 4
"""A type modifier of numeric is precision and scale, shifted by this."""


Fault = Callable[[str], LakesmithError]


@dataclass(frozen=True, slots=True)
class Output:
    """A column of a result: its name, the server's type, and what a type modifier says of it (-1: nothing)."""

    name: str
    type: int
    modifier: int = -1

    @property
    def decimal(self) -> tuple[int, int] | None:
        """Precision and scale if the column is a number that Arrow has a decimal for; a numeric without them gets the widest."""
        if self.type != NUMERIC:
            return None
        if self.modifier < HEADER:
            return WIDEST, PLACES
        precision, scale = (self.modifier - HEADER) >> 16, (self.modifier - HEADER) & 0x7FF
        scale -= 2048 if scale > 1023 else 0  # noqa: PLR2004 - eleven bits with a sign
        return (precision, scale) if precision <= WIDEST and 0 <= scale <= precision else None

    def pick(self, column: str) -> str:
        """Return the expression that is sent for the column."""
        if self.decimal and self.modifier < HEADER:
            return f"round({column}, {PLACES})::text"
        if self.type in NATIVE:
            return column
        if kind := TIMES.get(
            self.type
        ):  # what Arrow would get wrong without a word is an error: text that is no such value
            return f"case when isfinite({column}) and {column} < '{LAST}' then {column} else ('no ' || {column})::{kind} end"
        if kind := LISTS.get(self.type):
            plain = f"coalesce(array_ndims({column}), 1) = 1 and coalesce(array_lower({column}, 1), 1) = 1"
            return f"case when {plain} then {column} else ('no ' || {column}::text)::{kind} end"
        return f"{column}::text"


def describe(connection: psycopg.Connection[Any], statement: str) -> list[Output]:
    """Return the columns that a statement gives, without running it; none for one that gives no rows.

    Raises:
        psycopg.Error: If it cannot run.
    """
    psycopg = load_psycopg()
    encoding = connection.info.encoding
    wire = connection.pgconn
    for answer in (wire.prepare(b"", statement.encode(encoding)), wire.describe_prepared(b"")):
        if answer.status != psycopg.pq.ExecStatus.COMMAND_OK:
            raise psycopg.errors.error_from_result(answer, encoding=encoding)
    return [
        Output((answer.fname(at) or b"").decode(encoding), answer.ftype(at), answer.fmod(at))
        for at in range(answer.nfields)
    ]


@dataclass(frozen=True, slots=True)
class Streamer:
    """Sends statements and gives their rows, each in a session of its own whose last transaction is rolled back."""

    address: Address

    def rows(
        self, statement: str, outputs: Sequence[Output], fault: Fault, before: Sequence[Sequence[str]] = ()
    ) -> pa.RecordBatchReader:
        """Return the rows of a statement whose columns are `outputs`; the session ends when they have been read.

        Args:
            statement: A query.
            outputs: What `describe` said of it.
            fault: Makes the error for a value that cannot be computed or that Arrow has no place for, out of the kind of complaint.
            before: Transactions of statements to run first; the last goes on with the query.
        """
        import pyarrow as pa

        driver = _load()

        stack = contextlib.ExitStack()
        try:
            session = stack.enter_context(contextlib.closing(driver.connect(_conninfo(self.address))))
            cursor = stack.enter_context(contextlib.closing(session.cursor()))
            stack.callback(session.rollback)
            for number, transaction in enumerate(before):
                if number:
                    session.commit()
                for one in transaction:
                    cursor.execute(one)
            cursor.execute(wrapped(statement, outputs))
            reader = cursor.fetch_record_batch()
        except driver.Error as error:
            stack.close()
            raise fault(type(error).__name__) from error
        except BaseException:
            stack.close()
            raise
        schema = pa.schema(
            [
                pa.field(output.name, _type(output, field.type))
                for output, field in zip(outputs, reader.schema, strict=True)
            ]
        )
        return pa.RecordBatchReader.from_batches(schema, _batches(reader, schema, fault, stack))


def wrapped(statement: str, outputs: Sequence[Output]) -> str:
    """Return a query around a statement that sends each column as Arrow can have it. Nothing that writes fits into it."""
    names = [sql.name(f"c{at}") for at in range(len(outputs))]
    picks = ", ".join(f"{output.pick(name)} as {name}" for output, name in zip(outputs, names, strict=True))
    return f"select {picks} from ({statement}\n) as lakesmith_rows ({', '.join(names)})"  # noqa: S608 - what a person asked


def _load() -> Any:
    try:
        from adbc_driver_postgresql import dbapi  # type: ignore[import-untyped]
    except ImportError as error:
        raise MissingExtraError(
            "A target on PostgreSQL needs its Arrow driver, which is not installed.",
            where="engine: postgres",
            fix=EXTRA,
        ) from error
    return dbapi


def _conninfo(address: Address) -> str:
    from psycopg.conninfo import make_conninfo

    return make_conninfo(
        address.url, application_name=APPLICATION, client_encoding=ENCODING, options=settings_of(address)
    )


def _type(output: Output, sent: pa.DataType) -> pa.DataType:
    import pyarrow as pa

    if output.decimal:
        return pa.decimal128(*output.decimal)
    if isinstance(sent, pa.ListType):
        return pa.list_(sent.value_type)
    return sent


def _batches(reader: Any, schema: pa.Schema, fault: Fault, stack: contextlib.ExitStack) -> Iterator[pa.RecordBatch]:
    import pyarrow as pa

    with stack:
        try:
            for batch in reader:
                columns = [column.cast(field.type) for column, field in zip(batch.columns, schema, strict=True)]
                yield pa.RecordBatch.from_arrays(columns, schema=schema)
        except (pa.ArrowException, OSError) as error:  # the text may hold a value
            raise fault(type(error).__name__) from error
