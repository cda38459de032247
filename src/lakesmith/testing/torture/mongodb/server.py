"""A server that speaks MongoDB's protocol, to be tortured: of its own folder and port, killed and started again."""

from __future__ import annotations

import contextlib
import os
import signal
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from lakesmith.testing.torture.mongodb.wire import Wire
from lakesmith.testing.torture.servers import running

PROGRAM = "secantusd-rs"
PROGRAMS = "LAKESMITH_TEST_SERVERS"


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
        process = running.begin([str(program()), *said, *more], self.folder)
        (self.folder / "pid").write_text(str(process.pid))
        running.wait_for(process, self._answers, self.folder)

    def stop(self, kind: signal.Signals = signal.SIGKILL) -> None:
        """End it, and wait until it is gone: SIGKILL as in a crash, SIGTERM as people do."""
        with contextlib.suppress(OSError, ValueError):
            running.end(int((self.folder / "pid").read_text()), kind)

    def _answers(self) -> bool:
        try:
            wire = Wire(self.port, "admin")
            wire({"ping": 1})
            wire.close()
        except OSError:
            return False
        return True


def serving(count: int) -> AbstractContextManager[list[TortureServer]]:
    """Run so many servers for the length of a `with`, which a signal ends as well."""
    return running.serving(TortureServer, "torture-mongo-", count)


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
