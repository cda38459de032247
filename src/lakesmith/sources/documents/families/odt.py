"""OpenDocument texts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO
from xml.etree import ElementTree as ET

from lakesmith.sources.documents.dispatch import Task
from lakesmith.sources.documents.families.package import Package, attribute, local
from lakesmith.sources.documents.instants import instant_of
from lakesmith.sources.documents.parsed import Parsed, Table, UnreadableError

MAX_REPEATED = 1_000
_SIGNS = {"tab": "\t", "line-break": "\n"}
_SKIPPED = {"tracked-changes", "sequence-decls", "forms", "variable-decls", "user-field-decls"}


def read(file: BinaryIO, task: Task) -> Parsed:  # noqa: ARG001 - every family is asked the same way
    """Return what an OpenDocument text says."""
    package = Package(file)
    manifest = package.xml("META-INF/manifest.xml")
    if manifest is not None and any(local(one) == "encryption-data" for one in manifest.iter()):
        raise UnreadableError("encrypted")
    content = package.xml("content.xml")
    body = next((one for one in content.iter() if local(one) == "text"), None) if content is not None else None
    if body is None:
        raise UnreadableError("malformed: it has no main part")
    known = _properties(package)
    return Parsed(
        text="\n".join(_lines(body)),
        title=known.get("title"),
        author=known.get("initial-creator") or known.get("creator"),
        created_at=instant_of(known.get("creation-date")),
        pages=int(known["page-count"]) if known.get("page-count", "").isdecimal() else None,
        metadata=known,
        tables=[_table(found) for found in body.iter() if local(found) == "table"],
    )


def _properties(package: Package) -> dict[str, str]:
    found: dict[str, str] = {}
    meta = package.xml("meta.xml")
    for group in meta if meta is not None else ():
        for one in group:
            text = "".join(one.itertext()).strip()
            if text:
                found[attribute(one, "name") or local(one)] = text
            if local(one) == "document-statistic":
                found.update({key.rpartition("}")[2]: value for key, value in one.attrib.items()})
    return found


def _lines(block: ET.Element) -> Iterator[str]:
    for element in block:
        name = local(element)
        if name in ("p", "h"):
            yield _text(element)
        elif name == "table":
            for _, row in _rows(element):
                yield "\t".join(cell.replace("\n", " ") for cell in row)
        elif name not in _SKIPPED:
            yield from _lines(element)


def _text(element: ET.Element) -> str:
    pieces = [element.text or ""]
    for part in element:
        name = local(part)
        if name == "s":
            pieces.append(" " * _repeated(part, "c"))
        elif name == "note":
            pieces.append(" (" + " ".join(_lines(part)).strip() + ")")
        else:
            pieces.append(_SIGNS.get(name) or _text(part))
        pieces.append(part.tail or "")
    # line ends of the file are blanks, only a `line-break` breaks lines
    return "".join(pieces)


def _repeated(element: ET.Element, name: str) -> int:
    """Return how often something is repeated; a bomb says millions."""
    written = attribute(element, name) or "1"
    return min(int(written), MAX_REPEATED) if written.isdecimal() and len(written) < 10 else 1  # noqa: PLR2004 - digits of an int


def _table(table: ET.Element) -> Table:
    rows = list(_rows(table))
    header = rows[0][1] if rows and rows[0][0] else None
    return Table([row for _, row in (rows[1:] if header else rows)], header=header)


def _rows(table: ET.Element, *, is_header: bool = False) -> Iterator[tuple[bool, list[str]]]:
    """Yield rows, and whether they are the table's header."""
    for part in table:
        if local(part) == "table-row":
            yield is_header, _trimmed([cell for one in part for cell in _cells(one)])
        elif local(part) in ("table-header-rows", "table-rows", "table-row-group"):
            yield from _rows(part, is_header=local(part) == "table-header-rows")


def _cells(cell: ET.Element) -> list[str]:
    if local(cell) not in ("table-cell", "covered-table-cell"):
        return []
    return ["\n".join(_lines(cell))] * _repeated(cell, "number-columns-repeated")


def _trimmed(row: list[str]) -> list[str]:
    """Return a row without the hundreds of empty cells that stand for the rest of a page."""
    while len(row) > 1 and not row[-1] and not row[-2]:
        row = row[:-1]
    return row
