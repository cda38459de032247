"""The workers, seen from the parent: each reads one split at a time, waits for the next one, and ends when the source is closed."""

from __future__ import annotations

import os
import socket
import subprocess
import threading
import weakref
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from lakesmith import errors
from lakesmith.errors import LakesmithError, RetriableError
from lakesmith.host.processes import start_module
from lakesmith.sources.mongodb.reading.job import Job, receive, send

MODULE = "lakesmith.sources.mongodb.reading.worker"


class Worker:
    """A child process and our end of its channel. It is killed when this is closed; it ends by itself when this process does.

    `is_ready`: it is not in the middle of something. `is_killed`: it was told to end, and may be there for a moment yet.
    """

    def __init__(self) -> None:
        self.is_ready, self.is_killed = True, False
        self._channel, theirs = socket.socketpair()
        lifeline, self._lifeline = os.pipe()
        descriptors = theirs.fileno(), lifeline
        try:
            self._process = start_module(MODULE, descriptors, descriptors, env=os.environ)
        finally:
            theirs.close()
            os.close(lifeline)

    @property
    def pid(self) -> int:
        """The number of the process."""
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        """Whether the process can be asked for anything more."""
        return self._process.poll() is None

    def read(self, job: Job) -> Iterator[tuple[dict[str, Any], bytearray]]:
        """Yield what the process answers: batches, and after those of each block what was counted of it.

        Raises:
            LakesmithError: What the process met, or that it ended.
        """
        import json

        self.is_ready = False
        try:
            send(self._channel, json.loads(job.encode()))
            while True:
                said, payload = receive(self._channel)
                self.is_ready = said["kind"] in {"end", "error"}
                if said["kind"] == "end":
                    return
                if said["kind"] == "error":
                    raise _error(said)
                yield said, payload
        except (OSError, EOFError) as error:
            raise RetriableError(
                f"The process that read {job.stream} ended in the middle of it ({self._ending()}).",
                where=job.stream,
                fix="if memory ran out, lower `workers:` or `batch_kb:`; then run the same command again: nothing of this part was kept",
            ) from error

    def kill(self) -> None:
        """End the process at once; whoever waits for its answer gets an error. Any thread may ask."""
        self.is_killed = True
        with suppress(OSError):
            self._process.kill()

    def close(self) -> None:
        """End the process, and wait until it is gone."""
        self.kill()
        self._process.wait()
        self._channel.close()
        if self._lifeline >= 0:
            os.close(self._lifeline)
            self._lifeline = -1

    def _ending(self) -> str:
        try:
            code = self._process.wait(1)
        except subprocess.TimeoutExpired:
            return "it closed its channel"
        return f"signal {-code}" if code < 0 else f"code {code}"


def _error(said: dict[str, Any]) -> LakesmithError:
    kind = getattr(errors, said["error"], LakesmithError)
    made: LakesmithError = kind(said["what"], where=said["where"], fix=said["fix"])
    return made


class Crew:
    """Workers, as many as are asked for at a time; up to `size` of them wait for work until the source is closed.

    Nobody waits for one: who asks may be the one that another worker's chunks wait for.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._idle: list[Worker] = []
        self._lock = threading.RLock()  # a reader that nobody wants any more is given back wherever it is met
        self._is_closed = False
        weakref.finalize(self, _dismiss, self._idle)

    def take(self) -> Worker:
        """Return a worker that nobody else has."""
        with self._lock:
            while self._idle:
                worker = self._idle.pop()
                if worker.is_alive:
                    return worker
                worker.close()
        return Worker()

    def give_back(self, worker: Worker) -> None:
        """Let a worker wait for its next job; one that was left in the middle of something is ended."""
        with self._lock:
            is_fit = worker.is_ready and worker.is_alive and not worker.is_killed
            keeps = is_fit and not self._is_closed and len(self._idle) < self._size
            if keeps:
                self._idle.append(worker)
        if not keeps:
            worker.close()

    def close(self) -> None:
        """End all that wait, and those that are given back later."""
        with self._lock:
            self._is_closed = True
            _dismiss(self._idle)


def _dismiss(idle: list[Worker]) -> None:
    while idle:
        idle.pop().close()
