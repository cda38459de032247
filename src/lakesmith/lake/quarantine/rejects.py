"""Where rejected records wait: one JSON line each, visible once the commit that names their file has landed.

No file ever changes: a replay writes a note of what it took, which counts once the commit that names the note has landed.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from lakesmith.errors import StorageUnavailableError
from lakesmith.host import crash
from lakesmith.host.files import storage_errors
from lakesmith.lake import points
from lakesmith.lake.quarantine.claims import Claim
from lakesmith.lake.stores.store import Output, Store
from lakesmith.model.loads import Group, QuarantinedRow
from lakesmith.model.streams import Reject, StreamId

if TYPE_CHECKING:
    from lakesmith.lake.services import Services

BUFFER = 1 << 20
NOTE = ".replayed.json"
"""How the names of files end that hold no records, but which records a replay took out of the others."""


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
    record: dict[str, Any] = {
        "batch": group.batch_id,
        "ordinal": group.ordinal,
        "at": group.loaded_at.isoformat(),
        "reason": reject.reason,
        "where": reject.where,
        "column": reject.column,
        "raw": reject.raw,
    }
    record |= {"masked": reject.masked} if reject.masked else {}
    record |= {"cut": True} if reject.cut else {}
    record |= {"mark": reject.mark} if reject.mark else {}
    return json.dumps(record, separators=(",", ":")).encode() + b"\n"  # ASCII: a broken surrogate in `raw` survives


def read_claimed(store: Store, folder: str, stream: StreamId, claims: Iterable[Claim]) -> Iterator[QuarantinedRow]:
    """Yield the records that landed batches claim and no landed replay took, newest batch first.

    Args:
        store: Where the lake lies.
        folder: The stream's quarantine folder.
        stream: The stream.
        claims: What landed batches claim, newest first.

    Raises:
        StorageUnavailableError: If a claimed file is gone or cannot be read.
    """
    names = [name for claim in claims for name in claim.files]
    taken = taken_by(store, [f"{folder}/{name}" for name in names if name.endswith(NOTE)])
    for name in names:
        if not name.endswith(NOTE):
            yield from _read(store, (folder, name), stream, taken.get(name, ()))


def write_note(services: Services, group: Group, ids: Iterable[str]) -> str:
    """Write down which records a replay took, and return the path: claimed by its commit, like a file of rejects.

    It is durable when this returns, and says nothing before that commit has landed.

    Raises:
        StorageFullError: If the disk is full.
        StorageUnavailableError: If it cannot be written.
    """
    lines: dict[str, list[int]] = {}
    for id_ in ids:
        name, _, line = id_.rpartition(":")
        lines.setdefault(name, []).append(int(line))
    content = {name: spell_ranges(numbers) for name, numbers in lines.items()}
    name = f"{group.ordinal:08d}-{services.host.ids.ticket()}{NOTE}"
    path = f"{services.layout.quarantine(group.stream)}/{name}"
    services.store.write(path, json.dumps(content, sort_keys=True, separators=(",", ":")).encode())
    return path


def taken_by(store: Store, notes: Iterable[str]) -> dict[str, Sequence[range]]:
    """Return the lines that replays took, by name of the file they are in.

    Raises:
        StorageUnavailableError: If a note is gone or cannot be read.
    """
    taken: dict[str, Sequence[range]] = {}
    for path in notes:
        with storage_errors(path):
            content = store.read(path)
        try:
            said: dict[str, str] = json.loads(content)
            for name, text in said.items():
                taken[name] = (*taken.get(name, ()), *read_ranges(text))
        except ValueError as error:
            raise _damaged(path) from error
    return taken


def spell_ranges(numbers: Iterable[int]) -> str:
    """Return numbers as ranges.

    Examples:
        >>> spell_ranges([7, 1, 2, 3, 9, 8])
        '1-3,7-9'
    """
    spans: list[list[int]] = []
    for number in sorted(set(numbers)):
        if spans and number == spans[-1][1] + 1:
            spans[-1][1] = number
        else:
            spans.append([number, number])
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in spans)


def read_ranges(text: str) -> list[range]:
    """Return what `spell_ranges` wrote.

    Raises:
        ValueError: If the text is something else.
    """
    pairs = [part.split("-") for part in text.split(",") if part]
    return [range(int(pair[0]), int(pair[-1]) + 1) for pair in pairs]


def _read(store: Store, file: tuple[str, str], stream: StreamId, taken: Sequence[range]) -> Iterator[QuarantinedRow]:
    path = "/".join(file)
    with storage_errors(path), store.open(path) as lines:
        for number, line in enumerate(lines, start=1):
            if not any(number in span for span in taken):
                yield replace(_decode(line, path, stream), id=f"{file[1]}:{number}")


def _decode(line: bytes, path: str, stream: StreamId) -> QuarantinedRow:
    try:
        raw: dict[str, Any] = json.loads(line)
        at = datetime.fromisoformat(raw["at"])
        head = (raw["batch"], raw["ordinal"], at, raw["reason"], raw["where"], raw["column"], raw["raw"])
    except (ValueError, KeyError) as error:
        raise _damaged(path) from error
    return QuarantinedRow(stream, *head, tuple(raw.get("masked", ())), bool(raw.get("cut")), raw.get("mark", ""))


def _damaged(path: str) -> StorageUnavailableError:
    return StorageUnavailableError(
        "A quarantine file is damaged.",
        where=path,
        fix="restore the file from a backup; bronze is not affected",
    )
