"""Presentations: one page per slide, with its notes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO
from xml.etree import ElementTree as ET

from lakesmith.sources.documents.dispatch import Task, attach
from lakesmith.sources.documents.families.package import Package, attribute, flag, local
from lakesmith.sources.documents.instants import instant_of
from lakesmith.sources.documents.parsed import Parsed, Table, UnreadableError


def read(file: BinaryIO, task: Task) -> Parsed:
    """Return what a presentation says, slide by slide."""
    package = Package(file)
    main = next(
        (part for kind, part in package.related("").values() if kind == "officeDocument"), "ppt/presentation.xml"
    )
    show = package.xml(main)
    if show is None:
        raise UnreadableError("malformed: it has no main part")
    links = package.related(main)
    wanted = [_link(one) for one in show.iter() if local(one) == "sldId"]
    names = [links[key][1] for key in wanted if key in links]
    slides = [(name, slide) for name in names if (slide := package.xml(name)) is not None]
    pages = ["\n".join((*_lines(slide), *_notes(package, name))) for name, slide in slides]
    known = package.properties()
    return Parsed(
        text="\n\n".join(pages),
        title=known.get("title"),
        author=known.get("creator"),
        created_at=instant_of(known.get("created")),
        pages=len(slides),
        page_texts=pages,
        metadata=known,
        tables=[
            _table(found, page)
            for page, (_, slide) in enumerate(slides, 1)
            for found in slide.iter()
            if local(found) == "tbl"
        ],
        attachments=[
            attach(name.rpartition("/")[2], package.content(name), "", task)
            for name in package.below("ppt/embeddings/")
        ],
    )


def _link(slide: ET.Element) -> str:
    # `id` without a namespace is a number of its own; the link is the one with a namespace
    return next((value for key, value in slide.attrib.items() if key.endswith("}id")), "")


def _notes(package: Package, name: str) -> Iterator[str]:
    for kind, part in package.related(name).values():
        notes = package.xml(part) if kind == "notesSlide" else None
        if notes is not None:
            yield from (
                line for shape in notes.iter() if local(shape) == "sp" and _is_body(shape) for line in _lines(shape)
            )


def _is_body(shape: ET.Element) -> bool:
    return any(local(one) == "ph" and attribute(one, "type") == "body" for one in shape.iter())


def _lines(block: ET.Element) -> Iterator[str]:
    for element in block:
        name = local(element)
        if name == "p":
            yield _text(element)
        elif name == "tbl":
            for row in _rows(element):
                yield "\t".join(cell.replace("\n", " ") for cell in row)
        elif name != "Fallback":
            yield from _lines(element)


def _text(paragraph: ET.Element) -> str:
    signs = {"br": "\n", "tab": "\t"}
    return "".join((part.text or "") if local(part) == "t" else signs.get(local(part), "") for part in paragraph.iter())


def _rows(table: ET.Element) -> list[list[str]]:
    rows = (row for row in table if local(row) == "tr")
    return [["\n".join(_lines(cell)) for cell in row if local(cell) == "tc"] for row in rows]


def _table(table: ET.Element, page: int) -> Table:
    rows = _rows(table)
    look = next((one for one in table if local(one) == "tblPr"), None)
    if rows and flag(look, "firstRow"):
        return Table(rows[1:], header=rows[0], page=page)
    return Table(rows, page=page)
