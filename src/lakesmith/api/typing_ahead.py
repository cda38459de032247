"""Which types the text columns of streams that were never loaded would get, how they are written, and what would not fit."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import TYPE_CHECKING

from lakesmith.model.streams import Ask, Finding, StreamSpec
from lakesmith.run.workshop import Workshop

if TYPE_CHECKING:
    from lakesmith.shape.describe import Column

LOOKED_AT_ROWS = 200_000

REMARKS_SHOWN = 6
"""How many columns of a stream are worth a line of their own; those where a person has to decide are all shown."""


def type_findings(shop: Workshop, spec: StreamSpec) -> Iterator[Finding]:
    """Yield what there is to say about the text columns of a stream that has no table yet.

    The first load looks at all rows; this looks at the first 200,000 and says so if there are more. Columns whose type the project
    says, and masked ones, are left out. The first finding carries all of it as facts.

    Raises:
        LakesmithError: If the source refuses.
    """
    if shop.lake.table(spec.id).head() is None:
        looked, columns = _columns(shop, spec)
        if columns:
            yield from _told(str(spec.id), looked, columns)


def _columns(shop: Workshop, spec: StreamSpec) -> tuple[str, list[Column]]:
    """Return how much was looked at, and the columns of text that have values and no pinned type."""
    from lakesmith.shape import Policy, TextProfile
    from lakesmith.shape.describe import Column
    from lakesmith.shape.names import candidate
    from lakesmith.shape.placeholders import PlaceholderCounts
    from lakesmith.shape.policy import ON_MISFIT

    reader, policy = shop.source(spec.id.source), Policy.of(spec)
    profile, words, rows, whole = TextProfile(), PlaceholderCounts(), 0, True
    chunks = (reader.read(spec, split, Ask()) for split in reader.splits(spec, Ask()))
    for chunk in itertools.chain.from_iterable(chunks):
        if rows and (rows >= LOOKED_AT_ROWS or not profile.report()):  # a source that tells its types tells all of them
            whole = False
            break
        profile.observe(chunk.rows)
        words.observe(chunk.rows)
        rows += chunk.rows.num_rows
    columns = []
    for report in profile.report():
        name, folded = report.source_name, candidate(report.source_name)
        said = policy.column(name, folded)
        if report.type is not None and said.type is None and said.mask is None:
            columns.append(Column(report, words.of(name), ON_MISFIT[policy.drift_of(name, folded)]))
    return f"{'' if whole else 'the first '}{rows:,} row{'' if rows == 1 else 's'}", columns


def _told(subject: str, looked: str, columns: list[Column]) -> Iterator[Finding]:
    from lakesmith.shape.describe import placeholder_summary, spelling_pins, summary

    spelled, empty = spelling_pins(columns), placeholder_summary(columns)
    yield Finding(
        "note",
        subject,
        f"types after {looked}: {summary(columns)}",
        f"to pin how they are written: {spelled}" if spelled else "",
        {"columns": [column.facts() for column in columns]},
    )
    remarks = sorted(filter(None, (column.remark() for column in columns)), key=lambda remark: not remark.asks)
    asking = sum(remark.asks for remark in remarks)
    shown = max(REMARKS_SHOWN, asking)
    for remark in remarks[:shown]:
        yield Finding("warning" if remark.asks else "note", subject, remark.text, remark.fix)
    if len(remarks) > shown:
        yield Finding(
            "note", subject, f"{len(remarks) - shown:,} more columns are mixed; `lakesmith check --json` counts all"
        )
    if empty:
        fix = "`lakesmith.placeholder_null` makes them null in silver"
        yield Finding("note", subject, f"words that may say that there is no value: {empty}", fix)
