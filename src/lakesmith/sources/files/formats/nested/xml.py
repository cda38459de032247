"""XML: the elements at one path are the rows. Read forward once; a file that is not well-formed is refused as a whole.

Texts right below a row are text whose type `shape` finds out; those further down stay text. The file's own entities, and whatever
lies outside of it, are never looked at.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from io import BytesIO
from typing import BinaryIO

import pyarrow as pa

from lakesmith.errors import SourceDataError
from lakesmith.host.collecting import collector_paused
from lakesmith.model.streams import Reject
from lakesmith.sources.files.formats.base import Sight, Stretch, Tail
from lakesmith.sources.files.formats.nested.json_feed import Beginning
from lakesmith.sources.files.formats.nested.json_kinds import without_columns
from lakesmith.sources.files.formats.nested.xml_reader import RowPath, Rows, XmlReader
from lakesmith.sources.files.formats.nested.xml_rows import batch_of
from lakesmith.sources.files.formats.nested.xml_survey import Survey, survey
from lakesmith.sources.files.formats.nested.xml_tree import Names, Shape
from lakesmith.sources.files.options import FileStreamOptions
from lakesmith.sources.files.reading.tape import Tape

SAMPLE = 8 * 1024 * 1024
CHUNK = 2 * 1024 * 1024
"""How many bytes of rows make a chunk: elements take some ten times as much memory as their text."""

SHOWN = 12


class XmlFormat:
    """Reads XML."""

    def read(self, tail: Tail, tape: Tape) -> Iterator[Stretch]:
        """Yield the rows of the file.

        Raises:
            SourceDataError: If it is not well-formed, declares entities, or has no element where its rows should be.
        """
        seen, path, shape = _looked_at(tail.head, tail.options)
        names = _names(tail.options)
        reader = XmlReader(tail.name, path, names)
        pieces, waiting, total = reader.read(tape), Waiting(shape, names), 0
        while not reader.at_end:
            with collector_paused():  # every new element is an occasion to look for garbage, and none of them is any
                done = waiting.take(next(pieces))
            if waiting.size >= CHUNK or reader.at_end:
                done = (*done, waiting.flush())
            total += sum(stretch.records for stretch in done)
            yield from done
        if not total and tail.options.rows is not None and seen.paths:
            raise SourceDataError(
                f"There is no element at `rows: {tail.options.rows}` in the file.",
                where=tail.name,
                fix="correct `rows:`; `lakesmith check` shows what is found without it",
            )

    def again(self, raw: bytes, tail: Tail) -> Iterator[Stretch]:
        """Yield what an element that was put aside becomes now.

        Raises:
            SourceDataError: If it is not well-formed when it stands alone.
        """
        content = BytesIO(raw)
        names = _names(tail.options)
        seen = survey(content, SAMPLE, names)
        root = RowPath.parse("/" + "/".join(next(iter(seen.paths), ())))
        shape = seen.shape(root)
        for text in tail.options.xml_lists:
            shape.pin(text)
        waiting = Waiting(shape, names)
        for rows in XmlReader(tail.name, root, names).read(Beginning(content, len(raw))):
            yield from waiting.take(rows)
        yield waiting.flush()

    def look(self, head: BinaryIO, options: FileStreamOptions, name: str) -> Sight:  # noqa: ARG002 - the seam's signature
        """Return where the rows of a file are, and what they hold."""
        seen, path, shape = _looked_at(head, options)
        how = f"rows at `{path.text}`" + ("" if options.rows else " (found out)")
        if seen.fault:
            fix = "have it delivered as well-formed XML without entities of its own"
            return Sight(how, f"the file cannot be read: {seen.fault}", fix)
        names, lists = list(shape.parts), shape.lists()
        more = f", … ({len(names)} in all)" if len(names) > SHOWN else ""
        text = f"{how}, {len(names)} field{'' if len(names) == 1 else 's'}: {', '.join(names[:SHOWN])}{more}"
        text += f"; lists: {', '.join(lists[:SHOWN])}" if lists else ""
        others = [f"/{'/'.join(at)}" for at in seen.paths if _is_beside(at, path)]
        if others and not options.rows:
            doubt = f"{', '.join(others[:5])} beside the rows is not loaded"
            return Sight(text, doubt, f"set `rows: {path.text}` if that is right")
        return Sight(text)


def _looked_at(head: BinaryIO, options: FileStreamOptions) -> tuple[Survey, RowPath, Shape]:
    """Return what the beginning of a file holds, where the rows are, and what they look like."""
    seen = survey(head, SAMPLE, _names(options))
    path = seen.rows if options.rows is None else RowPath.parse(options.rows)
    shape = seen.shape(path)
    for text in options.xml_lists:
        shape.pin(text)
    return seen, path, shape


def _is_beside(at: tuple[str, ...], path: RowPath) -> bool:
    """Whether elements lie beside the rows or beside what is above them."""
    above = path.names[: len(at) - 1]
    return len(at) <= len(path.names) and at[:-1] == above and at != path.names[: len(at)]


def _names(options: FileStreamOptions) -> Names:
    return Names(prefixes=options.xml_namespaces == "prefix")


@dataclass(slots=True)
class Waiting:
    """Rows that wait until there are enough of them: what is built of them takes a fraction of the memory of their elements.

    `size` counts the bytes they were written in.
    """

    shape: Shape
    names: Names
    batches: list[pa.RecordBatch] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    counted: int = 0
    size: int = 0

    def take(self, rows: Rows) -> tuple[Stretch, ...]:
        """Take in the rows of a piece, and return those before it if they cannot be in one batch with them."""
        batch = batch_of(rows.elements, self.shape, self.names)
        rows.elements.clear()
        before: tuple[Stretch, ...] = ()
        if self.batches and self.batches[0].schema != batch.schema:
            before = (self.flush(),)
        if batch.num_rows or not self.batches:
            self.batches.append(batch)
        self.rejects += rows.rejects
        self.counted += rows.counted
        self.size += rows.size
        return before

    def flush(self) -> Stretch:
        """Return what waits; there must have been a piece."""
        joined = pa.Table.from_batches(self.batches).combine_chunks()
        batch = joined.to_batches()[0] if joined.num_rows and joined.num_columns else _without_columns(self.batches)
        stretch = Stretch(batch, tuple(self.rejects), self.counted)
        self.batches, self.rejects, self.counted, self.size = [], [], 0, 0
        return stretch


def _without_columns(batches: list[pa.RecordBatch]) -> pa.RecordBatch:
    """Return batches as one that have no rows, or no columns."""
    return batches[0] if len(batches) == 1 else without_columns(sum(batch.num_rows for batch in batches))


FORMAT = XmlFormat()
