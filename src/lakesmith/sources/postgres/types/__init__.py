"""Server types and bronze types: what is selected of each column, and how the batches of a read become rows that lose nothing.

`table_types(columns, spec)` gives, without importing pyarrow, the SELECT list (`TableTypes.select`); `TableTypes.rows(batch)` turns a
batch of that query into the rows of a chunk. `TableTypes.packed` and `rows_in` do the same for blocks, whose columns come as long values.
A value that its column cannot hold, such as an infinite date, is null there and comes as the server's own words in a field of the same
name at the end (`WORDS_KEY`), which `shape` puts into the column's sibling. Sessions that read are set as `connecting.settings.FIXED`
says: time zone, styles and digits are part of the words.
"""

from lakesmith.sources.postgres.types.table import TableTypes, table_types

__all__ = ["TableTypes", "table_types"]
