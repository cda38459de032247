"""YAML text as plain values that know their lines. The types of YAML 1.2: only `true` and `false` are booleans."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import yaml

from lakesmith.project.faults import Faults, Path, Place

MOST_NODES = 50_000  # a few lines of nested aliases can ask for more values than a machine holds
DEEPEST = 40

_TAG = "tag:yaml.org,2002:"
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_CORE: tuple[tuple[str, str, str], ...] = (
    ("null", r"^(?:~|null|Null|NULL|)$", "~nN\0"),
    ("bool", r"^(?:true|True|TRUE|false|False|FALSE)$", "tTfF"),
    ("int", r"^(?:[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)$", "-+0123456789"),
    ("float", r"^(?:[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$", "-+0123456789."),
    ("merge", r"^<<$", "<"),
)  # fmt: skip

_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _CoreLoader(_Base):  # type: ignore[misc]
    """PyYAML with the YAML 1.2 core types: `on`, `off`, `yes`, `no`, dates and 07:30 stay text."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 - PyYAML's own way to declare it


for _name, _pattern, _first in _CORE:
    _CoreLoader.add_implicit_resolver(_TAG + _name, re.compile(_pattern), ["" if c == "\0" else c for c in _first])


class CoreDumper(yaml.SafeDumper):
    """PyYAML that quotes every text which one of both versions of YAML would take for something else."""


for _name, _pattern, _first in _CORE:
    CoreDumper.add_implicit_resolver(_TAG + _name, re.compile(_pattern), ["" if c == "\0" else c for c in _first])


@dataclass(slots=True)
class Document:
    """Values of one file or of a whole project, with the place of each value and of each key, by path.

    `broken` are paths whose value could not be read; a fault says why.
    """

    data: Any = None
    values: dict[Path, Place] = field(default_factory=dict)
    keys: dict[Path, Place] = field(default_factory=dict)
    broken: set[Path] = field(default_factory=set)

    def place(self, path: Path) -> Place:
        """Return where the value at `path` is written: for a mapping or list, where its key is. Else the closest place above."""
        while path not in self.values and path:
            path = path[:-1]
        value = self._at(path)
        if isinstance(value, (dict, list)) and path in self.keys:
            return self.keys[path]
        return self.values.get(path, Place(0, "lakesmith.yml", 1))

    def key_place(self, path: Path) -> Place:
        """Return where the last key of `path` is written."""
        return self.keys.get(path) or self.place(path)

    def _at(self, path: Path) -> Any:
        value = self.data
        for part in path:
            try:
                value = value[part]
            except (KeyError, IndexError, TypeError):
                return None
        return value


def read_document(content: bytes, origin: Place, faults: Faults) -> Document | None:
    """Return the values of a YAML file, or None after noting why it cannot be read.

    Args:
        content: The bytes of the file.
        origin: The file's rank and name.
        faults: Takes what is wrong, with line and column.
    """
    text = _decode(content, origin, faults)
    if text is None:
        return None
    loader = _CoreLoader(text)
    try:
        root = loader.get_single_node()
    except yaml.MarkedYAMLError as error:
        _note_syntax(error, text, origin, faults)
        return None
    except (yaml.YAMLError, RecursionError):
        faults.add(origin, (), "cannot be read as YAML")
        return None
    finally:
        loader.dispose()
    builder = _Builder(origin, faults)
    if root is not None:
        builder.document.data = builder.build(root, ())
    return builder.document


def _decode(content: bytes, origin: Place, faults: Faults) -> str | None:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        faults.add(Place(origin.rank, origin.file, line), (), "not UTF-8 text: save the file as UTF-8")
        return None
    if bad := _UNPRINTABLE.search(text):
        line = text.count("\n", 0, bad.start()) + 1
        column = bad.start() - (text.rfind("\n", 0, bad.start()) + 1) + 1
        message = f"column {column}: a control character (U+{ord(bad[0]):04X}) is not allowed in YAML"
        faults.add(Place(origin.rank, origin.file, line, column), (), message)
        return None
    return text


def _note_syntax(error: yaml.MarkedYAMLError, text: str, origin: Place, faults: Faults) -> None:
    # str(error) would quote the line, and with it a secret: only PyYAML's description of the problem is used.
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    problem = error.problem or "the text ends too early"
    if "".join(text.split("\n")[line - 1 : line])[column - 1 : column] == "\t":
        problem, error.context = "a tab stands where YAML wants spaces", None
    if "found undefined alias" in problem:
        problem, error.context = "an alias (*name) has no anchor (&name) before it", None
    context = f" {error.context}" if error.context else ""
    faults.add(
        Place(origin.rank, origin.file, line, column), (), f"column {column}: not valid YAML: {problem}{context}"
    )


