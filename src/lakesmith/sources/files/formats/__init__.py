"""The formats a file can have. A new format is a new module and a line in this table."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

from lakesmith.sources.files.unpacking.kinds import ZIP, inner_name, kind_of_name

if TYPE_CHECKING:
    from lakesmith.sources.files.formats.base import Format


@dataclass(frozen=True, slots=True)
class Known:
    """A format that can be read: the module whose `FORMAT` reads it, and the suffixes that mean it.

    A file that `grows` is a text of records, read on from where it ended; any other is read whole, and anew when it changed. A
    reader that `seeks` needs all of the file at hand; the others go forward through it, and see its beginning. Records of a `headed`
    format say nothing without the beginning of their file.
    """

    module: str
    suffixes: tuple[str, ...]
    grows: bool = True
    seeks: bool = False
    headed: bool = False


FORMATS = {
    "csv": Known("lakesmith.sources.files.formats.text.csv", (".csv", ".tsv", ".txt"), headed=True),
    "fixed": Known("lakesmith.sources.files.formats.text.fixed", (".fwf",), headed=True),
    "log": Known("lakesmith.sources.files.formats.logs.auto", (".log",), headed=True),
    "combined": Known("lakesmith.sources.files.formats.logs.combined", ()),
    "vhost_combined": Known("lakesmith.sources.files.formats.logs.vhost_combined", ()),
    "w3c": Known("lakesmith.sources.files.formats.logs.w3c", (), headed=True),
    "cloudfront": Known("lakesmith.sources.files.formats.logs.cloudfront", (), headed=True),
    "elb": Known("lakesmith.sources.files.formats.logs.elb", ()),
    "alb": Known("lakesmith.sources.files.formats.logs.alb", ()),
    "s3_access": Known("lakesmith.sources.files.formats.logs.s3_access", ()),
    "nginx_json": Known("lakesmith.sources.files.formats.logs.nginx_json", ()),
    "haproxy": Known("lakesmith.sources.files.formats.logs.haproxy", ()),
    "excel": Known(
        "lakesmith.sources.files.formats.tables.excel", (".xlsx", ".xlsm", ".xls", ".ods"), grows=False, seeks=True
    ),
    "parquet": Known("lakesmith.sources.files.formats.tables.parquet", (".parquet",), grows=False, seeks=True),
    "avro": Known("lakesmith.sources.files.formats.tables.avro", (".avro",), grows=False),
    "orc": Known("lakesmith.sources.files.formats.tables.orc", (".orc",), grows=False, seeks=True),
    "jsonl": Known("lakesmith.sources.files.formats.nested.jsonl", (".jsonl", ".ndjson", ".jsonlines", ".ldjson")),
    "json": Known("lakesmith.sources.files.formats.nested.json", (".json",), grows=False),
    "xml": Known("lakesmith.sources.files.formats.nested.xml", (".xml",), grows=False),
}

ARCHIVE = "archive"
"""What the name of a zip archive means, whose members have formats of their own. No stream can ask for it."""


def name_of_format(name: str) -> str | None:
    """Return the name of the format that a file's suffix means, that of what it is packed with aside; None if it means none.

    Examples:
        >>> name_of_format("orders.csv.gz"), name_of_format("orders.zip")
        ('csv', 'archive')
    """
    inner = inner_name(name).lower()
    known = next((known for known, entry in FORMATS.items() if inner.endswith(entry.suffixes)), None)
    return known or (ARCHIVE if kind_of_name(name) == ZIP else None)


def is_read_on(format_: str, name: str) -> bool:
    """Whether the reading of a file can go on after any of its chunks: one that is packed or of a whole format is read anew.

    Examples:
        >>> is_read_on("csv", "a.csv"), is_read_on("csv", "a.csv.gz"), is_read_on("json", "a.json")
        (True, False, False)
    """
    return kind_of_name(name) is None and format_ in FORMATS and FORMATS[format_].grows


def load_format(name: str) -> Format:
    """Import the module of a format, which is when the heavy libraries are loaded, and return its reader."""
    format_: Format = import_module(FORMATS[name].module).FORMAT
    return format_
