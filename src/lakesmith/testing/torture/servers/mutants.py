"""A source made wrong in one way: the histories have to notice it, by a law that it breaks."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from lakesmith.testing.torture.mutants import Patches

NAMED = "LAKESMITH_TORTURE_MUTANT"
"""What tells the processes that a source starts which mutant they are a part of."""
Patch = Callable[[Patches], None]


@dataclass(frozen=True, slots=True)
class Mutant:
    """One way to be wrong, and the `laws` that it breaks: words of `BrokenError`. Another law says nothing of it.

    `theme` is what happens more often in its histories, None for nothing; `reader` what is wrong in the processes that the source starts.
    """

    patch: Patch
    laws: tuple[str, ...]
    theme: Any = None
    reader: Patch | None = None


@contextlib.contextmanager
def applied(name: str, mutant: Mutant) -> Iterator[None]:
    """Run with a mutant in place; what is known by its name already is replaced too."""
    patches = Patches()
    try:
        mutant.patch(patches)
        if mutant.reader is not None:
            os.environ[NAMED] = name
        yield
    finally:
        os.environ.pop(NAMED, None)
        patches.undo()


def nothing(_patches: Patches) -> None:
    """Leave this process as it is: those that the source starts are wrong."""
