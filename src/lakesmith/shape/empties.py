"""Values whose type says nothing: lists and objects in which nothing was ever seen, such as `[]`, `{}` and `[[]]`.

They are values, and no load makes a null of one. Where their column has a type by the time they come, they go the way of all values:
`[]` is an empty list in a column of lists, `{}` an object of nulls in a column of objects, and elsewhere both are values of another
type, text in a sibling. Where there is no such column yet, no type can be made up for it: a lake cannot store an object without parts,
and a guess would send the real values that follow into a sibling for ever. They are JSON text in `<column>__json` then, and the column
itself comes with the first value that has a type, whenever that is. The same holds for parts of objects: `{"p": []}` is an object
with a part `p__json`.
"""

from __future__ import annotations

from lakesmith.model.types import STRING, Field, List, Map, Scalar, Struct, Type
from lakesmith.shape.arrow import Array, DataType, is_, pa, pc
from lakesmith.shape.arrow_types import is_list, type_of
from lakesmith.shape.names import sibling_name
from lakesmith.shape.render import as_text

SUFFIX = "json"
NOTHING = Scalar("null")
"""The type of what was never there: only ever told to people, in no column."""


def is_bare(kind: DataType) -> bool:
    """Whether an Arrow type has values, and none that says what they are."""
    return type_of(kind) is None and not is_.is_null(kind)


def told_type(kind: DataType) -> Type:
    """Return the type under which people are told of bare values."""
    if is_list(kind):
        return List(NOTHING)
    return Struct(()) if is_.is_struct(kind) else Map(STRING, NOTHING)


def outline_of(kind: DataType) -> Type | None:
    """Return what can be said of a bare type: the lists and objects around parts that do not tell; None where there is no object."""
    if is_.is_struct(kind):
        return Struct(())
    if is_list(kind):
        element = outline_of(kind.value_type)
        return None if element is None else List(element)
    if is_.is_map(kind):
        value = outline_of(kind.item_type)
        return None if value is None else Map(STRING, value)
    return None


def is_whole(kind: Type) -> bool:
    """Whether a type can be stored: no object in it is without parts."""
    if isinstance(kind, Struct):
        return bool(kind.fields) and all(is_whole(part.type) for part in kind.fields)
    if isinstance(kind, List):
        return is_whole(kind.element)
    return is_whole(kind.value) if isinstance(kind, Map) else True


def waiting_field(column: str) -> Field:
    """Return the sibling that takes bare values of a column without a type."""
    doc = f"Lists and objects of {column} that are empty, from before any of its values had a type."
    return Field(sibling_name(column, SUFFIX), STRING, doc=doc)


def bare_text(values: Array) -> Array:
    """Return bare values as JSON."""
    kind = values.type
    if is_.is_struct(kind) and not kind.num_fields:
        return _alike(values, "{}")
    if is_list(kind) and not pc.sum(pc.list_value_length(values)).as_py():
        return _alike(values, "[]")
    return as_text(values)


def _alike(values: Array, text: str) -> Array:
    return pc.if_else(values.is_valid(), pa.scalar(text), pa.scalar(None, pa.string()))
