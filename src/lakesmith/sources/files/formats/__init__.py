"""The formats a file can have. A new format is a new module and a line in this table."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lakesmith.sources.files.formats.base import Format


@dataclass(frozen=True, slots=True)
class Known:
    """A format that can be read: the module whose `FORMAT` reads it, and the suffixes that mean it.

    A file that `grows` is a text of records, read on from where it ended; any other is read whole, and anew when it changed. A
    reader that `seeks` needs all of the file at hand; the others go forward through it, and see its beginning.
    """

    module: str
    suffixes: tuple[str, ...]
    grows: bool = True
    seeks: bool = False


FORMATS = {
    "csv": Known("lakesmith.sources.files.formats.csv", (".csv", ".tsv", ".txt")),
    "combined": Known("lakesmith.sources.files.formats.combined", (".log",)),
}


def name_of_format(name: str) -> str | None:
    """Return the name of the format that a file's suffix means, or None."""
    lower = name.lower()
    return next((known for known, entry in FORMATS.items() if lower.endswith(entry.suffixes)), None)


def load_format(name: str) -> Format:
    """Import the module of a format, which is when the heavy libraries are loaded, and return its reader."""
    format_: Format = import_module(FORMATS[name].module).FORMAT
    return format_
