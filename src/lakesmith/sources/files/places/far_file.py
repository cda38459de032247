"""A file far away, read at any place of it in few requests."""

from __future__ import annotations

import io
import time
from typing import TYPE_CHECKING, Any

from lakesmith.sources.files.places.connection import ATTEMPTS, PAUSE_S, Body
from lakesmith.sources.files.places.faults import UnreachableFaultError
from lakesmith.sources.files.places.place import Status

if TYPE_CHECKING:
    from lakesmith.sources.files.places.remote import RemotePlace

FIRST_BYTES = 1024 * 1024
"""How much the first request for a file, or the first one after a jump, asks for; the next asks for all the rest."""

SKIPPED_BYTES = 256 * 1024
"""A jump forward of no more than this is read over."""


class FarFile(io.RawIOBase):
    """A file far away that can be read at any place; forward it is one request for the beginning and one for the rest."""

    def __init__(self, place: RemotePlace, name: str, status: Status) -> None:
        super().__init__()
        self._place, self._name, self._status = place, name, status
        self._position = 0
        self._body: Body | None = None
        self._body_at = self._body_stop = 0
        self._beginning: bytes | None = None

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True

    def tell(self) -> int:
        """Return the offset of the next byte."""
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Go to an offset; nothing is asked for before bytes are read there."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._status.size}[whence]
        self._position = max(0, base + offset)
        return self._position

    def readinto(self, buffer: Any, /) -> int:
        """Fill a buffer with what comes next, at least one byte unless the file is at its end."""
        wanted = min(len(buffer), self._status.size - self._position)
        if wanted <= 0:
            return 0
        with self._place.errors(self._name):
            piece = self._piece(wanted)
        buffer[: len(piece)] = piece
        self._position += len(piece)
        return len(piece)

    def close(self) -> None:
        """Stop what is on its way."""
        self._drop()
        super().close()

    def _piece(self, wanted: int) -> bytes:
        if self._position < FIRST_BYTES:
            if self._beginning is None:
                stop = min(FIRST_BYTES, self._status.size)
                self._beginning = self._place.first(self._name, self._status, lambda: self._read_span(0, stop))
            return self._beginning[self._position : self._position + wanted]
        return self._attempt(wanted)

    def _read_span(self, start: int, stop: int) -> bytes:
        """Return a part of the file whole."""
        pieces: list[bytes] = []
        self._drop()
        kept, self._position = self._position, start
        try:
            while self._position < stop:
                pieces.append(self._attempt(stop - self._position, stop))
                self._position += len(pieces[-1])
        finally:
            self._position = kept
        return b"".join(pieces)

    def _attempt(self, wanted: int, stop: int | None = None) -> bytes:
        """Return the next bytes, from a new request if the one before broke off."""
        for attempt in range(1, ATTEMPTS + 1):
            try:
                piece = self._next(wanted, stop)
            except UnreachableFaultError:
                self._drop()
                if attempt == ATTEMPTS:
                    raise
                time.sleep(PAUSE_S * 2 ** (attempt - 1))
            else:
                self._body_at = self._position + len(piece)
                return piece
        raise UnreachableFaultError

    def _next(self, wanted: int, stop: int | None) -> bytes:
        body = self._body_here(stop)
        piece = body.read(min(wanted, self._body_stop - self._position))
        if not piece:
            raise UnreachableFaultError("the transfer broke off")
        return piece

    def _body_here(self, stop: int | None) -> Body:
        """Return a transfer that stands at the position."""
        gap = self._position - self._body_at
        if self._body is not None and self._position < self._body_stop and 0 <= gap <= SKIPPED_BYTES:
            while gap > 0 and (piece := self._body.read(gap)):
                gap -= len(piece)
            if not gap:
                self._body_at = self._position
                return self._body
        goes_on = self._position in (self._body_at, FIRST_BYTES)
        self._drop()
        most = self._place.window if goes_on else FIRST_BYTES
        end = self._status.size if stop is None else stop
        self._body_stop = end if most is None else min(end, self._position + most)
        self._body = self._place.stream(self._name, (self._position, self._body_stop), self._status.version)
        self._body_at = self._position
        return self._body

    def _drop(self) -> None:
        if self._body is not None:
            self._body.close()
            self._body = None
