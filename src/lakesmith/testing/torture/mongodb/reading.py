"""What is other in a process that reads splits for the torture than in the real one."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lakesmith.testing.torture.mongodb.meddling import FILE
from lakesmith.testing.torture.servers.mutants import NAMED


def meddle() -> None:
    """Let cursors die when the file says so, and make the reader wrong if it is to be a mutant."""
    from pymongo.collection import Collection

    plain = Collection.find_raw_batches

    def find(self: Any, *words: Any, **named: Any) -> Any:
        """Return a cursor that may die."""
        return _Dying(plain(self, *words, **named), self)

    Collection.find_raw_batches = find  # type: ignore[method-assign]
    if os.environ.get(NAMED):
        from lakesmith.testing.torture.mongodb.mutants import MUTANTS
        from lakesmith.testing.torture.mutants import Patches

        patch = MUTANTS[os.environ[NAMED]].reader
        if patch is not None:
            patch(Patches())


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
