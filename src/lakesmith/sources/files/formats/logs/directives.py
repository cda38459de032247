"""Logs that say themselves what their columns are: `#Fields:` stands at the beginning, and again wherever it changes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, BinaryIO

import polars as pl
import pyarrow as pa

from lakesmith.sources.files.formats.base import Sight, Stretch, Tail
from lakesmith.sources.files.formats.logs.kinds import OPEN
from lakesmith.sources.files.formats.logs.layout import Layout, Parsed
from lakesmith.sources.files.formats.logs.reader import (
    SAMPLE,
    first_lines,
    read_again,
    read_lines,
    sight_of,
)
from lakesmith.sources.files.reading.tape import Tape

if TYPE_CHECKING:
    from lakesmith.sources.files.options import FileStreamOptions

FIELDS = r"^#Fields:[ \t]*(.*?)[ \t]*$"
FIELDS_BYTES = re.compile(rb"^#Fields:[ \t]*(.*?)[ \t]*\r?$", re.MULTILINE)
NO_FIELDS = "no `#Fields:` stands before the line, so its columns are not known"
OTHER_FIELDS = "`#Fields:` changes in the file, so it is not known which columns the line has"
MOST_RUNS = 100
"""Above so many changes of columns in one block, its rows come ordered by their columns first."""

NOTHING = pa.RecordBatch.from_pylist([], schema=pa.schema([]))
LayoutOf = Callable[[str], Layout]


class DirectiveParser:
    """Reads the lines of one file; `fields` is what stood in `#Fields:` last, empty where nothing did."""

    has_directives = True

    def __init__(self, layout_of: LayoutOf, fields: str, why: str = NO_FIELDS) -> None:
        self._layout_of, self._fields, self._why = layout_of, fields, why

    @property
    def notes(self) -> Mapping[str, str]:
        """What `#Fields:` said last."""
        return {"fields": self._fields} if self._fields else {}

    @property
    def empty(self) -> pa.RecordBatch:
        """No rows."""
        return self._layout_of(self._fields).empty if self._fields else NOTHING

    def parse(self, lines: pl.DataFrame) -> Parsed:
        """Return what becomes of numbered lines; directives are no records."""
        is_directive = lines["line"].str.starts_with("#")
        if not is_directive.any():
            return self._parse_alike(lines, self._fields)
        fields = self._only_fields(lines, is_directive)
        if fields is not None:
            self._fields = fields
            return replace(self._parse_alike(lines.filter(~is_directive), fields), passed=int(is_directive.sum()))
        said = lines["line"].str.extract(FIELDS).forward_fill().fill_null(self._fields)
        frame = lines.with_columns(said.alias("fields")).filter(~is_directive)
        runs = frame["fields"].rle_id()
        split = runs if frame.height and runs[-1] < MOST_RUNS else frame["fields"]
        groups = frame.with_columns(split.alias("split")).partition_by("split", maintain_order=True)
        parts = tuple(self._parse_alike(group.select("number", "line"), group["fields"][0]) for group in groups)
        self._fields = said[-1]
        bad = tuple(sorted(fault for part in parts for fault in part.bad))
        return Parsed(joined(parts, self.empty), bad, int(is_directive.sum()))

    def _only_fields(self, lines: pl.DataFrame, is_directive: pl.Series) -> str | None:
        """Return what `#Fields:` says for all of the lines, None where that changes among them."""
        directives = lines.filter(is_directive)
        said = directives["line"].str.extract(FIELDS)
        found = directives.filter(said.is_not_null())
        if not found.height:
            return self._fields
        alone = said.drop_nulls().unique()
        begins = not (~is_directive).any() or found["number"][0] < lines.filter(~is_directive)["number"][0]
        return alone[0] if len(alone) == 1 and (begins or alone[0] == self._fields) else None

    def _parse_alike(self, lines: pl.DataFrame, fields: str) -> Parsed:
        if fields:
            return self._layout_of(fields).parse(lines)
        return Parsed(NOTHING, tuple((number, self._why) for number in lines["number"]))


@dataclass(frozen=True, slots=True)
class DirectiveFormat:
    """Reads logs with directives. `layout_of` says how lines are written by what stands in `#Fields:`."""

    layout_of: LayoutOf
    only_with: str = ""
    """A field that must be there for a file to be recognised as one of this format."""

    def read(self, tail: Tail, tape: Tape) -> Iterator[Stretch]:
        """Yield the lines from where the tape stands to its end; a last line without its end is read once it is whole."""
        return read_lines(DirectiveParser(self.layout_of, tail.notes.get("fields", "")), tail, tape)

    def again(self, raw: bytes, tail: Tail) -> Iterator[Stretch]:
        """Yield what a rejected line becomes; the columns are those of its file, if those never change."""
        found = _fields_of(tail.head)
        fields = found.pop() if len(found) == 1 else ""
        parser = DirectiveParser(self.layout_of, fields, OTHER_FIELDS if found else NO_FIELDS)
        return read_again(parser, raw, tail)

    def look(self, head: BinaryIO, options: FileStreamOptions, name: str) -> Sight:  # noqa: ARG002 - the file says it all
        """Return the columns that the file begins with."""
        lines = first_lines(head)
        parser = DirectiveParser(self.layout_of, "")
        parsed = parser.parse(lines)
        if not parser.notes:
            return Sight("no `#Fields:` yet", NO_FIELDS, "set `format:`, if the file is something else")
        return sight_of(dict.fromkeys(parsed.rows.schema.names), len(parsed.bad), lines.height - parsed.passed)

    def fitting(self, lines: pl.DataFrame, options: FileStreamOptions) -> int:  # noqa: ARG002 - the file says it all
        """Return how many lines are directives, or as these say."""
        fields = lines["line"].str.extract(FIELDS).drop_nulls()
        if not len(fields) or (self.only_with and self.only_with not in fields[0].split()):
            return 0
        return lines.height - len(DirectiveParser(self.layout_of, "").parse(lines).bad)


def joined(parts: Sequence[Parsed], nothing: pa.RecordBatch) -> pa.RecordBatch:
    """Return the rows of all parts, with the columns of all of them; one that has several types becomes text."""
    batches = [part.rows for part in parts if part.rows.num_rows]
    if len(batches) <= 1:
        return batches[0] if batches else nothing
    fields: dict[str, pa.Field[pa.DataType]] = {}
    for field in (field for batch in batches for field in batch.schema):
        known = fields.setdefault(field.name, field)
        if known.type != field.type:
            fields[field.name] = OPEN.field(field.name)
    schema = pa.schema(list(fields.values()))
    tables = [_with_columns(batch, schema) for batch in batches]
    (batch,) = pa.concat_tables(tables).combine_chunks().to_batches()
    return batch


def _with_columns(batch: pa.RecordBatch, schema: pa.Schema) -> pa.Table:
    columns = [
        batch[field.name].cast(field.type) if field.name in batch.schema.names else pa.nulls(len(batch), field.type)
        for field in schema
    ]
    return pa.Table.from_arrays(columns, schema=schema)


def _fields_of(head: BinaryIO) -> set[str]:
    """Return all that stands in `#Fields:` anywhere in a file."""
    head.seek(0)
    found: set[str] = set()
    kept = b""
    while piece := head.read(SAMPLE):
        data = kept + piece
        whole = data.rfind(b"\n") + 1
        found.update(match[1].decode("utf-8", "backslashreplace") for match in FIELDS_BYTES.finditer(data[:whole]))
        kept = data[whole:] if whole or len(data) < SAMPLE else b""  # half of a long line is no directive
    return found
