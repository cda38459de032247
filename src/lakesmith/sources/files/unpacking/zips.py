"""Zip archives: a table of contents that is looked at with suspicion, and members that are unpacked piece by piece.

The table is read by Python's `zipfile`; the members are not, since it unpacks bzip2 and LZMA in pieces without limit and believes
the sizes that are written there.
"""

from __future__ import annotations

import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO, cast

from lakesmith.errors import SourceDataError
from lakesmith.sources.files.limits import DIRECTORY_BYTES, MEMBERS, NAME_BYTES
from lakesmith.sources.files.unpacking.budget import refuse_broken
from lakesmith.sources.files.unpacking.methods import METHODS, OTHER_METHODS, Part
from lakesmith.sources.files.unpacking.streams import Source

LOCAL = struct.Struct("<4s22xHH")
LOCAL_MAGIC = b"PK\x03\x04"
ENDING, ENDING64 = b"PK\x05\x06", b"PK\x06\x06"
ENDING64_BYTES = 76
ENDING_BYTES = ENDING64_BYTES + 22 + 65_535
"""How long the end of an archive may be: its two parts, and the longest comment."""

ENCRYPTED = 0x1
OFFICE, OPEN_DOCUMENT = "[Content_Types].xml", "mimetype"
"""Members that tell an office document from an archive: one is somewhere in it, the other at its beginning."""

FEWER = "have fewer files packed into one archive"
ODD_NAME = re.compile(r"[\0-\x1f\x7f\ud800-\udfff]")
DRIVE = re.compile(r"[A-Za-z]:")


@dataclass(frozen=True, slots=True)
class Entry:
    """A member as the table of contents tells it: its name with `/` between the parts, and whether it is a link."""

    name: str
    info: zipfile.ZipInfo
    is_link: bool


