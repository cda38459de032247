"""Compares the record of runs with its seals and logs, and brings back from the logs what the store lost."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, delete, select, update

from lakesmith.model.events import Event, RunFinished, RunStarted
from lakesmith.monitor import tables
from lakesmith.monitor.plain import from_plain
from lakesmith.monitor.sealing import SEALED, Seal, Witness, add_up, name_of, of_row, seals
from lakesmith.monitor.store import RunStore
from lakesmith.monitor.writing import statements

MISSING, ALTERED, CUT = "missing", "altered", "cut"
SEAL_NOTE = "RunSealed"
"""The kind of the last line of a run's log."""


@dataclass(frozen=True, slots=True)
class Flaw:
    """A run whose record is not as it was: missing, altered, or cut (its end is missing).

    `run_id` is empty where nobody knows which run a seal was of. `can_mend`: a log is there to bring it back from.
    """

    run_id: str
    kind: str
    text: str
    can_mend: bool


@dataclass(frozen=True, slots=True)
class Mended:
    """What became of a flaw: whether the record is as it was sealed again, and one sentence."""

    run_id: str
    is_whole: bool
    text: str


@dataclass(frozen=True, slots=True)
class Log:
    """What a run's log holds: its events, its seal if it has one, and how many lines cannot be read."""

    run_id: str
    events: tuple[Event, ...]
    seal: Seal | None
    broken: int

    @property
    def is_complete(self) -> bool:
        """Whether it goes from the run's first event to its last."""
        kinds = {type(event) for event in self.events}
        return RunStarted in kinds and RunFinished in kinds and not self.broken


def examine(store: RunStore, logs: Path, witness: Path) -> list[Flaw]:
    """Return every run whose record is not as it was; reads all rows of all runs, and every log."""
    found = {log.run_id: log for log in read_logs(logs)}
    by_seal = {log.seal.sequence: log for log in found.values() if log.seal}
    known = Witness.read(witness, name_of(store))
    flaws: list[Flaw] = []
    with store.engine.connect() as connection:
        states = {row[0]: row[1] for row in connection.execute(select(tables.run.c.run_id, tables.run.c.state))}
        kept = list(seals(connection))
        flaws += _altered(connection, kept, states, found)
        first = known.since if known else (kept[0].sequence if kept else 1)
        last = max([*(seal.sequence for seal in kept), known.sequence if known else 0], default=0)
        there = {seal.sequence for seal in kept}
        for sequence in (number for number in range(first, last + 1) if number not in there):
            log = by_seal.get(sequence)
            flaws.append(_gone(sequence, log, is_there=log is not None and log.run_id in states))
        flaws += _unsealed(states, {seal.run_id for seal in kept}, found, first)
        flaws += _unchained(kept, first)
    return list({(flaw.run_id or flaw.text): flaw for flaw in flaws}.values())


def mend(store: RunStore, logs: Path, witness: Path) -> list[Mended]:
    """Bring back what `examine` finds, run by run, each in a transaction of its own; a run that cannot be proven stays as it is.

    Raises:
        SQLAlchemyError: If the database does not take it.
        LakesmithError: If the witness cannot be written.
    """
    found = {log.run_id: log for log in read_logs(logs)}
    done = [_mended(store, flaw, found.get(flaw.run_id)) for flaw in examine(store, logs, witness)]
    known = Witness.read(witness, name_of(store))
    with store.engine.connect() as connection:
        newest = max(seals(connection), key=lambda one: one.sequence, default=None)
    if newest is not None and (known is None or newest.sequence >= known.sequence):
        Witness(name_of(store), newest.sequence, newest.chain, known.since if known else 1).write(witness)
    return done


def read_logs(folder: Path) -> Iterator[Log]:
    """Yield what the logs of runs hold, oldest run first; a line that was cut off is counted, and left out."""
    for path in sorted(folder.glob("*.jsonl")):
        yield _read_log(path)


def _read_log(path: Path) -> Log:
    events: list[Event] = []
    seal, broken = None, 0
    for line in path.read_bytes().split(b"\n"):
        if not line.strip():
            continue
        try:
            plain: dict[str, Any] = json.loads(line)
            if plain.get("event") == SEAL_NOTE:
                seal = of_row(plain)
            elif (event := from_plain(plain)) is not None:
                events.append(event)
        except (ValueError, KeyError, TypeError, AttributeError):
            broken += 1
    return Log(path.stem, tuple(events), seal, broken)


