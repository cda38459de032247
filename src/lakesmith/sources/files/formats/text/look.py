"""What `check` says about the beginning of a CSV file: every guess, with the setting that pins it, and what looks doubtful."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO

from lakesmith.sources.files.formats.base import Sight
from lakesmith.sources.files.formats.text.dialect import SAMPLE, Layout, layout_of, sample_of
from lakesmith.sources.files.formats.text.encodings import SAMPLE as ENCODING_SAMPLE
from lakesmith.sources.files.formats.text.encodings import bom_of
from lakesmith.sources.files.formats.text.header import Header, header_of
from lakesmith.sources.files.formats.text.sniffing import Shape, after_lines, is_value_row, shape_of

if TYPE_CHECKING:
    from lakesmith.sources.files.options import FileStreamOptions

NAMES = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
SHOWN_COLUMNS = 12
LONGEST_CHARACTER = 4
FOOTERS = ("total", "totals", "sum", "grand total", "summe", "gesamt", "totale", "somme", "suma", "eof", "end of file")
Doubt = tuple[str, str]


def look_at_csv(head: BinaryIO, options: FileStreamOptions, name: str) -> Sight:
    """Return how a file is written and its columns in words."""
    layout = layout_of(head, options, name)
    header = header_of(head, layout, name)
    shown = "no whole header yet" if header is None else _columns(header)
    text = ", ".join([*_guesses(layout, _beginning(head)), shown])
    doubts = [*_encoding_doubt(head, layout), *_doubts(head, layout, options)]
    return Sight(text, "; ".join(doubt for doubt, _ in doubts), "; ".join(dict.fromkeys(fix for _, fix in doubts)))


def _beginning(head: BinaryIO) -> bytes:
    head.seek(0)
    return head.read(SAMPLE)


def _guesses(layout: Layout, beginning: bytes) -> Iterator[str]:
    """Yield how the file is written, by the names of the settings that would pin what was found out."""
    dialect, found = layout.dialect, layout.found

    def told(setting: str, value: object) -> str:
        return f"{setting}{' (found out)' if setting in found else ''} {value}"

    yield told("delimiter", NAMES.get(dialect.delimiter, repr(dialect.delimiter)))
    if dialect.quote != '"':
        yield told("quote", dialect.quote or "none")
    if dialect.escape:
        yield told("escape", dialect.escape)
    if dialect.spaced:
        yield told("skip_blanks", "true")
    if bom_of(beginning):
        yield f"encoding {dialect.encoding} with byte order mark"
    else:
        yield f"encoding {dialect.encoding}" if dialect.encoding == "utf-8" else told("encoding", dialect.encoding)
    yield from _line_ends(beginning)
    if layout.skip:
        yield told("skip_rows", layout.skip)
    if layout.header != 1 or "header" in found:
        yield told("header", {0: "false", 1: "true"}.get(layout.header, layout.header))


def _line_ends(beginning: bytes) -> Iterator[str]:
    pairs = beginning.count(b"\r\n")
    ends = {r"\r\n": pairs, r"\n": beginning.count(b"\n") - pairs, r"\r": beginning[:-1].count(b"\r") - pairs}
    kinds = [kind for kind, count in ends.items() if count > 0]
    if kinds not in ([], [r"\n"]) and b"\0" not in beginning:
        yield f"line ends {' and '.join(kinds)}"


def _columns(header: Header) -> str:
    columns = header.columns
    more = f", … ({len(columns)} in all)" if len(columns) > SHOWN_COLUMNS else ""
    return f"columns {', '.join(columns[:SHOWN_COLUMNS])}{more}"


def _encoding_doubt(head: BinaryIO, layout: Layout) -> Iterator[Doubt]:
    sample, dialect = sample_of(head, layout.dialect.encoding, ENCODING_SAMPLE), layout.dialect
    try:
        sample.decode(dialect.inner)
    except UnicodeDecodeError as error:
        if len(sample) < ENCODING_SAMPLE or error.start < len(sample) - LONGEST_CHARACTER:
            yield (
                f"not all of it is {dialect.encoding}: such records would go to quarantine",
                "set `encoding:`, for example cp1252 or latin-1",
            )


def _doubts(head: BinaryIO, layout: Layout, options: FileStreamOptions) -> Iterator[Doubt]:
    sample = sample_of(head, layout.dialect.encoding)
    is_whole = len(sample) < SAMPLE
    shape = shape_of(after_lines(sample, layout.skip), layout.dialect, is_whole=is_whole)
    records = [layout.dialect.parse(record) for record in shape.records]
    names = records[0] if records and layout.header else []
    if (
        layout.header == 1
        and options.header is True
        and is_value_row(records)
        and "header" not in options.model_fields_set
    ):
        yield (
            "the first record looks like values, not like names",
            "set `header: false`, or `header: true` if it holds names",
        )
    if any(not name.strip() for name in names):
        yield "columns without a name are called after their place", "have the header completed, if that is possible"
    if len({*names}) < len(names):
        yield "column names that stand there twice have got a number", "have the header corrected, if that is possible"
    ragged = sum(width != shape.usual for width in shape.widths)
    if ragged:
        yield (
            f"{ragged} of the first {len(shape.widths)} records have another number of fields than {shape.usual}",
            "set `delimiter:` or `quote:` if they are read wrongly, `ragged: fill` if missing last fields mean no value",
        )
    if is_whole and not options.skip_footer and _has_footer(records):
        yield "the last record looks like a total", "set `skip_footer: 1` if it is one"
    if layout.dialect.quote and any(map(layout.dialect.lexer.odd_quotes, _without_ends(shape))):
        yield (
            "some quoted fields go on behind their closing quote, or have none",
            "set `quote:` (empty: none) or `escape:`",
        )
    if layout.dialect.delimiter == "," and shape.usual == 1 and _is_aligned(shape):
        yield "the columns seem to be aligned with blanks", "set `format: fixed`"


def _without_ends(shape: Shape) -> list[bytes]:
    return [record.rstrip(b"\r\n") for record in shape.records]


def _has_footer(records: list[list[str]]) -> bool:
    first_cells = [cell.strip().rstrip(":").lower() for cell in records[-1] if cell.strip()] if len(records) > 2 else []  # noqa: PLR2004
    return bool(first_cells) and first_cells[0].startswith(FOOTERS) and first_cells[0].rstrip(" .0123456789") in FOOTERS


def _is_aligned(shape: Shape) -> bool:
    lines = _without_ends(shape)
    return len(lines) > 1 and all(b"  " in line.strip() for line in lines)
