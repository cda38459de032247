"""What the project says about a stream's columns: which type, which mask, and what to do when the source changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lakesmith.errors import ProjectFileError
from lakesmith.model.spellings import parse_spelling
from lakesmith.shape.names import candidate
from lakesmith.shape.spelling import parse_type

if TYPE_CHECKING:
    from lakesmith.model.shapes import Pin
    from lakesmith.model.spellings import Spelling
    from lakesmith.model.streams import StreamSpec
    from lakesmith.model.types import Type

ON_DRIFT = ("evolve", "freeze", "quarantine", "ignore")
MASKS = ("hash", "drop")
ON_MISFIT = {"evolve": "sibling", "freeze": "stop", "quarantine": "quarantine", "ignore": "null"}
"""What happens to a value that its column cannot hold, by policy."""


@dataclass(frozen=True, slots=True)
class ColumnPolicy:
    """One column's own settings: `on_drift`, `type` and `spelling` are None where the project says nothing, `mask` is hash, drop or None."""

    on_drift: str | None = None
    type: Type | None = None
    mask: str | None = None
    salt: str = field(default="", repr=False)
    spelling: Spelling | None = None


@dataclass(frozen=True, slots=True)
class Policy:
    """A stream's policy. `columns` is keyed by folded or source name; `stream` and `where` are for messages.

    `key` is the stream's key by folded names; `pin` the pinned schema, None where `freeze` is judged by the table.
    """

    on_drift: str = "evolve"
    columns: Mapping[str, ColumnPolicy] = field(default_factory=dict)
    stream: str = ""
    where: str = ""
    key: tuple[str, ...] = ()
    pin: Pin | None = field(default=None, repr=False)

    @classmethod
    def of(cls, spec: StreamSpec) -> Policy:
        """Return the policy a stream's description asks for.

        Raises:
            ProjectFileError: If a setting has a value that cannot be meant; all of them are listed.
        """
        faults = [] if spec.on_drift in ON_DRIFT else [_one_of("on_drift", spec.on_drift, ON_DRIFT)]
        columns = {}
        for name, settings in spec.columns.items():
            column, wrong = _column(settings)
            columns[name] = column
            faults += [f"column {name}: {fault}" for fault in wrong]
        if faults:
            raise ProjectFileError(
                f"The columns of stream {spec.id} cannot be read as written: {'; '.join(faults)}",
                where=spec.where,
                fix="Correct `columns:` and `on_drift:` of this stream.",
            )
        key = tuple(candidate(column) for column in spec.key)
        return cls(spec.on_drift, columns, stream=str(spec.id), where=spec.where, key=key, pin=spec.pin)

    def column(self, source_name: str, name: str) -> ColumnPolicy:
        """Return what holds for the column that the source calls `source_name` and bronze calls `name`."""
        return self.columns.get(source_name) or self.columns.get(name) or _NOTHING_SAID

    def drift_of(self, source_name: str, name: str) -> str:
        """Return the column's own `on_drift`, or else the stream's."""
        return self.column(source_name, name).on_drift or self.on_drift

    @property
    def rules(self) -> frozenset[str]:
        """All policies in force: the stream's, and those of single columns."""
        return frozenset({self.on_drift, *(column.on_drift for column in self.columns.values() if column.on_drift)})


_NOTHING_SAID = ColumnPolicy()


def _column(settings: Mapping[str, Any]) -> tuple[ColumnPolicy, list[str]]:
    faults = []
    pinned = None
    for key, allowed in (("on_drift", ON_DRIFT), ("mask", MASKS)):
        if settings.get(key) is not None and settings[key] not in allowed:
            faults.append(_one_of(key, settings[key], allowed))
    if settings.get("type") is not None:
        try:
            pinned = parse_type(str(settings["type"]))
        except ValueError as error:
            faults.append(str(error))
    spelling = None
    if settings.get("format") is not None:
        try:
            spelling = parse_spelling(str(settings["format"]))
            pinned = pinned or spelling.type
            if not spelling.takes(pinned):
                faults.append(f"format {spelling} holds no {pinned}, but {spelling.type}")
        except ValueError as error:
            faults.append(str(error))
    salt = str(settings.get("salt") or "")
    return ColumnPolicy(settings.get("on_drift"), pinned, settings.get("mask"), salt, spelling), faults


def _one_of(key: str, value: object, allowed: tuple[str, ...]) -> str:
    return f"{key} is {value!r}, but can be {', '.join(allowed)}"
