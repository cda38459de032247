"""A server that speaks MongoDB's protocol, to be tortured: of its own folder and port, killed and started again."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from lakesmith.testing.torture.mongodb.wire import Wire
from lakesmith.testing.torture.postgres.server import _free_port, _signals_told

PROGRAM = "secantusd-rs"
PROGRAMS = "LAKESMITH_TEST_SERVERS"
WAIT_S = 60.0


@dataclass(frozen=True, slots=True)
class TortureServer:
    """The server in a folder. Its state is in the folder alone, so that any process may start and stop it."""

    folder: Path
    port: int

    def url(self, database: str) -> str:
        """Return the address of a database."""
        return f"mongodb://127.0.0.1:{self.port}/{database}?directConnection=true"

    def start(self) -> None:
        """Start it, and wait until it answers.

        Raises:
            RuntimeError: If it does not.
        """
        said = ["--port", str(self.port), "--storage-path", str(self.folder / "data")]
        more = ["--cache-size", "128M", "--log-file-max", "64MB", "--sync-on-commit"]
        with (self.folder / "log").open("ab") as log:
            process = subprocess.Popen(
                [str(program()), *said, *more],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                start_new_session=True,
            )
        (self.folder / "pid").write_text(str(process.pid))
        give_up = time.monotonic() + WAIT_S
        while not self._answers():
            if process.poll() is not None or time.monotonic() > give_up:
                raise RuntimeError(f"the server did not start:\n{(self.folder / 'log').read_text()[-2000:]}")
            time.sleep(0.02)

    def stop(self, kind: signal.Signals = signal.SIGKILL) -> None:
        """End it, and wait until it is gone: SIGKILL as in a crash, SIGTERM as people do.

        Raises:
            RuntimeError: If it does not end.
        """
        with contextlib.suppress(OSError, ValueError):
            pid = int((self.folder / "pid").read_text())
            os.kill(pid, kind)
            give_up = time.monotonic() + WAIT_S
            while not _is_gone(pid):
                if time.monotonic() > give_up:
                    raise RuntimeError("the server does not end")
                time.sleep(0.01)

    def _answers(self) -> bool:
        try:
            wire = Wire(self.port, "admin")
            wire({"ping": 1})
            wire.close()
        except OSError:
            return False
        return True


@contextlib.contextmanager
def serving(count: int) -> Iterator[list[TortureServer]]:
    """Run so many servers for the length of a `with`, which a signal ends as well."""
    servers: list[TortureServer] = []
    with _signals_told(), contextlib.ExitStack() as left:
        left.callback(_take_away, servers)
        for _number in range(count):
            servers.append(TortureServer(Path(tempfile.mkdtemp(prefix="torture-mongo-")), _free_port()))
            servers[-1].start()
        yield servers


def program() -> Path:
    """Return the server's program: in the folder that is named in the environment, or beside the virtual environment.

    Raises:
        RuntimeError: If it is not there.
    """
    named = os.environ.get(PROGRAMS)
    beside = (parent / ".venv-servers" / "bin" for parent in (Path.cwd(), *Path(__file__).parents))
    for folder in [Path(named)] if named else beside:
        if (folder / PROGRAM).is_file():
            return folder / PROGRAM
    raise RuntimeError(f"no {PROGRAM} here: run `make test` once, or set {PROGRAMS}")


def _take_away(servers: Sequence[TortureServer]) -> None:
    for server in servers:
        server.stop()
        shutil.rmtree(server.folder, ignore_errors=True)


def _is_gone(pid: int) -> bool:
    """Whether a process is not there, or is a zombie that another process has to bury."""
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return False
