"""Readers that are forked from a process which has imported all they need: to start Python for each takes longer than their work."""

from __future__ import annotations

import os
import select
import signal
import socket
import subprocess
import threading
from collections.abc import Sequence
from typing import Any

NUMBER_BYTES = 8


class Nursery:
    """A process that forks readers for a victim, and ends when that does. It is made before the victim has any thread."""

    def __init__(self, wire: socket.socket) -> None:
        """Begin; `wire` is the victim's line to the other side, which must end with the victim alone."""
        self._line, theirs = socket.socketpair()
        self._lock = threading.Lock()
        self._pid = os.fork()
        if not self._pid:
            try:
                wire.close()
                self._line.close()
                _rear(theirs)
            finally:
                os._exit(1)
        theirs.close()

    def start(self, _module: str, _words: Sequence[object], descriptors: Sequence[int], **_more: Any) -> Reader:
        """Start a reader that speaks through a channel and a lifeline."""
        with self._lock:
            socket.send_fds(self._line, [b"\0"], list(descriptors))
            return Reader(int.from_bytes(self._line.recv(NUMBER_BYTES, socket.MSG_WAITALL), "big"))

    def close(self) -> None:
        """End it; readers end with their victim."""
        self._line.close()
        os.waitpid(self._pid, 0)


class Reader:
    """A reader as its victim sees it: as if it had been started by that itself."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        try:
            self._handle: int | None = os.pidfd_open(pid)
        except ProcessLookupError:  # killed already
            self._handle = None

    def poll(self) -> int | None:
        """Return None while it is there; what it ended with nobody knows, but they are only ever killed."""
        return self._ended(0)

    def kill(self) -> None:
        """Kill it."""
        if self.poll() is None and self._handle is not None:
            signal.pidfd_send_signal(self._handle, signal.SIGKILL)

    def wait(self, timeout: float | None = None) -> int:
        """Wait until it is gone.

        Raises:
            subprocess.TimeoutExpired: If that takes longer than `timeout` seconds.
        """
        code = self._ended(timeout)
        if code is None:
            raise subprocess.TimeoutExpired("reader", timeout or 0)
        return code

    def _ended(self, within_s: float | None) -> int | None:
        if self._handle is not None:
            if not select.select([self._handle], [], [], within_s)[0]:
                return None
            os.close(self._handle)
            self._handle = None
        return -signal.SIGKILL


def _rear(line: socket.socket) -> None:
    """Fork a reader whenever one is asked for, until the victim is gone."""
    from lakesmith.sources.mongodb.reading import worker
    from lakesmith.testing.torture.mongodb.reading import meddle

    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody has to bury them
    meddle()
    while True:
        said, descriptors, _flags, _address = socket.recv_fds(line, 1, 2)
        if not said:
            os._exit(0)
        child = os.fork()
        if not child:
            try:
                line.close()
                worker.begin(*descriptors)
            finally:
                os._exit(0)
        for descriptor in descriptors:
            os.close(descriptor)
        line.sendall(child.to_bytes(NUMBER_BYTES, "big"))
