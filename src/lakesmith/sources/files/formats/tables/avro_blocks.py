"""The blocks of an Avro file, unpacked within limits: a few bytes of a packed block can stand for more than memory holds."""

from __future__ import annotations

import bz2
import lzma
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Protocol

from lakesmith.sources.files.formats.tables.avro_types import DamagedError
from lakesmith.sources.files.limits import DICTIONARY_BYTES, MB

MOST_BLOCK = 256 * MB
"""How large a block may be, as it lies in the file and unpacked: it is held as a whole."""

SYNC_BYTES = 16
CHECKSUM_BYTES = 4
LONGEST_NUMBER = 10
SEVEN_BITS, MORE = 0x7F, 0x80
TOO_LARGE = f"a block is larger than {MOST_BLOCK // MB} MB, or unpacks to more"
CUT = "it ends in the middle of a block"

Unpack = Callable[[bytes], bytes]


class Forward(Protocol):
    """What blocks are read from."""

    def read(self, size: int) -> bytes:
        """Return the next `size` bytes, fewer only at the end."""
        ...

    def tell(self) -> int:
        """Return the offset of the next byte."""
        ...


@dataclass(frozen=True, slots=True)
class Block:
    """One block, unpacked: how many records it says it has, their bytes, and how many bytes it takes in the file."""

    records: int
    data: bytes
    size: int


def blocks_of(file: Forward, codec: str, sync: bytes) -> Iterator[Block]:
    """Yield the blocks from where the file stands, which is behind its header.

    Args:
        file: The file.
        codec: How its blocks are packed, by the name that the header has.
        sync: The mark that stands behind every block.

    Raises:
        DamagedError: If a block is too large, cut off or damaged, or packed in a way that nobody here knows.
        ImportError: If the library that unpacks the blocks is not installed.
    """
    if codec not in _UNPACKING:
        raise DamagedError("its blocks are packed in a way that is not known")
    while (records := _number(file, is_first=True)) is not None:
        size = _number(file) or 0
        if not 0 <= size <= MOST_BLOCK:
            raise DamagedError(TOO_LARGE)
        packed, mark = _exactly(file, size), _exactly(file, SYNC_BYTES)
        if mark != sync or records < 0:
            raise DamagedError("its content is damaged")
        yield Block(records, _UNPACKING[codec](packed), size)


def _number(file: Forward, *, is_first: bool = False) -> int | None:
    """Return the next number, None at the end of the file if it `is_first`: zigzag, seven bits in a byte."""
    value = 0
    for place in range(LONGEST_NUMBER):
        byte = file.read(1)
        if not byte and is_first and not place:
            return None
        if not byte:
            raise DamagedError(CUT)
        value |= (byte[0] & SEVEN_BITS) << 7 * place
        if not byte[0] & MORE:
            return value >> 1 ^ -(value & 1)
    raise DamagedError("its content is damaged")


def _exactly(file: Forward, size: int) -> bytes:
    content = file.read(size) if size else b""
    if len(content) < size:
        raise DamagedError(CUT)
    return content


def _bounded(unpacker: Any, packed: bytes, *, ends: bool = True) -> bytes:
    """Return what an unpacker with the methods of those of the standard library makes of a block."""
    content: bytes = unpacker.decompress(packed, MOST_BLOCK + 1)
    if len(content) > MOST_BLOCK:
        raise DamagedError(TOO_LARGE)
    if ends and not unpacker.eof:
        raise DamagedError(CUT)
    return content


def _snappy(packed: bytes) -> bytes:
    snappy: Any = import_module("cramjam").snappy
    body, told = packed[:-CHECKSUM_BYTES], packed[-CHECKSUM_BYTES:]
    try:
        if snappy.decompress_raw_len(body) > MOST_BLOCK:
            raise DamagedError(TOO_LARGE)
        content = bytes(snappy.decompress_raw(body))
    except import_module("cramjam").DecompressionError as error:
        raise DamagedError("its content is damaged") from error
    if zlib.crc32(content).to_bytes(CHECKSUM_BYTES, "big") != told:
        raise DamagedError("its content is damaged")
    return content


def _zstandard(packed: bytes) -> bytes:
    try:
        zstd = import_module("compression.zstd")
    except ImportError:
        zstd = import_module("backports.zstd")
    content, left = b"", packed
    while left:  # a block may be several frames
        unpacker = zstd.ZstdDecompressor()
        try:
            content += _bounded(unpacker, left)
        except zstd.ZstdError as error:
            raise DamagedError("its content is damaged") from error
        if len(content) > MOST_BLOCK:
            raise DamagedError(TOO_LARGE)
        left = unpacker.unused_data
    return content


def _lz4(packed: bytes) -> bytes:
    block: Any = import_module("lz4.block")
    if int.from_bytes(packed[:4], "little") > MOST_BLOCK:
        raise DamagedError(TOO_LARGE)
    return bytes(block.decompress(packed))


def _xz(packed: bytes) -> bytes:
    try:
        return _bounded(lzma.LZMADecompressor(memlimit=DICTIONARY_BYTES), packed)
    except lzma.LZMAError as error:
        raise DamagedError("its content is damaged") from error


_UNPACKING: Mapping[str, Unpack] = {
    "null": lambda packed: packed,
    "deflate": lambda packed: _bounded(zlib.decompressobj(-zlib.MAX_WBITS), packed),
    "bzip2": lambda packed: _bounded(bz2.BZ2Decompressor(), packed),
    "xz": _xz,
    "snappy": _snappy,
    "zstandard": _zstandard,
    "lz4": _lz4,
}
