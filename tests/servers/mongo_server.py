"""A server that speaks MongoDB's wire protocol, for tests: a process of its own on a free port, ended by its id."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lake_servers import Server, free_port

PROGRAM = "secantusd-rs"
PROGRAMS = Path(os.environ.get("LAKESMITH_TEST_SERVERS", Path(__file__).parents[2] / ".venv-servers" / "bin"))


@dataclass
class MongoServer(Server):
    """The server. `url` is the address of one of its databases."""

    databases: int = 0

    def url(self, database: str = "") -> str:
        """Return the address of a database."""
        return f"mongodb://127.0.0.1:{self.port}/{database}?directConnection=true"

    def database(self) -> str:
        """Return the name of a database that nobody has used."""
        self.databases += 1
        return f"shop_{self.databases}"


def mongo_server(folder: Path, *more: str) -> MongoServer:
    """Return a server over a folder that is made for it; `more` are further arguments.

    Raises:
        FileNotFoundError: If the program is not installed.
    """
    program = PROGRAMS / PROGRAM
    if not program.is_file():
        raise FileNotFoundError(f"{PROGRAM} is not in {PROGRAMS}: run `make test` once, or set LAKESMITH_TEST_SERVERS")
    port = free_port()
    folder.mkdir(parents=True, exist_ok=True)
    said = [
        "--port",
        str(port),
        "--storage-path",
        str(folder / "data"),
        "--cache-size",
        "256M",
        "--log-file-max",
        "128MB",
    ]
    return MongoServer([str(program), *said, "--sync-on-commit", *more], port, folder / "log")


@contextlib.contextmanager
def serve_mongo(folder: Path, *more: str) -> Iterator[MongoServer]:
    """Give a running server for the length of a `with`; what it stored is gone afterwards."""
    server = mongo_server(folder, *more)
    server.start()
    try:
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)
