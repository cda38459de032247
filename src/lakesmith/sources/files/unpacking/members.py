"""The files in a packed file: one in a compressed file, as many as were packed in an archive; packings may lie in each other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from lakesmith.errors import SourceDataError
from lakesmith.sources.files.deliveries.patterns import Pattern, match_name
from lakesmith.sources.files.limits import PACKINGS_DEEP
from lakesmith.sources.files.unpacking.budget import Budget
from lakesmith.sources.files.unpacking.kinds import (
    BEGINNING,
    PACKINGS,
    ZIP,
    kind_of,
    kind_of_name,
    unreadable,
    without_suffix,
)
from lakesmith.sources.files.unpacking.pieces import Pieces, pieces_of, spooled
from lakesmith.sources.files.unpacking.streams import Readable, Source, unpack_stream
from lakesmith.sources.files.unpacking.zips import Archive, Entry

LINK = "the member is a symbolic link, which holds no records"


@dataclass(frozen=True, slots=True)
class Terms:
    """What a stream says of packed files: how many bytes may come out, and patterns of the members that are wanted.

    Patterns speak of the outermost archive; without any, all members are wanted that are not hidden. `is_zip_format` tells of a name whether files of its format are zip archives themselves, as office documents are.
    """

    is_zip_format: Callable[[str], bool]
    most: int
    wanted: tuple[Pattern, ...] = ()


@dataclass(frozen=True, slots=True)
class Member:
    """A file that lies in a packed one: what its rows are called after, its own name, how it is packed from the outside in, its content.

    A `fault` says why it holds no records.
    """

    origin: str
    name: str
    packings: tuple[str, ...]
    content: Pieces
    fault: str = ""


def packing_of(name: str, beginning: bytes, terms: Terms) -> str | None:
    """Return what a file is packed with, by its first bytes; None if it is to be read as it is.

    Raises:
        SourceDataError: If it is packed in a way nobody here knows, or is not packed although its name says so.
    """
    words, kind, said = unreadable(beginning), kind_of(beginning), kind_of_name(name)
    if kind == ZIP and said != ZIP and terms.is_zip_format(name):
        return None
    if words is not None:
        raise SourceDataError(
            f"A file is {words}, which cannot be read.",
            where=name,
            fix="have it packed with gzip or zip, or not at all",
        )
    if kind is None and said is not None and beginning:
        raise SourceDataError(
            f"A file is not packed with {PACKINGS[said].program}, although its name says so.",
            where=name,
            fix="have it delivered again; if it is not packed at all, rename it, or set `unpack: false` for the stream",
        )
    return kind


@dataclass(frozen=True, slots=True)
class Packed:
    """A packed file: its name, its size in bytes, a handle for reading at random, and one for reading forward; both at its start."""

    name: str
    size: int
    file: BinaryIO
    forward: Readable


def open_packed(packed: Packed, kind: str, terms: Terms) -> Iterator[Member]:
    """Yield the files in a packed one; each is to be read before the next is asked for.

    Args:
        packed: The packed file. An archive is read at random, anything else forward, to its end.
        kind: What it is packed with.
        terms: What the stream says of packed files.

    Raises:
        SourceDataError: If it is broken, dangerous, or packed in a way nobody here knows. Reading a member may raise it, too.
        OSError: If the file cannot be read.
    """
    opening = _Opening(terms, Budget(packed.name, packed.size, terms.most))
    if kind == ZIP:
        yield from opening.archive(packed.file, packed.name, (ZIP,))
    else:
        outer = Member(packed.name, packed.name, (), Pieces(pieces_of(packed.forward)))
        yield from opening.unpacked(kind, outer)


class _Opening:
    """The unpacking of one file."""

    def __init__(self, terms: Terms, budget: Budget) -> None:
        self._terms, self._budget = terms, budget

    def _opened(self, outer: Member) -> Iterator[Member]:
        """Yield a file, or what lies in it if it is packed itself."""
        kind = packing_of(outer.name, outer.content.peek(BEGINNING), self._terms)
        if kind is None:
            yield outer
        elif len(outer.packings) >= PACKINGS_DEEP:
            raise SourceDataError(
                f"A file is packed more than {PACKINGS_DEEP} times over. Nothing of it was loaded.",
                where=outer.origin,
                fix="have it delivered with fewer archives in archives",
            )
        elif kind == ZIP:
            with spooled(iter(outer.content)) as file:
                yield from self.archive(file, outer.origin, (*outer.packings, ZIP))
        else:
            yield from self.unpacked(kind, outer)

    def unpacked(self, kind: str, outer: Member) -> Iterator[Member]:
        """Yield what a stream of packed bytes holds."""
        pieces = self._counted(unpack_stream(kind, Source(outer.origin, outer.content)))
        yield from self._opened(
            Member(outer.origin, without_suffix(outer.name), (*outer.packings, kind), Pieces(pieces))
        )

    def archive(self, file: BinaryIO, origin: str, packings: tuple[str, ...]) -> Iterator[Member]:
        """Yield the members of an archive that are wanted."""
        archive = Archive(origin, file)
        top = len(packings) == 1
        entries = wanted_of(archive.entries(), origin, self._terms.wanted if top else ())
        self._budget.check(self._budget.spent + sum(entry.info.file_size for entry in entries))
        for entry in entries:
            inner = f"{origin}/{entry.name}"
            if entry.is_link:
                yield Member(inner, entry.name, packings, Pieces(iter(())), LINK)
            else:
                content = Pieces(self._counted(archive.pieces(entry)))
                yield from self._opened(Member(inner, entry.name, packings, content))

    def _counted(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        for piece in pieces:
            self._budget.spend(len(piece))
            yield piece


def wanted_of(entries: Sequence[Entry], archive: str, patterns: Sequence[Pattern]) -> list[Entry]:
    """Return the members of an archive that are to be read: in the order of the patterns, then by name; without any, by name.

    Raises:
        SourceDataError: If there are members, and no pattern means one of them.
    """
    entries = sorted(entries, key=lambda entry: entry.name)
    if not patterns:
        return [entry for entry in entries if not any(part.startswith(".") for part in entry.name.split("/"))]
    chosen = {entry.name: entry for pattern in patterns for entry in entries if match_name(pattern, entry.name)[0]}
    if entries and not chosen:
        raise SourceDataError(
            f"None of the {len(entries)} members of an archive is one that `members:` names. Nothing of it was loaded.",
            where=archive,
            fix=f"correct `members:`; the archive has `{entries[0].name}`",
        )
    return list(chosen.values())
