"""How many rows of a row group of Parquet can be decoded together: its own sizes are those of packed values, which say little.

The lengths of texts that stand in a dictionary are looked up in it, and where they are large, the rows are measured before any of them
is decoded. Texts that share their beginnings with the one before can be as long as all that was written of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, BinaryIO

import pyarrow.parquet as pq

from lakesmith.errors import SourceDataError
from lakesmith.sources.files.formats.tables.columnar import rows_per_batch, unreadable
from lakesmith.sources.files.formats.tables.decoded import DECODED_BYTES, decoded_bytes, longest_words
from lakesmith.sources.files.limits import PACKED_RATIO, UNSUSPECTED_BYTES

TEXT = "BYTE_ARRAY"
SHARED = "DELTA_BYTE_ARRAY"
FIXED = "FIXED_LEN_BYTE_ARRAY"
WIDTHS = {"BOOLEAN": 1, "INT32": 4, "FLOAT": 4, TEXT: 4}
WIDTH = 8


class Sizes:
    """The sizes of the row groups of one file."""

    def __init__(self, file: pq.ParquetFile, head: BinaryIO, name: str, kind: str) -> None:
        self._told, self._name, self._kind = file.metadata, name, kind
        self._columns: list[Any] = [file.schema.column(at) for at in range(len(file.schema))]
        self._texts = [at for at, column in enumerate(self._columns) if column.physical_type == TEXT]
        paths = [self._columns[at].path for at in self._texts]
        self._words = pq.ParquetFile(head, read_dictionary=paths, metadata=file.metadata, pre_buffer=False)

    def rows_together(self, group: int) -> int:
        """Return how many rows of a row group make a batch.

        Raises:
            SourceDataError: If one row of it may be larger than what fits into memory.
        """
        told = self._told.row_group(group)
        decoded = sum(self._decoded(told.column(at), column) for at, column in enumerate(self._columns))
        rows = rows_per_batch(told.num_rows, max(told.total_byte_size, decoded))
        for at in self._texts:
            if SHARED in told.column(at).encodings:
                rows = max(1, min(rows, DECODED_BYTES // max(told.column(at).total_uncompressed_size, 1)))
        listed = [self._columns[at].path for at in self._texts if told.column(at).has_dictionary_page]
        return self._that_fit(group, rows, listed) if listed else rows

    def _decoded(self, chunk: Any, column: Any) -> int:
        """Return how many bytes the values of one column take, without the texts among them."""
        width = column.length if column.physical_type == FIXED else WIDTHS.get(column.physical_type, WIDTH)
        size = int(chunk.num_values * width)
        is_suspicious = size > UNSUSPECTED_BYTES and size > PACKED_RATIO * chunk.total_compressed_size
        if column.max_repetition_level and is_suspicious:  # all of its values may lie in one row
            raise self._enormous()
        return size

    def _that_fit(self, group: int, rows: int, paths: list[str]) -> int:
        """Return how many rows can be decoded together, at most `rows`, by what the dictionaries of the columns hold."""
        first = next(iter(self._read(group, 1, paths)), None)
        longest = 0 if first is None else longest_words(first)
        most = max(int(self._told.row_group(group).column(at).num_values) for at in self._texts)
        is_nested = any(self._columns[at].max_repetition_level for at in self._texts)
        if longest * len(paths) * (most if is_nested else rows) <= DECODED_BYTES:
            return rows
        while True:
            largest = max(map(decoded_bytes, self._read(group, rows, paths)), default=0)
            if largest <= DECODED_BYTES:
                return rows
            if rows == 1:
                if largest > UNSUSPECTED_BYTES:
                    raise self._enormous()
                return 1
            rows = max(1, rows // (largest // DECODED_BYTES + 1))

    def _read(self, group: int, rows: int, paths: list[str]) -> Iterable[Any]:
        return self._words.iter_batches(rows, row_groups=[group], columns=paths, use_threads=False)

    def _enormous(self) -> SourceDataError:
        why = "a single row of it would not fit into memory"
        return unreadable(self._name, self._kind, why, "have it delivered with smaller rows")
