"""The text of a file as UTF-8, piece by piece, and where in the file each piece ended: what a ledger remembers are offsets of the file."""

from __future__ import annotations

import codecs
from typing import Protocol

from lakesmith.sources.files.reading.tape import Tape

KEEP = "lakesmith.keep"
LOW = 0xDC00


class Feed(Protocol):
    """Hands out text as bytes in which ASCII is ASCII, and tells which offset of the file was reached."""

    @property
    def at_end(self) -> bool:
        """Whether everything was handed out."""
        ...

    def read(self, size: int) -> bytes:
        """Return the text of the next bytes of the file, at most `size`."""
        ...

    def reached(self, behind: int) -> tuple[int, str]:
        """Return the offset of the file before the last `behind` bytes handed out, and the hash of the file up to there.

        That offset must not lie before the one of an earlier call.
        """
        ...


class Straight:
    """The bytes of a file as they are."""

    def __init__(self, tape: Tape) -> None:
        self._tape, self.read = tape, tape.read

    @property
    def at_end(self) -> bool:
        """Whether everything was handed out."""
        return self._tape.at_end

    def reached(self, behind: int) -> tuple[int, str]:
        """Return the offset before the last `behind` bytes handed out, and the hash of the file up to there."""
        end = self._tape.position - behind
        return end, self._tape.digest(end)


class Transcoded:
    """The text of a file in another encoding, as UTF-8 from where the tape stands.

    Bytes that are no text become lone surrogates, which are no UTF-8 either, so that their record is found wanting and no other.
    """

    def __init__(self, tape: Tape, encoding: str) -> None:
        self._tape, self._encoding = tape, encoding
        self._decoder = codecs.getincrementaldecoder(encoding)(KEEP)
        self._raw = self._text = b""
        self._offset = tape.position

    @property
    def at_end(self) -> bool:
        """Whether everything was handed out."""
        return self._tape.at_end

    def read(self, size: int) -> bytes:
        """Return the text of the next bytes of the file, at most `size`."""
        raw = self._tape.read(size)
        text = self._decoder.decode(raw, self._tape.at_end).encode("utf-8", "surrogatepass")
        self._raw, self._text = self._raw + raw, self._text + text
        return text

    def reached(self, behind: int) -> tuple[int, str]:
        """Return the offset of the file before the last `behind` bytes of text, and the hash of the file up to there."""
        if behind == 0 and self.at_end:
            passed = len(self._raw)
        else:
            passed = source_length(self._raw, self._text[: len(self._text) - behind], self._encoding)
        self._raw, self._text = self._raw[passed:], self._text[len(self._text) - behind :]
        self._offset += passed
        return self._offset, self._tape.digest(self._offset)


def source_length(raw: bytes, text: bytes, encoding: str) -> int:
    """Return how many of the bytes of `raw` become `text`, which is UTF-8 with lone surrogates for bytes that are no text."""
    wanted = text.decode("utf-8", "surrogatepass")
    try:
        size = len(wanted.encode(encoding))
    except UnicodeEncodeError:
        size = -1
    if 0 <= size <= len(raw) and _decoded(raw[:size], encoding) == wanted:
        return size
    low, high = 0, len(raw)  # characters that can be written in several ways, or bytes that are no text
    while low < high:
        middle = (low + high) // 2
        if len(_decoded(raw[:middle], encoding)) < len(wanted):
            low = middle + 1
        else:
            high = middle
    return low


def shown(raw: bytes) -> str:
    """Return transcoded text, which may be cut inside a character; bytes that were no text are lone surrogates."""
    return codecs.getincrementaldecoder("utf-8")("surrogatepass").decode(raw)


def _decoded(raw: bytes, encoding: str) -> str:
    return codecs.getincrementaldecoder(encoding)(KEEP).decode(raw)


def _keep(error: UnicodeError) -> tuple[str | bytes, int]:
    """Turn bytes that are no text into lone surrogates, one for each; a line end among them remains one."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    bad = error.object[error.start : error.end]
    if len(bad) > 1 and not error.encoding.startswith("utf"):
        bad = bad[:1]
    return "".join(chr(LOW + value) for value in bad), error.start + len(bad)


codecs.register_error(KEEP, _keep)
