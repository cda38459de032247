"""Whole records of CSV as Arrow columns of text, by Arrow's own parser."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Literal

import pyarrow as pa
from pyarrow import csv as arrow_csv

from lakesmith.model.streams import TEXT_KEY
from lakesmith.sources.files.formats.text.dialect import Dialect
from lakesmith.sources.files.formats.text.encodings import UTF8_BOM

ESCAPED_NULL = "\\N"


class Parser:
    """Turns the bytes of whole records into Arrow columns of text.

    An empty field without quotes is null, one in quotes is not; so with the words that mean null, which must be all of a field.
    """

    def __init__(self, columns: Sequence[str], dialect: Dialect, nulls: Sequence[str] = ()) -> None:
        self._dialect, self._quote, self._escape = dialect, dialect.quote.encode(), dialect.escape.encode()
        self._nulls, self._lexer = ["", *nulls], dialect.lexer
        self._escaped_null = _escaped_null(dialect) if ESCAPED_NULL in nulls and dialect.escape == "\\" else None
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
            escape_char=self._dialect.escape or False,
            newlines_in_values=inner_ends and any(mark and mark in data for mark in (self._quote, self._escape)),
        )

    def _read(self, data: bytes, options: arrow_csv.ParseOptions) -> pa.RecordBatch:
        data, is_ascii = self._lexer.without_blanks(data), data.isascii()
        text = data if is_ascii or self._dialect.inner == "utf-8" else data.decode(self._dialect.encoding).encode()
        if self._escaped_null is not None:
            text = self._escaped_null.sub(rb"\\\g<0>", text)
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
                null_values=self._nulls,
                quoted_strings_can_be_null=False,
            ),
        )
        columns = [column.combine_chunks() for column in table.columns]
        return pa.RecordBatch.from_arrays(columns, schema=self.schema)


def _escaped_null(dialect: Dialect) -> re.Pattern[bytes]:
    r"""Return what finds `\N` as a whole field; with one more backslash it comes out of the parser as it stands."""
    d = re.escape(dialect.delimiter.encode())
    return re.compile(rb"(?<![^%b\r\n])\\N(?=[%b\r\n]|\Z)" % (d, d))
