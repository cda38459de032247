"""What `check` says about the beginning of a CSV file."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

from lakesmith.sources.files.formats.base import Sight
from lakesmith.sources.files.formats.dialect import SAMPLE, UTF8_BOM, dialect_of, header_of

if TYPE_CHECKING:
    from lakesmith.sources.files.options import FileStreamOptions

NAMES = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
SHOWN_COLUMNS = 12
LONGEST_CHARACTER = 3


def look_at_csv(head: BinaryIO, options: FileStreamOptions, name: str) -> Sight:
    """Return delimiter, encoding and columns of a file in words."""
    dialect = dialect_of(head, options, name)
    header = header_of(head, dialect, named=options.header)
    how = "delimiter" if options.delimiter else "delimiter (found out)"
    mark = NAMES.get(dialect.delimiter, repr(dialect.delimiter))
    encoding, doubt = _encoding(head, options)
    shown = "no whole header yet" if header is None else _columns(header.columns)
    fix = "set `encoding:`, for example cp1252 or latin-1" if doubt else ""
    return Sight(f"{how} {mark}, encoding {encoding}, {shown}", doubt, fix)


def _columns(columns: tuple[str, ...]) -> str:
    more = f", … ({len(columns)} in all)" if len(columns) > SHOWN_COLUMNS else ""
    return f"columns {', '.join(columns[:SHOWN_COLUMNS])}{more}"


def _encoding(head: BinaryIO, options: FileStreamOptions) -> tuple[str, str]:
    head.seek(0)
    sample = head.read(SAMPLE)
    if sample.startswith(UTF8_BOM):
        return "utf-8 with byte order mark", ""
    try:
        sample.decode(options.encoding)
    except UnicodeDecodeError as error:
        if len(sample) < SAMPLE or error.start < len(sample) - LONGEST_CHARACTER:
            return options.encoding, f"not all of it is {options.encoding}: such records would go to quarantine"
    return options.encoding, ""
