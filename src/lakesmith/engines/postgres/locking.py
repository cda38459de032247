"""Who builds: an advisory lock of the database, held by the session that attaches, and until that session has swapped."""

from __future__ import annotations

import contextlib
import hashlib
import threading
from typing import TYPE_CHECKING, Any

from lakesmith.engines.postgres.address import Address
from lakesmith.engines.postgres.connect import connect, explained, load_psycopg
from lakesmith.errors import RetriableError, RunInProgressError

if TYPE_CHECKING:
    import psycopg

_held: dict[tuple[str, str], psycopg.Connection[Any]] = {}
_guard = threading.Lock()


class BuildLock:
    """The right to build for one target of one database; no two processes have it at the same time.

    Nor do two targets that read the bronze of one lake there: while one builds, the other would change what it reads. A build that
    ends without a swap leaves the session open until `release`; the server frees the locks when the process ends.
    """

    def __init__(self, address: Address, target: str, timeout_s: int, lake: str = "") -> None:
        self._address, self._target, self._timeout_s, self._lake = address, target, timeout_s, lake

    @property
    def key(self) -> int:
        """The number of the advisory lock."""
        return _number(f"lakesmith build {self._target}")

    @property
    def bronze_key(self) -> int:
        """The number of the advisory lock of the bronze that is copied from the lake."""
        return _number(f"lakesmith bronze {self._lake}")

    def take(self) -> psycopg.Connection[Any]:
        """Return the session that holds the lock.

        Raises:
            RunInProgressError: If another process holds it.
            StorageUnavailableError: If the database cannot be reached.
        """
        with _guard:
            held = _held.get(self._name)
            if held is not None and _lives(held):
                return held
            made = connect(self._address, self._timeout_s)
            try:
                with explained(self._address.place):
                    made.execute("set idle_session_timeout = 0")  # it waits, without a word, for as long as dbt builds
                    self._lock(made)
            except BaseException:
                made.close()
                raise
            _held[self._name] = made
            return made

    def _lock(self, connection: psycopg.Connection[Any]) -> None:
        wanted = {f"the target {self._target!r}": self.key}
        if self._lake:
            wanted["from the same bronze"] = self.bronze_key
        for what, key in wanted.items():
            row = connection.execute("select pg_try_advisory_lock(%s)", [key]).fetchone()
            if not (row and row[0]):
                raise RunInProgressError(
                    f"Another run builds {what} in this database.",
                    where=self._address.place,
                    fix="wait until it has ended; `pg_stat_activity` shows its session, application_name lakesmith",
                )

    def still_held(self) -> psycopg.Connection[Any]:
        """Return the session under which this process attached, or a new one if it did not.

        Raises:
            RetriableError: If that session was lost meanwhile: another run may have built since.
        """
        with _guard:
            held = _held.get(self._name)
            lost = held is not None and not _lives(held)
            if lost:
                del _held[self._name]
        if lost:
            raise RetriableError(
                "The session that keeps other runs out was lost while dbt built, so nothing was swapped.",
                where=self._address.place,
                fix="run again; readers keep what they have",
            )
        return self.take()

    def release(self) -> None:
        """Let others build."""
        with _guard:
            held = _held.pop(self._name, None)
        if held is not None:
            with contextlib.suppress(
                load_psycopg().Error
            ):  # the server takes a moment to notice that a session has ended
                held.execute("select pg_advisory_unlock_all()")
            held.close()

    @property
    def _name(self) -> tuple[str, str]:
        return self._address.url, self._target


def _number(name: str) -> int:
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big", signed=True)


def _lives(connection: psycopg.Connection[Any]) -> bool:
    psycopg = load_psycopg()
    try:
        connection.execute("select 1")
    except psycopg.Error:
        connection.close()
        return False
    return True
