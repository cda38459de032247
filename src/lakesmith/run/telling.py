"""What a run tells of an error: its words, and the names of the exceptions it came from."""

from __future__ import annotations

from datetime import datetime

from lakesmith.errors import LakesmithError
from lakesmith.model.events import ErrorSeen

MOST_CAUSES = 8


def error_seen(run_id: str, step: str, at: datetime, error: LakesmithError) -> ErrorSeen:
    """Return the event of an error whose texts are masked already."""
    kind, texts = type(error).__name__, (error.what, error.where, error.fix)
    return ErrorSeen(run_id, step, at, kind, error.remedy, *texts, causes=causes_of(error))


def causes_of(error: BaseException) -> tuple[str, ...]:
    """Return the names of the exceptions an error came from, the nearest first; nothing of their words, which may hold values.

    Examples:
        >>> try:
        ...     raise ValueError from ConnectionResetError("secret")
        ... except ValueError as error:
        ...     causes_of(error)
        ('ConnectionResetError',)
    """
    names: list[str] = []
    seen = {id(error)}
    below = error.__cause__ or error.__context__
    while below is not None and id(below) not in seen and len(names) < MOST_CAUSES:
        seen.add(id(below))
        names.append(type(below).__name__)
        below = below.__cause__ or below.__context__
    return tuple(names)
