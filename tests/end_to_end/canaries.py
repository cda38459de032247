"""Values that must not get out, and the search for them in whatever a project lets out, however they are written there."""

from __future__ import annotations

import base64
import email
import email.policy
import html
import json
import random
import re
import sqlite3
import string
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, quote_plus, unquote

SECRET, PERSONAL = "secret", "personal"
SHORTEST_PART = 9
_BETWEEN = re.compile(r"\x1b\[[0-9;]*m|[\s\"'`\\|│┃\u00ad]|<wbr>|=\r?\n")
_POINTS = re.compile(r"\\u([0-9a-fA-F]{4})")


def squeezed(text):
    """Return text in one case, without what lines, tables and quotes put between two characters."""
    return _BETWEEN.sub("", text).casefold()


def opened(text):
    """Return text with the encodings of addresses, pages and JSON undone, wherever they stand."""
    if "%" in text:
        text = unquote(text)
    if "\\u" in text:
        text = _POINTS.sub(lambda found: chr(int(found[1], 16)), text)
    return html.unescape(text) if "&" in text else text


@dataclass(frozen=True)
class Canary:
    """A value that must not be seen. `name` says where it was put."""

    name: str
    kind: str
    value: str
    forms: frozenset[str] = field(init=False, compare=False)

    def __post_init__(self):
        object.__setattr__(self, "forms", frozenset(squeezed(form) for form in _forms(self.value)))


def _forms(value):
    raw = value.encode()
    yield from (
        value,
        value[::-1],
        raw.hex(),
        raw.hex(" "),
        "%" + raw.hex("%"),
        quote(value, safe=""),
        quote_plus(value),
    )
    yield from (json.dumps(value)[1:-1], html.escape(value), repr(value)[1:-1], quote(quote(value, safe=""), safe=""))
    yield "".join(f"&#{ord(sign)};" for sign in value)
    for before in range(3):  # whatever stands before it, base64 of it begins at one of three places
        whole = base64.b64encode(b"\0" * before + raw).decode()
        first, last = (0, 2, 3)[before], {0: 0, 1: 3, 2: 2}[(before + len(raw)) % 3]
        inside = whole[first : len(whole) - last]
        yield from (inside, inside.replace("+", "-").replace("/", "_"))
    if value.isdigit():
        yield from (f"{int(value):,}", f"{int(value):_}", f"{int(value):x}", f"{value[0]}.{value[1:].rstrip('0')}")
    elif len(value) >= 2 * SHORTEST_PART:  # what was cut before it was masked
        half = len(value) // 2
        yield from (value[:half], value[half:])


class Canaries:
    """All of them; each is made when it is asked for the first time."""

    def __init__(self, seed):
        self._luck = random.Random(seed)
        self.known: dict[str, Canary] = {}

    def __iter__(self):
        return iter(self.known.values())

    def secret(self, name, *, odd=False):
        """Return a password; with `odd`, one that has to be written otherwise in an address."""
        signs = self._signs(string.ascii_letters + string.digits, 24)
        return self._made(name, SECRET, f"{signs[:8]}/+{signs[8:16]}@%é{signs[16:]}" if odd else signs)

    def person(self, name):
        """Return a name of two words."""
        first, last = (self._signs(string.ascii_lowercase, 11).capitalize() for _ in range(2))
        return self._made(name, PERSONAL, f"{first} {last}")

    def mail(self, name):
        return self._made(
            name, PERSONAL, f"{self._signs(string.ascii_lowercase, 14)}@{self._signs('bcdfgh', 10)}.example"
        )

    def word(self, name):
        """Return one word, such as a category."""
        return self._made(name, PERSONAL, self._signs(string.ascii_lowercase, 20))

    def number(self, name):
        """Return a number of fifteen digits that two digits do not tell."""
        return int(self._made(name, PERSONAL, "4917" + self._signs("123456789", 11)))

    def _signs(self, some, many):
        return "".join(self._luck.choice(some) for _ in range(many))

    def _made(self, name, kind, value):
        return self.known.setdefault(name, Canary(name, kind, value)).value


@dataclass(frozen=True)
class Leak:
    canary: str
    place: str
    around: str

    def __str__(self):
        return f"{self.canary} in {self.place}: …{self.around}…"


def leaks(canaries, place, content):
    """Return where canaries stand in a content: bytes or text."""
    told = content if isinstance(content, str) else content.decode("utf-8", "replace")
    readings = {squeezed(told)}
    if any(sign in told for sign in ("%", "&", "\\u")):
        readings |= {squeezed(opened(told)), squeezed(opened(opened(told)))}
    if isinstance(content, bytes) and content.count(b"\0") > len(content) // 8:
        readings.add(squeezed(content.replace(b"\0", b"").decode("utf-8", "replace")))  # two bytes for a character
    found = {}
    for text in readings:
        for canary in canaries:
            for form in canary.forms:
                at = text.find(form)
                if at >= 0:
                    around = text[max(0, at - 50) : at + len(form) + 30]
                    found.setdefault(canary.name, Leak(f"{canary.kind} `{canary.name}`", place, around))
    return list(found.values())


def contents_of(path):
    """Yield what is in a file, as it lies there and as those read it who know its kind."""
    yield path.read_bytes()
    if path.suffix == ".db":
        yield rows_of_sqlite(path)
    elif path.suffix == ".parquet":
        import pyarrow.parquet as pq

        with path.open("rb") as file:
            read = pq.ParquetFile(file)
            yield json.dumps(read.read().to_pylist(), default=str, ensure_ascii=False)


def rows_of_sqlite(path):
    """Return all rows of a database as text: in the file a long value is cut into pages."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        names = [name for (name,) in connection.execute("select name from sqlite_master where type = 'table'")]
        rows = [row for name in names for row in connection.execute(f'select * from "{name}"')]
    return "\n".join(" ".join(map(_told, row)) for row in rows)


def _told(value):
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def mail_text(source):
    """Return a mail as it was sent, and its headers and parts as a person reads them."""
    mail = email.message_from_string(source, policy=email.policy.default)
    parts = [part.get_content() for part in mail.walk() if not part.is_multipart()]
    return "\n".join([source, *map(str, mail.values()), *map(str, parts)])


def files_below(root, *without):
    """Yield the files of a folder, but not what lies below any of some paths."""
    left_out = [Path(root) / one for one in without]
    for path in sorted(Path(root).rglob("*")):
        if path.is_file() and not path.is_symlink() and not any(path.is_relative_to(one) for one in left_out):
            yield path
