"""Files in a bucket as a source: a server on this machine, what must be in the table by what lies there, and a line to it that fails."""

from __future__ import annotations

import contextlib
import http.server
import json
import os
import random
import uuid
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from lakesmith.testing.contents import canonical_rows
from lakesmith.testing.torture import victims
from lakesmith.testing.torture.bucket import BUCKET, Line, fetch, free_port, may_serve, put, serve, wait_for
from lakesmith.testing.torture.deliveries import FileLoads, load
from lakesmith.testing.torture.kinds import KINDS, nested
from lakesmith.testing.torture.ordeals import compare, open_table, read_table
from lakesmith.testing.torture.truth import STREAM, Truth

if TYPE_CHECKING:
    from lakesmith.testing.torture.faults import Trouble

ADDRESS = "far.json"
SECRET = "not-to-be-shown"  # noqa: S105 - of a server on this machine
FORMAT = "jsonl"
PAGE = 1
"""How many objects a listing shows with each request."""
ROUNDS = ((1.0, False), (1.0, True), (0.4, True))
"""The share of the requests that are harmed, and whether a table was loaded before."""
RETRIABLE = ("StorageUnavailableError", "SourceDataError")


@dataclass(frozen=True, slots=True)
class FarLoads:
    """Loads of files in a bucket into a lake on this machine; with `port` the bucket is there when it is prepared."""

    mode: str = "append"
    later: bool = False
    port: int = 0

    @property
    def name(self) -> str:
        """Place, mode and state."""
        return f"s3, {self.mode}, {'later' if self.later else 'first'} load"

    @property
    def _near(self) -> FileLoads:
        return FileLoads(FORMAT, self.mode)

    def prepare(self, home: Path) -> None:
        """Write two files and send them; for a later load, load them, then send what is new."""
        self._near.prepare(home)
        if self.port:
            send(home, self.port)
        if self.later:
            self.act(home)
            self.grow(home, 0)

    def grow(self, home: Path, round_: int) -> None:
        """Send a file that grew, and a new one."""
        self._near.grow(home, round_)
        send(home)

    def act(self, home: Path) -> None:
        """Load all that is new, a commit for every file."""
        told = json.loads((home / ADDRESS).read_text())
        storage = {"endpoint": f"http://127.0.0.1:{told['port']}", "region": "us-east-1", "access_key": "testing"}
        place = {"root": f"s3://{BUCKET}/{told['prefix']}", "storage": {**storage, "secret_key": SECRET}}
        load(home, self.mode, {"files": f"*{KINDS[FORMAT].suffix}"}, place=place)

    def check(self, home: Path) -> None:
        """Compare everything with the lines of the objects, as Python's json module reads them; with a key, with all that they held."""
        if self.mode == "dedupe":
            Truth.of(home).check(home)
            return
        rows, rejects = _lying(home)
        _metadata, table = read_table(home, STREAM)
        compare("rows", Counter(canonical_rows(rows)), Counter(canonical_rows(table)))
        compare("records in quarantine", Counter(rejects), Counter(row.raw for row in open_table(home).quarantined()))


def send(home: Path, port: int | None = None) -> None:
    """Put the files of a project into the bucket, below a name of its own that was not used before if `port` is said."""
    file = home / ADDRESS
    if port is not None:
        file.write_text(json.dumps({"port": port, "server": port, "prefix": uuid.uuid4().hex}))
    told = json.loads(file.read_text())
    for path in sorted((home / "data").iterdir()):
        put(told["server"], f"s3://{BUCKET}/{told['prefix']}/{path.name}", path.read_bytes())


def reach_by(home: Path, port: int) -> None:
    """Say on which port loads find the bucket; the server stays where it is."""
    file = home / ADDRESS
    file.write_text(json.dumps({**json.loads(file.read_text()), "port": port}))


def _lying(home: Path) -> tuple[list[dict[str, Any]], list[str]]:
    told = json.loads((home / ADDRESS).read_text())
    rows, rejects = [], []
    for name in Truth.of(home).files:
        content = fetch(told["server"], f"s3://{BUCKET}/{told['prefix']}/{name}{KINDS[FORMAT].suffix}")
        for line in content.decode().splitlines():
            try:
                rows.append(json.loads(line))
            except ValueError:
                rejects.append(line)
    return rows, rejects


@dataclass(frozen=True, slots=True)
class Harm:
    """What a line does to requests: `kind` of them, for a share of those it concerns; each is noted in `noted`."""

    kind: str
    share: float
    seed: int
    noted: Path


