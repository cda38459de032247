"""Seals: what a run's rows add up to, chained from run to run, and a witness of the newest one outside of the database.

A database that loses its newest pages opens as if nothing had happened. The witness knows better.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Table, func, insert, select, text

from lakesmith.host.files import write_atomically
from lakesmith.monitor import tables
from lakesmith.monitor.store import RunStore
from lakesmith.monitor.writing import stamp

SEALED: tuple[Table, ...] = (
    tables.run,
    tables.run_step,
    tables.table_load,
    tables.table_seen,
    tables.drift,
    tables.model_result,
    tables.check_result,
    tables.publication,
    tables.error_event,
)
"""The tables whose rows of a run are sealed: what its events alone make."""
UNSEALED = frozenset({"lease_until", "recorded", "load_id", "seen_id", "drift_id", "event_id"})
"""Columns that say nothing of the run: numbers that the database gives, and what is only true while it goes on."""
FIRST = ""
"""The chain before the first seal."""
_SEALING = 7_205_759_403_792
"""The number of PostgreSQL's advisory lock under which seals are given out."""


@dataclass(frozen=True, slots=True)
class Seal:
    """What the rows of a run add up to: how many there are, and their digest; `chain` is that of all seals up to this one."""

    sequence: int
    run_id: str
    sealed_at: str
    row_count: int
    digest: str
    chain: str

    @classmethod
    def after(cls, sequence: int, chain: str, run_id: str, at: datetime, rows: tuple[int, str]) -> Seal:
        """Return the seal of a run that follows the one with that number and chain."""
        row_count, digest = rows
        return cls(
            sequence + 1, run_id, stamp(at), row_count, digest, linked(chain, sequence + 1, run_id, row_count, digest)
        )

    def follows(self, chain: str) -> bool:
        """Whether it is the next one after those that add up to `chain`."""
        return self.chain == linked(chain, self.sequence, self.run_id, self.row_count, self.digest)


@dataclass(frozen=True, slots=True)
class Witness:
    """What stands outside of the database: the newest seal of a store. `since` is the first seal that is kept.

    `told` is the newest seal that the store had when somebody was told that it had lost some.
    """

    store: str
    sequence: int
    chain: str
    since: int = 1
    told: int | None = None

    @classmethod
    def read(cls, path: Path, store: str) -> Witness | None:
        """Return the witness of a store; None where there is none, or that of another store."""
        try:
            plain = json.loads(path.read_text(encoding="utf-8"))
            found = cls(**plain)
        except (OSError, ValueError, TypeError):
            return None
        return found if found.store == store else None

    def write(self, path: Path) -> None:
        """Write it, so that it outlives a power cut.

        Raises:
            LakesmithError: If the file cannot be written.
        """
        write_atomically(path, json.dumps(asdict(self), sort_keys=True) + "\n")


@dataclass(frozen=True, slots=True)
class Doubt:
    """A store that ends before its witness does, or is another one: the newest seal it has, and the newest there was."""

    has: int
    had: int
    is_told: bool

    def __str__(self) -> str:
        if self.has < self.had:
            lost = self.had - self.has
            runs = "the newest run" if lost == 1 else f"the newest {lost:,} runs"
            return f"the record of {runs} is gone: a power cut or an older copy of the run store may be why"
        return "the run store is not the one that was sealed: it was put back from an older copy, or changed by hand"


def linked(chain: str, sequence: int, run_id: str, row_count: int, digest: str) -> str:
    """Return the chain with one more seal."""
    return hashlib.sha256(f"{chain}|{sequence}|{run_id}|{row_count}|{digest}".encode()).hexdigest()


def name_of(store: RunStore) -> str:
    """Return what tells a store from another one in a witness; a file is known by lying beside it."""
    return "file" if store.engine.dialect.name == "sqlite" else hashlib.sha256(store.place.encode()).hexdigest()[:16]


def add_up(connection: Connection, run_id: str) -> tuple[int, str]:
    """Return how many rows a run has, and a digest of what is in them, the same on every database."""
    count, digest = 0, hashlib.sha256()
    for table in SEALED:
        told = [column for column in table.columns if column.name not in UNSEALED]
        found = connection.execute(select(*told).where(table.c.run_id == run_id)).mappings()
        rows = sorted(json.dumps(dict(row), sort_keys=True, ensure_ascii=True) for row in found)
        count += len(rows)
        digest.update(json.dumps([table.name, rows]).encode())
    return count, digest.hexdigest()


def seal(store: RunStore, run_id: str, witness: Path, *, at: datetime) -> Seal | None:
    """Seal the rows of a run that is over, and let the witness know; None if the store has no such run.

    Raises:
        SQLAlchemyError: If the database does not take it.
        LakesmithError: If the witness cannot be written.
    """
    known = Witness.read(witness, name_of(store))
    with store.writing() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("select pg_advisory_xact_lock(:number)"), {"number": _SEALING})
        made = _seal_of(connection, run_id)
        if made is None:
            sequence, chain = _newest(connection)
            if known is not None and known.sequence > sequence:
                sequence, chain = known.sequence, known.chain
            rows = add_up(connection, run_id)
            if not rows[0]:
                return None
            made = Seal.after(sequence, chain, run_id, at, rows)
            connection.execute(insert(tables.seal), [asdict(made)])
    if known is None or known.sequence < made.sequence:
        Witness(name_of(store), made.sequence, made.chain, known.since if known else 1).write(witness)
    return made


def doubt(store: RunStore, witness: Path) -> Doubt | None:
    """Compare a store with its witness; None if the store has all that the witness knows. Cheap: two rows are read."""
    known = Witness.read(witness, name_of(store))
    if known is None:
        return None
    with store.engine.connect() as connection:
        newest, _ = _newest(connection)
        table = tables.seal
        chain = connection.execute(select(table.c.chain).where(table.c.sequence == known.sequence)).scalar()
    if chain == known.chain:
        return None
    return Doubt(newest, known.sequence, known.told == newest)


def remember_telling(store: RunStore, witness: Path, found: Doubt) -> None:
    """Note that somebody was told of a doubt, so that nobody is told twice.

    Raises:
        LakesmithError: If the witness cannot be written.
    """
    known = Witness.read(witness, name_of(store))
    if known is not None:
        Witness(known.store, known.sequence, known.chain, known.since, found.has).write(witness)


def seals(connection: Connection) -> Iterator[Seal]:
    """Yield all seals of a store, oldest first."""
    for row in connection.execute(select(tables.seal).order_by(tables.seal.c.sequence)).mappings():
        yield of_row(dict(row))


def of_row(row: Mapping[str, Any]) -> Seal:
    """Return the seal that a row, or a line of a log, holds."""
    return Seal(row["sequence"], row["run_id"], row["sealed_at"], row["row_count"], row["digest"], row["chain"])


def _seal_of(connection: Connection, run_id: str) -> Seal | None:
    row = connection.execute(select(tables.seal).where(tables.seal.c.run_id == run_id)).mappings().first()
    return of_row(dict(row)) if row else None


def _newest(connection: Connection) -> tuple[int, str]:
    table = tables.seal
    highest = select(func.max(table.c.sequence)).scalar_subquery()
    row = connection.execute(select(table.c.sequence, table.c.chain).where(table.c.sequence == highest)).first()
    return (row[0], row[1]) if row else (0, FIRST)
