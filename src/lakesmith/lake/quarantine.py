"""Where rejected records wait: one JSON line each, visible once the commit that names their file has landed."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from lakesmith.errors import StorageUnavailableError
from lakesmith.host import crash
from lakesmith.host.files import fsync_folder, storage_errors
from lakesmith.lake import points
from lakesmith.lake.layout import make_folder
from lakesmith.lake.metadata import Metadata
from lakesmith.model.loads import Group, QuarantinedRow
from lakesmith.model.streams import Reject, StreamId

CLAIMS = "lakesmith.quarantine-files"
BATCH_ID = "lakesmith.batch-id"


class RejectFile:
    """A quarantine file in the making; on disk from its first record on."""

    def __init__(self, path: Path, group: Group) -> None:
        self.path, self.rejects = path, 0
        self._group = group
        self._file: BinaryIO | None = None

    def write(self, rejects: Iterable[Reject]) -> None:
        """Append records.

        Raises:
            StorageFullError: If the disk is full.
            StorageUnavailableError: If the file cannot be written.
        """
        for reject in rejects:
            file = self._opened()
            with storage_errors(self.path):
                file.write(_encode(self._group, reject))
            self.rejects += 1

    def close(self) -> tuple[str, ...]:
        """Make the file durable and return its path; nothing if there was no record.

        Raises:
            StorageFullError: If the disk is full.
            StorageUnavailableError: If the file cannot be written.
        """
        if self._file is None:
            return ()
        with storage_errors(self.path):
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            fsync_folder(self.path.parent)
        crash.point(points.QUARANTINE_WRITTEN)
        return (str(self.path),)

    def abandon(self) -> None:
        """Stop writing; nobody will claim the file."""
        if self._file is not None:
            self._file.close()

    def _opened(self) -> BinaryIO:
        if self._file is None:
            make_folder(self.path.parent)
            with storage_errors(self.path):
                self._file = self.path.open("xb")
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


def read_claimed(folder: Path, stream: StreamId, metadata: Metadata) -> Iterator[QuarantinedRow]:
    """Yield the records that landed batches claim, newest batch first.

    Args:
        folder: The stream's quarantine folder.
        stream: The stream.
        metadata: The table's metadata; only the history of `main` counts.

    Raises:
        StorageUnavailableError: If a claimed file is gone or cannot be read.
    """
    for snapshot in metadata.ancestors():
        if BATCH_ID in snapshot.summary:
            for name in json.loads(snapshot.summary.get(CLAIMS, "[]")):
                yield from _read(folder / name, stream)


def _read(path: Path, stream: StreamId) -> Iterator[QuarantinedRow]:
    with storage_errors(path), path.open("rb") as lines:
        for line in lines:
            yield _decode(line, path, stream)


def _decode(line: bytes, path: Path, stream: StreamId) -> QuarantinedRow:
    try:
        raw: dict[str, Any] = json.loads(line)
        at = datetime.fromisoformat(raw["at"])
        head = (raw["batch"], raw["ordinal"], at, raw["reason"], raw["where"], raw["column"], raw["raw"])
    except (ValueError, KeyError) as error:
        raise StorageUnavailableError(
            "A quarantine file is damaged.",
            where=str(path),
            fix="restore the file from a backup; bronze is not affected",
        ) from error
    return QuarantinedRow(stream, *head)
