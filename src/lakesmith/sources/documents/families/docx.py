"""Word documents."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO
from xml.etree import ElementTree as ET

from lakesmith.sources.documents.dispatch import Task, attach
from lakesmith.sources.documents.families.package import Package, attribute, flag, local
from lakesmith.sources.documents.instants import instant_of
from lakesmith.sources.documents.parsed import Parsed, Table, UnreadableError

MAX_COLUMNS = 1_000
BESIDES = ("header", "footnotes", "endnotes", "comments", "footer")
_SIGNS = {"tab": "\t", "ptab": "\t", "br": "\n", "cr": "\n", "noBreakHyphen": "-"}
# `Fallback` repeats what stands before it for older programs; `del` and `moveFrom` were struck out
_SKIPPED = {"Fallback", "del", "moveFrom", "delText", "instrText", "pPr", "rPr", "sectPr", "tblPr"}


def read(file: BinaryIO, task: Task) -> Parsed:
    """Return what a Word document says: its body, then headers, notes, comments and footers."""
    package = Package(file)
    main = next((part for kind, part in package.related("").values() if kind == "officeDocument"), "word/document.xml")
    document = package.xml(main)
    if document is None:
        raise UnreadableError("malformed: it has no main part")
    others = [part for kind in BESIDES for found, part in package.related(main).values() if found == kind]
    roots = [document, *(part for part in map(package.xml, dict.fromkeys(others)) if part is not None)]
    texts = ["\n".join(_lines(root)) for root in roots]
    known = package.properties()
    pages = known.get("Pages", "")
    return Parsed(
        text="\n\n".join(text for text in texts if text.strip()),
        title=known.get("title"),
        author=known.get("creator"),
        created_at=instant_of(known.get("created")),
        pages=int(pages) if pages.isdecimal() and len(pages) < 8 else None,  # noqa: PLR2004 - what an int holds
        metadata=known,
        attachments=[
            attach(name.rpartition("/")[2], package.content(name), "", task)
            for name in package.below("word/embeddings/")
        ],
        tables=[_table(found) for root in roots for found in root.iter() if local(found) == "tbl"],
    )


def _lines(block: ET.Element) -> Iterator[str]:
    """Yield paragraphs and rows of tables, each a line."""
    for element in block:
        name = local(element)
        if name == "p":
            yield _text(element)
        elif name == "tbl":
            for row in _rows(element):
                yield "\t".join(cell.replace("\n", " ") for cell in row)
        elif name not in _SKIPPED:
            yield from _lines(element)


def _text(element: ET.Element) -> str:
    pieces = []
    for part in element:
        name = local(part)
        if name == "t":
            pieces.append(part.text or "")
        elif name in _SIGNS:
            pieces.append(_SIGNS[name])
        elif name == "txbxContent":
            pieces.append("\n" + "\n".join(_lines(part)) + "\n")
        elif name not in _SKIPPED:
            pieces.append(_text(part))
    return "".join(pieces)


def _table(table: ET.Element) -> Table:
    rows = _rows(table)
    look = next((one for one in table.iter() if local(one) == "tblLook"), None)
    repeated = any(local(one) == "tblHeader" for row in list(_named(table, "tr"))[:1] for one in row.iter())
    if rows and (repeated or flag(look, "firstRow")):
        return Table(rows[1:], header=rows[0])
    return Table(rows)


def _rows(table: ET.Element) -> list[list[str]]:
    return [[text for cell in _named(row, "tc") for text in _cell(cell)] for row in _named(table, "tr")]


def _cell(cell: ET.Element) -> list[str]:
    """Return the text of a cell, and an empty one for every further column that it spans."""
    span = next(
        (attribute(one, "val") for part in cell if local(part) == "tcPr" for one in part if local(one) == "gridSpan"),
        None,
    )
    wide = min(int(span), MAX_COLUMNS) if span and span.isdecimal() and len(span) < len(str(MAX_COLUMNS)) else 1
    return ["\n".join(_lines(cell)).strip("\n"), *[""] * (wide - 1)]


def _named(element: ET.Element, name: str) -> Iterator[ET.Element]:
    """Yield the nearest descendants of a name: rows may stand in a content control, and a cell may hold a table of its own."""
    for part in element:
        if local(part) == name:
            yield part
        elif local(part) not in ("tbl", "tc", *_SKIPPED):
            yield from _named(part, name)
