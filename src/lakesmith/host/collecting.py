"""Python's search for garbage, which finds next to none where much is made that stays, such as libraries coming in: a fifth of the time they need."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def collector_paused() -> Iterator[None]:
    """Let nobody look for garbage in a `with` that makes much, of which little becomes some."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
