"""What gzip, bzip2, xz and zstd packed, piece by piece: never more than a megabyte at a time, and never an end that is none."""

from __future__ import annotations

import bz2
import lzma
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, cast

from lakesmith.sources.files.limits import DICTIONARY_BYTES, PIECE_BYTES
from lakesmith.sources.files.unpacking.budget import refuse_broken

if TYPE_CHECKING:
    from io import IOBase

INPUT_BYTES = 256 * 1024
GZIP, RAW_DEFLATE = 16 + zlib.MAX_WBITS, -zlib.MAX_WBITS


class Readable(Protocol):
    """Something to read from, forward."""

    def read(self, size: int = -1, /) -> bytes:
        """Return the next bytes, at most `size`; fewer at the end, and none behind it."""
        ...


class Source:
    """The packed bytes of `name`, and how many of them were read. It looks enough like a file for Arrow."""

    closed = False

    def __init__(self, name: str, file: Readable) -> None:
        self.name, self._file, self.position = name, file, 0

    def read(self, size: int = INPUT_BYTES) -> bytes:
        """Return the next bytes."""
        piece = self._file.read(size)
        self.position += len(piece)
        return piece

    def close(self) -> None:
        """Leave the file open: it belongs to somebody else."""


class Decoder(Protocol):
    """Unpacks one stream, as `bz2` and `lzma` do."""

    @property
    def eof(self) -> bool:
        """Whether the stream has ended."""
        ...

    @property
    def needs_input(self) -> bool:
        """Whether more can come out only once more was put in."""
        ...

    @property
    def unused_data(self) -> bytes:
        """What was put in behind the end of the stream."""
        ...

    def decompress(self, data: bytes, max_length: int) -> bytes:
        """Return what comes out, at most `max_length` bytes."""
        ...


class Inflater:
    """Deflate in the manner of the other decoders. At the end it has compared what gzip notes there: checksum and length."""

    def __init__(self, wbits: int = GZIP) -> None:
        self._decoder = zlib.decompressobj(wbits)

    @property
    def eof(self) -> bool:
        """Whether the stream has ended."""
        return self._decoder.eof

    @property
    def needs_input(self) -> bool:
        """Whether more can come out only once more was put in."""
        return not self._decoder.unconsumed_tail

    @property
    def unused_data(self) -> bytes:
        """What was put in behind the end of the stream."""
        return self._decoder.unused_data

    def decompress(self, data: bytes, max_length: int) -> bytes:
        """Return what comes out, at most `max_length` bytes."""
        return self._decoder.decompress(self._decoder.unconsumed_tail + data, max_length)


DECODERS: dict[str, Callable[[], Decoder]] = {
    "gz": Inflater,
    "bz2": bz2.BZ2Decompressor,
    "xz": lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=DICTIONARY_BYTES),
}


def unpack_stream(kind: str, source: Source) -> Iterator[bytes]:
    """Yield what is packed in `source`, all streams that follow each other in it; padding with NUL at its end is passed over.

    Raises:
        SourceDataError: If it is broken, or ends too early.
        OSError: If the file cannot be read.
    """
    if kind == "zst":
        return unpack_zst(source)
    return guarded(source, _streams(DECODERS[kind], source))


def unpack_one(decoder: Decoder, source: Source) -> Iterator[bytes]:
    """Yield what one stream holds that begins where `source` stands; what follows it is not looked at.

    Raises:
        SourceDataError: If it is broken, or ends too early.
        OSError: If the file cannot be read.
    """
    return guarded(source, _stream(decoder, b"", source))


def unpack_zst(source: Source) -> Iterator[bytes]:
    """Yield what zstd packed. Arrow has it on board.

    Raises:
        SourceDataError: If it is broken, or ends too early.
        OSError: If the file cannot be read.
    """
    return guarded(source, _arrow_pieces(source))


def guarded(source: Source, pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Yield pieces; what a library says of broken data becomes an error that tells the file and the place in it.

    Raises:
        SourceDataError: If a library refuses the data.
        OSError: If the file cannot be read.
    """
    try:
        yield from pieces
    except (zlib.error, lzma.LZMAError, EOFError) as error:
        raise refuse_broken(source.name, source.position, _words(error)) from error
    except OSError as error:
        if error.errno is not None:  # the operating system's: bz2 and Arrow say so of data, without a number
            raise
        raise refuse_broken(source.name, source.position, _words(error)) from error


def _words(error: Exception) -> str:
    text = str(error)
    if "runcated" in text or isinstance(error, EOFError):
        return "it ends before its content does"
    return (
        "its content or its checksum is damaged"
        if "header" not in text
        else "what follows in it is not packed that way"
    )


def _streams(new: Callable[[], Decoder], source: Source) -> Iterator[bytes]:
    data = source.read()
    while data:
        decoder = new()
        yield from _stream(decoder, data, source)
        data = decoder.unused_data.lstrip(b"\0")
        while not data and (more := source.read()):
            data = more.lstrip(b"\0")


def _stream(decoder: Decoder, data: bytes, source: Source) -> Iterator[bytes]:
    while not decoder.eof:
        piece = decoder.decompress(data, PIECE_BYTES)
        yield piece
        data = source.read() if decoder.needs_input and not decoder.eof else b""
        if not (data or piece or decoder.eof) and decoder.needs_input:
            raise EOFError


def _arrow_pieces(source: Source) -> Iterator[bytes]:
    import pyarrow as pa

    with pa.CompressedInputStream(pa.PythonFile(cast("IOBase", source), "r"), "zstd") as stream:
        while piece := stream.read(PIECE_BYTES):
            yield piece


@dataclass(frozen=True, slots=True)
class LzmaHead:
    """What a zip archive writes before data packed with LZMA: the settings, as five bytes."""

    properties: bytes

    def decoder(self) -> Decoder:
        """Return a decoder for what follows.

        Raises:
            lzma.LZMAError: If the settings make no sense, or ask for too much memory.
        """
        first, dictionary = self.properties[0], int.from_bytes(self.properties[1:5], "little")
        if dictionary > DICTIONARY_BYTES:
            raise lzma.LZMAError("dictionary too large")
        settings: dict[str, Any] = {
            "id": lzma.FILTER_LZMA1,
            "dict_size": max(dictionary, 4096),
            "lc": first % 9,
            "lp": first // 9 % 5,
            "pb": first // 45,
        }
        return lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=[settings])
