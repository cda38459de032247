"""The source: each load reads the rows whose cursor is above the last one seen."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from lakesmith.errors import ConnectorOptionsError, LakesmithError
from lakesmith.model.streams import Ask, Chunk, Finding, Position, SourceContext, Split, StreamSpec

from lakesmith_sqlite.database import Table, find_table, one, quoted, reading, rows_between
from lakesmith_sqlite.options import SqliteOptions, SqliteStreamOptions

if TYPE_CHECKING:
    from lakesmith_sqlite.batches import Batch

LOWEST = -(2**63)


class SqliteSource:
    """Tables of one SQLite file. A position is `{"cursor": …, "last": …}`; rows that change or vanish later are not seen."""

    Options: ClassVar[type[SqliteOptions]] = SqliteOptions
    StreamOptions: ClassVar[type[SqliteStreamOptions]] = SqliteStreamOptions
    modes: ClassVar[tuple[str, ...]] = ("append", "dedupe")

    def __init__(self, context: SourceContext) -> None:
        self._context = context
        self._path = context.root / Path(context.options.path).expanduser()

    def check(self) -> Iterator[Finding]:
        """Say of each table how many rows it has, and which of them no load will ever see."""
        for stream in self._context.streams:
            try:
                with reading(self._path, stream.where) as connection:
                    yield from _look(connection, stream, self._table(connection, stream))
            except LakesmithError as error:
                yield Finding("error", str(stream.id), error.what, error.fix)

    def splits(self, stream: StreamSpec, ask: Ask) -> Sequence[Split]:
        """Return the one range of cursor values that is new, or nothing.

        Raises:
            ConnectorOptionsError: If there is no such table or cursor, or the cursor is not the one read so far.
            SourceMissingError: If the file is not there.
            SourceDataError: If it is no SQLite database.
            StorageUnavailableError: If it is locked.

        """
        after = self._last(stream, ask.since)
        with reading(self._path, stream.where) as connection:
            table = self._table(connection, stream)
            until = one(connection, table, f"max({quoted(table.cursor)})", after)
        if until is None:
            return []
        return [
            Split(stream.id, f"{table.cursor} {after + 1}..{until}", token=_canonical({"after": after, "until": until}))
        ]

    def read(self, stream: StreamSpec, split: Split, ask: Ask) -> Iterator[Chunk]:  # noqa: ARG002 - the split says it all
        """Yield the rows of the range, `batch_rows` at a time, each batch counted by SQLite in the same transaction.

        Raises:
            ConnectorOptionsError: If there is no such table or cursor.
            SourceMissingError: If the file is not there.
            SourceDataError: If it is no SQLite database.
            StorageUnavailableError: If it is locked.

        """
        from lakesmith_sqlite.batches import Batch

        bounds = json.loads(split.token)
        after, until = bounds["after"], bounds["until"]
        with reading(self._path, stream.where) as connection:
            batch = Batch.of(self._table(connection, stream))
            while after < until:
                last = _end_of_batch(connection, batch.table, (after, until), stream.options.batch_rows)
                yield self._chunk(connection, batch, after, last)
                after = last

    def advance(self, position: Position | None, split: Split, after: Position) -> Position:  # noqa: ARG002 - the cursor only grows
        """Return where the split was left."""
        return after

    def _chunk(self, connection: sqlite3.Connection, batch: Batch, after: int, last: int) -> Chunk:
        rows, rejects = batch.convert(rows_between(connection, batch.table, after, last))
        return Chunk(
            rows,
            _canonical({"cursor": batch.table.cursor, "last": last}),
            rejects,
            counted=one(connection, batch.table, "count(*)", after, last),
            origin=batch.table.name,
        )

    def _table(self, connection: sqlite3.Connection, stream: StreamSpec) -> Table:
        options: SqliteStreamOptions = stream.options
        return find_table(
            connection, options.table or stream.id.name, options.cursor, stream.where or self._context.where
        )

    def _last(self, stream: StreamSpec, since: Position | None) -> int:
        if since is None:
            return LOWEST
        known: dict[str, Any] = json.loads(since)
        if known["cursor"] != stream.options.cursor:
            raise ConnectorOptionsError(
                f"The stream {stream.id} was read by the cursor `{known['cursor']}`, and is now told to use `{stream.options.cursor}`.",
                where=stream.where,
                fix=f"set `cursor: {known['cursor']}`, or load everything anew: lakesmith rebuild {stream.id}",
            )
        return int(known["last"])


def _look(connection: sqlite3.Connection, stream: StreamSpec, table: Table) -> Iterator[Finding]:
    subject = str(stream.id)
    seen = one(connection, table, "count(*)")
    total, distinct = connection.execute(
        f"select count(*), count(distinct {quoted(table.cursor)}) from {quoted(table.name)}"  # noqa: S608 - names are quoted
    ).fetchone()
    yield Finding("ok", subject, f"{total:,} rows")
    if seen < total:
        fix = "set `cursor:` to a column that always holds an integer"
        yield Finding(
            "warning", subject, f"{total - seen:,} rows have no integer in `{table.cursor}` and are never read", fix
        )
    elif distinct < total:
        fix = "set `cursor:` to a unique column"
        yield Finding(
            "warning", subject, f"`{table.cursor}` is not unique: a row that repeats its last value is not seen", fix
        )


def _end_of_batch(connection: sqlite3.Connection, table: Table, bounds: tuple[int, int], size: int) -> int:
    """Return the cursor of the last row of the next batch; rows that share it stay together."""
    cursor = quoted(table.cursor)
    query = (
        f"select max(c) from (select {cursor} as c from {quoted(table.name)} "  # noqa: S608 - names are quoted
        f"where {table.whole_cursor} and {cursor} > ? and {cursor} <= ? order by {cursor} limit ?)"
    )
    found = connection.execute(query, (*bounds, size)).fetchone()[0]
    return bounds[1] if found is None else int(found)


def _canonical(value: dict[str, Any]) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
