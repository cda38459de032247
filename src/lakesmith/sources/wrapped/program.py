"""A program of somebody else: its files in a folder that only this user can read, its lines as bytes, and its end together with ours."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import tempfile
import threading
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from lakesmith.errors import ConnectorOptionsError, RetriableError
from lakesmith.host.processes import GRACE_S

LONGEST_LINE = 64 * 1024 * 1024
"""How long a line may be: it has to be held whole."""

LINES_KEPT = 200
TOLD = 3
_LONGEST_TOLD = 300


class Program:
    """A running program. One thread reads its lines; any may end it."""

    def __init__(self, command: Sequence[str], *, cwd: Path, where: str, silence_s: float) -> None:
        self._where, self._silence_s = where, silence_s
        self._said: deque[str] = deque(maxlen=LINES_KEPT)
        self._is_stuck = self._is_ended = False
        try:
            self._process = subprocess.Popen(
                list(command),
                cwd=cwd,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=os.name != "nt",
            )
        except OSError as error:
            raise ConnectorOptionsError(
                f"The program `{command[0]}` cannot be started: {error.strerror or error}.",
                where=where,
                fix="install it, for instance into an environment of its own, and name it with its path",
            ) from error
        self._drain = threading.Thread(target=self._listen, daemon=True)
        self._drain.start()

    def lines(self) -> Iterator[bytes]:
        """Yield the lines of its standard output, without their ends; one that is too long is cut, and so no JSON.

        Raises:
            RetriableError: If it says nothing for too long.
        """
        out: IO[bytes] = self._process.stdout  # type: ignore[assignment]
        while True:
            watch = threading.Timer(self._silence_s, self._give_up)
            watch.daemon = True
            watch.start()
            try:
                line = out.readline(LONGEST_LINE)
                rest = line
                while rest and not rest.endswith(b"\n") and len(rest) == LONGEST_LINE:
                    rest = out.readline(LONGEST_LINE)
            finally:
                watch.cancel()
            if not line:
                break
            if line.strip():
                yield line.rstrip(b"\r\n")
        if self._is_stuck:
            raise RetriableError(
                f"The program said nothing for {self._silence_s:,.0f} s, and was ended.",
                where=self._where,
                fix="run the same command again; raise `silence_s` if it needs that long",
            )

    @property
    def code(self) -> int:
        """Its exit code, once it has ended; waits for it."""
        code = self._process.wait()
        self._drain.join(1.0)
        return code

    @property
    def is_ended(self) -> bool:
        """Whether we ended it."""
        return self._is_ended

    def last_words(self) -> str:
        """Return the end of what it said on standard error, secrets not taken out."""
        lines = [line for line in self._said if line.strip()]
        return " / ".join(line.strip()[:_LONGEST_TOLD] for line in lines[-TOLD:])

    def end(self) -> None:
        """End it; any thread may ask."""
        if self._process.poll() is None:
            self._is_ended = True
            self._process.terminate()
            try:
                self._process.wait(GRACE_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()

    def close(self) -> None:
        """End it, and let go of its pipes."""
        self.end()
        self._drain.join(1.0)
        for pipe in (self._process.stdout, self._process.stderr):
            if pipe is not None:
                pipe.close()

    def _give_up(self) -> None:
        self._is_stuck = True
        self._process.kill()

    def _listen(self) -> None:
        with contextlib.suppress(ValueError, OSError):
            for line in self._process.stderr or ():
                self._said.append(line.decode("utf-8", "replace"))


@contextlib.contextmanager
def private_folder(files: Mapping[str, Any]) -> Iterator[Path]:
    """Give a folder that only this user can read, with JSON files in it; it is gone after the `with`."""
    folder = Path(tempfile.mkdtemp(prefix="lakesmith-program-"))  # mode 0700
    try:
        for name, content in files.items():
            file = folder / name
            file.touch(mode=0o600)
            file.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
