"""Documents whose readers are killed at random moments, as is the load itself: in the end there is a row for every document."""

from __future__ import annotations

import hashlib
import json
import os
import random
import signal
import threading
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from lakesmith.model.streams import SourceContext, StreamSpec
from lakesmith.testing.torture.laws import BrokenError
from lakesmith.testing.torture.ordeals import compare, open_table, read_table
from lakesmith.testing.torture.truth import STREAM

NOTED = "truth.json"
DOCUMENTS = 80
"""More than one split holds."""
EACH_SPLIT = 1
WORKERS = 2
PAUSE_S = (0.05, 0.6)
"""How long the killer of readers waits between two."""
ENDED = "crashed"
"""How the error of a document begins whose reader was killed."""


@dataclass(frozen=True, slots=True)
class Papers:
    """Loads of a folder of documents of several kinds, in one mode."""

    mode: str = "append"

    @property
    def name(self) -> str:
        """What is read, and the mode."""
        return f"documents, {self.mode}"

    def prepare(self, home: Path) -> None:
        """Write documents."""
        self._write(home, range(DOCUMENTS))

    def grow(self, home: Path, round_: int) -> None:
        """Bring as many more, so that there is time to be killed."""
        self._write(home, range(1000 * round_, 1000 * round_ + DOCUMENTS))

    def act(self, home: Path) -> None:
        """Load what is new, while somebody kills those who read it."""
        from lakesmith.host import Host
        from lakesmith.run.load import LoadJob, load_stream
        from lakesmith.sources.documents.options import DocumentsOptions, DocumentStreamOptions
        from lakesmith.sources.documents.source import DocumentsSource

        key = ("path",) if self.mode == "dedupe" else ()
        spec = StreamSpec(STREAM, self.mode, key, options=DocumentStreamOptions(files="in/*"))
        source = DocumentsSource(SourceContext(STREAM.source, DocumentsOptions(workers=WORKERS), home, (spec,)))
        over = threading.Event()
        killer = threading.Thread(target=_kill_readers, args=(over, home.parent / "readers.txt"), daemon=True)
        killer.start()
        try:
            load_stream(LoadJob(spec, source, open_table(home), Host(), "config", group_bytes=EACH_SPLIT))
        finally:
            over.set()
            killer.join()

    def check(self, home: Path) -> None:
        """See that every document has one row, with its text, or with the word that its reader was ended.

        Raises:
            BrokenError: If a document has no row, two, or one that says something else.
        """
        told = json.loads((home / NOTED).read_text())
        _metadata, rows = read_table(home, STREAM)
        compare("documents", Counter(told.keys()), Counter(row["path"] for row in rows))
        for row in rows:
            text, digest = told[row["path"]]
            if row["sha256"] != digest or not (row["text"] == text or str(row["error"]).startswith(ENDED)):
                raise BrokenError("wrong", f"the row of {row['path']} says {row['error'] or 'another text'}")

    def _write(self, home: Path, numbers: range) -> None:
        file = home / NOTED
        told = json.loads(file.read_text()) if file.exists() else {}
        (home / "in").mkdir(exist_ok=True)
        for number in numbers:
            name, content, text = _document(number)
            (home / "in" / name).write_bytes(content)
            told[f"in/{name}"] = [text, hashlib.sha256(content).hexdigest()]
        file.write_text(json.dumps(told))


def _document(number: int) -> tuple[str, bytes, str]:
    """Return the name of a document, its content, and the text that is in it."""
    text = f"No. {number} says hällo."
    if number % 3 == 0:
        return f"{number}.txt", text.encode(), text
    if number % 3 == 1:
        return f"{number}.html", f'<html><head><meta charset="utf-8"></head><body>{text}</body></html>'.encode(), text
    head = "From: ann@example.com\nTo: bob@example.com\nSubject: x\nMIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n"
    return f"{number}.eml", f"{head}Content-Transfer-Encoding: 8bit\n\n{text}\n".encode(), text


def _kill_readers(over: threading.Event, noted: Path) -> None:
    """Kill children of this process, one now and then, until it is over."""
    chance = random.Random(os.getpid())  # noqa: S311 - times are not repeatable anyway
    while not over.wait(chance.uniform(*PAUSE_S)):
        children = [
            int(text) for file in Path("/proc/self/task").glob("*/children") for text in file.read_text().split()
        ]
        if children:
            with suppress(ProcessLookupError):
                os.kill(chance.choice(children), signal.SIGKILL)
            with noted.open("a") as file:
                file.write("1\n")
