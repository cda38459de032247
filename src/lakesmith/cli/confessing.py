"""What is written down of a fault of Lakesmith itself: where it happened. Messages stay out, for they may quote rows and secrets."""

from __future__ import annotations

from collections.abc import Iterator
from traceback import format_tb


def told(error: BaseException) -> str:
    """Return the classes and places of an error and of those it came from, the first one on top, without a word they say."""
    return "\n".join(_parts(error, set()))


def _parts(error: BaseException, seen: set[int]) -> Iterator[str]:
    if id(error) in seen:
        return
    seen.add(id(error))
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if before is not None:
        yield from _parts(before, seen)
        yield "which led to:\n"
    yield f"{type(error).__module__}.{type(error).__qualname__}\n{''.join(format_tb(error.__traceback__))}"
    if isinstance(error, BaseExceptionGroup):
        for one in error.exceptions:
            yield "together with:\n"
            yield from _parts(one, seen)
