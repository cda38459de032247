"""Where rejected records wait: one JSON line each, visible once the commit that names their file has landed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from lakesmith.errors import StorageUnavailableError
from lakesmith.host import crash
from lakesmith.host.files import storage_errors
from lakesmith.lake import points
from lakesmith.lake.metadata import Metadata
from lakesmith.lake.store import Output, Store
from lakesmith.model.loads import Group, QuarantinedRow
from lakesmith.model.streams import Reject, StreamId

CLAIMS = "lakesmith.quarantine-files"
BATCH_ID = "lakesmith.batch-id"
BUFFER = 1 << 20


class RejectFile:
    """A quarantine file in the making; begun with its first record."""

    def __init__(self, store: Store, path: str, group: Group) -> None:
        self.path, self.rejects = path, 0
        self._store, self._group = store, group
        self._file: Output | None = None
        self._buffer = bytearray()

    def write(self, rejects: Iterable[Reject]) -> None:
        """Append records.

        Raises:
            StorageFullError: If the disk is full.
            StorageUnavailableError: If the file cannot be written.
        """
        for reject in rejects:
            self._buffer += _encode(self._group, reject)
            if len(self._buffer) >= BUFFER:
                self._flush()
            self.rejects += 1

    def close(self) -> tuple[str, ...]:
        """Make the file durable and return its path; nothing if there was no record.

        Raises:
            StorageFullError: If the disk is full.
            StorageUnavailableError: If the file cannot be written.
        """
        if not self.rejects:
            return ()
        file = self._flush()
        with storage_errors(self.path):
            file.close()
        crash.point(points.QUARANTINE_WRITTEN)
        return (self.path,)

    def abandon(self) -> None:
        """Stop writing; nobody will claim the file."""
        if self._file is not None:
            self._file.abandon()

    def _flush(self) -> Output:
        self._file = self._file or self._store.create(self.path)
        with storage_errors(self.path):
            self._file.write(bytes(self._buffer))
        self._buffer.clear()
        return self._file


def _encode(group: Group, reject: Reject) -> bytes:
    record = {
        "batch": group.batch_id,
        "ordinal": group.ordinal,
        "at": group.loaded_at.isoformat(),
        "reason": reject.reason,
        "where": reject.where,
        "column": reject.column,
        "raw": reject.raw,
    }
    return json.dumps(record, separators=(",", ":")).encode() + b"\n"  # ASCII: a broken surrogate in `raw` survives


def read_claimed(store: Store, folder: str, stream: StreamId, metadata: Metadata) -> Iterator[QuarantinedRow]:
    """Yield the records that landed batches claim, newest batch first.

    Args:
        store: Where the lake lies.
        folder: The stream's quarantine folder.
        stream: The stream.
        metadata: The table's metadata; only the history of `main` counts.

    Raises:
        StorageUnavailableError: If a claimed file is gone or cannot be read.
    """
    for snapshot in metadata.ancestors():
        if BATCH_ID in snapshot.summary:
            for name in json.loads(snapshot.summary.get(CLAIMS, "[]")):
                yield from _read(store, f"{folder}/{name}", stream)


def _read(store: Store, path: str, stream: StreamId) -> Iterator[QuarantinedRow]:
    with storage_errors(path), store.open(path) as lines:
        for line in lines:
            yield _decode(line, path, stream)


def _decode(line: bytes, path: str, stream: StreamId) -> QuarantinedRow:
    try:
        raw: dict[str, Any] = json.loads(line)
        at = datetime.fromisoformat(raw["at"])
        head = (raw["batch"], raw["ordinal"], at, raw["reason"], raw["where"], raw["column"], raw["raw"])
    except (ValueError, KeyError) as error:
        raise StorageUnavailableError(
            "A quarantine file is damaged.",
            where=path,
            fix="restore the file from a backup; bronze is not affected",
        ) from error
    return QuarantinedRow(stream, *head)
