"""Where a column's values are cut, so that about as many lie between two cuts: evenly from the least to the greatest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lakesmith.errors import ConnectorOptionsError
from lakesmith.model.streams import StreamSpec
from lakesmith.sources.postgres.catalog.values import Column
from lakesmith.sources.postgres.planning.cursors import WHOLE, beyond_of, literal

if TYPE_CHECKING:
    import psycopg

_CUTS = {
    **dict.fromkeys(WHOLE, "trunc(low::numeric + (high::numeric - low::numeric) * n / {count})::bigint"),
    "numeric": "low + (high - low) * n / {count}",
    **dict.fromkeys(("float4", "float8"), "low + (high / {count} - low / {count}) * n"),
    "date": "low + (high - low) * n / {count}",
    **dict.fromkeys(("timestamp", "timestamptz"), "low + (high - low) * (n / {count}::float8)"),
}
"""Type of a column → the expression of cut number `n` of `count`."""


def find_cuts(
    session: psycopg.Connection[Any], relation: str, column: Column, count: int, stream: StreamSpec
) -> list[str]:
    """Return the SQL literals that cut the values into `count` ranges; fewer where there are not as many values.

    Raises:
        ConnectorOptionsError: If the column's type has no ranges.
    """
    cut = None if column.type.is_array else _CUTS.get(column.type.name)
    if cut is None:
        raise ConnectorOptionsError(
            f"`split_by: {column.name}` is a {column.type.shown}; ranges are of numbers and times.",
            where=stream.where,
            fix="name a column of whole numbers or times",
        )
    kind = column.type.name  # that of a domain's values: a cut need not be one of them
    beyond = ", ".join(literal(value, kind) for value in beyond_of(kind, session.info.server_version))
    finite = f"where {column.quoted} not in ({beyond})" if beyond else ""
    query = f"""
        select distinct {cut.format(count=count)} as cut
        from (select min({column.quoted}) as low, max({column.quoted}) as high from {relation} {finite}) as ends,
            generate_series(1, {count - 1}) as n
        where low < high order by cut
    """  # noqa: S608 - names are quoted, values are literals
    return [
        literal(text, "bigint" if kind in WHOLE else kind)
        for (text,) in session.execute(f"select cut::text from ({query}) as cuts order by cuts.cut".encode())  # noqa: S608 - names are quoted, values are literals
    ]
