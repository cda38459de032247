"""Bronze after long random histories, with sessions that are killed on the way, is what the lake holds."""

from __future__ import annotations

import itertools
import random
import threading
import time
from dataclasses import dataclass, field, replace

import psycopg
import pytest

from lakesmith.errors import RetriableError
from lakesmith.model.streams import StreamId
from lakesmith.model.types import BOOLEAN, DOUBLE, FLOAT, INT, LONG, STRING, Decimal, Field, Schema
from lakesmith.testing.bronze import BronzeTable, stamped, with_system
from lakesmith.testing.contents import canonical_rows

KINDS = (INT, STRING, FLOAT, BOOLEAN, Decimal(10, 2))
WIDER = {INT: LONG, FLOAT: DOUBLE, Decimal(10, 2): Decimal(20, 2)}


@dataclass
class Lake:
    """A table of the lake that lives: columns by id, and loads whose rows are known by column id."""

    table: BronzeTable
    chance: random.Random
    fields: list[Field] = field(default_factory=list)
    loads: list[dict] = field(default_factory=list)
    ordinal: int = 0
    ids: int = 0
    snapshot: int = 0
    names: int = 0
    compacted: dict = field(default_factory=dict)

    def step(self) -> None:
        moves = [self.load] * 5 + [self.add, self.rename, self.widen, self.drop, self.back, self.anew, self.compact]
        self.chance.choice(moves)()
        self.snapshot += 1

    def name(self) -> str:
        self.names += 1
        return f"{self.chance.choice('abc')}{self.names % 7}_{len(self.fields)}_{self.names}"

    def add(self) -> None:
        self.ids += 1
        self.fields.append(Field(self.name(), self.chance.choice(KINDS), id=self.ids))

    def rename(self) -> None:
        if len(self.fields) > 1 and self.chance.random() < 0.5:  # two columns change names
            one, two = self.chance.sample(range(len(self.fields)), 2)
            names = self.fields[one].name, self.fields[two].name
            self.fields[one], self.fields[two] = (
                replace(self.fields[at], name=name) for at, name in ((one, names[1]), (two, names[0]))
            )
        elif self.fields:
            at = self.chance.randrange(len(self.fields))
            self.fields[at] = replace(self.fields[at], name=self.name())

    def widen(self) -> None:
        for at, one in enumerate(self.fields):
            if one.type in WIDER:
                self.fields[at] = replace(one, type=WIDER[one.type])
                return

    def drop(self) -> None:
        if len(self.fields) > 2:
            del self.fields[self.chance.randrange(len(self.fields))]

    def load(self) -> None:
        self.ordinal += 1
        rows = [{one.id: self.value(one) for one in self.fields} for _ in range(self.chance.randrange(1, 8))]
        file = self.table.load(self.schema, [self.named(row) for row in rows], self.ordinal)
        self.loads.append({"ordinal": self.ordinal, "rows": rows, "file": file, "own": file})

    def value(self, one: Field):
        if self.chance.random() < 0.2:
            return None
        number = self.chance.randrange(1000)
        values = {
            "int": number,
            "long": number + 2**40,
            "float": number / 4,
            "double": number / 4,
            "boolean": number % 2 == 0,
        }
        return values.get(
            str(one.type), f"t{number}" if one.type == STRING else __import__("decimal").Decimal(number) / 4
        )

    def back(self) -> None:
        if self.chance.random() < 0.5:
            del self.loads[max(1, len(self.loads) - 2) :]
            for one in self.loads:  # an older snapshot names the files from before any compaction
                one["file"] = one["own"]

    def anew(self) -> None:
        if self.chance.random() < 0.3:
            self.loads = []
            self.load()

    def compact(self) -> None:
        if len(self.loads) < 2:
            return
        merged = [
            row for one in self.loads for row in stamped([self.named(row) for row in one["rows"]], one["ordinal"])
        ]
        file = self.table.write(f"compacted-{self.snapshot}", self.schema, merged)
        for one in self.loads:
            one["file"] = file

    def named(self, row: dict) -> dict:
        return {one.name: row.get(one.id) for one in self.fields}

    @property
    def schema(self) -> Schema:
        return with_system(*self.fields)

    @property
    def now(self):
        return self.table.at(self.snapshot, self.schema, *sorted({one["file"] for one in self.loads}))

    def rows(self) -> list[dict]:
        return [row for one in self.loads for row in stamped([self.named(row) for row in one["rows"]], one["ordinal"])]


def held(url: str) -> list[str]:
    with psycopg.connect(url) as connection:
        cursor = connection.execute("select * from bronze_app.orders")
        names = [column.name for column in cursor.description]
        return plain(dict(zip(names, row, strict=True)) for row in cursor)


def plain(rows) -> list[str]:
    return canonical_rows([{name.replace("_ls_", "ls_"): value for name, value in row.items()} for row in rows])


@pytest.mark.long
@pytest.mark.parametrize("seed", range(4))
def test_a_random_history(engine, tmp_path, url, seed):
    chance = random.Random(seed)
    lake = Lake(BronzeTable(tmp_path / "files", StreamId("app", "orders")), chance)
    for _ in range(3):
        lake.add()
    lake.load()
    killed, usual_s = 0, 0.08
    for step in itertools.count():
        if step >= 60 and killed > 2:  # a machine with much to do may let an attach end before its session is killed
            break
        for _ in range(chance.randrange(1, 4)):
            lake.step()
        if chance.random() < 0.3:
            killed += attach_and_kill(engine, lake.now, url, chance.random() * usual_s)
            engine.attach([lake.now])
        else:
            started = time.monotonic()
            engine.attach([lake.now])
            usual_s = time.monotonic() - started
        assert held(url) == plain(lake.rows()), f"seed {seed}, step {step}"


def attach_and_kill(engine, snapshot, url: str, after_s: float) -> bool:
    """Attach while the session is ended from outside; say whether it was, and what was there before or is new is whole."""
    pid = engine._lock.take().info.backend_pid
    before = held(url) if engine.has_build() and exists(url) else None
    with psycopg.connect(url, autocommit=True) as other:  # at once: to connect takes longer than many an attach
        kill = "select pg_sleep(%s), pg_terminate_backend(%s, 60000)"  # which waits until the session and its locks are gone
        killer = threading.Thread(target=other.execute, args=(kill, [after_s, pid]))
        killer.start()
        try:
            engine.attach([snapshot])
            died = False
        except RetriableError:
            died = True
        finally:
            killer.join()
    if died and before is not None:
        now = held(url)
        assert now == before or snapshot_is_copied(url, snapshot)
    return died


def exists(url: str) -> bool:
    with psycopg.connect(url) as connection:
        return connection.execute("select to_regclass('bronze_app.orders')").fetchone() != (None,)


def snapshot_is_copied(url: str, snapshot) -> bool:
    with psycopg.connect(url) as connection:
        return connection.execute("select snapshot_id from lakesmith.bronze").fetchone() == (snapshot.snapshot_id,)
