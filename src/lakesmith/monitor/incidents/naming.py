"""How causes and subjects are named: what makes two errors the same, and which subject stands for several."""

from __future__ import annotations

import re
from collections.abc import Sequence

from lakesmith.monitor.incidents.values import FAULT, Fault

EVERYTHING, WHOLE_RUN = "*", "run"
WHOLE_SOURCE = {
    "network": "unreachable",
    "dns_tls": "unreachable",
    "dns": "unreachable",
    "tls": "unreachable",
    "timeout": "unreachable",
    "auth_expired": "refused",
    "rate_limit": "limited",
    "quota": "limited",
}
"""Classes of errors that are about a source as a whole, and what they have in common."""

WHOLE_PLACE = ("disk_full", "out_of_memory", "lost_worker")
"""Classes of errors that are about the machine or the lake, whichever stream meets them first."""

WHOLE_KINDS = ("StorageFullError", "StorageUnavailableError", "CatalogBrokenError", "CatalogLockedError")
"""Errors that are about the lake, whichever stream meets them first."""

SENTENCE = 200
_NOT_WORDS = re.compile(r"[^a-z0-9]+")
_VARIES = re.compile(r"\"[^\"]*\"|'[^']*'|`[^`]*`|\b[0-9a-f]{8,}\b|\d+")
_MAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_END = re.compile(r"(?<=[^.\s])\.(?=\s)")


def word(text: str) -> str:
    """Return a name of a class as a plain word.

    Examples:
        >>> word("DNS/TLS"), word("auth expired")
        ('dns_tls', 'auth_expired')
    """
    return _NOT_WORDS.sub("_", text.lower()).strip("_")


def is_whole(fault: Fault) -> bool:
    """Whether an error is about a source, or a machine, and not about one stream of it."""
    found = word(fault.error_class)
    return (bool(fault.source) and found in WHOLE_SOURCE) or _is_everywhere(fault)


def _is_everywhere(fault: Fault) -> bool:
    return word(fault.error_class) in WHOLE_PLACE or fault.kind in WHOLE_KINDS


def key_of(fault: Fault) -> str:
    """Return what errors of one cause have in common, in whichever stream and run they appear."""
    found = word(fault.error_class)
    if _is_everywhere(fault):
        return f"{FAULT}|{fault.kind if fault.kind in WHOLE_KINDS else found}"
    if fault.source and found in WHOLE_SOURCE:
        return f"{FAULT}|{fault.source}|{WHOLE_SOURCE[found]}"
    return f"{FAULT}|{fault.source or fault.step}|{fault.kind}|{found}|{_normal(fault)}"


def _normal(fault: Fault) -> str:
    """Return the sentence of an error without what differs from stream to stream and from day to day."""
    text = fault.what.splitlines()[0] if fault.what else ""
    for name in sorted({fault.subject, fault.subject.partition(".")[2], fault.step} - {""}, key=len, reverse=True):
        text = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", "…", text)
    return " ".join(_VARIES.sub("…", text).lower().split())


def sentence(text: str) -> str:
    r"""Return the first sentence of a text, without its full stop, and without a person's mail address.

    Examples:
        >>> sentence("It is closed. Try again.\\nSoon."), sentence("ada@example.com is not known.")
        ('It is closed', '… is not known')
    """
    lines = text.strip().splitlines()
    first = _END.split(lines[0], maxsplit=1)[0] if lines else ""
    clean = without_persons(first).removesuffix(".")
    return clean if len(clean) <= SENTENCE else clean[: SENTENCE - 1] + "…"


def without_persons(text: str) -> str:
    """Return a text without mail addresses: an error of somebody else's program may repeat a row."""
    return _MAIL.sub("…", text)


def is_group(subject: str) -> bool:
    """Whether a subject stands for several: `shop.*`, `*`."""
    return subject.endswith("*")


def within(subject: str, group: str) -> bool:
    """Whether a subject is one of those that a group stands for.

    Examples:
        >>> within("shop.orders", "shop.*"), within("shopping.x", "shop.*"), within("shop.orders", "*")
        (True, False, True)
    """
    return is_group(group) and subject.startswith(group[:-1])


def covers(source: str, subject: str) -> bool:
    """Whether a subject belongs to a source."""
    return bool(source) and subject.startswith(f"{source}.")


def together(subjects: Sequence[str]) -> str:
    """Return one subject that stands for all.

    Examples:
        >>> together(["shop.a"]), together(["shop.a", "shop.b"]), together(["shop.a", "crm.b"])
        ('shop.a', 'shop.*', '*')
    """
    if len(subjects) == 1:
        return subjects[0]
    sources = {subject.partition(".")[0] for subject in subjects}
    return f"{sources.pop()}.*" if len(sources) == 1 else EVERYTHING


def called(check_id: str, relation: str) -> str:
    """Return how people call a test: what it tests, without the names of table and column that dbt adds to it.

    Examples:
        >>> called("test.acme.relationships_stg_app__orders_customer_id__id__ref_stg_.9f", "silver.stg_app__orders")
        'relationships'
        >>> called("test.acme.lakesmith_source_unique_key_app_orders_id.9f", "bronze_app.orders")
        'unique_key'
        >>> called("test.acme.marts_add_up", "marts.mart_x")
        'marts_add_up'
    """
    whole = "".join(check_id.split(".")[2:3]) or check_id
    schema, _, table = relation.rpartition(".")
    short = whole
    for name in (table, f"{schema.removeprefix('bronze_')}_{table}"):
        before, found, _ = whole.partition(f"_{name}")
        if name and found and before and len(before) < len(short):
            short = before
    return (short.removeprefix("lakesmith_").removeprefix("source_") or whole) if short != whole else whole