@dataclass(slots=True)
class _Builder:
    origin: Place
    faults: Faults
    document: Document = field(default_factory=Document)
    nodes: int = 0
    merging: set[int] = field(default_factory=set)

    def build(self, node: yaml.Node, path: Path) -> Any:
        """Return the plain value of a node and note its place."""
        self.nodes += 1
        place = self._place(node)
        self.document.values[path] = place
        if self.nodes > MOST_NODES or len(path) > DEEPEST:
            return self._refuse(place, path[:3], "too many or too deeply nested values")
        if node.tag not in _TAGS[type(node)]:
            return self._refuse(place, path, f"the tag {node.tag} is not allowed in a project file")
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self.build(item, (*path, index)) for index, item in enumerate(node.value)]
        return self._scalar(node, path)

    def _refuse(self, place: Place, path: Path, message: str) -> None:
        self.faults.add(place, path, message)
        self.document.broken.add(path)

    def _place(self, node: yaml.Node) -> Place:
        return Place(self.origin.rank, self.origin.file, node.start_mark.line + 1, node.start_mark.column + 1)

    def _scalar(self, node: yaml.Node, path: Path) -> Any:
        try:
            return _SCALARS[node.tag.removeprefix(_TAG)](node.value)
        except ValueError:
            return self._refuse(self._place(node), path, "is not written as its tag says")

    def _mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, Any]:
        merged: dict[str, Any] = {}
        own: dict[str, Any] = {}
        for key, value in node.value:
            if key.tag == _TAG + "merge":
                bases = value.value if isinstance(value, yaml.SequenceNode) else [value]
                for base in reversed(bases):  # the first one wins, its places too
                    merged |= self._merge(base, path)
        for key, value in node.value:
            if key.tag == _TAG + "merge":
                continue
            if not isinstance(key, yaml.ScalarNode):
                self.faults.add(self._place(key), path, "a key must be text")
            elif key.value in own:
                first = self.document.keys[(*path, key.value)]
                self.faults.add(
                    self._place(key), path, f'duplicate key "{key.value}", first written on line {first.line}'
                )
            else:
                self.document.keys[(*path, key.value)] = self._place(key)
                own[key.value] = self.build(value, (*path, key.value))
        return merged | own

    def _merge(self, base: yaml.Node, path: Path) -> dict[str, Any]:
        if not isinstance(base, yaml.MappingNode):
            self._refuse(self._place(base), path, "`<<` takes a mapping, or a list of mappings")
            return {}
        self.nodes += 1
        if id(base) in self.merging or self.nodes > MOST_NODES:
            self._refuse(self._place(base), path, "`<<` merges a mapping into itself")
            return {}
        self.merging.add(id(base))
        merged = self._mapping(base, path)
        self.merging.remove(id(base))
        return merged


def _integer(text: str) -> int:
    base = {"0o": 8, "0x": 16}.get(text[:2], 10)
    return int(text, base)


def _float(text: str) -> float:
    return float(
        text.replace(".inf", "inf").replace(".Inf", "inf").replace(".INF", "inf").lower().replace(".nan", "nan")
    )


def _boolean(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise ValueError(text)
    return text.lower() == "true"


_SCALARS: dict[str, Callable[[str], Any]] = {
    "str": str,
    "null": lambda _text: None,
    "bool": _boolean,
    "int": _integer,
    "float": _float,
}

_TAGS: dict[type, frozenset[str]] = {
    yaml.MappingNode: frozenset({_TAG + "map"}),
    yaml.SequenceNode: frozenset({_TAG + "seq"}),
    yaml.ScalarNode: frozenset(_TAG + name for name in _SCALARS),
}


def merge_sources(main: Document, split: Document, faults: Faults) -> None:
    """Add the sources of a file in `sources/` to the project's, places included.

    Args:
        main: The project; changed in place.
        split: A mapping with the one key `sources`.
        faults: Takes a source that is written twice.
    """
    rule = "a file in sources/ holds one key, `sources:`, written as in lakesmith.yml"
    data = {} if split.data is None else split.data
    if not isinstance(data, dict):
        faults.add(split.place(()), (), rule)
        return
    for key in data:
        if key != "sources" and not key.startswith("x-"):
            faults.add(split.key_place((key,)), (), f'unknown key "{key}": {rule}')
    added = data.get("sources") or {}
    if not isinstance(added, dict):
        faults.add(split.place(("sources",)), ("sources",), "should be a mapping")
        return
    if main.data.get("sources") is None:
        main.data["sources"] = {}
    if isinstance(main.data["sources"], dict):
        for name, source in added.items():
            _merge_source(main, split, (name, source), faults)


def _merge_source(main: Document, split: Document, entry: tuple[str, Any], faults: Faults) -> None:
    name, source = entry
    path = ("sources", name)
    if name in main.data["sources"]:
        first = main.key_place(path)
        faults.add(split.key_place(path), ("sources",), f'duplicate key "{name}", first written in {first}')
        return
    main.data["sources"][name] = source
    main.broken.update(split.broken)
    for here, there in ((split.values, main.values), (split.keys, main.keys)):
        there.update({at: place for at, place in here.items() if at[:2] == path})
