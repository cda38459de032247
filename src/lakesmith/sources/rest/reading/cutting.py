"""Small answers cut into records by the standard library's own JSON scanner, which takes less for these than to set out for large ones.

Whatever it finds irregular is left to `documents`, which says what is wrong and where.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from lakesmith.sources.files.formats.nested.json_scan import Elements

if TYPE_CHECKING:
    from lakesmith.sources.rest.reading.documents import Document

SMALL = 4 * 1024 * 1024
"""Up to here an answer is cut here, in bytes."""

_BLANK = re.compile(r"[ \t\r\n]*")
_DECODER = json.JSONDecoder()


class IrregularError(ValueError):
    """Not what this module knows."""


def cut(data: bytes, path: tuple[str, ...], document: Document) -> Elements | None:
    """Return the records of an answer, and fill in what stands beside them; None where there is something irregular about it."""
    try:
        text = data.decode()
        cutting = _Cutting(text, data if len(text) == len(data) else None)
        elements = cutting.walk(path, document)
        if cutting.at_end():
            return elements
    except (ValueError, RecursionError):
        pass
    return None


class _Cutting:
    """Goes forward through the text of one answer; `data` are its bytes, where each is a character."""

    def __init__(self, text: str, data: bytes | None) -> None:
        self._text, self._data, self._at = text, data, 0
        self._next()

    def walk(self, path: tuple[str, ...], document: Document) -> Elements:
        """Return what is at a path below the value that comes next."""
        if not path:
            return self._records(document)
        if self._letter != "{":
            raise IrregularError
        beside: dict[str, Any] = {}
        document.beside = beside
        elements = Elements((), ())
        for key in self._keys():
            if key != path[0]:
                beside[key] = self._value()
            elif len(path) > 1 and self._letter == "{":
                inner = type(document)()
                elements = self.walk(path[1:], inner)
                beside[key] = inner.beside
                document.has_records = document.has_records or inner.has_records
            elif elements.count:
                raise IrregularError
            else:
                elements = self._records(document)
        return elements

    def at_end(self) -> bool:
        """Whether nothing follows."""
        return self._at >= len(self._text)

    @property
    def _letter(self) -> str:
        return self._text[self._at : self._at + 1]

    def _keys(self) -> Iterator[str]:
        self._take("{")
        if self._letter == "}":
            self._take("}")
            return
        while True:
            key = self._value()
            if not isinstance(key, str):
                raise IrregularError
            self._take(":")
            yield key
            if self._take(",}") == "}":
                return

    def _records(self, document: Document) -> Elements:
        if self._letter != "[":
            begin = self._at
            value = self._value()
            document.has_records = document.has_records or value is not None
            document.beside = value if document.beside is None else document.beside
            return Elements((), ()) if value is None else Elements((self._bytes(begin, self._end),), (1,))
        document.has_records = True
        self._take("[")
        texts: list[bytes] = []
        if self._letter == "]":
            self._take("]")
            return Elements((), ())
        self._at = self._list(texts, self._at)
        return Elements(tuple(texts), (1,) * len(texts))

    def _list(self, texts: list[bytes], at: int) -> int:
        """Add the elements of a list, the first of which begins at `at`, and return what follows its end and blanks."""
        text, data, decode, blank = self._text, self._data, _DECODER.raw_decode, _BLANK.match
        while True:
            _, end = decode(text, at)
            texts.append(text[at:end].encode() if data is None else data[at:end])
            at = blank(text, end).end()  # type: ignore[union-attr]  # it matches nothing, too
            letter = text[at : at + 1]
            if letter not in (",", "]"):
                raise IrregularError
            at = blank(text, at + 1).end()  # type: ignore[union-attr]
            if letter == "]":
                return at

    def _value(self) -> Any:
        """Return the value that comes next, and go behind it and the blanks after it; `_end` is where it ended."""
        value, self._at = _DECODER.raw_decode(self._text, self._at)
        self._end = self._at
        self._next()
        return value

    def _take(self, wanted: str) -> str:
        letter = self._letter
        if not letter or letter not in wanted:
            raise IrregularError
        self._at += 1
        self._next()
        return letter

    def _next(self) -> None:
        match = _BLANK.match(self._text, self._at)
        self._at = match.end() if match else self._at

    def _bytes(self, begin: int, end: int) -> bytes:
        return self._text[begin:end].encode() if self._data is None else self._data[begin:end]
