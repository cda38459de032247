"""Files that cannot be read as a whole: one goes aside with its reason, as one record, and is tried again once it has changed."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace

from lakesmith.errors import SourceDataError
from lakesmith.model.streams import Chunk, Reject
from lakesmith.sources.files.deliveries.ledger import Entry
from lakesmith.sources.files.options import FileStreamOptions
from lakesmith.sources.files.reading.job import Job, told

TRIED_AGAIN = "the file as a whole was put aside: it is read again once it has changed, or a setting of its stream has"
"""Why the record of a whole file cannot be replayed."""
NO_FORMAT = "the name of the file does not tell its format: set `format:`, or narrow `files:`"
_DIGITS = 16


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a file cannot be read at all, and what the ledger says of it."""

    name: str
    reason: str
    entry: Entry


class BrokenFileError(SourceDataError):
    """A file cannot be read as a whole. `refusal` is what becomes of it where its stream goes on without it."""

    def __init__(self, error: SourceDataError, refusal: Refusal) -> None:
        super().__init__(error.what, where=error.where, fix=error.fix)
        self.refusal = refusal


def reason_of(error: SourceDataError, name: str) -> str:
    """Return what goes to quarantine as the reason of a file: what happened, and where in it if that is known."""
    inside = "" if error.where.partition(" (")[0] in ("", name) else f" ({error.where})"
    return f"{error.what.rstrip('.')}{inside}"


def refused(known: Entry | None, seen: Entry, options: FileStreamOptions) -> Entry:
    """Return the entry of a file that was refused: what was read of it before stays known.

    Args:
        known: What the ledger had of it.
        seen: Its size, time and version when it was refused.
        options: The settings it was refused by; by others it is tried again.
    """
    return replace(
        known or Entry(0, 0, 0, "", 0, 0),
        size=seen.size,
        mtime_ns=seen.mtime_ns,
        version=seen.version,
        whole=seen.whole,
        is_done=True,
        is_gone=False,
        refused=digest_of_settings(options),
    )


def digest_of_settings(options: FileStreamOptions) -> str:
    """Return what tells the settings of a stream from others."""
    return hashlib.sha256(options.model_dump_json().encode()).hexdigest()[:_DIGITS]


def aside(job: Job, refusal: Refusal) -> Chunk:
    """Return the chunk of a file that goes aside: one record was read, and waits in quarantine."""
    notice = (
        f"{refusal.name} cannot be read and was put aside: {refusal.reason}. It is tried again once it has changed."
    )
    chunk = told(job, (*job.notices, notice), {refusal.name: refusal.entry})
    return replace(chunk, rejects=(Reject(refusal.reason, refusal.name, ""),), counted=1)


def stand_in(job: Job, refusal: Refusal) -> Job:
    """Return the job that puts a file aside instead of reading it."""
    return replace(job, format="", known=refusal.entry, may_grow=False, broken=refusal.reason)