def _altered(
    connection: Connection, kept: Sequence[Seal], states: dict[str, str], found: dict[str, Log]
) -> Iterator[Flaw]:
    for seal in kept:
        log = found.get(seal.run_id)
        if seal.run_id not in states:
            yield Flaw(seal.run_id, MISSING, f"the record of run {seal.run_id} is gone", log is not None)
            continue
        rows, digest = add_up(connection, seal.run_id)
        if (rows, digest) == (seal.row_count, seal.digest):
            continue
        told = f"{rows:,} of {seal.row_count:,} rows" if rows != seal.row_count else "values other than were sealed"
        yield Flaw(seal.run_id, ALTERED, f"the record of run {seal.run_id} was altered: it has {told}", log is not None)


def _gone(sequence: int, log: Log | None, *, is_there: bool) -> Flaw:
    if log is None:
        return Flaw(
            "", MISSING, f"the record of the run with seal {sequence} is gone, and no log says which it was", False
        )
    told = "lost its seal" if is_there else "is gone"
    return Flaw(log.run_id, CUT if is_there else MISSING, f"the record of run {log.run_id} {told}", True)


def _unsealed(states: dict[str, str], sealed: set[str], found: dict[str, Log], first: int) -> Iterator[Flaw]:
    """Yield runs that have a log and no seal, and of which the store has less than the log."""
    for run_id, log in found.items():
        if run_id in sealed or not any(isinstance(event, RunStarted) for event in log.events):
            continue
        if log.seal is not None and log.seal.sequence < first:
            continue  # so old that it was let go
        if run_id not in states:
            yield Flaw(run_id, MISSING, f"the record of run {run_id} is gone", True)
        elif states[run_id] in ("running", "lost") and any(_is_end(event) for event in log.events):
            yield Flaw(run_id, CUT, f"the end of run {run_id} is missing", True)


def _is_end(event: Event) -> bool:
    return isinstance(event, RunFinished) and event.state != "lost"


def _unchained(kept: Sequence[Seal], first: int) -> Iterator[Flaw]:
    """Yield seals that do not follow those before them; where one is missing, nobody can say."""
    before: Seal | None = None
    for seal in kept:
        begins = seal.sequence == first == 1
        chain = "" if begins else before.chain if before and before.sequence + 1 == seal.sequence else None
        if chain is not None and not seal.follows(chain):
            yield Flaw(seal.run_id, ALTERED, f"the seal of run {seal.run_id} was altered", True)
        before = seal


def _mended(store: RunStore, flaw: Flaw, log: Log | None) -> Mended:
    if log is None or not log.events:
        return Mended(flaw.run_id, False, f"{flaw.text}; there is no log of it, so this cannot be mended")
    with store.writing() as connection:
        sealed = log.seal or next((one for one in seals(connection) if one.run_id == log.run_id), None)
        _replay(connection, log)
        rows, digest = add_up(connection, log.run_id)
        if sealed is not None and (rows, digest) != (sealed.row_count, sealed.digest):
            connection.rollback()
            return Mended(
                log.run_id,
                False,
                f"{flaw.text}; its log brings back {rows:,} of {sealed.row_count:,} rows that were sealed, "
                "and not as they were, so the record stays as it is",
            )
        if sealed is not None:
            _put_seal(connection, sealed)
    if sealed is None:
        how = "as its log tells it; no seal proves it" if log.is_complete else "as far as its log goes"
        return Mended(log.run_id, log.is_complete, f"run {log.run_id} is back, {how}")
    return Mended(log.run_id, True, f"run {log.run_id} is back, as it was sealed: {sealed.row_count:,} rows")


def _replay(connection: Connection, log: Log) -> None:
    """Make the rows of a run anew from its events; what others keep of the run besides stays."""
    run = tables.run
    is_there = connection.execute(select(run.c.run_id).where(run.c.run_id == log.run_id)).first() is not None
    for table in (tables.cost, *reversed(SEALED)):
        if table is not run:
            connection.execute(delete(table).where(table.c.run_id == log.run_id))
    for event in log.events:
        for statement, rows in statements(event, connection.dialect.name):
            if isinstance(event, RunStarted) and is_there and rows:
                blank = {column.name: None for column in run.columns if column.nullable}
                values = {**blank, **rows[0]}
                connection.execute(update(run).where(run.c.run_id == log.run_id).values(**values))
            else:
                connection.execute(statement, rows) if rows else connection.execute(statement)


def _put_seal(connection: Connection, sealed: Seal) -> None:
    table = tables.seal
    connection.execute(delete(table).where((table.c.run_id == sealed.run_id) | (table.c.sequence == sealed.sequence)))
    connection.execute(table.insert(), [asdict(sealed)])
