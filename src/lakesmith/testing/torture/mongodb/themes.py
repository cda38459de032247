"""What happens in a history more often than dice would have it, and what goes wrong during one load."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Theme:
    """What there is more of in a history.

    `before` each load, and `within` each of its streams once that is planned, these things happen. Loads die at `points`: of a stream,
    counted from its beginning on. `what` is done to them at some chunk. There is a commit after every split if `splits`. `ids` are the
    kinds of `_id`s there are. `looks_back`: whether the cursor does. Between two loads there are at most so many things, besides those
    during a load; more in a long history.
    """

    before: tuple[str, ...] = ()
    within: tuple[str, ...] = ()
    points: tuple[tuple[str, str], ...] = ()
    what: str = ""
    splits: bool = False
    ids: tuple[str, ...] = ()
    looks_back: bool | None = None
    between: int = 330


@dataclass(slots=True)
class Trouble:
    """What goes wrong during one load: the crash point that it dies at, or at which chunk or after how long what is done to it."""

    point: str = ""
    stream: str = ""
    """The stream that passes of the point are counted of, empty for all of them."""
    chunk: int = -1
    what: str = ""
    after_s: float = 0.0
    alters: bool = False
    """Whether somebody drops or renames the collection while it is read."""
    is_quiet: bool = False
    """Whether nobody writes while it reads."""
    met: bool = False
