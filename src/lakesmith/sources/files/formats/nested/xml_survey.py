"""What the beginning of an XML file holds: which elements are the rows, and what they look like."""

from __future__ import annotations

import codecs
from dataclasses import dataclass, field
from typing import BinaryIO
from xml.parsers import expat

from lakesmith.errors import SourceDataError
from lakesmith.sources.files.formats.nested.json_values import MAX_DEPTH
from lakesmith.sources.files.formats.nested.xml_reader import NATIVE, PROLOG, RowPath
from lakesmith.sources.files.formats.nested.xml_tree import NIL, Names, Shape

Path = tuple[str, ...]


@dataclass(slots=True)
class Survey:
    """What the beginning of a file holds.

    How often each path of elements occurs, which are repeated below one parent, what attributes they have; and why it could not be
    read further, if so.
    """

    paths: dict[Path, int] = field(default_factory=dict)
    repeated: set[Path] = field(default_factory=set)
    attributes: dict[Path, dict[str, None]] = field(default_factory=dict)
    fault: str = ""

    @property
    def rows(self) -> RowPath:
        """The path of the element that is repeated most below one that occurs once; the root where none is."""
        once = {path for path, count in self.paths.items() if count == 1} | {()}
        repeated = {path: count for path, count in self.paths.items() if count > 1 and path[:-1] in once}
        best = max(repeated, key=lambda path: repeated[path]) if repeated else next(iter(self.paths), ())
        return RowPath("/" + "/".join(best), best)

    def shape(self, rows: RowPath) -> Shape:
        """Return the shape of the rows, as far as the beginning shows it."""
        shape = Shape(is_struct=True)
        for path in self.paths:
            below = next((path[at:] for at in range(1, len(path) + 1) if rows.fits(list(path[:at]))), None)
            if below is None:
                continue
            part = shape
            for name in below:
                part.is_struct = True
                part = part.part(name)
            part.is_list = part.is_list or (bool(below) and path in self.repeated)
            for name in [name for name in self.attributes.get(path, ()) if name != NIL]:
                part.is_struct = True
                part.part(f"@{name}")
        return shape


def survey(head: BinaryIO, size: int, names: Names) -> Survey:
    """Look at the beginning of a file."""
    seen = Survey()
    looker = _Looker(seen, names)
    head.seek(0)
    data = head.read(size)
    declared = PROLOG.match(data)
    try:
        name = codecs.lookup(declared[1].decode()).name if declared else "utf-8"
        is_native = name in NATIVE
        parser = expat.ParserCreate(None if is_native else "utf-8")
        parser.StartElementHandler, parser.EndElementHandler = looker.start, looker.end
        parser.EntityDeclHandler = looker.refuse
        parser.Parse(data if is_native else data.decode(name, "replace").encode(), len(data) < size)
    except (expat.ExpatError, LookupError, SourceDataError) as error:
        seen.fault = str(error)
    return seen


class _Looker:
    """Takes down what elements there are, and keeps none of them."""

    def __init__(self, seen: Survey, names: Names) -> None:
        self._seen, self._names = seen, names
        self._stack: list[tuple[Path, set[str]]] = [((), set())]

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """Take down an element."""
        name = self._names.plain(tag)
        above, siblings = self._stack[-1]
        if len(above) > MAX_DEPTH:
            self._stack.append((above, siblings))
            return
        path = (*above, name)
        self._stack.append((path, set()))
        self._seen.paths[path] = self._seen.paths.get(path, 0) + 1
        if name in siblings:
            self._seen.repeated.add(path)
        siblings.add(name)
        if attributes:
            self._seen.attributes.setdefault(path, {}).update(dict.fromkeys(self._names.of(attributes)))

    def end(self, _tag: str) -> None:
        """Go back to the element above."""
        self._stack.pop()

    def refuse(self, *_entity: object) -> None:
        """Stop at an entity of the file's own.

        Raises:
            SourceDataError: Always.
        """
        raise SourceDataError("it declares entities")
