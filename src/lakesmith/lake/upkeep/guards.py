"""What the collector may never delete: one small question each, so that leaving one out is seen by a test."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from lakesmith.lake.stores.store import Stored
from lakesmith.lake.upkeep.reach import Reach

YOUNG = timedelta(days=3)
APART = timedelta(days=1)
METADATA_KEPT = 100

DATA, METADATA, QUARANTINE, SIDECAR, CLAIM, LEASE, MARKS = (
    "data file",
    "metadata",
    "quarantine",
    "checkpoint",
    "claims",
    "lease",
    "marks",
)
NAMES = {
    DATA: re.compile(r"(?:(?P<ordinal>\d{8,})-\d{10,}-[0-9a-f]{16}-\d{5,}|upkeep-[0-9a-f]{16}-\d{3,}-\d{5,})\.parquet"),
    METADATA: re.compile(r"\d{5,}-[0-9a-f-]{36}\.metadata\.json|(?:snap-\d+-\d+-)?[0-9a-f-]{36}(?:-m\d+)?\.avro"),
    QUARANTINE: re.compile(r"(?P<ordinal>\d{8,})-(?:\d{10,}-[0-9a-f]{16}\.jsonl|[0-9a-f]{16}\.replayed\.json)"),
    SIDECAR: re.compile(r"(?P<ordinal>\d+)-[0-9a-f]{64}\.json\.gz"),
    CLAIM: re.compile(r"(?P<ordinal>\d+)-[0-9a-f]{64}\.json"),
    LEASE: re.compile(r"\d{15}-[0-9a-f]{16}-(?:wanted|held)\.json"),
    MARKS: re.compile(r"\d{15}-[0-9a-f]{16}\.json\.gz"),
}
"""How Lakesmith and PyIceberg name what they write, by kind."""
UNFINISHED = re.compile(r"\..+\.\d+\.tmp")
"""How a small file is named while it is written."""


@dataclass(frozen=True, slots=True)
class Sight:
    """What one pass knows of a table: what it needs, what time it is by the store's clock, and which metadata files are newest.

    `head_at` is when the list of files of the head of `main` was written, by the store's clock; None if that is not known.
    """

    reach: Reach
    now: datetime
    newest_metadata: frozenset[str] = frozenset()
    head_at: datetime | None = None


def must_stay(stored: Stored, kind: str, sight: Sight) -> bool:
    """Whether an object must stay, whatever earlier passes said."""
    return (
        not is_ours(stored, kind)
        or is_reachable(stored, sight)
        or is_young(stored, sight)
        or is_in_flight(stored, kind, sight)
        or is_pending(stored, sight)
        or is_newest_metadata(stored, sight)
    )


def is_ours(stored: Stored, kind: str) -> bool:
    """Whether it is named as Lakesmith names such things: what somebody else put there is not ours to delete."""
    return any(pattern.fullmatch(_name(stored)) for pattern in (NAMES[kind], UNFINISHED))


def is_whole(stored: Stored) -> bool:
    """Whether it was written to its end: until then a small file has another name."""
    return UNFINISHED.fullmatch(_name(stored)) is None


def is_reachable(stored: Stored, sight: Sight) -> bool:
    """Whether a snapshot that is kept needs it, however it is addressed there."""
    return sight.reach.holds(stored.path)


def is_young(stored: Stored, sight: Sight) -> bool:
    """Whether it was written in the last three days by the store's clock: a load or a compaction may still want to commit it.

    The file of a compaction ages no further than `main` moves: its commit is built on loads that landed since, as long as it is young,
    and may then be sent by a program that has slept, however long.
    """
    now = min(sight.now, sight.head_at or sight.now) if _name(stored).startswith("upkeep-") else sight.now
    return stored.modified_at > now - YOUNG


def is_in_flight(stored: Stored, kind: str, sight: Sight) -> bool:
    """Whether its group is above the checkpoint in force: a stage that is open, however long, may yet be committed."""
    match = NAMES[kind].fullmatch(_name(stored))
    ordinal = match.groupdict().get("ordinal") if match else None
    return ordinal is not None and int(ordinal) > sight.reach.in_force


def is_pending(stored: Stored, sight: Sight) -> bool:
    """Whether it may belong to a commit that was prepared and not sent yet, by a program that has slept since, however long.

    Such a commit can only land on the head it was built on: once `main` has moved on, what was written before is safe from it.
    """
    return sight.head_at is None or stored.modified_at >= sight.head_at


def is_newest_metadata(stored: Stored, sight: Sight) -> bool:
    """Whether it is one of the newest metadata files: a catalog restored from a few commits ago points at one."""
    return stored.path in sight.newest_metadata


def is_marked_twice(stored: Stored, marked: Mapping[str, int] | None) -> bool:
    """Whether a pass at least a day ago, and every one since, found the same object to be needed by nobody.

    Args:
        stored: The object.
        marked: What those passes agreed on: bytes by path; None if there was no pass so long ago.
    """
    return marked is not None and marked.get(stored.path) == stored.size_bytes


def _name(stored: Stored) -> str:
    return stored.path.rpartition("/")[2]
