"""Where in a JSON document the rows are: as the project says, or as the beginning of the document suggests."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from lakesmith.errors import SourceDataError
from lakesmith.sources.files.formats.nested.json_feed import Beginning, Feed
from lakesmith.sources.files.formats.nested.json_scan import Elements, Scanner

SAMPLE = 8 * 1024 * 1024
DEEPEST = 4
ENVELOPE = 8
"""How many members may stand beside the rows; an object with more of them is a record itself, whose list is a part of it."""
MANY = 10
"""How many times the objects of any other list one must have to be what the document is about."""

Path = tuple[str, ...]


def parse_path(text: str) -> Path:
    """Return the keys that lead to the rows; none for the top.

    Examples:
        >>> parse_path("result.items"), parse_path("/result/a~1b"), parse_path(".")
        (('result', 'items'), ('result', 'a/b'), ())
    """
    if text.startswith("/"):
        return tuple(part.replace("~1", "/").replace("~0", "~") for part in text[1:].split("/") if part)
    return tuple(part for part in text.removeprefix("$").split(".") if part)


def shown(path: Path) -> str:
    """Return a path as a person writes it in the project file."""
    if any("." in part or "/" in part for part in path):
        return "/" + "/".join(part.replace("~", "~0").replace("/", "~1") for part in path)
    return ".".join(path) or "."


def rows_at(scanner: Scanner, path: Path) -> Iterator[Elements]:
    """Yield the elements at a path, and go to the end of the document.

    Raises:
        SourceDataError: If there is nothing at the path, or the document is not whole.
    """
    first = scanner.peek()
    if first and first not in b"[{":
        raise scanner.fault("it begins with neither a list nor an object")
    if not path and first == b"{":
        yield from scanner.values()
        return
    found = False
    while first:
        for elements in _descend(scanner, path):
            found = True
            yield elements
        first = scanner.peek()
        if first and not (path and first == b"{"):
            raise scanner.fault("something else follows its end")
    if not found and path and scanner.offset:
        raise _missing(scanner, path)


def _missing(scanner: Scanner, path: Path) -> SourceDataError:
    error = scanner.fault("")
    return SourceDataError(
        f"There is nothing at `rows: {shown(path)}` in the document. None of it was loaded.",
        where=error.where.partition(":")[0],
        fix="correct `rows:`; `lakesmith check` shows what is found without it",
    )


def _descend(scanner: Scanner, path: Path) -> Iterator[Elements]:
    """Yield what is at a path below the value that comes next; nothing at all where there is no such key."""
    letter = scanner.peek()
    if path and letter == b"{":
        for key in members(scanner):
            if key == path[0]:
                yield from _descend(scanner, path[1:])
            else:
                scanner.skip()
        return
    if path or not letter:
        scanner.skip()
        return
    line = scanner.line
    if letter == b"[":
        scanner.take(b"[")
        yield Elements((), ())
        yield from scanner.elements()
    elif letter == b"{":
        yield Elements((b"".join(scanner.value_parts()),), (line,))
    else:
        text = b"".join(scanner.value_parts())
        yield Elements((), ()) if text == b"null" else Elements((text,), (line,))


def members(scanner: Scanner) -> Iterator[str]:
    """Yield the keys of the object that comes next; whoever takes one goes behind its value."""
    scanner.take(b"{")
    if scanner.peek() == b"}":
        scanner.take(b"}")
        return
    while True:
        yield scanner.key()
        scanner.take(b",}")
        if scanner.last == b"}":
            return


@dataclass(slots=True)
class _Found:
    """A list in the sample: its objects, and its bytes."""

    path: Path
    objects: int = 0
    size: int = 0


@dataclass(slots=True)
class Survey:
    """What the beginning of a document holds: `top` is its first letter, `members` the keys of its objects by their paths.

    `fault` says why no more was seen.
    """

    top: bytes = b""
    size: int = 0
    is_many: bool = False
    flat: bool = True
    lists: list[_Found] = field(default_factory=list)
    members: dict[Path, list[str]] = field(default_factory=dict)
    fault: str = ""

    @property
    def path(self) -> Path:
        """Where the rows are, as far as can be told: in the list with most objects, if that is what the document is about.

        It is, if no other list has nearly as many and there is no more beside it than an envelope has, and if it takes up half of
        the document or has nothing but single values beside it at the top. Otherwise the document is one row, in which nothing is
        left out.
        """
        best = max(self.lists, key=lambda found: found.objects, default=None)
        if best is None or not best.objects or self.is_many:
            return ()
        rivals = [found for found in self.lists if found is not best and found.objects * MANY > best.objects]
        if rivals or len(self.beside(best.path)) > ENVELOPE:
            return ()
        envelope = self.flat and len(best.path) == 1
        return best.path if envelope or best.size * 2 >= self.size else ()

    def beside(self, path: Path) -> list[str]:
        """Return what stands beside the way to some rows, as keys or paths."""
        levels = [path[:depth] for depth in range(len(path))]
        return [
            shown((*level, key)) for level in levels for key in self.members.get(level, ()) if key != path[len(level)]
        ]


def survey(head: BinaryIO, encoding: str, name: str) -> Survey:
    """Look at the first 8 MB of a document."""
    beginning = Beginning(head, SAMPLE)
    seen = Survey()
    try:
        scanner = Scanner(Feed(beginning, encoding, name, cut=not beginning.is_whole), name)
        seen.top = scanner.peek()
        if seen.top == b"{":
            _look_into(scanner, (), seen)
            seen.is_many = scanner.peek() == b"{"
        seen.size = scanner.offset
    except SourceDataError as error:
        seen.size = SAMPLE
        seen.fault = error.what if beginning.is_whole else ""
    return seen


def _look_into(scanner: Scanner, path: Path, seen: Survey) -> None:
    for key in members(scanner):
        here = (*path, key)
        letter = scanner.peek()
        seen.members.setdefault(path, []).append(key)
        if letter == b"{" and len(here) < DEEPEST:
            seen.flat = False
            _look_into(scanner, here, seen)
        elif letter == b"[":
            _count(scanner, here, seen)
        else:
            scanner.skip()


def _count(scanner: Scanner, path: Path, seen: Survey) -> None:
    found = _Found(path)
    seen.lists.append(found)
    begin = scanner.offset
    scanner.take(b"[")
    try:
        for elements in scanner.elements():
            found.objects += sum(text.startswith(b"{") for text in elements.texts)
    finally:
        found.size = scanner.offset - begin
