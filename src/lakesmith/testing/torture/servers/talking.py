"""A victim and the side that watches it: whatever the victim says, it waits until it is told to go on."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from lakesmith.testing.torture import victims

Act = Callable[[socket.socket], object]
Hear = Callable[[int, Mapping[str, Any]], None]


class Talk:
    """A line to the other side: says something, and waits until it may go on."""

    def __init__(self, wire: socket.socket) -> None:
        self._lock, self._file = threading.Lock(), wire.makefile("rw")

    def __call__(self, **said: Any) -> None:
        """Say something, and wait."""
        with self._lock:
            self._file.write(json.dumps(said) + "\n")
            self._file.flush()
            if not self._file.readline():
                raise RuntimeError("nobody listens any more")


@dataclass(frozen=True, slots=True)
class Alarm:
    """What is done to a victim, whose number it is told, some seconds after it began, if it is still there."""

    after_s: float
    ring: Callable[[int], None]


def converse(
    act: Act, home: Path, hear: Hear, env: Mapping[str, str] | None = None, alarm: Alarm | None = None
) -> victims.End:
    """Run a victim to its end; whatever it says, `hear` is told its number and that, and then it goes on.

    Args:
        act: What the victim does with its end of the line.
        home: The folder for its complaint.
        hear: What is done about what it says; an error ends the victim.
        env: What its environment has besides ours.
        alarm: What becomes of it at some time.
    """
    mine, its = socket.socketpair()

    def act_alone() -> None:
        """Act, on the other end of the line."""
        mine.close()
        act(its)

    child = victims.start(act_alone, home, env)
    its.close()
    try:
        with mine, contextlib.suppress(BrokenPipeError, ConnectionResetError), mine.makefile("rw") as wire:
            _answer(child, mine, wire, hear, alarm)
    except BaseException:
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
        victims.wait(child, home)
        raise
    return victims.wait(child, home)


def _answer(child: int, line: socket.socket, wire: TextIO, hear: Hear, alarm: Alarm | None) -> None:
    """Answer until the victim is silent; it says one thing at a time, so that nothing waits in our end but what it said last."""
    begun = time.monotonic()
    while True:
        left = max(0.0, begun + alarm.after_s - time.monotonic()) if alarm is not None else None
        if alarm is not None and not select.select([line], [], [], left)[0]:
            alarm.ring(child)
            alarm = None
        said = wire.readline()
        if not said:
            return
        hear(child, json.loads(said))
        wire.write("go\n")
        wire.flush()
