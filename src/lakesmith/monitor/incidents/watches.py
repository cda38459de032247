"""What the project says of a table: its owner, its tags, and how bad it is when it is not well."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from lakesmith.project.monitoring import Watch


@dataclass(frozen=True, slots=True)
class About:
    """Who owns a subject, its tags, and its severity: error or warn."""

    owner: str = ""
    tags: frozenset[str] = frozenset()
    severity: str = "error"


def about(subject: str, watches: Mapping[str, Watch]) -> About:
    """Return what the entries say together that a subject fits; of two that say something, the later one wins.

    A group (`shop.*`) has what is said of it, or of all of its tables.
    """
    owner, tags, severity = "", frozenset[str](), "error"
    for pattern, watch in watches.items():
        if not fits(subject, pattern):
            continue
        owner = watch.owner or owner
        tags = frozenset(watch.tags) or tags
        severity = watch.severity if "severity" in watch.model_fields_set else severity
    return About(owner, tags, severity)


def fits(subject: str, pattern: str) -> bool:
    """Whether a pattern names a subject, with or without its source or schema.

    Examples:
        >>> fits("shop.orders", "shop.*"), fits("marts.mart_x", "mart_*"), fits("shop.orders", "crm.*")
        (True, True, False)
    """
    return fnmatchcase(subject, pattern) or fnmatchcase(subject.partition(".")[2], pattern)
