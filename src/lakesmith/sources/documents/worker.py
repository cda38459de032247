"""A process that reads documents: `python -m lakesmith.sources.documents.worker SOCKET LIFELINE MEGABYTES`."""

from __future__ import annotations

import array
import io
import json
import logging
import math
import os
import signal
import socket
import sys
import time
import warnings
from typing import Any

from lakesmith.sources.documents.confinement import confine, end_with_parent
from lakesmith.sources.documents.dispatch import Task, guarded, kind_of, read_document
from lakesmith.sources.documents.language import language_of
from lakesmith.sources.documents.parsed import kept
from lakesmith.sources.documents.protocol import LENGTH, MAX_ANSWER, MAX_REQUEST, Request, frame

GRACE_S = 5
CRASHED = 70


class Window(io.RawIOBase):
    """A part of an open file, which other processes may be reading too: the file's own position is never used."""

    def __init__(self, descriptor: int, offset: int, length: int) -> None:
        super().__init__()
        self._descriptor, self._offset, self._length, self._at = descriptor, offset, length, 0

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        """Go to a place in the part; see `io.IOBase.seek`."""
        place = (0, self._at, self._length)[whence] + offset
        if place < 0:
            raise ValueError("negative seek position")
        self._at = place
        return place

    def readinto(self, buffer: Any) -> int:
        """Fill a buffer as far as there is something left."""
        wanted = min(len(buffer), max(0, self._length - self._at))
        piece = os.pread(self._descriptor, wanted, self._offset + self._at)
        buffer[: len(piece)] = piece
        self._at += len(piece)
        return len(piece)


def main(channel: socket.socket) -> None:
    """Answer requests until the parent closes the channel, or memory ran out."""
    channel.sendall(frame({}))
    while True:
        received = _receive(channel)
        if received is None:
            return
        request, descriptor = received
        # If the parent cannot end us any more, and we hang: the kernel does.
        signal.alarm(math.ceil(request.limits.timeout_s) + GRACE_S)
        answer = _answer(request, descriptor)
        signal.alarm(0)
        os.close(descriptor)
        channel.sendall(_bounded(answer))
        if answer.get("last"):
            return


def _receive(channel: socket.socket) -> tuple[Request, int] | None:
    """Return the next request and the open file that comes with it; None at the end."""
    size = array.array("i").itemsize
    start, ancillary, _, _ = channel.recvmsg(LENGTH.size, socket.CMSG_LEN(size))
    if not start:
        return None
    descriptor = int.from_bytes(ancillary[0][2][:size], sys.byteorder)
    start += _exactly(channel, LENGTH.size - len(start))
    length = min(LENGTH.unpack(start)[0], MAX_REQUEST)
    return Request.from_json(json.loads(_exactly(channel, length))), descriptor


def _exactly(channel: socket.socket, size: int) -> bytes:
    got = b""
    while len(got) < size:
        piece = channel.recv(size - len(got))
        if not piece:
            os._exit(0)
        got += piece
    return got


def _answer(request: Request, descriptor: int) -> dict[str, Any]:
    if request.drill:
        _play(request.drill)
    with io.BufferedReader(Window(descriptor, request.offset, request.length), 1 << 16) as file:
        task = Task(request.limits, soft_deadline=time.monotonic() + request.limits.timeout_s / 2)
        kind, reason = guarded(lambda: request.kind or kind_of(file, request.declared))
        if kind is None:
            return {"error": reason}
        made, reason = guarded(lambda: kept(read_document(file, kind, task), request.limits))
    if made is None:
        # After memory ran out, nothing in this process is to be relied on.
        return {"type": kind, "error": reason, "last": reason.startswith("out of memory")}
    return {"type": kind, **made, "language": language_of(made["text"] or "")}


def _bounded(answer: dict[str, Any]) -> bytes:
    message = frame(answer)
    if len(message) <= MAX_ANSWER:
        return message
    return frame({"type": answer.get("type"), "error": "too large: what was read of it exceeds the limit of an answer"})


def _play(drill: str) -> None:
    """Play an accident, see `protocol.DRILLS`."""
    if drill == "hang":
        while True:  # busy, as a parser would be
            sum(range(10_000_000))
    if drill == "crash":
        os._exit(CRASHED)
    if drill == "memory":
        _hoard()
    if drill == "flood":
        while True:
            os.write(int(sys.argv[1]), LENGTH.pack(MAX_ANSWER) + b" " * MAX_ANSWER)


def _hoard() -> None:
    """Take memory until the limit kills or refuses."""
    hoard = []
    try:
        while True:
            hoard.append(bytearray(16 * 1024 * 1024))
    except MemoryError:
        hoard.clear()
        os.write(int(sys.argv[1]), frame({"error": "out of memory", "last": True}))
        os._exit(0)


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)  # parsers complain at length of what they meet, in words of the document
    warnings.simplefilter("ignore")
    channel = socket.socket(fileno=int(sys.argv[1]))
    end_with_parent(int(sys.argv[2]))
    confine(int(sys.argv[3]))
    main(channel)
