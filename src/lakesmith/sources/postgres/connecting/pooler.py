"""Poolers that give every transaction another server process: an exported snapshot and settings cannot live there."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lakesmith.errors import ConnectorOptionsError
from lakesmith.sources.postgres.connecting.faults import driver_errors
from lakesmith.sources.scene import Scene

if TYPE_CHECKING:
    import psycopg

ROUNDS = 3
PATIENCE_S = 10.0
HINTS = {
    6432: " Port 6432 is where PgBouncer listens as a rule; the server itself is mostly on 5432.",
    6543: " Port 6543 is where Supabase's transaction pooler listens; its session pooler is on 5432 of the same host.",
}


@dataclass(frozen=True, slots=True)
class _Patience:
    """How long an answer may take, and where this is asked."""

    seconds: float
    scene: Scene


def refuse_transaction_pooler(
    session: psycopg.Connection[Any],
    another: Callable[[], psycopg.Connection[Any]],
    scene: Scene,
    *,
    port: int,
    patience_s: float = PATIENCE_S,
) -> None:
    """Raise if server processes are shared between sessions.

    A server gives its process id at the start of a session, a pooler a number of its own: without a pooler that is all that is asked. With
    one, a second session shows whether the first keeps its process: that process stays the same, and nobody else gets it.

    Args:
        session: A session in autocommit, with nothing set yet.
        another: Opens a second one.
        scene: For messages.
        port: Which port was asked for: some say more than others.
        patience_s: After how many seconds without an answer the pool has no second session.

    Raises:
        ConnectorOptionsError: If a transaction pooler, or a statement pooler, stands before the server.
    """
    with driver_errors(scene):
        if session.info.backend_pid == _ask(session):
            return
        with another() as second:
            if _is_shared(session, second, _Patience(patience_s, scene)):
                raise ConnectorOptionsError(
                    "A pooler stands before the server that gives every transaction another session (transaction pooling)."
                    " A snapshot that several sessions read together cannot live there.",
                    where=scene.said,
                    fix=f"name the server itself, or a pooler with pool_mode = session.{HINTS.get(port, '')}",
                )


def _is_shared(first: psycopg.Connection[Any], second: psycopg.Connection[Any], patience: _Patience) -> bool:
    """Ask both in turn which process serves them. Nothing is set: in a shared process others would meet it."""
    held = _ask(first)
    for _ in range(ROUNDS):
        with _in_time(second, patience):
            others = _ask(second)
        if others == held or _ask(first) != held:
            return True
    return False


@contextmanager
def _in_time(session: psycopg.Connection[Any], patience: _Patience) -> Iterator[None]:
    """Hang up when there is no answer: a pool of one session lets the second one wait.

    Raises:
        ConnectorOptionsError: If there was none in time.
    """
    late = threading.Event()

    def hang_up() -> None:
        late.set()
        with suppress(OSError), socket.socket(fileno=os.dup(session.fileno())) as line:
            line.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(patience.seconds, hang_up)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        if late.is_set():
            raise ConnectorOptionsError(
                "A pooler stands before the server and has no second session to give.",
                where=patience.scene.said,
                fix="raise pool_size there, or name the server itself",
            )


def _ask(session: psycopg.Connection[Any]) -> int:
    row = session.execute("select pg_catalog.pg_backend_pid()").fetchone()
    return int(row[0]) if row else 0
