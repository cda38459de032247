"""What `shape` decides: how the rows of a source become the columns of bronze."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

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