class Archive:
    """An open zip archive. `name` is what its members are called after."""

    def __init__(self, name: str, file: BinaryIO) -> None:
        self.name, self._file = name, file

    def entries(self) -> list[Entry]:
        """Return the members, without folders.

        Raises:
            SourceDataError: If the archive is broken, too large, an office document, or not what an honest program writes.
        """
        try:
            with zipfile.ZipFile(cast("BinaryIO", Table(self._file))) as table:
                infos, end = sorted(table.infolist(), key=lambda info: info.header_offset), table.start_dir
        except TableTooLargeError as error:
            size = f"{DIRECTORY_BYTES // 1024 // 1024} MB"
            raise self._refused(f"has a table of contents of more than {size}", FEWER) from error
        except (zipfile.BadZipFile, ValueError, NotImplementedError, struct.error, EOFError) as error:
            raise self._broken("its table of contents cannot be read; the archive may have been cut off") from error
        if len(infos) != self._count():
            raise self._broken("its table of contents has not as many members as it says")
        if len(infos) > MEMBERS:
            raise self._refused(f"has more than {MEMBERS:,} members", FEWER)
        if any(info.filename == OFFICE for info in infos) or (infos and infos[0].filename == OPEN_DOCUMENT):
            raise self._refused(
                "is an office document by its content, and no archive of files",
                "give it the suffix of what it is, such as .xlsx or .ods, or set `format:`",
            )
        self._refuse_overlaps(infos, end)
        return self._named(infos)

    def pieces(self, entry: Entry) -> Iterator[bytes]:
        """Yield the content of a member, piece by piece; at the end it has proved to be what its checksum says.

        Raises:
            SourceDataError: If it is encrypted, packed in a way nobody here knows, larger than it may be, or broken.
        """
        info, name = entry.info, f"{self.name}/{entry.name}"
        if info.flag_bits & ENCRYPTED:
            raise SourceDataError(
                "A member of an archive is encrypted. Nothing of the archive was loaded.",
                where=name,
                fix="have it delivered without a password, or leave the member out by `members:`",
            )
        if info.compress_type not in METHODS:
            method = OTHER_METHODS.get(info.compress_type, f"method {info.compress_type}")
            raise SourceDataError(
                f"A member of an archive is packed with {method}, which cannot be unpacked here. Nothing of the archive was loaded.",
                where=name,
                fix="have it packed with deflate, which every program can, or leave the member out by `members:`",
            )
        yield from self._proved(entry, name)

    def _proved(self, entry: Entry, name: str) -> Iterator[bytes]:
        info = entry.info
        source = Source(name, Part(self._file, self._begin_of(info, name), info.compress_size))
        size = checksum = 0
        for piece in METHODS[info.compress_type](source, info.file_size):
            size, checksum = size + len(piece), zlib.crc32(piece, checksum)
            if size > info.file_size:
                break
            yield piece
        if size != info.file_size:
            raise refuse_broken(name, source.position, "it is not as long as the archive says")
        if checksum != info.CRC:
            raise refuse_broken(name, source.position, "its checksum is another than the archive says")

    def _begin_of(self, info: zipfile.ZipInfo, name: str) -> int:
        self._file.seek(info.header_offset)
        head = self._file.read(LOCAL.size)
        if len(head) < LOCAL.size or not head.startswith(LOCAL_MAGIC):
            raise refuse_broken(name, info.header_offset, "it does not lie where the archive says")
        _, name_bytes, extra_bytes = LOCAL.unpack(head)
        return info.header_offset + LOCAL.size + int(name_bytes) + int(extra_bytes)

    def _count(self) -> int:
        """Return how many members the end of the archive tells: `zipfile` does not look at that."""
        self._file.seek(max(0, self._file.seek(0, 2) - ENDING_BYTES))
        data = self._file.read()
        at = data.rfind(ENDING)
        ending64 = data[max(0, at - ENDING64_BYTES) : max(0, at)]
        if ending64.startswith(ENDING64):  # of large archives, or whose writer did not know how large they would become
            return int.from_bytes(ending64[32:40], "little")
        return int.from_bytes(data[at + 10 : at + 12], "little")

    def _refuse_overlaps(self, infos: Sequence[zipfile.ZipInfo], end: int) -> None:
        ends = [info.header_offset + LOCAL.size + info.compress_size for info in infos]
        begins = [info.header_offset for info in infos[1:]] + [end]
        if any(before > after for before, after in zip(ends, begins, strict=False)) or any(
            info.header_offset < 0 for info in infos
        ):
            raise self._refused("has members that lie in each other, as bombs have", "have it packed anew")

    def _named(self, infos: Sequence[zipfile.ZipInfo]) -> list[Entry]:
        entries: dict[str, Entry] = {}
        for info in infos:
            written = info.orig_filename.replace("\\", "/")  # some programs write it so on Windows
            if written.endswith("/"):
                continue
            name = self._plain(written)
            if name in entries:
                raise self._refused("has two members of the same name", "have it packed anew, each name once")
            entries[name] = Entry(name, info, stat.S_ISLNK(info.external_attr >> 16))
        return list(entries.values())

    def _plain(self, name: str) -> str:
        """Return the name of a member, if it can be one of a file in a folder."""
        parts = name.split("/")
        why = (
            "a control character, or one that is no character"
            if ODD_NAME.search(name)
            else "a path from the root of a disk"
            if not parts[0] or DRIVE.match(name)
            else "a path that leaves its folder"
            if ".." in parts
            else "no name, or one that is too long"
            if len(name.encode()) > NAME_BYTES or "" in parts or "." in parts
            else ""
        )
        if why:
            raise self._refused(f"has a member whose name is {why}", "have it packed anew, with plain relative names")
        return name

    def _refused(self, why: str, fix: str) -> SourceDataError:
        return SourceDataError(f"An archive {why}. Nothing of it was loaded.", where=self.name, fix=fix)

    def _broken(self, why: str) -> SourceDataError:
        return refuse_broken(self.name, self._file.seek(0, 2), why)


class TableTooLargeError(Exception):
    """A table of contents that would fill memory."""


class Table:
    """A file as `zipfile` may read it: the one long piece that it asks for is the table of contents."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.seek, self.tell = file.seek, file.tell

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes.

        Raises:
            TableTooLargeError: If they are more than a table of contents may have.
        """
        if size > DIRECTORY_BYTES:
            raise TableTooLargeError
        return self._file.read(size)
