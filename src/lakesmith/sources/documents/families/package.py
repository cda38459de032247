"""Documents that are ZIP archives of XML: opened only within limits, and without anything XML can do besides bearing text."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import BinaryIO
from xml.etree import ElementTree as ET
from xml.parsers import expat

from lakesmith.sources.documents.parsed import UnreadableError

MAX_PARTS = 10_000
MAX_UNPACKED = 1024 * 1024 * 1024
MAX_PART = 128 * 1024 * 1024
MAX_RATIO, RATIO_FROM = 200, 4 * 1024 * 1024
_MAIN = {"word/": "docx", "ppt/": "pptx", "xl/": "xlsx"}
_OPEN = {
    b"application/vnd.oasis.opendocument.text": "odt",
    b"application/vnd.oasis.opendocument.spreadsheet": "ods",
}


def kind_of_package(file: BinaryIO) -> str:
    """Return the type of a document that is a ZIP archive, `zip` for any other archive."""
    with _opened(file) as archive:
        names = archive.namelist()[:MAX_PARTS]
        if "mimetype" in names and archive.getinfo("mimetype").file_size < 256:  # noqa: PLR2004 - a short line
            return _OPEN.get(archive.read("mimetype").strip(), "zip")
        if "[Content_Types].xml" in names:
            return next((type_ for folder, type_ in _MAIN.items() if any(n.startswith(folder) for n in names)), "zip")
    return "zip"


def local(element: ET.Element) -> str:
    """Return the name of an element without its namespace: strict and transitional documents differ in that alone."""
    return element.tag.rpartition("}")[2]


def attribute(element: ET.Element, name: str) -> str | None:
    """Return an attribute by its name without namespace."""
    return next((value for key, value in element.attrib.items() if key.rpartition("}")[2] == name), None)


def flag(element: ET.Element | None, name: str) -> bool:
    """Whether an attribute says yes."""
    return element is not None and attribute(element, name) in ("1", "true", "on")


class Package:
    """An open document of parts.

    Raises:
        UnreadableError: If it is no archive, is encrypted, or would unpack to more than anybody writes.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._archive = _opened(file)
        parts = self._archive.infolist()
        if len(parts) > MAX_PARTS or sum(part.file_size for part in parts) > MAX_UNPACKED:
            raise UnreadableError("too large: its parts unpack to more than the limit (a zip bomb?)")
        for part in parts:
            if part.file_size > max(RATIO_FROM, MAX_RATIO * part.compress_size):
                raise UnreadableError("too large: a part unpacks to more than 200 times its size (a zip bomb?)")
            if part.flag_bits & 1:
                raise UnreadableError("encrypted")
        self.names = [part.filename for part in parts]

    def xml(self, name: str) -> ET.Element | None:
        """Return a part, None if there is no such part.

        Raises:
            UnreadableError: If it is too large, no XML, or declares a document type, where entities could be hidden.
        """
        if name not in self.names:
            return None
        content = self.content(name)
        _refuse_doctype(content)
        try:
            return ET.fromstring(content)  # noqa: S314 - without a document type there are no entities to expand
        except ET.ParseError as error:
            raise UnreadableError("malformed: a part is no XML") from error

    def content(self, name: str) -> bytes:
        """Return the bytes of a part."""
        if self._archive.getinfo(name).file_size > MAX_PART:
            raise UnreadableError("too large: a part is larger than 128 MiB")
        try:
            return self._archive.read(name)
        except (zipfile.BadZipFile, EOFError, NotImplementedError, OSError, ValueError) as error:
            raise UnreadableError("malformed: a part cannot be unpacked") from error

    def below(self, folder: str) -> Iterator[str]:
        """Yield the names of the parts in a folder."""
        return (name for name in self.names if name.startswith(folder) and not name.endswith("/"))

    def related(self, name: str) -> dict[str, tuple[str, str]]:
        """Return id → (last word of the kind, part) for what a part of an Office document refers to inside the document."""
        path = PurePosixPath(name)
        links = self.xml(str(path.parent / "_rels" / f"{path.name}.rels"))
        found = {}
        for link in links if links is not None else ():
            target = link.get("Target", "")
            if link.get("TargetMode") != "External":
                kind = link.get("Type", "").rpartition("/")[2]
                found[link.get("Id", "")] = kind, _joined(path.parent, target)
        return found

    def properties(self) -> dict[str, str]:
        """Return what an Office document says of itself, by the names that it uses."""
        found = {}
        for name in ("docProps/core.xml", "docProps/app.xml", "docProps/custom.xml"):
            part = self.xml(name)
            for element in part if part is not None else ():
                text = "".join(element.itertext()).strip()
                if text and not (len(element) and name != "docProps/custom.xml"):
                    found[element.get("name") or local(element)] = text
        return found


def _opened(file: BinaryIO) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(file)
    except (zipfile.BadZipFile, EOFError, NotImplementedError, OSError, ValueError) as error:
        raise UnreadableError("malformed: not a whole archive") from error


def _joined(folder: PurePosixPath, target: str) -> str:
    parts: list[str] = [] if target.startswith("/") else list(folder.parts)
    for part in target.split("/"):
        if part == "..":
            parts = parts[:-1]
        elif part not in ("", "."):
            parts.append(part)
    return "/".join(parts)


class _SeenError(Exception):
    """The first element began: no document type can follow."""


def _refuse_doctype(content: bytes) -> None:
    def refuse(*_: object) -> None:
        raise UnreadableError("malformed: its XML declares a document type, which could hide entities")

    def stop(*_: object) -> None:
        raise _SeenError

    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler, parser.StartElementHandler = refuse, stop
    try:
        parser.Parse(content, True)
    except _SeenError:
        return
    except expat.ExpatError as error:
        raise UnreadableError("malformed: a part is no XML") from error
