"""What was loaded from a source and is not there any more."""

from __future__ import annotations

from collections.abc import Iterator

from lakesmith.model.protocols import Misses
from lakesmith.model.streams import Finding
from lakesmith.run.workshop import Workshop

NAMED = 3


def vanished_findings(shop: Workshop, source: str) -> Iterator[Finding]:
    """Yield one finding for every stream of a source that lacks parts it once had."""
    reader = shop.source(source)
    if not isinstance(reader, Misses):
        return
    for spec in shop.config.source(source).streams:
        head = shop.lake.table(spec.id).head()
        gone = reader.gone(spec, head.position) if head and head.position else ()
        if gone:
            names = ", ".join(gone[:NAMED]) + (", …" if len(gone) > NAMED else "")
            text = f"{len(gone):,} loaded before and not there any more: {names}"
            yield Finding(
                "warning",
                str(spec.id),
                text,
                "nothing, if that is meant: what was loaded stays; a rebuild would lose it",
            )
