"""A process that reads splits, as the real one but for what the torture does to it: `python -m … CHANNEL LIFELINE`."""

from __future__ import annotations

import contextlib
import logging
import os
import socket
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lakesmith.sources.mongodb.reading import worker
from lakesmith.testing.torture.mongodb.meddling import FILE, MUTANT

MODULE = "lakesmith.testing.torture.mongodb.reading"


def meddle() -> None:
    """Let cursors die when the file says so, and make the reader wrong if it is to be a mutant."""
    from pymongo.collection import Collection

    plain = Collection.find_raw_batches

    def find(self: Any, *words: Any, **named: Any) -> Any:
        """Return a cursor that may die."""
        return _Dying(plain(self, *words, **named), self)

    Collection.find_raw_batches = find  # type: ignore[method-assign]
    if os.environ.get(MUTANT):
        from lakesmith.testing.torture.mongodb.mutants import READERS
        from lakesmith.testing.torture.mutants import Patches

        READERS[os.environ[MUTANT]](Patches())


class _Dying:
    """A cursor that the server ends in the middle if a file is there."""

    def __init__(self, cursor: Any, collection: Any) -> None:
        self._cursor, self._collection = cursor, collection

    def __iter__(self) -> Iterator[bytes]:
        for block in self._cursor:
            number = self._cursor.cursor_id
            if number and _is_to_die():
                self._collection.database.command("killCursors", self._collection.name, cursors=[number])
            yield block

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._cursor, name)
        if name not in {"hint", "min", "max", "sort", "limit"}:
            return found

        def change(*words: Any) -> _Dying:
            """Change the cursor, and stay this one."""
            self._cursor = found(*words)
            return self

        return change


def _is_to_die() -> bool:
    with contextlib.suppress(OSError):
        Path(os.environ[FILE]).unlink()
        return True
    return False


def _end_with(lifeline: int) -> None:
    """End at once when the parent does, which closes the other end of the pipe by that."""
    os.read(lifeline, 1)
    os._exit(0)


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    meddle()
    threading.Thread(target=_end_with, args=(int(sys.argv[2]),), daemon=True).start()
    try:
        worker.main(socket.socket(fileno=int(sys.argv[1])))
    except (OSError, EOFError):  # the parent is gone, or does not listen any more
        os._exit(0)
