"""All columns of a table: the SELECT list, and batches of it as the rows of chunks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from lakesmith.model.streams import DOC_KEY, RENAMED_KEY
from lakesmith.sources.postgres.types.kinds import Kind, kind_of

if TYPE_CHECKING:
    from pyarrow import RecordBatch, Schema

    from lakesmith.model.streams import StreamSpec
    from lakesmith.sources.postgres.catalog.values import Column
    from lakesmith.sources.postgres.types.packing import Packed


@dataclass(frozen=True, slots=True)
class Selected:
    """One column of a read: what the catalog says, how it is read, and its name in an earlier load if it was renamed."""

    column: Column
    kind: Kind
    renamed_from: str = ""

    @property
    def metadata(self) -> dict[bytes, bytes]:
        """What the column's Arrow field says besides name and type."""
        told = f"The source's type is {self.column.type.shown}." if self.kind.is_told else ""
        doc = " ".join(filter(None, (_sentence(self.column.comment), told)))
        pairs = ((DOC_KEY, doc), (RENAMED_KEY, self.renamed_from))
        return {key: text.encode() for key, text in pairs if text}


@dataclass(frozen=True)
class TableTypes:
    """The columns of one read, in order. May be used by several threads."""

    columns: tuple[Selected, ...]

    @cached_property
    def select(self) -> str:
        """The SELECT list; it names the table's columns without a qualifier. Its order counts, not the names it gives."""
        shown, words = [], []
        for number, item in enumerate(self.columns):
            quoted = item.column.quoted
            expression = item.kind.select(quoted)
            shown.append(quoted if expression == quoted else f"{expression} as {quoted}")
            if odd := item.kind.odd_words(quoted):
                words.append(f"{odd} as words_{number}")
        return ", ".join((*shown, *words))

    @cached_property
    def packed(self) -> Packed | None:
        """How the columns travel in blocks of rows, None if they cannot."""
        from lakesmith.sources.postgres.types.packing import pack

        return pack(self.columns)

    @cached_property
    def schema(self) -> Schema:
        """The columns of all rows: the source's own names, the types of bronze, docs and proven renames."""
        from lakesmith.sources.postgres.types.batches import schema_of

        return schema_of(self.columns)

    def empty(self) -> RecordBatch:
        """Return no rows, for a table that has none."""
        made: Any = self.schema.empty_table().combine_chunks().to_batches()
        return made[0] if made else self._no_rows()

    def rows(self, batch: RecordBatch) -> RecordBatch:
        """Return a batch of the query as rows for `Chunk.rows`, in the same order.

        Fields with `WORDS_KEY` follow the columns if a value is rare: the words for it, under the column's name.

        Raises:
            FatalError: If what arrived has other columns than were selected.
        """
        from lakesmith.sources.postgres.types.batches import rows_of

        return rows_of(self.columns, self.schema, batch)

    def rows_in(self, blocks: RecordBatch) -> RecordBatch:
        """Return blocks, as `packed` selects them, as rows for `Chunk.rows`; see `rows`.

        Raises:
            FatalError: If what arrived are other rows than the server counted.
        """
        from lakesmith.sources.postgres.types.unpacking import unpack

        if self.packed is None:
            raise RuntimeError("blocks are read of columns that can be packed")
        return self.rows(unpack(self.packed, blocks))

    def _no_rows(self) -> RecordBatch:
        import pyarrow as pa

        arrays: list[Any] = [pa.array([], field.type) for field in self.schema]
        return pa.RecordBatch.from_arrays(arrays, schema=self.schema)


def table_types(columns: Sequence[Column], spec: StreamSpec, *, known: Mapping[int, str] | None = None) -> TableTypes:
    """Return how columns are read.

    Args:
        columns: The columns to read, in order, as the catalog has them.
        spec: The stream; its `columns` may pin decimals, and strings.
        known: The names by attnum that an earlier load of the same table (the same oid) had, for renames; None: there was none.
    """
    before = known or {}
    return TableTypes(
        tuple(
            Selected(column, kind_of(column, spec.columns), _renamed_from(column, before.get(column.attnum)))
            for column in columns
        )
    )


def _renamed_from(column: Column, before: str | None) -> str:
    return before if before is not None and before != column.name else ""


def _sentence(text: str) -> str:
    """Return a comment as a sentence, on one line."""
    line = " ".join(text.split())
    return line if not line or line[-1] in ".!?…" else f"{line}."
