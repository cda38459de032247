"""The types every engine reads, and schemas made of them; spelled as Iceberg spells them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

SCALARS = ("boolean", "int", "long", "float", "double", "date", "timestamp", "timestamptz", "string", "binary")
SYSTEM_PREFIX = "_ls_"


@dataclass(frozen=True, slots=True)
class Scalar:
    """A type without parts; `name` is one of `SCALARS`. Timestamps have microseconds, `timestamptz` is UTC."""

    name: str

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class Decimal:
    """A fixed-point number of up to 38 digits, `scale` of them after the point."""

    precision: int
    scale: int

    def __str__(self) -> str:
        return f"decimal({self.precision}, {self.scale})"


@dataclass(frozen=True, slots=True)
class Struct:
    """Named parts."""

    fields: tuple[Field, ...]

    def __str__(self) -> str:
        return f"struct<{', '.join(f'{f.name}: {f.type}' for f in self.fields)}>"


@dataclass(frozen=True, slots=True)
class List:
    """A list; `element_id` is its element's field id in the lake, 0 before the lake gave one."""

    element: Type
    element_id: int = 0

    def __str__(self) -> str:
        return f"list<{self.element}>"


@dataclass(frozen=True, slots=True)
class Map:
    """A map from string; the ids are the field ids of key and value in the lake, 0 before the lake gave them."""

    key: Type
    value: Type
    key_id: int = 0
    value_id: int = 0

    def __str__(self) -> str:
        return f"map<{self.key}, {self.value}>"


Type = Scalar | Decimal | Struct | List | Map


@dataclass(frozen=True, slots=True)
class Field:
    """A column or a part of one.

    `name` is the folded name, `source_name` what the source calls it, `doc` a sentence for people;
    `id` is the lake's field id, 0 before the lake gave one; `spelling` is how the source writes the values as text, by the example
    of `model.spellings`, empty for the plain way.
    """

    name: str
    type: Type
    source_name: str = ""
    doc: str = ""
    id: int = 0
    spelling: str = ""

    @property
    def is_system(self) -> bool:
        """Whether Lakesmith made the column (`_ls_…`)."""
        return self.name.startswith(SYSTEM_PREFIX)


def parts(type_: Type) -> tuple[Field, ...]:
    """Return the fields right below a nested type, under Iceberg's names for the parts of lists and maps; none for a flat one."""
    match type_:
        case Struct(fields):
            return fields
        case List(element, element_id):
            return (Field("element", element, id=element_id),)
        case Map(key, value, key_id, value_id):
            return (Field("key", key, id=key_id), Field("value", value, id=value_id))
    return ()


@dataclass(frozen=True, slots=True)
class Schema:
    """The columns of a table, in order.

    Examples:
        >>> Schema((Field("id", LONG), Field("name", STRING))).names
        ('id', 'name')
    """

    fields: tuple[Field, ...] = ()

    def __iter__(self) -> Iterator[Field]:
        return iter(self.fields)

    def __len__(self) -> int:
        return len(self.fields)

    @property
    def names(self) -> tuple[str, ...]:
        """The folded names, in order."""
        return tuple(field.name for field in self.fields)

    @property
    def data(self) -> Schema:
        """The schema without the columns Lakesmith adds."""
        return Schema(tuple(field for field in self.fields if not field.is_system))

    def find(self, name: str) -> Field | None:
        """Return the column of that folded name, or None."""
        return next((field for field in self.fields if field.name == name), None)

    def find_source(self, source_name: str) -> Field | None:
        """Return the column that the source calls `source_name`, or None."""
        return next((field for field in self.fields if field.source_name == source_name), None)

    def with_field(self, field: Field) -> Schema:
        """Return a copy with `field` appended, or put in place of the column of the same name."""
        if self.find(field.name) is None:
            return replace(self, fields=(*self.fields, field))
        return replace(self, fields=tuple(field if f.name == field.name else f for f in self.fields))


BOOLEAN, INT, LONG, FLOAT, DOUBLE = (Scalar(name) for name in SCALARS[:5])
DATE, TIMESTAMP, TIMESTAMPTZ, STRING, BINARY = (Scalar(name) for name in SCALARS[5:])

SYSTEM_FIELDS = (
    Field("_ls_seq", LONG, doc="Total order of the rows of this table: group ordinal << 32 | row."),
    Field("_ls_op", STRING, doc="r read, c created, u updated, d deleted, t empties the current image."),
    Field("_ls_batch", STRING, doc="The batch that made the row visible."),
    Field(
        "_ls_loaded_at", TIMESTAMPTZ, doc="When the batch was opened (UTC); one constant per batch, never going back."
    ),
    Field("_ls_source", STRING, doc="Where the row came from: a file, a log position, a token."),
)
UNCHANGED, PREV_KEY = "_ls_unchanged", "_ls_prev_key"
HOLE_FIELDS = (
    Field(UNCHANGED, List(INT), doc="Field ids of the columns whose value the log did not bring; null: all are here."),
    Field(PREV_KEY, STRING, doc="The key the row had before an update of the key, as JSON."),
)
