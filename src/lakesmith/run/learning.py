"""The types of text columns, learned from everything a load is going to read, before any of it is written."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

from lakesmith.model.protocols import Source
from lakesmith.model.streams import Ask, Split, StreamSpec

if TYPE_CHECKING:
    from lakesmith.shape import TextProfile


def learn_types(
    source: Source, spec: StreamSpec, splits: Sequence[Split], ask: Ask, *, check: Callable[[], None]
) -> TextProfile:
    """Return the profile of all text columns in `splits`; `check` is called between chunks and may raise to stop.

    Raises:
        StopRequestedError: If somebody asked to stop, as far as `check` says so.
        LakesmithError: If the source refuses.
    """
    from lakesmith.shape import TextProfile

    profile = TextProfile()
    with ThreadPoolExecutor(
        1, thread_name_prefix="lakesmith-learn"
    ) as thread:  # counts one chunk while the next is read
        counting: Future[None] | None = None
        for split in splits:
            for chunk in source.read(spec, split, ask):
                check()
                if counting is not None:
                    counting.result()
                counting = thread.submit(profile.observe, chunk.rows)
        if counting is not None:
            counting.result()
    return profile
