"""Logs whose format nobody named: a `pattern:` describes it, or it is recognised by the first lines and remembered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from importlib import import_module
from io import BytesIO
from typing import TYPE_CHECKING, BinaryIO, Protocol

from lakesmith.errors import ConnectorOptionsError
from lakesmith.sources.files.formats.base import Replays, Sight, Stretch, Tail
from lakesmith.sources.files.formats.logs.layout import Layout
from lakesmith.sources.files.formats.logs.own import BadPatternError, layout_of
from lakesmith.sources.files.formats.logs.reader import LayoutFormat, first_lines
from lakesmith.sources.files.reading.tape import Tape

if TYPE_CHECKING:
    import polars as pl

    from lakesmith.sources.files.options import FileStreamOptions

CANDIDATES = ("cloudfront", "w3c", "nginx_json", "alb", "elb", "s3_access", "haproxy", "vhost_combined", "combined")
"""Of two that fit as many lines, the first is taken."""

USUAL = "combined"
"""How lines are read where nothing is recognised: what is not in that format goes to quarantine."""

NOTE = "log"
TRIED = 200


class LogFormat(Protocol):
    """A format of logs: it reads and looks, and says how many of some lines are its own."""

    def read(self, tail: Tail, tape: Tape) -> Iterator[Stretch]:
        """Yield the lines from where the tape stands to its end."""
        ...

    def look(self, head: BinaryIO, options: FileStreamOptions, name: str) -> Sight:
        """Return what the beginning of a file looks like."""
        ...

    def fitting(self, lines: pl.DataFrame, options: FileStreamOptions) -> int:
        """Return how many lines are in the format."""
        ...


@dataclass(frozen=True, slots=True)
class Recognised:
    """The format that fits most of the first lines, if any; `fitting` says of each that fits some how many, `seen` of how many.

    `has_only_directives` says that the file may be waiting for its first `#Fields:`.
    """

    name: str | None
    fitting: Mapping[str, int]
    seen: int
    has_only_directives: bool


def named(name: str) -> LogFormat:
    """Return a format of logs by its name."""
    format_: LogFormat = import_module(f"lakesmith.sources.files.formats.logs.{name}").FORMAT
    return format_


def recognise(head: BinaryIO, options: FileStreamOptions) -> Recognised:
    """Try all formats on the first lines of a file."""
    lines = first_lines(head)[:TRIED]
    found = {name: named(name).fitting(lines, options) for name in CANDIDATES} if lines.height else {}
    fitting = {name: count for name, count in found.items() if count}
    name = max(fitting, key=fitting.__getitem__, default=None)
    return Recognised(name, fitting, lines.height, lines.height > 0 and lines["line"].str.starts_with("#").all())


class AutoFormat:
    """Reads logs by their `pattern:`, or else in the format that fits most of the first lines. A file keeps the one it began with."""

    def read(self, tail: Tail, tape: Tape) -> Iterator[Stretch]:
        """Yield the lines from where the tape stands to its end; a last line without its end is read once it is whole."""
        if tail.options.pattern is not None:
            yield from OWN.read(tail, tape)
            return
        name = tail.notes.get(NOTE)
        if name is None:
            found = recognise(tail.head, tail.options)
            if found.name is None and found.has_only_directives:
                return
            name = found.name
        for stretch in named(name or USUAL).read(tail, tape):
            yield replace(stretch, notes={**stretch.notes, NOTE: name}) if name else stretch

    def again(self, raw: bytes, tail: Tail) -> Iterator[Stretch]:
        """Yield what a rejected line becomes, in the format that its file is recognised as today."""
        name = recognise(tail.head, tail.options).name if tail.options.pattern is None else None
        format_ = OWN if tail.options.pattern is not None else named(name or USUAL)
        if isinstance(format_, Replays):
            yield from format_.again(raw, tail)
            return
        content = raw + b"\n"
        yield from format_.read(Tail(tail.name, BytesIO(content), tail.options), Tape(BytesIO(content), len(content)))

    def look(self, head: BinaryIO, options: FileStreamOptions, name: str) -> Sight:
        """Return which format the first lines are in, and how many of them are in which."""
        if options.pattern is not None:
            return OWN.look(head, options, name)
        found = recognise(head, options)
        if found.name is None:
            return Sight(
                f"read as {USUAL}",
                f"no log format fits any of the first {found.seen} lines",
                "set `format:`, or describe the lines with `pattern:`",
            )
        sight = named(found.name).look(head, options, name)
        counts = ", ".join(f"{other} {count}" for other, count in found.fitting.items())
        text = f"recognised as {found.name} (`format: {found.name}` pins it; of the first {found.seen} lines fit: {counts}), {sight.text}"
        return replace(sight, text=text)


def _own(options: FileStreamOptions) -> Layout:
    try:
        return layout_of(options.pattern or "", tuple(sorted(options.time_formats.items())), options.time_zone)
    except BadPatternError as error:
        raise ConnectorOptionsError(
            f"The `pattern:` of a log cannot be used: {error}.", where="`pattern:`", fix="correct it"
        ) from error


OWN = LayoutFormat(_own)
FORMAT = AutoFormat()
