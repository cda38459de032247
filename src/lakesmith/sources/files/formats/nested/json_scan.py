"""A JSON document walked through from its beginning to its end in bounded memory: where values begin and end, not what they are."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl
import pyarrow as pa

from lakesmith.errors import SourceDataError
from lakesmith.sources.files.formats.nested.json_feed import Feed

LONGEST = 64 * 1024 * 1024
"""How long one element may be before the document is refused: it has to be held whole."""

TOO_EARLY = "the document ends too early"
BLANKS = b" \t\r\n"
STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
BARE = re.compile(rb'[^\s,:"\[\]{}]+')
BLANK = re.compile(rb"[ \t\r\n]*+")
QUOTE, COMMA = b'",'
OPENING = (b"{", b"[", b'"')
OPENERS, CLOSERS = tuple(b"[{"), tuple(b"]}")


@dataclass(frozen=True, slots=True)
class Elements:
    """Elements that were cut out of a document, each with the number of the line it begins in."""

    texts: tuple[bytes, ...]
    lines: tuple[int, ...]

    @property
    def count(self) -> int:
        """How many they are."""
        return len(self.texts)

    @property
    def data(self) -> bytes:
        """All of them, one a line: a tab, too, is a blank between values, and nothing that a text may hold."""
        return b"\n".join(text.replace(b"\n", b"\t") for text in self.texts) + b"\n"

    def halves(self) -> tuple[Elements, Elements] | None:
        """Return the first and the second half of them; None where one of these would be empty."""
        middle = len(self.texts) // 2
        if not middle:
            return None
        return Elements(self.texts[:middle], self.lines[:middle]), Elements(self.texts[middle:], self.lines[middle:])

    def items(self) -> Iterator[tuple[int, bytes]]:
        """Yield each element with its line."""
        yield from zip(self.lines, self.texts, strict=True)


class Scanner:
    """Goes forward through one document."""

    def __init__(self, feed: Feed, name: str) -> None:
        self._feed, self._name = feed, name
        self._buffer, self._at = b"", 0
        self._lines = self._offset = 0

    def peek(self) -> bytes:
        """Return the next byte that is no blank; nothing at the end."""
        while True:
            self._at = BLANK.match(self._buffer, self._at).end()  # type: ignore[union-attr]  # it matches nothing, too
            if self._at < len(self._buffer) or not self._fill():
                return self._buffer[self._at : self._at + 1]

    def take(self, wanted: bytes) -> None:
        """Go behind the byte that comes next, which must be one of `wanted`.

        Raises:
            SourceDataError: If it is another one.
        """
        found = self.peek()
        if not found or found not in wanted:
            raise self.fault("it is no JSON from there on" if found else TOO_EARLY)
        self._at += 1

    def key(self) -> str:
        """Return the key of an object that comes next, and go behind its colon.

        Raises:
            SourceDataError: If there is none.
        """
        self.peek()
        text = self._token(STRING)
        self.take(b":")
        try:
            return str(json.loads(text))
        except ValueError:
            raise self.fault("a key is no JSON text") from None

    def skip(self) -> None:
        """Go behind the value that comes next.

        Raises:
            SourceDataError: If the document ends before.
        """
        for _ in self.value_parts():
            pass

    def value_parts(self) -> Iterator[bytes]:
        """Yield the parts of the value that comes next, and go behind it; blanks are left out.

        Raises:
            SourceDataError: If the document ends before.
        """
        depth = 0
        while True:
            letter = self.peek()
            if letter == b'"':
                yield self._token(STRING)
            elif letter and letter in b"[]{}":
                depth += 1 if letter in b"[{" else -1
                self._at += 1
                yield letter
            elif letter and letter in b",:" and depth > 0:
                self._at += 1
                yield letter
            elif letter:
                yield self._token(BARE)
            else:
                raise self.fault(TOO_EARLY)
            if depth <= 0:
                break
        if depth < 0:
            raise self.fault("a bracket closes what was not opened")

    def elements(self) -> Iterator[Elements]:
        """Yield the elements of the list whose bracket was taken, and go behind its end.

        Raises:
            SourceDataError: If the document ends before, or an element is too long to be held.
        """
        yield from self._cut(in_list=True)

    def values(self) -> Iterator[Elements]:
        """Yield the objects that stand one behind the other up to the end of the document.

        Raises:
            SourceDataError: If the document ends inside one, or one is too long to be held.
        """
        yield from self._cut(in_list=False)

    @property
    def line(self) -> int:
        """The number of the line the scanner stands in."""
        return 1 + self._lines + self._buffer.count(b"\n", 0, self._at)

    @property
    def last(self) -> bytes:
        """The byte before the one that comes next."""
        return self._buffer[self._at - 1 : self._at]

    @property
    def offset(self) -> int:
        """How many bytes lie behind the scanner."""
        return self._offset + self._at

    def fault(self, what: str) -> SourceDataError:
        """Return the error for something wrong where the scanner stands."""
        return SourceDataError(
            f"The file is not one JSON document: {what}. None of it was loaded.",
            where=f"{self._name}:{self.line}, byte {self.offset} (as UTF-8)",
            fix="have it delivered again as a whole; if each line is a record, set `format: jsonl`",
        )

    def _cut(self, *, in_list: bool) -> Iterator[Elements]:
        is_first = True
        while True:
            self._drop()
            ends, close = _boundaries(self._buffer, in_list=in_list)
            made = self._elements(ends if in_list else [end + 1 for end in ends], in_list=in_list)
            if close is not None:
                made = self._with_last(made, close, alone=is_first and not ends)
            if made.count:
                yield made
            is_first = is_first and not ends
            if close is not None or (not in_list and self._feed.at_end and not self.peek()):
                return
            self._read_on(in_list=in_list)

    def _read_on(self, *, in_list: bool) -> None:
        """Read more of an element.

        Raises:
            SourceDataError: If there is no more, or if the element is too long to be held.
        """
        if len(self._buffer) - self._at > LONGEST:
            raise self.fault(f"one element of it is longer than {LONGEST // 1024 // 1024} MB")
        is_value = self.peek() in OPENING
        if not self._fill():
            where = self._at
            self._at = len(self._buffer) if is_value else where
            raise self.fault(TOO_EARLY if is_value or in_list else "something else follows its end")

    def _elements(self, ends: list[int], *, in_list: bool) -> Elements:
        """Return the elements up to each of `ends`, and go behind them and the comma that follows each in a list."""
        texts, lines = [], []
        line, before = 1 + self._lines, 0
        for end in ends:
            text = self._buffer[self._at : end].lstrip(BLANKS)
            begin = end - len(text)
            line, before = line + self._buffer.count(b"\n", before, begin), begin
            if not text:
                raise self.fault("an element of the list is missing")
            texts.append(text.rstrip(BLANKS))
            lines.append(line)
            self._at = end + in_list
        return Elements(tuple(texts), tuple(lines))

    def _with_last(self, made: Elements, close: int, *, alone: bool) -> Elements:
        """Add the element before the bracket at `close`, and go behind that; with `alone` there may be none."""
        if self._buffer[close] != CLOSERS[0]:
            self._at = close
            raise self.fault("a list ends like an object")
        is_empty = not self._buffer[self._at : close].strip(BLANKS)
        last = Elements((), ()) if is_empty and alone else self._elements([close], in_list=True)
        self._at = close + 1
        return Elements(made.texts + last.texts, made.lines + last.lines)

    def _token(self, pattern: re.Pattern[bytes]) -> bytes:
        """Return the token that begins here, and go behind it. Blanks before it were passed."""
        while True:
            match = pattern.match(self._buffer, self._at)
            if match is not None and (match.end() < len(self._buffer) or pattern is STRING or self._feed.at_end):
                self._at = match.end()
                return match[0]
            if len(self._buffer) - self._at > LONGEST:
                raise self.fault(f"one text of it is longer than {LONGEST // 1024 // 1024} MB")
            if not self._fill():
                is_cut_off = self._buffer[self._at : self._at + 1] in {b"", b'"'}
                raise self.fault(TOO_EARLY if is_cut_off else "it is no JSON from there on")

    def _fill(self) -> bool:
        """Read on; whether there was more."""
        if self._feed.at_end:
            return False
        self._drop()
        self._buffer += self._feed.read()
        return True

    def _drop(self) -> None:
        """Forget what lies behind."""
        self._lines += self._buffer.count(b"\n", 0, self._at)
        self._offset += self._at
        self._buffer, self._at = self._buffer[self._at :], 0


def _boundaries(data: bytes, *, in_list: bool) -> tuple[list[int], int | None]:
    """Return where the commas between elements stand, and the bracket behind them, None where it is not there.

    Of objects that are in no list: where each ends, and None.
    """
    masked = data.replace(b"\\\\", b"__").replace(b'\\"', b"__")
    letters = pl.Series(pa.Array.from_buffers(pa.uint8(), len(masked), [None, pa.py_buffer(masked)]))
    frame = pl.DataFrame({"letter": letters})
    letter = pl.col("letter")
    outside = ((letter == QUOTE).cast(pl.UInt32).cum_sum() & 1) == 0
    step = letter.is_in(OPENERS).cast(pl.Int8) - letter.is_in(CLOSERS).cast(pl.Int8)
    frame = frame.select(letter, outside.alias("outside"), step.alias("step"))
    depth = pl.when("outside").then("step").otherwise(0).cast(pl.Int32).cum_sum()
    frame = frame.with_columns(depth.alias("depth"))
    if not in_list:
        ends = frame.select(
            ((pl.col("step") == -1) & pl.col("outside") & (pl.col("depth") == 0)).arg_true()
        ).to_series()
        return ends.to_list(), None
    first = frame.select(((pl.col("depth") < 0) & pl.col("outside")).arg_true().first()).item()
    stop = len(data) if first is None else first
    commas = frame.select(((letter == COMMA) & pl.col("outside") & (pl.col("depth") == 0)).arg_true()).to_series()
    return commas.filter(commas < stop).to_list(), first
