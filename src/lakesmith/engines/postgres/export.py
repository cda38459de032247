"""A published table as one Parquet file, in types that every reader knows."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lakesmith.engines.postgres import spelling as sql
from lakesmith.engines.postgres.streaming import NUMERIC, Output, Streamer, describe
from lakesmith.errors import TransformError
from lakesmith.host.files import fsync_file, fsync_folder

if TYPE_CHECKING:
    import psycopg

ASIDE = ".tmp"
"""How files end that are being written, or were when somebody was killed."""
ROWS_PER_GROUP = 131_072
LEAN = 9
"""Digits behind the point of a numeric whose model does not say, where that is enough."""
COLUMNS = """select attname, format_type(atttypid, atttypmod) from pg_attribute
    where attrelid = %s::regclass and attnum > 0 and not attisdropped order by attnum"""


def columns_of(connection: psycopg.Connection[Any], relation: str) -> tuple[tuple[str, str], ...]:
    """Return the names and types of a relation's columns, as the server spells them."""
    return tuple((name, kind) for name, kind in connection.execute(COLUMNS, [relation]))


def export(connection: psycopg.Connection[Any], streamer: Streamer, tables: tuple[str, str], path: Path) -> None:
    """Write a table to `path`, durable when this returns.

    Args:
        connection: Tells the columns.
        streamer: Reads the rows.
        tables: The quoted name of the table, and what people call it.
        path: The file; it is there as a whole or not at all.

    Raises:
        TransformError: If a value cannot be written.
    """
    import pyarrow.parquet as pq

    relation, told = tables

    def fault(kind: str) -> TransformError:
        return TransformError(
            f"A value of {told} cannot be written to Parquet: {kind}.",
            where=told,
            fix="cast the column in the model: infinite times, numerics that are NaN or have more than 38 digits, and lists of lists have no place there",
        )

    path.parent.mkdir(parents=True, exist_ok=True)
    picks = _picks(connection, relation)
    query = f"select {', '.join(picks)} from {relation}"  # noqa: S608 - every part is quoted by `spelling`
    aside = path.with_name(
        f".{path.name}.{os.getpid()}-{threading.get_ident()}{ASIDE}"
    )  # others may restore the same file
    reader = streamer.rows(query, describe(connection, query), fault)
    try:
        with reader, pq.ParquetWriter(aside, reader.schema, compression="zstd") as writer:
            for batch in reader:
                writer.write_batch(batch, ROWS_PER_GROUP)
        fsync_file(aside)
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)
    fsync_folder(path.parent)
    fsync_folder(path.parent.parent)


def _picks(connection: psycopg.Connection[Any], relation: str) -> list[str]:
    """Return the columns, numerics without a scale of their own as the leanest decimal that holds every value of the table."""
    shape = describe(connection, f"select * from {relation}")  # noqa: S608 - quoted by `spelling`
    vague = [output for output in shape if output.type == NUMERIC and output.modifier < 0]
    lean = {output.name for output, fits in zip(vague, _fit(connection, relation, vague), strict=True) if fits}
    return [
        f"{sql.name(one.name)}::numeric(38, {LEAN}) as {sql.name(one.name)}" if one.name in lean else sql.name(one.name)
        for one in shape
    ]


def _fit(connection: psycopg.Connection[Any], relation: str, vague: Sequence[Output]) -> Sequence[bool]:
    if not vague:
        return ()
    tests = [
        f"bool_and({sql.name(one.name)} = round({sql.name(one.name)}, {LEAN})"
        f" and abs({sql.name(one.name)}) < 1e{38 - LEAN} and {sql.name(one.name)} <> 'NaN')"
        for one in vague
    ]
    row = connection.execute(f"select {', '.join(tests)} from {relation}").fetchone()  # noqa: S608 - quoted by `spelling`
    return [fits is not False for fits in row or ()]
