"""Reading one split: documents to workers, answers to rows, and what the ledger says afterwards."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass, field, replace
from typing import Any, BinaryIO

from lakesmith.errors import LakesmithError, SourceDataError, SourceMissingError
from lakesmith.host.files import storage_errors
from lakesmith.model.streams import Chunk, StreamSpec
from lakesmith.sources.documents.crew import Answer, Crew
from lakesmith.sources.documents.kinds import BY_TYPE, HEAD_BYTES, declared_suffix, sniff
from lakesmith.sources.documents.mailbox import messages
from lakesmith.sources.documents.options import DocumentStreamOptions
from lakesmith.sources.documents.protocol import Request
from lakesmith.sources.documents.retrying import notes_of
from lakesmith.sources.documents.rows import batch_of, instant_of_ns, told
from lakesmith.sources.files.deliveries.ledger import Entry, encode
from lakesmith.sources.files.places.place import Place, Status
from lakesmith.sources.files.reading.tape import DIGEST_BYTES

MEGA = 1_000_000
PIECE = 1024 * 1024
CHUNK_MESSAGES, CHUNK_BYTES = 256, 16 * 1024 * 1024
_CHANGED = "changed: it was written while it was read; the next run reads it again"


@dataclass(frozen=True, slots=True)
class Job:
    """What a split's token says: names of documents, for a mailbox what was read of it, and entries to refresh along the way."""

    names: tuple[str, ...]
    begun: Mapping[str, Entry] = field(default_factory=dict)
    refreshed: Mapping[str, Entry] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Return the job as plain values."""
        entries = {"begun": self.begun, "refreshed": self.refreshed}
        plain = {key: {name: entry.as_json() for name, entry in value.items()} for key, value in entries.items()}
        return {"names": list(self.names), **plain}

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Job:
        """Return the job that `as_json` described."""
        begun, refreshed = (
            {name: Entry.from_json(entry) for name, entry in raw[key].items()} for key in ("begun", "refreshed")
        )
        return cls(tuple(raw["names"]), begun, refreshed)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Open:
    """An open file, and what is known of it before anybody looks inside."""

    name: str
    file: BinaryIO
    status: Status
    sha256: str
    kind: str


@dataclass(frozen=True, slots=True)
class _Item:
    """A document on its way to a worker; `number` is that of a message in its mailbox, 0 for a whole file."""

    opened: _Open
    request: Request
    number: int = 0
    is_last: bool = True

    def fileno(self) -> int:
        """Return the descriptor of the open file."""
        return self.opened.file.fileno()


@dataclass(frozen=True, slots=True)
class _Failed:
    """A document that no worker gets to see: its row, and what the ledger notes, None for nothing: the next run tries again."""

    name: str
    row: Mapping[str, Any]
    entry: Entry | None = None


class SplitReading:
    """The reading of one split."""

    def __init__(self, place: Place, stream: StreamSpec, job: Job) -> None:
        self._place, self._stream, self._job = place, stream, job
        self._options: DocumentStreamOptions = stream.options
        self._entries: dict[str, Entry] = dict(job.refreshed)
        self._failed: dict[str, _Failed] = {}
        self._rows: list[dict[str, Any]] = []
        self._bytes = 0
        self._open: dict[str, BinaryIO] = {}

    def chunks(self, crew: Crew) -> Iterator[Chunk]:
        """Yield a chunk for every document; for a mailbox as many as it needs."""
        with ExitStack() as stack:
            stack.callback(self._close_all)
            names = iter(self._job.names)
            awaited = next(names, None)
            for item, answer in stack.enter_context(closing(crew.read(self._items()))):
                # what failed before it was sent has no answer: it comes in its place in the order
                while awaited is not None and awaited != item.opened.name:
                    yield from self._failure(awaited)
                    awaited = next(names, None)
                yield from self._answered(item, answer)
            while awaited is not None:
                yield from self._failure(awaited)
                awaited = next(names, None)

    def _items(self) -> Iterator[_Item]:
        for name in self._job.names:
            found = self._opened(name)
            if isinstance(found, _Failed):
                self._failed[name] = found
            elif found.kind == "mbox":
                yield from self._messages(found)
            else:
                yield self._item(found, 0, found.status.size)

    def _item(self, opened: _Open, offset: int, length: int, number: int = 0, *, is_last: bool = True) -> _Item:
        kind = "eml" if number else ""
        request = Request(offset, length, declared_suffix(opened.name), kind=kind, limits=self._options.limits)
        return _Item(opened, request, number, is_last)

    def _messages(self, opened: _Open) -> Iterator[_Item]:
        begun = self._job.begun.get(opened.name)
        same = begun is not None and (begun.size, begun.mtime_ns) == (opened.status.size, opened.status.mtime_ns)
        start, number = (begun.consumed, begun.records) if begun is not None and same else (0, 0)
        waiting: tuple[int, int] | None = None
        for offset, length in messages(opened.file, opened.status.size, start):
            if waiting is not None:
                number += 1
                yield self._item(opened, *waiting, number, is_last=False)
            waiting = offset, length
        if waiting is not None:
            yield self._item(opened, *waiting, number + 1)
        elif not start:
            row = {
                "path": opened.name,
                "declared": declared_suffix(opened.name),
                **_facts(opened.status),
                "sha256": opened.sha256,
            }
            failure = {**row, "type": "mbox", "error": "malformed: a mailbox without messages"}
            self._failed[opened.name] = _Failed(opened.name, failure, self._entry(opened.status, opened.sha256))

    def _opened(self, name: str) -> _Open | _Failed:
        """Open a document and hash it, or say why that cannot be."""
        row: dict[str, Any] = {"path": name, "declared": declared_suffix(name)}
        try:
            status = self._place.status(name)
            row |= {"size": status.size, "modified_at": instant_of_ns(status.mtime_ns)}
            if not status.size:
                return _Failed(name, {**row, "error": "empty"}, self._entry(status, hashlib.sha256().hexdigest()))
            with storage_errors(self._place.path(name)):
                file = self._local(name)
                self._open[name] = file
                digest, head = _hashed(file, status.size)
        except SourceDataError as error:  # it will be the same until somebody changes the file
            return _Failed(name, {**row, "error": f"not opened: {error.what}"}, self._entry(status, ""))
        except SourceMissingError:
            return _Failed(name, {**row, "error": "vanished: it was gone before it could be read"})
        except LakesmithError as error:
            return _Failed(name, {**row, "error": f"not opened: {error.what}"})
        kind = sniff(head, row["declared"])
        if status.size > self._options.max_document_mb * MEGA and kind not in ("txt", "md", "mbox"):
            file.close()
            reason = f"too large: more than {self._options.max_document_mb} MB"
            notes = notes_of(self._options, {"limit": True})
            row |= {"sha256": digest, "error": reason}
            return _Failed(name, row, self._entry(status, digest, notes))
        return _Open(name=name, file=file, status=status, sha256=digest, kind=kind)

    def _local(self, name: str) -> BinaryIO:
        """Return an open file with a descriptor: what lies elsewhere is copied to a file without a name."""
        file = self._place.open(name)
        try:
            file.fileno()
        except (OSError, AttributeError):
            with file:
                copy = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the others
                shutil.copyfileobj(file, copy, PIECE)
            copy.flush()
            return copy
        return file

    def _failure(self, name: str) -> Iterator[Chunk]:
        failed = self._failed.pop(name, None)
        if failed is not None:
            if failed.entry is not None:
                self._entries[name] = failed.entry
            yield self._chunk(name, [failed.row])

    def _answered(self, item: _Item, answer: Answer) -> Iterator[Chunk]:
        name, status = item.opened.name, item.opened.status
        if item.number:
            yield from self._message(item, answer)
            return
        row = {
            "path": name,
            **_facts(status),
            "sha256": item.opened.sha256,
            "declared": item.request.declared,
            **told(answer),
        }
        row["type"] = row["type"] or (item.opened.kind if item.opened.kind in BY_TYPE else None)
        if self._is_changed(name, status):
            row = {
                **{key: row[key] for key in ("path", "declared", "size", "modified_at", "sha256")},
                "error": _CHANGED,
            }
        else:
            self._entries[name] = self._entry(status, item.opened.sha256, notes_of(self._options, answer))
        self._close(name)
        yield self._chunk(name, [row])

    def _message(self, item: _Item, answer: Answer) -> Iterator[Chunk]:
        """Collect messages of a mailbox; the ledger says after each chunk up to where it was read."""
        name, status, request = item.opened.name, item.opened.status, item.request
        digest = _digest_of(item.opened.file, request.offset, request.length)
        facts = {**_facts(status), "size": request.length, "sha256": digest}
        self._rows.append({"path": f"{name}/{item.number}", **facts, "declared": declared_suffix(name), **told(answer)})
        self._bytes += len(str(answer.get("text") or "")) * 4
        if not (item.is_last or len(self._rows) >= CHUNK_MESSAGES or self._bytes >= CHUNK_BYTES):
            return
        rows, self._rows, self._bytes = self._rows, [], 0
        end = request.offset + request.length
        entry = replace(
            self._entry(status, item.opened.sha256), consumed=end, records=item.number, is_done=item.is_last
        )
        if item.is_last and self._is_changed(name, status):
            entry = replace(entry, size=-1)
        self._entries[name] = entry
        if item.is_last:
            self._close(name)
        yield self._chunk(name, rows)

    def _chunk(self, name: str, rows: list[Any]) -> Chunk:
        after = encode(self._entries)
        return Chunk(batch_of(rows), after, counted=len(rows), origin=name)

    def _entry(self, status: Status, sha256: str, notes: Mapping[str, str] | None = None) -> Entry:
        digest = sha256[: 2 * DIGEST_BYTES]
        return Entry(status.size, status.mtime_ns, status.size, digest, 1, 0, notes=notes or {}, version=status.version)

    def _is_changed(self, name: str, status: Status) -> bool:
        try:
            return self._place.status(name) != status
        except LakesmithError:
            return True

    def _close(self, name: str) -> None:
        file = self._open.pop(name, None)
        if file is not None:
            file.close()

    def _close_all(self) -> None:
        for name in list(self._open):
            self._close(name)


def _facts(status: Status) -> dict[str, Any]:
    return {"size": status.size, "modified_at": instant_of_ns(status.mtime_ns)}


def _hashed(file: BinaryIO, size: int) -> tuple[str, bytes]:
    """Return the SHA-256 of a file and its first bytes."""
    digest, head = hashlib.sha256(), b""
    file.seek(0)
    while piece := file.read(min(PIECE, size)):
        head = head or piece[:HEAD_BYTES]
        digest.update(piece)
    return digest.hexdigest(), head


def _digest_of(file: BinaryIO, offset: int, length: int) -> str:
    digest = hashlib.sha256()
    while length and (piece := os.pread(file.fileno(), min(PIECE, length), offset)):
        digest.update(piece)
        offset, length = offset + len(piece), length - len(piece)
    return digest.hexdigest()
