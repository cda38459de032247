"""What an error is about: its class, whose matter it is, whether the same run may go well later, and what makes two errors one."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from lakesmith.model.events import ErrorSeen

SOURCE, PLATFORM, DESTINATION, DATA, CONFIG = "source", "platform", "destination", "data", "config"
"""Whose matter an error is."""


@dataclass(frozen=True, slots=True)
class Blame:
    """What is told of an error besides its words. `fingerprint`: errors with the same one have one cause, as far as one can see."""

    error_class: str
    origin: str
    retryable: bool
    fingerprint: str


RETRYABLE = frozenset(
    {"network", "dns_tls", "rate_limit", "timeout", "destination_locked", "lost_worker", "disk_full", "commit_unknown"}
)
"""Classes of errors that go away by themselves, or with the next run."""

_OF_CAUSES = (
    (r"gaierror|SSL\w*|\w*Certificate\w*", "dns_tls"),
    (r"MemoryError|OutOfMemory\w*|ArrowMemoryError", "out_of_memory"),
    (r"BrokenProcessPool|WorkerDied\w*|WorkerGone\w*|EOFError", "lost_worker"),
    (r"\w*Timeout\w*|\w*TimedOut\w*|QueryCanceled", "timeout"),
    (r"InsufficientPrivilege|PermissionError", "permission"),
    (r"InvalidPassword|InvalidAuthorization\w*|Authentication\w*", "auth_expired"),
    (r"DiskFull|StorageFull\w*", "disk_full"),
    (r"DeadlockDetected|LockNotAvailable|SerializationFailure", "destination_locked"),
    (r"Connect\w*Error|Connection\w*|RemoteProtocolError|ReadError|WriteError|AutoReconnect|NetworkTimeout", "network"),
    (r"NumericValueOutOfRange|ArrowInvalid|OverflowError|DecimalException", "type_overflow"),
)
"""Names of exceptions an error came from, and the class they make of it; the first that fits."""

_OF_WORDS = (
    (r"\b429\b|too many requests|rate limit|allows no more requests|asks to wait", "rate_limit"),
    (r"\bquota\b", "quota"),
    (r"\b403\b|permission|not allowed|access denied|may not (read|see|use)|privilege", "permission"),
    (r"\b401\b|password|credential|\btoken\b|unauthori[sz]ed|log ?in|authenticat", "auth_expired"),
    (r"could not be resolved|no such host|name or service|certificate|\bTLS\b|\bSSL\b", "dns_tls"),
    (r"timed? ?out|took longer|no answer (with)?in|did not answer in time", "timeout"),
    (r"ended by signal|was killed|SIGKILL|killed by", "killed"),
    (r"out of memory|not enough memory", "out_of_memory"),
    (
        r"does not answer|no answer|connection|could not be reached|cannot be reached|\b50[0234]\b|broke off|network",
        "network",
    ),
    (r"(column|table|collection|field) .{0,120}(gone|dropped|missing|does not exist|is not there)", "source_schema"),
    (r"quarantine", "poison_record"),
)
"""Words of a sentence, and the class they make of an error whose own says little."""

_OF_KINDS = {
    "MissingValueError": "config",
    "MissingExtraError": "config",
    "SourceMissingError": "source_schema",
    "SourceDataError": "source_data",
    "DriftRefusedError": "source_schema",
    "TooManyRejectsError": "poison_record",
    "EmptiedError": "source_data",
    "TransformError": "contract",
    "PublishError": "destination_full",
    "StorageFullError": "disk_full",
    "StorageUnavailableError": "network",
    "CatalogLockedError": "destination_locked",
    "BuildFileBusyError": "destination_locked",
    "RunInProgressError": "destination_locked",
    "FencedError": "destination_locked",
    "ForeignCommitError": "destination_locked",
    "CommitUnknownError": "commit_unknown",
    "CatalogBrokenError": "code_bug",
    "RowLawError": "code_bug",
    "StoreBrokenError": "config",
    "ClockBehindError": "config",
    "RestoredCatalog": "commit_unknown",
}
"""The class of an error by its own name, where nothing says more."""

_SURE = frozenset(
    {
        "DriftRefusedError",
        "TooManyRejectsError",
        "EmptiedError",
        "StorageFullError",
        "CatalogLockedError",
        "BuildFileBusyError",
        "RunInProgressError",
        "FencedError",
        "ForeignCommitError",
        "CommitUnknownError",
        "RowLawError",
        "RestoredCatalog",
        "MissingExtraError",
        "MissingValueError",
        "ProjectFileError",
    }
)
"""Kinds that no sentence makes another class of."""

_ORIGINS = {
    "config": CONFIG,
    "source_schema": SOURCE,
    "source_data": DATA,
    "poison_record": DATA,
    "type_overflow": DATA,
    "contract": DATA,
    "destination_full": DESTINATION,
    "destination_locked": DESTINATION,
    "commit_unknown": DESTINATION,
    "disk_full": PLATFORM,
    "out_of_memory": PLATFORM,
    "killed": PLATFORM,
    "lost_worker": PLATFORM,
    "code_bug": PLATFORM,
}
"""Whose matter a class is; that of others depends on the step."""

_WRITES = ("attach", "swap", "publish", "rollback", "page")
"""Kinds of steps that read no source."""
_VOLATILE = (
    (re.compile(r"\"[^\"]*\"|'[^']*'|`[^`]*`|«[^»]*»"), "…"),
    (re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", re.IGNORECASE), "#"),
    (re.compile(r"\b(?=[0-9a-f]*\d)[0-9a-f]{12,}\b", re.IGNORECASE), "#"),
    (re.compile(r"\d+(?:[.,:]\d+)*"), "#"),
    (re.compile(r"\s+"), " "),
)
"""What differs between two words of the same error."""


def blame(error: ErrorSeen) -> Blame:
    """Return what an error is about, by its kind, its causes and its words."""
    named = _class_of(error)
    origin = _origin_of(named, error.step.partition(":")[0])
    told = f"{named}|{origin}|{error.step.partition(':')[0]}|{error.kind}|{normalised(error.what)}"
    return Blame(
        named, origin, _is_retryable(named, error), hashlib.sha256(told.encode("utf-8", "replace")).hexdigest()[:32]
    )


def normalised(text: str) -> str:
    """Return a sentence without what differs from time to time: numbers, ids, what is quoted.

    Examples:
        >>> normalised("12 of 3,004 records of 'orders' are too long.")
        '# of # records of … are too long.'
    """
    for pattern, instead in _VOLATILE:
        text = pattern.sub(instead, text)
    return text.strip()


def _class_of(error: ErrorSeen) -> str:
    by_kind = _OF_KINDS.get(error.kind)
    if error.kind in _SURE:
        return by_kind or "config"
    for pattern, named in _OF_CAUSES:
        if any(re.fullmatch(pattern, cause) for cause in error.causes):
            return named
    for pattern, named in _OF_WORDS:
        if re.search(pattern, error.what, re.IGNORECASE):
            return named
    if by_kind is not None:
        return by_kind
    if error.remedy == "fix the project":
        return "config"
    return "network" if error.remedy == "try again" else "code_bug"


def _origin_of(named: str, step: str) -> str:
    if named in _ORIGINS:
        return _ORIGINS[named]
    return DESTINATION if step in _WRITES else SOURCE if step in ("load", "discover", "watch") else PLATFORM


def _is_retryable(named: str, error: ErrorSeen) -> bool:
    return named in RETRYABLE or error.remedy == "try again"
