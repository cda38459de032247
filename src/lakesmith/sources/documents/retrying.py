"""Documents that could not be read for a reason that lies with us: what to note of them, and when to try again."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from lakesmith.sources.documents.dispatch import LACKS

if TYPE_CHECKING:
    from lakesmith.sources.documents.options import DocumentStreamOptions

RETRY = "retry"
"""Note in the ledger: try again when this is not so any more."""


def limits_of(options: DocumentStreamOptions) -> str:
    """Return the limits that a document may run into, as the ledger notes them."""
    return f"{options.timeout_s:g} s, {options.max_memory_mb} MB, {options.max_document_mb} MB"


def notes_of(options: DocumentStreamOptions, answer: Mapping[str, Any]) -> dict[str, str]:
    """Return what to note of a document, nothing if trying again has no point."""
    error = str(answer.get("error") or "")
    if error.startswith(LACKS):
        return {RETRY: error.partition(";")[0]}
    return {RETRY: limits_of(options)} if answer.get("limit") else {}


def may_succeed(options: DocumentStreamOptions, notes: Mapping[str, str]) -> bool:
    """Whether what kept us from reading a document is different now: a library was installed, a limit was changed."""
    note = notes.get(RETRY)
    if note is None:
        return False
    if note.startswith(LACKS):
        return all(find_spec(name.strip()) for name in note.partition(":")[2].split(","))
    return note != limits_of(options)
