"""The database of a history: its table as one side knows it, and sessions that change it, some of them in long transactions."""

# ruff: noqa: S608 - our own names

from __future__ import annotations

import contextlib
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lakesmith.testing.torture.postgres.cursors import CURSORS, CursorKind
from lakesmith.testing.torture.servers.playing import REFUSED, Scene

if TYPE_CHECKING:
    import psycopg

    from lakesmith.testing.torture.postgres.server import TortureServer

SETTINGS = (
    "set lock_timeout = '15ms'; set timezone = 'UTC'; set datestyle = 'ISO, YMD'; set intervalstyle = 'postgres'; "
    "set extra_float_digits = 1; set bytea_output = 'hex'"
)
SHARDS = 3
MOST_OPEN = 3
EXTRAS = ("integer", "numeric(9,2)", "date")


@dataclass(slots=True)
class Town(Scene):
    """A table `t` by its present name and columns. `moment` is the newest cursor that was given out, `number` the newest id."""

    cursor: CursorKind
    is_parted: bool = False
    table: str = "t"
    key: str = "id"
    stamp: str = "seen"
    columns: dict[str, str] = field(default_factory=dict)
    """The columns that come and go, with their types."""
    shards: list[int] = field(default_factory=lambda: list(range(SHARDS)))
    away: list[int] = field(default_factory=list)
    """Partitions that are detached."""
    moment: int = 0
    number: int = 0
    names: int = 0
    main: Any = None
    open: list[Any] = field(default_factory=list)
    """Sessions in the middle of a transaction."""

    def make(self) -> None:
        """Make the database and its table."""
        import psycopg

        with psycopg.connect(self.server.url(), autocommit=True) as session:
            session.execute(f"create database {self.database}".encode())
        self.main = self.connect()
        self.main.execute(
            "create type mood as enum ('sad', 'glad'); create domain price as numeric(9,2) check (value >= 0)"
        )
        self.columns = {self.fresh("x"): kind for kind in EXTRAS}
        named = "".join(f", {name} {kind}" for name, kind in self.columns.items())
        keys = "id, shard" if self.is_parted else "id"
        parted = " partition by list (shard)" if self.is_parted else ""
        self.main.execute(
            f"create table t (id bigint, shard integer, seen {self.cursor.type}, pad text{named}, primary key ({keys})){parted}"
        )
        for shard in self.shards if self.is_parted else ():
            self.main.execute(f"create table t_{shard} partition of t for values in ({shard})")

    def drop(self) -> None:
        """Take the database away."""
        import psycopg

        self.leave()
        with psycopg.connect(self.server.url(), autocommit=True) as session:
            session.execute(f"drop database if exists {self.database} with (force)".encode())

    def connect(self) -> psycopg.Connection[Any]:
        """Return a session of our own."""
        import psycopg

        session = psycopg.connect(self.url, autocommit=True)
        session.execute(SETTINGS.encode())
        return session

    def leave(self) -> None:
        """Close all sessions: what was open is rolled back."""
        for session in [self.main, *self.open]:
            if session is not None:
                session.close()
        self.main, self.open = None, []

    def come_back(self) -> None:
        """Connect anew, after a restart."""
        self.leave()
        self.main = self.connect()

    def fresh(self, prefix: str) -> str:
        """Return a name that was never used."""
        self.names += 1
        return f"{prefix}{self.names}"

    def tick(self, most: int = 3) -> str:
        """Return a new cursor value as SQL: at the newest moment, or a little later."""
        self.moment += self.chance.randint(0, most)
        return self.cursor.sql.format(n=self.moment)

    def late(self) -> str:
        """Return a cursor value that lies back, within the look-back or beyond it."""
        return self.cursor.sql.format(n=max(0, self.moment - self.chance.randint(1, 110)))

    def some(self) -> str:
        """Return a condition for one row, if there is one: the first from some id on, often a young one."""
        back = self.chance.choice((20, 80, 2000))
        at = self.chance.randint(max(0, self.number - back), max(1, self.number))
        return (
            f"{self.key} = (select {self.key} from {self.table} where {self.key} >= {at} order by {self.key} limit 1)"
        )

    def execute(self, kind: str, sql: str, session: Any = None) -> bool:
        """Do one step, and note it; return whether it did anything. Locks and broken constraints are a part of life."""
        import psycopg

        session = session or self.main
        who = f"transaction {self.open.index(session) + 1}" if session in self.open else "main"
        try:
            with session.transaction() if session in self.open else contextlib.nullcontext():
                cursor = session.execute(sql.encode())
        except _refusals() as error:
            self.tell(f"{who}: {kind} refused, {type(error).__name__}: {sql}")
            self.steps[REFUSED] += 1
            return False
        except psycopg.Error as error:
            raise RuntimeError(f"{kind} failed: {error}\n{sql}") from error
        self.tell(f"{who}: {sql}" + (f" -- {cursor.rowcount} rows" if cursor.rowcount >= 0 else ""))
        if cursor.rowcount != 0:
            self.steps[kind] += 1
        return bool(cursor.rowcount != 0)

    def begin(self) -> None:
        """Open one more transaction."""
        if len(self.open) < MOST_OPEN:
            session = self.connect()
            session.execute("begin")
            self.open.append(session)

    def end(self, session: Any) -> None:
        """End a transaction, mostly by a commit."""
        number = self.open.index(session) + 1
        commits = self.chance.random() < 0.75  # noqa: PLR2004 - mostly
        session.execute("commit" if commits else "rollback")
        session.close()
        self.open.remove(session)
        self.tell(f"transaction {number}: {'commit' if commits else 'rollback'}")
        self.steps["commit late" if commits else "rollback"] += 1


def _refusals() -> tuple[type[Exception], ...]:
    """Return what may come of any statement."""
    from psycopg import errors

    return errors.LockNotAvailable, errors.DeadlockDetected, errors.IntegrityError, errors.DatatypeMismatch


@contextlib.contextmanager
def settled(server: TortureServer, seed: int, number: int) -> Iterator[Town]:
    """Give the town of a seed for the length of a `with`."""
    chance = random.Random(seed)  # noqa: S311 - repeatable on purpose
    town = Town(server, f"town_{seed}_{number}", chance, chance.choice(CURSORS), is_parted=chance.random() < 0.35)  # noqa: PLR2004 - about a third
    try:
        town.make()
        yield town
    finally:
        town.drop()
