"""What is written down of a fault of Lakesmith itself: where it happened. Messages stay out, for they may quote rows and secrets."""

from __future__ import annotations

from collections.abc import Iterator
from traceback import format_tb


def told(error: BaseException) -> str:
    """Return the classes and places of an error and of those it came from, the first one on top, without a word they say."""
    return "\n".join(_parts(error, set()))


def _parts(error: BaseException, seen: set[int]) -> Iterator[str]:
    seen.add(id(error))
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if before is not None and id(before) not in seen:
        yield from _parts(before, seen)
        yield "which led to:\n"
    yield f"{type(error).__module__}.{type(error).__qualname__}\n{''.join(format_tb(error.__traceback__))}"
    if isinstance(error, BaseExceptionGroup):
        for one in (one for one in error.exceptions if id(one) not in seen):
            yield "together with:\n"
            yield from _parts(one, seen)
