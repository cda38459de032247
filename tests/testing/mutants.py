# ruff: noqa: ARG002, RUF012 - mutants keep the signatures they break, and contracts are written as in the documentation
"""A sound source over a small database, and the ways to break it: each mutant breaks one law."""

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from dataclasses import replace

from lakesmith_sqlite import SqliteSource
from lakesmith_sqlite.source import _canonical
from pydantic import BaseModel, ConfigDict, Field

from lakesmith.errors import SourceDataError
from lakesmith.model.streams import Ask, Finding
from lakesmith.testing import Records, SourceContract

SECRET = "hunter22"


class Shop(SourceContract):
    """The contract of `SqliteSource`, as small as it gets; a mutant is put in its place."""

    source = SqliteSource
    options = {"path": "shop.db"}
    stream_options = {"table": "orders", "batch_rows": 2}
    types = {"id": "long", "name": "string"}
    secret = SECRET
    kills = ((1, "run.load.split_read"),)

    def prepare(self, folder):
        return self._insert(folder, range(1, 6))

    def grow(self, folder):
        return self._insert(folder, range(6, 9))

    def empty(self, folder):
        self._insert(folder, ())

    def spoil(self, folder):
        (folder / "shop.db").write_bytes(b"spoiled" * 999)

    def _insert(self, folder, keys: Iterable[int]) -> Records:
        with closing(sqlite3.connect(folder / "shop.db")) as connection, connection:
            connection.execute("create table if not exists orders (id integer primary key, name text)")
            connection.executemany("insert into orders values (?, ?)", [(key, _name(key)) for key in keys])
        rows = [{"id": key, "name": f"name {key}"} for key in keys if key % 4]
        return Records(rows, [f"orders, rowid {key}" for key in keys if key % 4 == 0])


def _name(key: int) -> str | bytes:
    return f"name {key}" if key % 4 else b"\xff"


class Loose(SqliteSource):
    class Options(BaseModel):
        path: str


class Retry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    wait: int = 1


class Terse(SqliteSource):
    class Options(BaseModel):
        model_config = ConfigDict(frozen=True, extra="forbid")
        path: str = Field(description="The file.")
        retry: Retry | None = Field(default=None, description="Patience.")


class Heavy(SqliteSource):
    def splits(self, stream, ask):
        import pyarrow as pa

        assert pa.__version__
        return super().splits(stream, ask)


class Restless(SqliteSource):
    """Always finds something to read."""

    def splits(self, stream, ask):
        return super().splits(stream, ask) or super().splits(stream, Ask())


class Moody(SqliteSource):
    """Names its splits anew each time."""

    def splits(self, stream, ask):
        return [replace(split, name=f"split {id(object())}-{id(self)}") for split in super().splits(stream, ask)]


class Twins(SqliteSource):
    def splits(self, stream, ask):
        return [split for split in super().splits(stream, ask) for _ in range(2)]


class Sloppy(SqliteSource):
    """Writes positions with blanks."""

    def advance(self, position, split, after):
        return after.replace(b":", b": ")


class Fickle(SqliteSource):
    """Sends a row less the second time."""

    def __init__(self, context):
        super().__init__(context)
        self._times = 0

    def read(self, stream, split, ask):
        self._times += 1
        for chunk in super().read(stream, split, ask):
            yield chunk if self._times == 1 else replace(chunk, rows=chunk.rows.slice(1))


class Boastful(SqliteSource):
    """Counts one record too many."""

    def read(self, stream, split, ask):
        for chunk in super().read(stream, split, ask):
            yield replace(chunk, counted=chunk.counted + 1)


class Silent(SqliteSource):
    def read(self, stream, split, ask):
        for chunk in super().read(stream, split, ask):
            yield replace(chunk, counted=None)


class Thief(SqliteSource):
    """Loses the last row and does not count it."""

    def read(self, stream, split, ask):
        for chunk in super().read(stream, split, ask):
            yield replace(chunk, rows=chunk.rows.slice(1), counted=chunk.counted - 1)


class Blunt(SqliteSource):
    """Knows no types but text."""

    def read(self, stream, split, ask):
        import pyarrow as pa

        for chunk in super().read(stream, split, ask):
            text = pa.Table.from_batches([chunk.rows]).cast(pa.schema([("id", pa.string()), ("name", pa.string())]))
            yield replace(chunk, rows=text.combine_chunks().to_batches()[0] if text.num_rows else chunk.rows)


class Hasty(SqliteSource):
    """Says that a split is done after its first chunk."""

    def advance(self, position, split, after):
        return b'{"cursor":"rowid","last":5}'


class Timid(SqliteSource):
    """Goes back one row, to be safe."""

    def advance(self, position, split, after):
        import json

        last = json.loads(after)["last"]
        return _canonical({"cursor": "rowid", "last": last if last in (5, 8) else last - 1})


class Forgetful(SqliteSource):
    """Reads everything again once there is anything new."""

    def splits(self, stream, ask):
        return super().splits(stream, Ask()) if super().splits(stream, ask) else []


class Hoarder(SqliteSource):
    """Remembers beside the lake what it has sent: right as long as nothing dies."""

    def _note(self):
        return self._path.with_suffix(".sent")

    def splits(self, stream, ask):
        sent = self._note().read_bytes() if self._note().exists() else None
        return super().splits(stream, Ask(sent))

    def read(self, stream, split, ask):
        for chunk in super().read(stream, split, ask):
            self._note().write_bytes(chunk.after)
            yield chunk


class Raw(SqliteSource):
    """Lets exceptions of its library out."""

    def splits(self, stream, ask):
        if self._path.read_bytes().startswith(b"spoiled"):
            raise sqlite3.DatabaseError("file is not a database")
        return super().splits(stream, ask)


class Curt(SqliteSource):
    def splits(self, stream, ask):
        if self._path.read_bytes().startswith(b"spoiled"):
            raise SourceDataError("Broken.", where="here")
        return super().splits(stream, ask)


class Talkative(SqliteSource):
    def splits(self, stream, ask):
        if self._path.read_bytes().startswith(b"spoiled"):
            raise SourceDataError(f"{SECRET} was refused.", where="here", fix="there")
        return super().splits(stream, ask)


class Deaf(SqliteSource):
    """Reads a spoiled file as an empty one."""

    def splits(self, stream, ask):
        return [] if self._path.read_bytes().startswith(b"spoiled") else super().splits(stream, ask)

    def check(self):
        return []


class Fragile(SqliteSource):
    def check(self):
        if self._path.read_bytes().startswith(b"spoiled"):
            raise SourceDataError("Broken.", where="here", fix="mend it")
        return super().check()


class Shouting(SqliteSource):
    def check(self):
        return [Finding("PANIC", "shop", "everything is bad")]


class Optimist(SqliteSource):
    def check(self):
        return [Finding("ok", "shop", "everything is fine")]


class Greedy(SqliteSource):
    """Expects that there is a record."""

    def splits(self, stream, ask):
        found = super().splits(stream, ask)
        if not found and ask.since is None:
            raise IndexError("no record")
        return found
