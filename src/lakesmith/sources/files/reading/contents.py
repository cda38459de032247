"""What there is to read in a file that is not read on from where it ended: the file itself, or the files that are packed in it."""

from __future__ import annotations

import io
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from lakesmith.sources.files.formats import FORMATS, name_of_format
from lakesmith.sources.files.limits import HEAD_BYTES
from lakesmith.sources.files.options import FileStreamOptions
from lakesmith.sources.files.reading.tape import LooseTape, Tape
from lakesmith.sources.files.unpacking.kinds import BEGINNING, looks_packed
from lakesmith.sources.files.unpacking.members import Member, Packed, Terms, open_packed, packing_of
from lakesmith.sources.files.unpacking.pieces import Pieces, ahead, pieces_of, spooled, view

BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Handles:
    """A file that is open twice: its name and size in bytes, what its name says of its format, a handle to look around, and its tape."""

    name: str
    format: str | None
    size: int
    head: BinaryIO
    tape: Tape


@dataclass(frozen=True, slots=True)
class Content:
    """A file to be read: what its rows are called after, its format (None: nothing tells), how it was packed, from the outside in.

    `head` and `tape` are as formats want them. `is_blank` says that there is nothing in it but blanks. A `fault` says why it holds
    no records.
    """

    origin: str
    format: str | None
    packings: tuple[str, ...]
    head: BinaryIO
    tape: Tape
    is_blank: bool = False
    fault: str = ""


def is_packed(name: str, head: BinaryIO, options: FileStreamOptions) -> bool:
    """Return whether a file is packed, or says so by its name, and is to be unpacked."""
    return options.unpack and looks_packed(name, _beginning(head))


def contents_of(handles: Handles, options: FileStreamOptions) -> Generator[Content, None, None]:
    """Yield what there is to read; each is to be read before the next is asked for, which reads what is left of it.

    Raises:
        SourceDataError: If a packed file is broken, dangerous, or packed in a way nobody here knows.
        OSError: If the file cannot be read, or the disk is full.
    """
    kind = kind_to_unpack(handles, options)
    if kind is None:
        start = handles.head.read(HEAD_BYTES) if handles.size < HEAD_BYTES else None
        handles.head.seek(0)
        yield Content(
            handles.name, handles.format, (), handles.head, handles.tape, start is not None and is_blank(start)
        )
        return
    packed = Packed(handles.name, handles.size, handles.head, Forward(handles.tape))
    for member in open_packed(packed, kind, _terms(options)):
        format_ = format_of_member(member.name, handles.name, options)
        reading = _at_random if _seeks(format_) else _forward
        yield from reading(member, format_)


def kind_to_unpack(handles: Handles, options: FileStreamOptions) -> str | None:
    """Return what a file is packed with; None if it is to be read as it is.

    Raises:
        SourceDataError: If it is packed in a way nobody here knows, or is not packed although its name says so.
    """
    return packing_of(handles.name, _beginning(handles.head), _terms(options)) if options.unpack else None


def format_of_member(name: str, archive: str, options: FileStreamOptions) -> str | None:
    """Return the format of a member: the one that was set, else by its suffix, else by that of its archive; None if nothing tells."""
    told = (options.format_of(name), name_of_format(archive))
    return next((format_ for format_ in told if format_ in FORMATS), None)


def is_blank(data: bytes) -> bool:
    """Return whether content is nothing but blanks."""
    return not data.removeprefix(BYTE_ORDER_MARK).strip()


class Forward:
    """A tape as something that can be read in pieces of any size, or to its end."""

    def __init__(self, tape: Tape) -> None:
        self._tape = tape

    def read(self, size: int = -1, /) -> bytes:
        """Return the next bytes."""
        return self._tape.read(size) if size >= 0 else b"".join(pieces_of(self))


def _beginning(head: BinaryIO) -> bytes:
    head.seek(0)
    beginning = head.read(BEGINNING)
    head.seek(0)
    return beginning


def _terms(options: FileStreamOptions) -> Terms:
    return Terms(lambda name: _seeks(options.format_of(name)), options.max_unpacked_bytes, options.member_patterns)


def _seeks(format_: str | None) -> bool:
    return format_ in FORMATS and FORMATS[format_].seeks


def _forward(member: Member, format_: str | None) -> Iterator[Content]:
    """Yield a member that is unpacked ahead of who reads it; only its beginning can be looked back at."""
    start = member.content.read(HEAD_BYTES)
    with ahead(iter(member.content)) as rest:
        content = Pieces(rest, start)
        head, blank = io.BytesIO(start), len(start) < HEAD_BYTES and is_blank(start)
        yield Content(member.origin, format_, member.packings, head, LooseTape(content), blank, member.fault)
        for _ in content:  # to its end, where the checksum stands
            pass


def _at_random(member: Member, format_: str | None) -> Iterator[Content]:
    """Yield a member by way of a temporary copy."""
    with spooled(iter(member.content)) as file:
        size = file.seek(0, io.SEEK_END)
        file.seek(0)
        blank = size < HEAD_BYTES and is_blank(file.read())
        yield Content(member.origin, format_, member.packings, view(file), Tape(view(file), size), blank, member.fault)
