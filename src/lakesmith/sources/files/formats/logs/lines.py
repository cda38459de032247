"""Bytes of a log as numbered lines of text, in which nothing is invisible."""

from __future__ import annotations

import re
from codecs import BOM_UTF8
from typing import Any

import polars as pl
import pyarrow as pa
from pyarrow import csv

CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
CONTROL_BYTES = bytes({*range(32), 127} - {9, 10, 13})


def shown(text: str) -> str:
    r"""Return text with control characters the way servers write them; a tab stays a tab.

    Examples:
        >>> shown("a\x16b")
        'a\\x16b'
    """
    return CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", text)


def lines_of(data: bytes) -> list[str]:
    r"""Return the lines without their ends; bytes that are no UTF-8 and control characters become `\x..`."""
    text = data.decode("utf-8", "backslashreplace")
    lines = [line.removesuffix("\r") for line in text.split("\n")]
    return [shown(line) for line in lines] if _has_control(data) else lines


def _has_control(data: bytes) -> bool:
    if len(data.translate(None, CONTROL_BYTES)) != len(data):
        return True
    return b"\r" in data and data.count(b"\r") != data.count(b"\r\n") + data.endswith(b"\r")


def numbered(data: bytes, line: int) -> pl.DataFrame:
    """Return the lines that are not blank as `line`, with their `number`; `line` is the number of the first."""
    lines = _read_lines(data)
    frame = pl.DataFrame({"line": lines_of(data) if lines is None else lines}, schema={"line": pl.String})
    return frame.with_row_index("number", offset=line).filter(pl.col("line") != "")


def _read_lines(data: bytes) -> pl.Series | None:
    """Return the lines if they can be taken as they are, without a copy of each: None where something in them has to be shown."""
    if not data or b"\r" in data or data.startswith(BOM_UTF8) or _has_control(data):
        return None
    source: Any = pa.py_buffer(data)  # the stubs know files only
    try:
        table = csv.read_csv(
            source,
            read_options=csv.ReadOptions(use_threads=False, block_size=len(data) + 1, column_names=["line"]),
            parse_options=csv.ParseOptions(
                delimiter="\x01", quote_char=False, double_quote=False, escape_char=False, ignore_empty_lines=False
            ),
            convert_options=csv.ConvertOptions(column_types={"line": pa.string()}, strings_can_be_null=False),
        )
    except pa.ArrowInvalid:  # bytes that are no UTF-8
        return None
    series = pl.from_arrow(table["line"].combine_chunks())
    return series if isinstance(series, pl.Series) else None
