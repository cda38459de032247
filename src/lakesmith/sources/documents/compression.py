"""The compression of rich text in Outlook messages (LZFu)."""

from __future__ import annotations

import struct

from lakesmith.sources.documents.parsed import UnreadableError

HEADER = struct.Struct("<II4sI")
WINDOW, MAX_TEXT = 4096, 64 * 1024 * 1024
_DICTIONARY = (
    b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript \\fdecor MS Sans SerifSymbolArial"
    b"Times New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par \\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx"
)


def decompressed(packed: bytes) -> bytes:
    """Return what was compressed; a text that breaks off gives what there is of it.

    Raises:
        UnreadableError: If it is no such text.
    """
    if len(packed) < HEADER.size:
        raise UnreadableError("malformed: rich text without its beginning")
    _, raw_size, mark, _ = HEADER.unpack_from(packed)
    if mark == b"MELA":
        return packed[HEADER.size : HEADER.size + raw_size]
    if mark != b"LZFu":
        raise UnreadableError("malformed: rich text of an unknown compression")
    return _unpacked(packed, min(raw_size, MAX_TEXT))


def _unpacked(packed: bytes, size: int) -> bytes:
    window = bytearray(_DICTIONARY.ljust(WINDOW, b"\x00"))
    write, at, out = len(_DICTIONARY), HEADER.size, bytearray()
    while at < len(packed) and len(out) < size:
        control, at = packed[at], at + 1
        for bit in range(8):
            if at >= len(packed):
                break
            piece = packed[at : at + 1]
            if control >> bit & 1:
                word = int.from_bytes(packed[at : at + 2], "big")
                start, length, at = word >> 4, (word & 15) + 2, at + 2
                if start == write % WINDOW:  # the end is a reference to itself
                    return bytes(out)
            else:
                start, length, at = -1, 1, at + 1
            for step in range(length):
                byte = piece[0] if start < 0 else window[(start + step) % WINDOW]
                window[write % WINDOW] = byte
                write += 1
                out.append(byte)
    return bytes(out)
