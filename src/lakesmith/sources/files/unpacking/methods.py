"""The methods by which members of a zip archive are packed."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator
from typing import BinaryIO

from lakesmith.sources.files.limits import PIECE_BYTES
from lakesmith.sources.files.unpacking.streams import (
    DECODERS,
    RAW_DEFLATE,
    Inflater,
    LzmaHead,
    Source,
    guarded,
    unpack_one,
    unpack_zst,
)

LZMA_HEAD = 4
ZSTD = 93
OTHER_METHODS = {1: "shrink", 6: "implode", 9: "deflate64", 20: "zstd (old)", 95: "xz", 98: "PPMd"}
"""Methods that are not unpacked, by the number that the archive writes."""


class Part:
    """A part of a file, read forward."""

    def __init__(self, file: BinaryIO, begin: int, size: int) -> None:
        self._file, self._at, self._end = file, begin, begin + size

    def read(self, size: int = -1, /) -> bytes:
        """Return the next bytes of the part, at most `size`."""
        left = self._end - self._at
        self._file.seek(self._at)
        piece = self._file.read(left if size < 0 else min(size, left))
        self._at += len(piece)
        return piece


def _stored(source: Source, size: int) -> Iterator[bytes]:  # noqa: ARG001 - it is told by what there is
    return iter(lambda: source.read(PIECE_BYTES), b"")


def _deflated(source: Source, size: int) -> Iterator[bytes]:  # noqa: ARG001 - it ends by itself
    return unpack_one(Inflater(RAW_DEFLATE), source)


def _bzipped(source: Source, size: int) -> Iterator[bytes]:  # noqa: ARG001 - it ends by itself
    return unpack_one(DECODERS["bz2"](), source)


def _lzma(source: Source, size: int) -> Iterator[bytes]:
    """Yield `size` bytes: such data need not have an end of its own."""

    def pieces() -> Iterator[bytes]:
        length = int.from_bytes(source.read(LZMA_HEAD)[2:], "little")
        left = size
        inner = unpack_one(LzmaHead(source.read(length).ljust(5, b"\0")).decoder(), source)
        while left > 0 and (piece := next(inner, None)) is not None:
            left -= len(piece)
            yield piece

    return guarded(source, pieces())


METHODS: dict[int, Callable[[Source, int], Iterator[bytes]]] = {
    zipfile.ZIP_STORED: _stored,
    zipfile.ZIP_DEFLATED: _deflated,
    zipfile.ZIP_BZIP2: _bzipped,
    zipfile.ZIP_LZMA: _lzma,
    ZSTD: lambda source, _size: unpack_zst(source),
}
"""How members are packed, by the number that the archive writes."""
