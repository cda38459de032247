"""Connectors, engines and publishers by entry point: installed is enough, no list names them."""

from __future__ import annotations

import functools
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

from lakesmith.errors import ConnectorOptionsError, MissingExtraError
from lakesmith.project.faults import nearest, spell_list

SOURCES, ENGINES, PUBLISHERS = "lakesmith.sources", "lakesmith.engines", "lakesmith.publishers"
DEFAULT_MODES = ("append", "dedupe")

_NOUNS = {SOURCES: "source type", ENGINES: "engine", PUBLISHERS: "format"}
_MODELS = {SOURCES: ("Options", "StreamOptions"), ENGINES: ("Options",), PUBLISHERS: ("Options",)}
# What importing somebody else's module can raise; anything rarer is a bug of the plug-in and shows as it is.
_BROKEN = (AttributeError, SyntaxError, NameError, TypeError, ValueError, OSError, RuntimeError)


@dataclass(slots=True)
class Connectors:
    """The plug-ins of this installation: entry points, or classes themselves, by group and name. Loaded when first asked for.

    A source class may say more than the protocol asks: `modes`, the modes it can do (append and dedupe when it says nothing), and
    `needs_streams`, False if it works without any named stream.
    """

    entries: Mapping[str, Mapping[str, Any]]
    _loaded: dict[tuple[str, str], type[Any]] = field(default_factory=dict)

    @classmethod
    def installed(cls) -> Connectors:
        """Return what is installed in this environment, without importing it."""
        return cls(_installed(tuple((place, _changed(place)) for place in sys.path)))

    def names(self, group: str) -> tuple[str, ...]:
        """Return the installed names of a group, sorted."""
        return tuple(sorted(self.entries.get(group, {})))

    def source(self, name: str) -> type[Any]:
        """Return the class of a source type; see `load`."""
        return self.load(SOURCES, name)

    def engine(self, name: str) -> type[Any]:
        """Return the class of an engine; see `load`."""
        return self.load(ENGINES, name)

    def publisher(self, name: str) -> type[Any]:
        """Return the class of a publisher; see `load`."""
        return self.load(PUBLISHERS, name)

    def load(self, group: str, name: str) -> type[Any]:
        """Return the class registered under a name.

        Raises:
            ConnectorOptionsError: If nothing of that name is installed, or it is not what its group asks for.
            MissingExtraError: If it is installed, and a package it needs is not.
        """
        if (group, name) not in self._loaded:
            self._loaded[group, name] = self._load(group, name)
        return self._loaded[group, name]

    def _load(self, group: str, name: str) -> type[Any]:
        entry = self.entries.get(group, {}).get(name)
        if entry is None:
            known = self.names(group)
            raise ConnectorOptionsError(
                f'no {_NOUNS[group]} "{name}" is installed{nearest(name, known)}',
                fix=f"installed are: {spell_list(known)}",
            )
        if isinstance(entry, type):  # not by EntryPoint: other packages put a class of their own in its place
            return _checked(group, name, entry, None)
        try:
            found = entry.load()
        except ImportError as error:
            fix = _install(_package(entry), name)
            raise MissingExtraError(f"{_label(group, name, entry)}: {error}", where=entry.value, fix=fix) from error
        except _BROKEN as error:
            raise ConnectorOptionsError(
                f"{_label(group, name, entry)}: {type(error).__name__}: {error}",
                where=entry.value,
                fix=f"pip install -U {_package(entry)}, or report it there",
            ) from error
        return _checked(group, name, found, entry)


@functools.lru_cache(maxsize=1)
def _installed(_places: tuple[tuple[str, int], ...]) -> Mapping[str, Mapping[str, EntryPoint]]:
    """Return what is installed; hundreds of files are read for it, so again only where a folder of `sys.path` has changed."""
    found = entry_points()
    return {group: {entry.name: entry for entry in found.select(group=group)} for group in _NOUNS}


def _changed(place: str) -> int:
    """Return when a package last came to a folder or left it, in ns since 1970; 0 if there is none."""
    try:
        return Path(place).stat().st_mtime_ns
    except OSError:
        return 0


def _install(package: str, name: str) -> str:
    """Return how to get what a plug-in lacks: our families are extras, other packages bring their own needs."""
    return f'pip install "lakesmith[{name}]"' if package == "lakesmith" else f"pip install --upgrade {package}"


def _label(group: str, name: str, entry: EntryPoint) -> str:
    return f'the {_NOUNS[group]} "{name}" of the package {_package(entry)} cannot be loaded'


def _package(entry: EntryPoint) -> str:
    """Return who brings a plug-in; for messages alone, as all that its package says of itself is read for it."""
    return entry.dist.name if entry.dist else entry.module


def _checked(group: str, name: str, found: Any, entry: EntryPoint | None) -> type[Any]:
    from pydantic import BaseModel

    for model in _MODELS[group]:
        options = getattr(found, model, None)
        if not (isinstance(options, type) and issubclass(options, BaseModel)):
            origin = f" of the package {_package(entry)}" if entry else ""
            raise ConnectorOptionsError(
                f'the {_NOUNS[group]} "{name}"{origin} has no `{model}` that is a pydantic model',
                fix="report it to the package that brings it",
            )
    return found  # type: ignore[no-any-return]


def modes_of(source: type[Any]) -> tuple[str, ...]:
    """Return the modes a source can do."""
    return tuple(getattr(source, "modes", DEFAULT_MODES))
