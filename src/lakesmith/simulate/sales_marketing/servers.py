"""The servers of the demo: MongoDB's wire protocol and the platforms, each a process of its own that ends with the demo."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from lakesmith.errors import MissingExtraError, UsageError
from lakesmith.simulate import keeper
from lakesmith.simulate.sales_marketing.platforms import Today
from lakesmith.simulate.sales_marketing.world import COLLECTIONS, Operation

PROGRAM: Final = "LAKESMITH_MONGODB"
URL: Final = "MONGO_URL"
DATABASE: Final = "lakesmith_demo"
START_S: Final = 60.0
STOP_S: Final = 20.0
BATCH: Final = 1_000


@dataclass(frozen=True, slots=True)
class AppDatabase:
    """The app's database; `url` names it."""

    url: str

    def make(self) -> None:
        """Make its indexes.

        Raises:
            UsageError: If it cannot be reached, or has something in it, which may be somebody's.
        """
        from pymongo.errors import PyMongoError

        with self._connected() as database:
            try:
                found = database.list_collection_names()
            except PyMongoError as error:
                raise UsageError(
                    f"MongoDB does not let the demo in: {type(error).__name__}.",
                    where=URL,
                    fix="look whether the server runs, and whether address and password are right",
                ) from None
            if found:
                raise UsageError(
                    f"The database {database.name} has something in it: {', '.join(sorted(found)[:4])}.",
                    where=URL,
                    fix="name another database in the URL, an empty one: the demo writes into it",
                )
            for name in COLLECTIONS:
                database[name].create_index("updated_at")

    def write(self, operations: Sequence[Operation]) -> dict[str, int]:
        """Write what a day brings, in order, and return how many operations each collection saw."""
        from pymongo import DeleteOne, InsertOne, UpdateOne

        made: dict[str, list[Any]] = {}
        for one in operations:
            match one["operation"]:
                case "insert_one":
                    said: Any = InsertOne(_for_mongo(one["document"]))
                case "update_one":
                    said = UpdateOne(_for_mongo(one["filter"]), _for_mongo(one["update"]))
                case _:
                    said = DeleteOne(_for_mongo(one["filter"]))
            made.setdefault(one["collection"], []).append(said)
        with self._connected() as database:
            for name, some in made.items():
                for begin in range(0, len(some), BATCH):
                    database[name].bulk_write(some[begin : begin + BATCH], ordered=True)
        return {name: len(some) for name, some in made.items()}

    @contextlib.contextmanager
    def _connected(self) -> Iterator[Any]:
        from pymongo import MongoClient
        from pymongo.errors import ConfigurationError

        own = "serverselectiontimeoutms=" in self.url.lower()  # what the address says itself goes first
        waits: dict[str, Any] = {} if own else {"serverSelectionTimeoutMS": 10_000}
        with MongoClient(self.url, **waits) as client:
            try:
                database = client.get_default_database()
            except ConfigurationError:
                raise UsageError(
                    "The address names no database.", where=URL, fix=f"end it with one: mongodb://host/{DATABASE}"
                ) from None
            yield database


def _for_mongo(value: Any) -> Any:
    """Return a value with ids as MongoDB has them."""
    from bson import ObjectId

    from lakesmith.simulate.sales_marketing import documents

    if isinstance(value, documents.ObjectId):
        return ObjectId(str(value))
    if isinstance(value, Mapping):
        return {name: _for_mongo(part) for name, part in value.items()}
    return [_for_mongo(part) for part in value] if isinstance(value, list) else value


def check_installed() -> None:
    """Look whether there is a MongoDB to write into.

    Raises:
        MissingExtraError: If pymongo is not installed.
        UsageError: If no server is named.
    """
    try:
        import pymongo  # noqa: F401
    except ImportError:
        raise MissingExtraError(
            "This demo writes into MongoDB and reads it; the client for that is not installed.",
            fix='pip install "lakesmith[mongodb,rest]"',
        ) from None
    if not os.environ.get(URL) and _program() is None:
        raise UsageError(
            "This demo needs a MongoDB server, which Lakesmith does not bring.",
            where=f"{URL}, {PROGRAM}",
            fix=f"set {URL} to the address of an empty database, mongodb://host/{DATABASE}, or {PROGRAM} to a program that serves one",
        )


def _program() -> str | None:
    named = os.environ.get(PROGRAM, "")
    found = shutil.which(named) if named else None
    return None if found is None else str(Path(found).absolute())  # it runs in a folder of its own


@contextlib.contextmanager
def app_database(folder: Path) -> Iterator[AppDatabase]:
    """Give the app's database: that of `MONGO_URL`, or one of a server that runs for the length of the `with`.

    Args:
        folder: Where such a server keeps its data.

    Raises:
        UsageError: If the server cannot be started.
    """
    known = os.environ.get(URL)
    if known:
        yield AppDatabase(known)
        return
    folder.mkdir(parents=True, exist_ok=True)
    port = _free_port()
    command = [str(_program()), "--port", str(port), "--storage-path", str(folder / "data"), "--cache-size", "256M"]
    log = folder / "server.log"
    with log.open("ab") as out:
        process = keeper.begin(command, log=out, cwd=folder)
    try:
        _wait_for(process, port, log)
        yield AppDatabase(f"mongodb://127.0.0.1:{port}/{DATABASE}?directConnection=true")
    finally:
        keeper.end(process)


@contextlib.contextmanager
def platform_servers(today: Today) -> Iterator[dict[str, dict[str, Any]]]:
    """Run the platforms for the length of a `with`; give by platform what a source needs to reach it.

    Raises:
        UsageError: If they cannot be started.
    """
    command = [sys.executable, "-m", "lakesmith.simulate.sales_marketing", str(today.file)]
    log = today.file.with_suffix(".log")
    with log.open("ab") as out:
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=out, start_new_session=os.name != "nt"
        )
    try:
        line = process.stdout.readline() if process.stdout else b""
        if not line:
            raise _not_started("The demo's platforms", log)
        yield json.loads(line)
    finally:
        if process.stdin:
            process.stdin.close()  # at its end they stop
        _end(process)


def _wait_for(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    give_up = time.monotonic() + START_S
    while True:
        with socket.socket() as probe:
            probe.settimeout(1)
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        if process.poll() is not None or time.monotonic() > give_up:
            raise _not_started("The demo's MongoDB", log)
        time.sleep(0.05)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _not_started(what: str, log: Path) -> UsageError:
    said = [line for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
    return UsageError(
        f"{what} did not start: {said[-1] if said else 'nothing was said'}", where=str(log), fix="see the log"
    )