class FarLine(Line):
    """Passes requests on, or does what its harm says: refuses, breaks bodies off, has objects replaced, or ends listings half-way."""

    harm: ClassVar[Harm]
    asked: ClassVar[int] = 0

    def answer(self) -> None:
        """Pass one request on, or not."""
        body = self.body()
        is_list, is_content = "list-type" in self.path, self.command == "GET" and "list-type" not in self.path
        if is_list and self.harm.kind == "listing":
            self.path += f"&max-keys={PAGE}"
        concerned = {
            "refused": True,
            "broken body": is_content,
            "replaced": is_content,
            "listing": is_list and "continuation-token" in self.path,
        }[self.harm.kind]
        if not concerned or self.chance.random() >= self.harm.share:
            self.say(*self.pass_on(body))
            return
        with self.harm.noted.open("a") as file:
            file.write(f"{self.command} {self.path.partition('?')[0]}\n")
        getattr(self, f"_{self.harm.kind.partition(' ')[0]}")(body)

    def _refused(self, _body: bytes) -> None:
        self.say(self.chance.choice((500, 503)), b"", {})

    _listing = _refused

    def _broken(self, body: bytes) -> None:
        status, content, headers = self.pass_on(body)
        self.close_connection = True
        self.send_response(status)
        for name, value in headers.items():
            if name.lower() in ("etag", "content-range", "last-modified"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[: len(content) // 2])

    def _replaced(self, body: bytes) -> None:
        """Let a record come to the object after it was listed and before it is read."""
        url = f"s3:/{self.path.partition('?')[0]}"
        type(self).asked += 1
        row = json.dumps(nested(900_000 + 1000 * self.harm.seed + self.asked))
        put(self.backend, url, fetch(self.backend, url) + f"{row}\n".encode())
        self.say(*self.pass_on(body))

    do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = answer  # noqa: N815 - http.server's names


@contextlib.contextmanager
def harmed(server: int, harm: Harm, place: Path) -> Iterator[int]:
    """Run a line that does harm, in a process of its own; return its port."""
    port = free_port()
    child = victims.start(lambda: _serve(port, server, harm), place)
    wait_for(port)
    try:
        yield port
    finally:
        os.kill(child, 15)
        victims.wait(child, place)


def _serve(port: int, server: int, harm: Harm) -> None:
    FarLine.harm, FarLine.backend, FarLine.chance = harm, server, random.Random(harm.seed)  # noqa: S311 - repeatable, as far as requests are
    listening = http.server.ThreadingHTTPServer(("127.0.0.1", port), FarLine)
    listening.daemon_threads = True
    listening.serve_forever(0.05)


def refused(trouble: Trouble) -> None:
    """The bucket answers 500 and 503, to some requests or to all."""
    _make(trouble, "refused")


def broken_bodies(trouble: Trouble) -> None:
    """Answers end in the middle of the content, some or all."""
    _make(trouble, "broken body")


def replaced(trouble: Trouble) -> None:
    """Objects get records after they were listed, before they are read or while they are."""
    _make(trouble, "replaced")


def half_listings(trouble: Trouble) -> None:
    """A listing shows its first page, and not the others."""
    _make(trouble, "listing")


def _make(trouble: Trouble, kind: str) -> None:
    """Load what is new while harm is done, twice: a load comes to its end with all there is, or says why not.

    Afterwards, without any harm, everything must be there once.
    """
    if not may_serve():
        return
    place, home = trouble.grave.place, trouble.home
    noted = place / "harm.txt"
    with serve(place) as server:
        for number in range(trouble.times):
            trouble.grave.restore("start")
            send(home, server)
            share, is_later = ROUNDS[number % len(ROUNDS)]
            if is_later:
                trouble.lawful(victims.run(partial(_load_and_grow, trouble), place))
            noted.unlink(missing_ok=True)
            with harmed(server, Harm(kind, share, number, noted), place) as line:
                reach_by(home, line)
                act = trouble.act if kind == "replaced" else partial(_load_and_check, trouble)
                ends = [victims.run(act, place) for _again in range(2)]
            if share == 1 and not noted.exists():
                raise AssertionError(f"time {number}: nothing was done to the line")
            _need_clear_errors(ends, number)
            reach_by(home, server)
            broken, _points = trouble.grave.recover()
            if broken:
                raise AssertionError(f"time {number}: {broken}")


def _load_and_grow(trouble: Trouble) -> None:
    trouble.act()
    trouble.grave.ordeal.grow(trouble.home, 0)


def _load_and_check(trouble: Trouble) -> None:
    trouble.act()
    trouble.grave.ordeal.check(trouble.home)


def _need_clear_errors(ends: list[victims.End], number: int) -> None:
    for end in ends:
        said = end.complaint.strip()
        is_clear = f"lakesmith.errors.{RETRIABLE[0]}" in said or f"lakesmith.errors.{RETRIABLE[1]}" in said
        if not end.went_well and not (is_clear and "where:" in said and "fix:" in said):
            raise AssertionError(f"time {number}: a load ended with {end.signal or end.code}: {said}")
        if SECRET in said:
            raise AssertionError(f"time {number}: a load showed the secret key")
