"""What a row of XML holds, and the one shape into which the rows of a file are brought.

An attribute is a part `@name`. A child without attributes and children is its text; another is a struct, with text of its own as
`#text`. A child that is repeated anywhere is a list everywhere. What mixes text and elements is text: its content as it was written.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from xml.etree.ElementTree import Element
from xml.sax.saxutils import escape, quoteattr

import pyarrow as pa

TEXT = "#text"
NIL = "xsi:nil"
TRUE = ("true", "1")


@dataclass(slots=True)
class Shape:
    """What was met of the elements at one path: whether one was repeated, had parts or text, and the parts of those that are structs."""

    is_list: bool = False
    is_struct: bool = False
    has_text: bool = False
    parts: dict[str, Shape] = field(default_factory=dict)

    def part(self, name: str) -> Shape:
        """Return the shape of a part, which is new if it was not met before."""
        return self.parts.setdefault(name, Shape())

    def settle(self) -> None:
        """Give every struct whose elements may hold text of their own a part for it."""
        if self.is_struct and self.has_text:
            self.part(TEXT)
        for part in self.parts.values():
            part.settle()

    def lists(self, before: str = "") -> list[str]:
        """Return the paths of what is a list."""
        found = []
        for name, part in self.parts.items():
            found += [before + name] if part.is_list else []
            found += part.lists(f"{before}{name}/")
        return found

    def pin(self, path: str) -> None:
        """Make the elements at a path below this one a list."""
        name, _, rest = path.strip("/").partition("/")
        part = self.part(name)
        if rest:
            part.is_struct = True
            part.pin(rest)
        else:
            part.is_list = True

    @property
    def type(self) -> pa.DataType:
        """The Arrow type of elements of this shape, those of a list together."""
        return pa.list_(self.one) if self.is_list else self.one

    @property
    def one(self) -> pa.DataType:
        """The Arrow type of one element of this shape."""
        parts = [pa.field(name, part.type) for name, part in self.parts.items()]
        return pa.struct(parts) if self.is_struct and parts else pa.string()


@dataclass(frozen=True, slots=True)
class Names:
    """How attributes are called: with or without the prefix of their namespace. Those that declare namespaces are none."""

    prefixes: bool = True

    def plain(self, name: str) -> str:
        """Return a name as columns have it."""
        return name if self.prefixes else name.rpartition(":")[2]

    def of(self, attributes: dict[str, str]) -> dict[str, str]:
        """Return attributes by the names that columns have."""
        made: dict[str, str] = {}
        for name, value in attributes.items():
            if name != "xmlns" and not name.startswith("xmlns:"):
                plain = self.plain(name) if name != NIL else NIL
                made[name if plain in made else plain] = value
        return made


def is_mixed(element: Element) -> bool:
    """Whether text stands beside elements in it."""
    return len(element) > 0 and any(map(str.strip, texts_of(element)))


def texts_of(element: Element) -> Iterator[str]:
    """Yield the texts right below an element that has children."""
    yield element.text or ""
    for child in element:
        yield child.tail or ""


def markup(element: Element, names: Names) -> str:
    """Return what is in an element as it was written; blanks between elements only where they stand beside text."""
    if not len(element):
        return escape(element.text or "")
    mixed = is_mixed(element)
    parts = [escape(element.text or "") if mixed else ""]
    for child in element:
        attributes = "".join(f" {name}={quoteattr(text)}" for name, text in names.of(child.attrib).items())
        inner = markup(child, names)
        parts.append(f"<{child.tag}{attributes}>{inner}</{child.tag}>" if inner else f"<{child.tag}{attributes}/>")
        parts.append(escape(child.tail or "") if mixed else "")
    return "".join(parts)


def is_deeper(elements: Sequence[Element], most: int) -> bool:
    """Whether elements lie in each other in more levels than `most`, those given being the first."""
    level: Sequence[Element] = elements
    for _ in range(most):
        level = list(chain.from_iterable(level))
        if not level:
            return False
    return True
