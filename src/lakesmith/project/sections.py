"""One section of the file after another, checked by its model; what is wrong becomes a fault at its line."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from lakesmith.errors import ConfigError
from lakesmith.project.connectors import Connectors
from lakesmith.project.documents import Document
from lakesmith.project.faults import Faults, Path, spell_list
from lakesmith.project.references import Resolved
from lakesmith.project.wording import Validated, complaints, keys_of

Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Sheet:
    """A project file on its way to values: text and places, values with references replaced, faults, and who knows the rest."""

    document: Document
    resolved: Resolved
    faults: Faults
    connectors: Connectors

    def fault(self, path: Path, message: str, *, key: str | None = None) -> None:
        """Note a fault of the value at `path`, or of one of its keys."""
        place = self.document.place(path) if key is None else self.document.key_place((*path, key))
        self.faults.add(place, path, message)

    def where(self, path: Path) -> str:
        """Return `file:line` of a key."""
        return str(self.document.key_place(path))

    def check(
        self, model: type[Model], data: Mapping[str, Any], path: Path, *, beside: Iterable[str] = ()
    ) -> Model | None:
        """Return `data` as a model, or None after noting what is wrong with it.

        Complaints about values whose reference has no value here are dropped: there is nothing to complain about yet.

        Args:
            model: The pydantic model of the section.
            data: The values of the section that the model knows, or should.
            path: Where the section is.
            beside: Keys of the same mapping that another model takes, for "did you mean".
        """
        try:
            return model.model_validate(data)
        except ValidationError as error:
            # include_input=False: no value gets near a message
            errors = error.errors(include_url=False, include_input=False)
        hidden = frozenset(place[len(path) :] for place in self.resolved.references if place[: len(path)] == path)
        for complaint in complaints(errors, Validated(data, model, tuple(beside), hidden)):
            at = (*path, *complaint.path)
            if complaint.key is not None or not self._waits(at):
                self.fault(at, complaint.message, key=complaint.key)
        return None

    def _waits(self, path: Path) -> bool:
        unread = (*self.resolved.missing, *self.document.broken)
        return any(place[: len(path)] == path or path[: len(place)] == place for place in unread)

    def missing(self, path: Path) -> tuple[str, ...]:
        """Return what has no value below `path`, as sentences with their places."""
        return tuple(f"{self.document.place(at)}: {why}" for at, why in self.resolved.missing_under(path).items())

    def quote(self, value: str, path: Path) -> str:
        """Return a value in quotes, or words for it if it came out of a reference."""
        return "the value of its reference" if path in self.resolved.references else f'"{value}"'

    def plug_in(self, group: str, name: str, path: Path) -> type[Any] | None:
        """Return the class of a connector, engine or publisher, or None after noting why there is none."""
        if path in self.resolved.references and name not in self.connectors.names(group):
            known = spell_list(self.connectors.names(group))
            self.fault(path, f"the value that its reference gives is not installed; installed are: {known}")
            return None
        try:
            return self.connectors.load(group, name)
        except ConfigError as error:
            self.fault(path, f"{error.what}; {error.fix}" if error.fix else error.what)
            return None

    def mapping(self, value: Any, path: Path) -> dict[str, Any] | None:
        """Return a mapping (nothing written counts as an empty one), or None after noting that it is something else."""
        if value is None:
            return {}
        if isinstance(value, dict):
            return value
        self.fault(path, "should be a mapping")
        return None

    def named(self, path: Path) -> dict[str, dict[str, Any]]:
        """Return the entries below `path` that have a good name and are mappings; the others are faults already noted or noted now."""
        data: Any = self.resolved.data.get(path[0])
        entries: dict[str, dict[str, Any]] = {}
        for name, value in data.items() if isinstance(data, dict) else ():
            entry = self.mapping(value, (*path, name))
            if entry is not None:
                entries[name] = entry
        return entries


def split_keys(data: Mapping[str, Any], model: type[BaseModel]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the part of a mapping whose keys `model` knows, and the rest."""
    own = set(keys_of(model))
    return {k: v for k, v in data.items() if k in own}, {k: v for k, v in data.items() if k not in own}
