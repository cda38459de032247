"""Programs that take turns: each runs in a thread of its own, and only while it is told to, up to the next place where it may pause."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

FOREVER = 1 << 30


class Died(BaseException):
    """Raised inside a program at the place where it pauses: it is killed there."""


class Actor:
    """One program. It stops at the pause after `steps` others have been passed, and goes on when it is resumed."""

    def __init__(self, name: str, act: Callable[[], Any]) -> None:
        self.name, self._act = name, act
        self.place = "the beginning"
        self.result: Any = None
        self.error: BaseException | None = None
        self.is_done = False
        self._steps = 0
        self._is_doomed = False
        self._turn, self._back = threading.Lock(), threading.Lock()
        self._turn.acquire()
        self._back.acquire()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def resume(self, steps: int = FOREVER) -> bool:
        """Let it run past `steps` pauses; return whether it has come to its end."""
        if not self.is_done:
            self._steps = steps
            self._turn.release()
            self._back.acquire()
        return self.is_done

    def kill(self) -> None:
        """End it where it is."""
        self._is_doomed = True
        self.resume(0)
        self._thread.join()

    def pause(self, place: str) -> None:
        """Pass a place where the program may be stopped; called by the program itself."""
        self.place = place
        if self._is_doomed:
            raise Died(place)
        if self._steps > 0:
            self._steps -= 1
            return
        self._back.release()
        self._turn.acquire()
        if self._is_doomed:
            raise Died(place)

    def _run(self) -> None:
        self._turn.acquire()
        _ACTING[threading.get_ident()] = self
        try:
            if not self._is_doomed:
                self.result = self._act()
        except BaseException as error:  # noqa: BLE001 - whatever it is, the history judges it
            self.error = error
        finally:
            _ACTING.pop(threading.get_ident(), None)
            self.is_done = True
            self._back.release()


_ACTING: dict[int, Actor] = {}


def acting() -> Actor | None:
    """Return the program that this thread runs, None outside of one."""
    return _ACTING.get(threading.get_ident())


def pause(place: str) -> None:
    """Pass a place where the program that runs here may be stopped; nothing outside of one."""
    actor = _ACTING.get(threading.get_ident())
    if actor is not None:
        actor.pause(place)
