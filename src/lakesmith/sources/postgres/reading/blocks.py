"""Ranges of pages read in blocks: one row of the query is all rows of some pages, column by column."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from lakesmith.errors import FatalError

if TYPE_CHECKING:
    import pyarrow as pa

    from lakesmith.sources.postgres.planning.plan import Token
    from lakesmith.sources.postgres.reading.session import ReadingSession
    from lakesmith.sources.postgres.types import TableTypes

BLOCK_PAGES = 32
"""How many pages are one block, or fewer where batches are small: a quarter of a megabyte, and a hundred times that at most where the
server has compressed the values in it."""

SHARE = 2
"""While a batch of blocks is taken apart, its rows stand beside it: each is this part of what a batch may be."""

# Values beside the table can be as large as a gigabyte each, so that no number of pages says how much a block would be. What the
# snapshot sees of them is there for as long as it lives.
_LOOK = """
select pg_catalog.pg_relation_size(c.oid), pg_catalog.current_setting('block_size')::int8,
       coalesce(pg_catalog.pg_relation_size(nullif(c.reltoastrelid, 0)), 0) = 0
from pg_catalog.pg_class c where c.oid = '{relation}'::pg_catalog.regclass
"""

# Each block must find its pages by their numbers: any other way looks at the whole table for each of them.
_BY_PAGES = """
select pg_catalog.set_config(name, value, true)
from (values ('enable_tidscan', 'on'), ('enable_indexscan', 'off'), ('enable_bitmapscan', 'off')) as wanted (name, value)
"""

_BLOCKS = """
select packed.* from pg_catalog.generate_series({first}::int8, {last}::int8, {step}::int8) as {blocks} (page)
cross join lateral (
  select {select} from {relation}
  where ctid >= ('(' || {blocks}.page || ',0)')::tid and ctid < ('(' || least({blocks}.page + {step}, {until}) || ',0)')::tid{where}
) as packed
"""


def read_blocks(session: ReadingSession, token: Token, types: TableTypes) -> Iterator[pa.RecordBatch] | None:
    """Return the rows of a range of pages, batch by batch, as rows for chunks; None if it has to be read row by row.

    Each block says how many rows the server counted in it, and there is one for all pages of its range: where all have come, all rows have.
    """
    packed, pages = types.packed, token.pages
    if packed is None or pages is None or token.order or token.marks:
        return None
    first, until = pages
    told = token.relation.removeprefix("only ").replace("'", "''")
    size, page_bytes, can = session.answer(_LOOK.format(relation=told))
    if not can:
        return None
    until = -(-size // page_bytes) if until is None else until  # pages that came later have no rows of this snapshot
    step = max(1, min(BLOCK_PAGES, session.batch_bytes // SHARE // page_bytes))
    query = _BLOCKS.format(
        first=first,
        last=until - 1,
        step=step,
        until=until,
        blocks="_ls_pages" if told.endswith('"_ls_blocks"') else "_ls_blocks",  # a table of that name would hide it
        select=packed.select,
        relation=token.relation,
        where=f" and {token.where}" if token.where else "",
    )
    return _rows(session, query, types, len(range(first, until, step)))


def _rows(session: ReadingSession, query: str, types: TableTypes, count: int) -> Iterator[pa.RecordBatch]:
    arrived = 0
    with session.set_aside(_BY_PAGES):
        for blocks in session.batches(query, SHARE):
            arrived += blocks.num_rows
            yield types.rows_in(blocks)
    if arrived != count:
        raise FatalError(f"{count} blocks of pages were asked for, and {arrived} arrived.", fix="Report this as a bug.")
