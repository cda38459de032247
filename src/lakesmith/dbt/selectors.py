"""dbt's selection grammar: what a person writes, as terms, and which nodes a term names by itself."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from lakesmith.dbt.artifacts import Node
from lakesmith.errors import SelectionError

_TERM = re.compile(
    r"(?P<around>@)?(?:(?P<up>\d*)\+)?(?:(?P<method>[\w.]+):)?(?P<value>.+?)(?:\+(?P<down>\d*))?",
)
_WILD = re.compile(r"[*?\[\]]")
_FILES = (".sql", ".py", ".csv")
GRAMMAR = "see `lakesmith run --help`; a name, source:…, tag:…, path:…, +before, after+, a,b (both), --exclude"


@dataclass(frozen=True, slots=True)
class Term:
    """One word of a selection.

    `up` and `down` are how many steps of ancestors and descendants come along; None is none, -1 is all. `around` (`@`) takes the
    descendants and all their ancestors.
    """

    text: str
    method: str
    argument: str
    value: str
    up: int | None = None
    down: int | None = None
    around: bool = False


def parse_union(words: tuple[str, ...]) -> tuple[tuple[Term, ...], ...]:
    """Return a union of intersections: words are separated by arguments or blanks, the terms of an intersection by commas.

    Raises:
        SelectionError: If a term is not in the grammar.
    """
    return tuple(tuple(map(parse_term, word.split(","))) for argument in words for word in argument.split())


def parse_term(text: str) -> Term:
    """Return one term.

    Examples:
        >>> parse_term("2+tag:report+").value, parse_term("2+tag:report+").up, parse_term("2+tag:report+").down
        ('report', 2, -1)

    Raises:
        SelectionError: If it is not in the grammar.
    """
    match = _TERM.fullmatch(text)
    if match is None:
        raise SelectionError(f"The selection {text!r} names nothing.", fix=GRAMMAR)
    method, _, argument = (match["method"] or _default_method(match["value"])).partition(".")
    if method not in METHODS:
        raise SelectionError(
            f"Nothing can be selected by {method!r}, in {text!r}.", fix=f"use one of {', '.join(METHODS)}"
        )
    if match["around"] and match["down"] is not None:
        raise SelectionError(
            f"{text!r} has both @ and a trailing +.", fix="use one of the two: @ takes descendants already"
        )
    return Term(
        text, method, argument, match["value"], _steps(match["up"]), _steps(match["down"]), bool(match["around"])
    )


def names(term: Term, node: Node, project: str) -> bool:
    """Say whether a term by itself, without its graph operators, names a node."""
    return METHODS[term.method](term, node, project)


def _default_method(value: str) -> str:
    if "/" in value or "\\" in value:
        return "path"
    return "file" if value.lower().endswith(_FILES) else "fqn"


def _steps(text: str | None) -> int | None:
    return None if text is None else int(text) if text else -1


def _by_fqn(term: Term, node: Node, _project: str) -> bool:
    if node.resource_type == "source":
        return False
    return _fqn_matches(node.fqn, term.value, node.version) or _fqn_matches(node.fqn[1:], term.value, node.version)


def _fqn_matches(fqn: tuple[str, ...], value: str, version: str) -> bool:
    """Match a dotted prefix of the folders and the name, or the name alone; a wildcard takes all that is left."""
    name = fqn[-2:-1] if version else fqn[-1:]
    if name == (value,) or (version and "_".join(fqn[-2:]) == "_".join(value.split(".")[-2:])):
        return True
    have, want = [part for segment in fqn for part in segment.split(".")], value.split(".")
    if len(have) < len(want):
        return False
    wild = next((at for at, part in enumerate(want) if _WILD.search(part)), None)
    if wild is None:
        return have[: len(want)] == want
    if have[:wild] != want[:wild]:
        return False
    if fnmatchcase(".".join(have[wild:]), ".".join(want[wild:])):
        return True
    return len(want) == 1 and bool(name) and fnmatchcase(name[0], value)


def _by_source(term: Term, node: Node, _project: str) -> bool:
    parts = term.value.split(".")
    if len(parts) > 3:  # noqa: PLR2004 - package, source, table
        raise SelectionError(
            f"{term.text!r} has too many parts.", fix="write source:<source> or source:<source>.<stream>"
        )
    package, source, table = ["*", *parts, "*"][:3] if len(parts) < 3 else parts  # noqa: PLR2004
    return (
        node.resource_type == "source"
        and fnmatchcase(node.package, package)
        and fnmatchcase(node.source, source)
        and fnmatchcase(node.name, table)
    )


def _by_path(term: Term, node: Node, _project: str) -> bool:
    want = [part for part in term.value.replace("\\", "/").split("/") if part not in ("", ".")]
    have = node.path.split("/")
    above = (have[:length] for length in range(1, len(have) + 1))
    return any(_path_matches(want, path) for path in (*above, node.patch_path.split("/")))


def _path_matches(want: list[str], have: list[str]) -> bool:
    if not want:
        return not have
    if want[0] == "**":
        return any(_path_matches(want[1:], have[at:]) for at in range(len(have) + 1))
    return bool(have) and fnmatchcase(have[0], want[0]) and _path_matches(want[1:], have[1:])


def _by_file(term: Term, node: Node, _project: str) -> bool:
    file = node.path.rpartition("/")[2]
    return fnmatchcase(file, term.value) or fnmatchcase(file.rpartition(".")[0] or file, term.value)


def _by_tag(term: Term, node: Node, _project: str) -> bool:
    return any(fnmatchcase(tag, term.value) for tag in node.tags)


def _by_package(term: Term, node: Node, project: str) -> bool:
    return fnmatchcase(node.package, project if term.value == "this" else term.value)


def _by_type(term: Term, node: Node, _project: str) -> bool:
    return node.resource_type == ("source" if term.value == "stream" else term.value)


def _by_config(term: Term, node: Node, _project: str) -> bool:
    if node.resource_type in {"exposure", "unit_test"}:
        return False
    value: object = node.config
    for key in term.argument.split("."):
        if not isinstance(value, Mapping) or key not in value:
            return False
        value = value[key]
    wanted = term.value.lower()
    return any(str(item).lower() == wanted if isinstance(item, bool) else str(item) == term.value or (
        term.argument == "severity" and str(item).lower() == wanted
    ) for item in (value if isinstance(value, list | tuple) else (value,)))  # fmt: skip


def _by_group(term: Term, node: Node, _project: str) -> bool:
    return fnmatchcase(str(node.config.get("group") or ""), term.value) and bool(node.config.get("group"))


def _by_exposure(term: Term, node: Node, _project: str) -> bool:
    package, _, name = term.value.rpartition(".")
    return (
        node.resource_type == "exposure" and fnmatchcase(node.name, name) and fnmatchcase(node.package, package or "*")
    )


def _by_test_name(term: Term, node: Node, _project: str) -> bool:
    return (node.resource_type == "test" and bool(node.test) and fnmatchcase(node.test, term.value)) or (
        node.resource_type == "unit_test" and fnmatchcase(node.name, term.value)
    )


def _by_test_type(term: Term, node: Node, _project: str) -> bool:
    kind = "unit" if node.resource_type == "unit_test" else "generic" if node.test else "singular"
    return node.resource_type in {"test", "unit_test"} and kind in {
        "schema": ("generic",),
        "data": ("generic", "singular"),
    }.get(term.value, (term.value,))


METHODS: dict[str, Callable[[Term, Node, str], bool]] = {
    "fqn": _by_fqn,
    "source": _by_source,
    "tag": _by_tag,
    "path": _by_path,
    "file": _by_file,
    "package": _by_package,
    "config": _by_config,
    "group": _by_group,
    "resource_type": _by_type,
    "exposure": _by_exposure,
    "test_name": _by_test_name,
    "test_type": _by_test_type,
}
