"""What `shape` decides: how the rows of a source become the columns of bronze."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lakesmith.model.streams import Reject
from lakesmith.model.types import Schema, Type

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, slots=True)
class Drift:
    """One change of a source's shape and what was done about it.

    `kind`: column_added, column_missing, type_widened, type_narrowed, value_incompatible, name_collision, rename_candidate …
    `outcome`: what happened (added, promoted, sibling, quarantined, nulled, dropped, kept, recorded).
    """

    kind: str
    column: str
    before: str
    after: str
    policy: str
    outcome: str


@dataclass(frozen=True, slots=True)
class Pin:
    """A pinned schema: the columns that `freeze` lets a source have, and where each is written.

    `file` is relative to the project; `lines` holds the line of every column, and of parts of structs by dotted path.
    """

    schema: Schema
    file: str = ""
    lines: Mapping[str, int] = field(default_factory=dict)

    def place(self, path: str) -> str:
        """Return file and line of a column or part; of the closest thing above it where the pin does not have it."""
        while path and path not in self.lines:
            path = path.rpartition(".")[0]
        line = self.lines.get(path)
        return self.file if line is None else f"{self.file}:{line}"


@dataclass(frozen=True, slots=True)
class Cast:
    """How one source column becomes one bronze column; `on_misfit` is sibling, quarantine, null or stop."""

    source_name: str
    column: str
    type: Type
    on_misfit: str = "sibling"


@dataclass(frozen=True, slots=True)
class Reshape:
    """The step from the schema a table has (`before`, None for a new table) to the one it needs (`after`)."""

    before: Schema | None
    after: Schema
    drift: tuple[Drift, ...] = ()
    casts: tuple[Cast, ...] = ()

    @property
    def changes_schema(self) -> bool:
        """Whether the table has to change before rows of this shape can be written."""
        return self.before is None or self.before.data != self.after.data


@dataclass(frozen=True, slots=True)
class Shaped:
    """Rows in the columns and order of `reshape.after`, with what could not come along.

    `filtered` counts rows left out on purpose, by reason; `reshape` is the one these rows were made with.
    """

    rows: pa.RecordBatch
    reshape: Reshape
    rejects: tuple[Reject, ...] = ()
    filtered: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Marks:
    """What a log says of each row besides its values: arrays as long as the rows.

    `op` holds `c`, `u`, `d`, `t` or `r` (string). `unchanged` lists, per row, the field names whose value the log did not bring
    (list of string, null where it brought all). `prev_key` is, where an update changed the key, the key before as canonical JSON.
    `derived` counts rows that Lakesmith made itself, such as the `d` of a key update.
    """

    op: pa.Array[Any]
    unchanged: pa.Array[Any] | None = None
    prev_key: pa.Array[Any] | None = None
    derived: int = 0
