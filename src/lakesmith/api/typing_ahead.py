"""Which types the text columns of streams that were never loaded would get, and how many values would not fit."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from lakesmith.model.streams import Ask, Finding, StreamSpec
from lakesmith.run.workshop import Workshop

LOOKED_AT_ROWS = 200_000


def type_findings(shop: Workshop, source: str) -> Iterator[Finding]:
    """Yield one finding for every stream of a source that has text columns and no table yet.

    The first load looks at all rows; this looks at the first 200,000 and says so if there are more.
    """
    for spec in shop.config.source(source).streams:
        if shop.lake.table(spec.id).head() is None:
            yield from _types(shop, spec)


def _types(shop: Workshop, spec: StreamSpec) -> Iterator[Finding]:
    from lakesmith.shape import TextProfile

    reader = shop.source(spec.id.source)
    profile, rows, whole = TextProfile(), 0, True
    chunks = (reader.read(spec, split, Ask()) for split in reader.splits(spec, Ask()))
    for chunk in itertools.chain.from_iterable(chunks):
        if rows >= LOOKED_AT_ROWS:
            whole = False
            break
        profile.observe(chunk.rows)
        rows += chunk.rows.num_rows
    report = [column for column in profile.report() if column.type is not None]
    if not report:
        return
    types = ", ".join(f"{column.source_name} {column.type}" for column in report)
    looked = f"{rows:,} rows" if whole else f"the first {rows:,} rows"
    yield Finding("note", str(spec.id), f"types after {looked}: {types}")
    for column in report:
        fits = column.fits.get(str(column.type), column.values)
        if fits < column.values:
            yield Finding(
                "note",
                str(spec.id),
                f"{column.source_name}: {fits:,} of {column.values:,} values are {column.type}, "
                f"{column.values - fits:,} go to {column.source_name}__string",
                f"pin it to decide otherwise: columns: {{{column.source_name}: {{type: string}}}}",
            )
