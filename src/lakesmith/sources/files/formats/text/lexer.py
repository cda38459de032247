"""Where records end in raw bytes: a quote opens a field only at the field's start, a doubled quote inside is one, nothing else counts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

STAND_IN = b"q"
DOUBLE_END = re.compile(rb"\n\n")  # searches faster than `in` where lines are short
BLANK = re.compile(rb"[\r\n]*\Z")


def is_blank(data: bytes) -> bool:
    """Whether `data` holds line ends only."""
    return BLANK.match(data) is not None


@dataclass(frozen=True, slots=True)
class Cut:
    """The whole records at the beginning of a buffer, how many they are, and the line ends in them."""

    data: bytes
    records: int
    lines: int


class Lexer:
    r"""Finds and counts records without looking at their values.

    An `escape` takes the meaning from the character behind it, in quotes or not; a line that begins with the `comment` is no record. In a
    `spaced` text, blanks may stand before the quote of a field.
    It works on bytes of UTF-8 or of a single-byte encoding, and shares no code with the parser of the values, so its counts prove
    the parser's. Lines end with \n, \r\n or \r; with `bare_cr` False a lone \r is an ordinary character.
    """

    def __init__(
        self,
        delimiter: bytes,
        quote: bytes,
        *,
        bare_cr: bool = True,
        escape: bytes = b"",
        comment: bytes = b"",
        spaced: bool = False,
    ) -> None:
        self.delimiter, self.quote, self.bare_cr = delimiter, quote, bare_cr
        self.escape, self.comment, self.spaced = escape, comment, spaced
        eol = rb"\r\n|\n|\r" if bare_cr else rb"\n"
        d, q = re.escape(delimiter), re.escape(quote)
        # the literal quote comes first, so that the search for it is a memchr; then: a line start or a delimiter stands before it
        opened = rb"(?<![^%b\r\n]) *+%b" % (d, q) if spaced else rb"%b(?<![^%b\r\n]%b)" % (q, d, q)
        quoted = rb"%b[^%b]*+(?:%b%b[^%b]*+)*+(%b)?" % (opened, q, q, q, q, q) if quote else rb"(?!)()"
        one_line = rb"%b[^%b\n]*+(?:%b%b[^%b\n]*+)*+(?:%b|(\n))" % (opened, q, q, q, q, q) if quote else rb"(?!)()"
        self._one_line = re.compile(one_line)
        skipped = _skipped(opened, q, re.escape(escape)) if escape else quoted
        if comment:
            skipped = rb"(?<![^\r\n])%b[^\r\n]*+|%b" % (re.escape(comment), skipped)
        self._quoted = re.compile(skipped)
        self._token = re.compile(rb"%b|(?P<eol>%b)" % (skipped, eol))
        self._eol = re.compile(rb"(?P<eol>%b)" % eol)

    def mask(self, data: bytes) -> bytes:
        """Return `data` with each quoted or escaped part replaced by one letter; `data` must begin with a record."""
        if self.comment and self.comment in data:
            data = self.without_comments(data)
        has_any = (self.quote and self.quote in data) or (self.escape and self.escape in data)
        return self._quoted.sub(STAND_IN, data) if has_any else data

    def without_comments(self, data: bytes) -> bytes:
        """Return `data` with blank lines for comments; `data` must begin with a record."""
        if not self.comment or self.comment not in data:
            return data
        return self._quoted.sub(lambda match: b"" if match[0].startswith(self.comment) else match[0], data)

    def without_blanks(self, data: bytes) -> bytes:
        """Return `data` without the blanks before quoted fields; `data` must begin with a record."""
        if not self.spaced or self.quote not in data:
            return data
        return self._quoted.sub(lambda match: match[0].lstrip(b" "), data)

    def count(self, masked: bytes) -> int:
        """Return how many records masked bytes hold; blank lines are not records."""
        if b"\r" in masked:
            masked = masked.replace(b"\r\n", b"\n")
            masked = masked.replace(b"\r", b"\n") if self.bare_cr else masked
        if DOUBLE_END.search(masked) or masked.startswith(b"\n"):
            return sum(1 for line in masked.split(b"\n") if line)
        return masked.count(b"\n") + (masked != b"" and not masked.endswith(b"\n"))

    def lines(self, data: bytes) -> int:
        """Return how many line ends `data` has, those in quotes included."""
        if not self.bare_cr or b"\r" not in data:
            return data.count(b"\n")
        return data.count(b"\n") + data.count(b"\r") - data.count(b"\r\n")

    def cut(self, data: bytes, *, final: bool) -> Cut:
        r"""Return the whole records at the beginning of `data`; unless `final`, a last \r may be half of a line end and waits."""
        end = self._last_line_end(data, len(data) if final or not data.endswith(b"\r") else len(data) - 1)
        whole = data[:end]
        if self._is_plain(whole):
            lines = whole.count(b"\n")
            return Cut(whole, lines, lines)
        masked = self.mask(whole)
        if masked and not masked.endswith((b"\n", b"\r")):  # the last line end lies in quotes
            whole = data[: self._last_record_end(whole)]
            masked = self.mask(whole)
        return Cut(whole, self.count(masked), self.lines(whole))

    def _is_plain(self, whole: bytes) -> bool:
        r"""Whether each line of `whole`, which ends with a line end, is a record: none is blank, and no \n lies in quotes."""
        if b"\r" in whole and not self._has_pairs_only(whole):
            return False
        if whole.startswith(b"\n") or DOUBLE_END.search(whole):
            return False
        if (self.escape and self.escape in whole) or (self.comment and self.comment in whole):
            return False
        return not self.quote or self.quote not in whole or not any(self._one_line.findall(whole))

    def _has_pairs_only(self, whole: bytes) -> bool:
        r"""Whether every \r stands before a \n and behind a record."""
        if not self.bare_cr or whole.startswith(b"\r") or b"\n\r" in whole:
            return False
        return whole.count(b"\r") == whole.count(b"\r\n")

    def first_end(self, data: bytes, *, final: bool, start: int = 0) -> int:
        """Return where the record that begins at `start` ends, behind its line end; 0 where no line end was found."""
        marks = (self.quote, self.escape, self.comment)
        pattern = self._token if any(mark and mark in data for mark in marks) else self._eol
        for match in pattern.finditer(data, start):
            if match["eol"] is not None:
                waits = match["eol"] == b"\r" and match.end() == len(data) and not final
                return 0 if waits else match.end()
        return 0

    def records(self, data: bytes, line: int) -> Iterator[tuple[int, bytes]]:
        """Yield each record with its line end and the number of its first line, `line` being that of the first; blank lines too."""
        start = 0
        for match in self._token.finditer(data):
            if match["eol"] is not None:
                yield line, data[start : match.end()]
                line += self.lines(data[start : match.end()])
                start = match.end()
        if start < len(data):
            yield line, data[start:]

    def fields(self, record: bytes) -> int:
        """Return the number of fields of one record."""
        return self.mask(record).count(self.delimiter) + 1

    def is_open(self, data: bytes) -> bool:
        """Whether `data` ends inside quotes."""
        return any(self._is_unclosed(match) for match in self._quoted.finditer(data))

    def odd_quotes(self, data: bytes) -> int:
        """Return how many quoted fields go on behind their closing quote, or have none: a sign that quotes are used otherwise."""
        plain = (b"", self.delimiter, b"\r", b"\n")
        found = [match for match in self._quoted.finditer(data) if self._is_quoted(match)] if self.quote else []
        return sum(match[1] is None or data[match.end() : match.end() + 1] not in plain for match in found)

    def _is_unclosed(self, match: re.Match[bytes]) -> bool:
        return match[1] is None and self._is_quoted(match)

    def _is_quoted(self, match: re.Match[bytes]) -> bool:
        part = match[0].lstrip(b" ") if self.spaced else match[0]
        return self.quote != b"" and part.startswith(self.quote)

    def fold(self, data: bytes) -> bytes:
        """Return a few bytes that leave this lexer in the same state as `data` does, so that a record without end need not be kept."""
        last = None
        for last in self._quoted.finditer(data):  # noqa: B007 - the last one is wanted
            pass
        if last is not None and last.end() == len(data):
            if self._is_unclosed(last):
                return self.quote + self._half_escape(last[0])
            if self.escape and last[0].startswith(self.escape):
                return STAND_IN + self._half_escape(last[0])
            return self.comment if last[1] is None else self.quote + STAND_IN + self.quote
        end = data.rstrip(b" ") if self.spaced else data
        return STAND_IN + self.delimiter if self.delimiter and end.endswith(self.delimiter) else STAND_IN

    def _half_escape(self, part: bytes) -> bytes:
        """Return the escape character if `part` ends with one that the next character belongs to."""
        if not self.escape:
            return b""
        return self.escape * ((len(part) - len(part.rstrip(self.escape))) % 2)

    def _last_line_end(self, data: bytes, stop: int, start: int = 0) -> int:
        newline = data.rfind(b"\n", start, stop)
        return max(newline, data.rfind(b"\r", newline + 1 if newline >= 0 else start, stop) if self.bare_cr else -1) + 1

    def _last_record_end(self, data: bytes) -> int:
        end = start = 0
        for match in self._quoted.finditer(data):
            end = self._last_line_end(data, match.start(), start) or end
            start = match.end()
        return self._last_line_end(data, len(data), start) or end


def _skipped(opened: bytes, q: bytes, e: bytes) -> bytes:
    """Return the pattern of what is passed over where a character can be escaped, in quotes or not."""
    pair = rb"%b(?:[\x00-\xff]|\Z)" % e
    if not q:
        return rb"(?:%b)++()" % pair
    inside = rb"%b[^%b%b]*+(?:(?:%b%b|%b)[^%b%b]*+)*+(%b)?" % (opened, q, e, q, q, pair, q, e, q)
    return rb"(?:%b)++%b?|%b" % (pair, q, inside)  # a quote behind an escaped delimiter opens nothing
