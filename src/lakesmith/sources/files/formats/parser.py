"""Whole records of CSV as Arrow columns of text, by Arrow's own parser."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import pyarrow as pa
from pyarrow import csv as arrow_csv

from lakesmith.model.streams import TEXT_KEY
from lakesmith.sources.files.formats.dialect import UTF8_BOM, Dialect


class Parser:
    """Turns the bytes of whole records into Arrow columns of text; an empty field without quotes is null, one in quotes is not."""

    def __init__(self, columns: Sequence[str], dialect: Dialect) -> None:
        self._dialect, self._quote = dialect, dialect.quote.encode()
        self.schema = pa.schema([pa.field(name, pa.string(), metadata={TEXT_KEY: b"1"}) for name in columns])
        self.empty = pa.RecordBatch.from_pylist([], schema=self.schema)

    def parse(self, data: bytes, *, inner_ends: bool = True) -> pa.RecordBatch | None:
        """Return the rows of `data`, or None if any record of it is not regular.

        Args:
            data: Whole records.
            inner_ends: False if it is known that no quoted part of `data` holds a line end, which is faster.
        """
        try:  # without a handler for ragged rows: that one fails silently where such a row is not UTF-8
            return self._read(data, self._options(data, inner_ends=inner_ends))
        except (pa.ArrowInvalid, UnicodeDecodeError):
            return None

    def parse_regular(self, data: bytes) -> tuple[pa.RecordBatch, list[int]] | None:
        """Return the rows of `data` without those that have another number of fields, and the numbers of those from 0 on.

        `data` must be text, and none of its records may be blank or hold a line end. None if Arrow refuses more than such rows.
        """
        ragged: list[int] = []

        def skip(row: Any) -> Literal["skip"]:
            ragged.append(row.number - 1)
            return "skip"

        options = self._options(data, inner_ends=False)
        options.invalid_row_handler = skip
        try:
            return self._read(data, options), ragged
        except (pa.ArrowInvalid, UnicodeDecodeError):
            return None

    def _options(self, data: bytes, *, inner_ends: bool) -> arrow_csv.ParseOptions:
        return arrow_csv.ParseOptions(
            delimiter=self._dialect.delimiter,
            quote_char=self._dialect.quote or False,
            newlines_in_values=inner_ends and bool(self._quote) and self._quote in data,
        )

    def _read(self, data: bytes, options: arrow_csv.ParseOptions) -> pa.RecordBatch:
        is_ascii = data.isascii()
        text = data if is_ascii or self._dialect.encoding == "utf-8" else data.decode(self._dialect.encoding).encode()
        # Arrow takes the mark for one wherever a buffer begins; behind a blank line it is the value it is
        text = b"\n" + text if text.startswith(UTF8_BOM) else text
        table = arrow_csv.read_csv(
            pa.BufferReader(text),  # type: ignore[arg-type]  # the stubs forget Arrow's own buffers
            read_options=arrow_csv.ReadOptions(
                column_names=self.schema.names, use_threads=False, block_size=len(text) + 1
            ),
            parse_options=options,
            convert_options=arrow_csv.ConvertOptions(
                check_utf8=not is_ascii,
                column_types=dict.fromkeys(self.schema.names, pa.string()),
                strings_can_be_null=True,
                null_values=[""],
                quoted_strings_can_be_null=False,
            ),
        )
        columns = [column.combine_chunks() for column in table.columns]
        return pa.RecordBatch.from_arrays(columns, schema=self.schema)
