"""A table as plain Python: values filed under the field ids they were written with, read under any later schema."""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal as Number
from typing import Any

import pyarrow as pa

from lakesmith.lake import Table
from lakesmith.lake.types import schema_to_arrow
from lakesmith.model.loads import Batch, Checkpoint, Counts
from lakesmith.model.shapes import Reshape
from lakesmith.model.types import Decimal, Field, List, Map, Schema, Struct, Type

MISSING = object()
MAKERS = {
    "boolean": lambda chance: chance.random() < 0.5,
    "int": lambda chance: chance.randint(-(2**31), 2**31 - 1),
    "long": lambda chance: chance.randint(-(2**63), 2**63 - 1),
    "float": lambda chance: chance.randint(-100, 100) / 8,
    "double": lambda chance: chance.random(),
    "date": lambda chance: date(1900, 1, 1) + timedelta(chance.randrange(90_000)),
    "timestamp": lambda chance: datetime(1950, 1, 1) + timedelta(microseconds=chance.randrange(2**52)),  # noqa: DTZ001
    "timestamptz": lambda chance: datetime(1950, 1, 1, tzinfo=UTC) + timedelta(microseconds=chance.randrange(2**52)),
    "string": lambda chance: chance.choice(["", "ä", "two words"]),
    "binary": lambda chance: chance.randbytes(3),
}


def make_value(type_: Type, chance: random.Random) -> Any:
    """Return a value of a type, at every depth null now and then, lists and maps also empty."""
    if chance.random() < 0.2:
        return None
    match type_:
        case Struct(fields):
            return {part.name: make_value(part.type, chance) for part in fields}
        case List(element):
            return [make_value(element, chance) for _ in range(chance.choice([0, 1, 3]))]
        case Map(_, value):
            return {key: make_value(value, chance) for key in chance.sample(["", "a", "ß"], chance.choice([0, 1, 2]))}
        case Decimal(precision, scale):
            return Number(chance.randint(-(10**precision) + 1, 10**precision - 1)).scaleb(-scale)
    return MAKERS[type_.name](chance)


def file_value(value: Any, type_: Type) -> Any:
    """Return a value with field ids in place of names."""
    match type_:
        case _ if value is None:
            return None
        case Struct(fields):
            return {part.id: file_value(value[part.name], part.type) for part in fields}
        case List(element):
            return [file_value(one, element) for one in value]
        case Map(_, inner):
            return {key: file_value(one, inner) for key, one in value.items()}
    return value


def read_value(filed: Any, type_: Type) -> Any:
    """Return a filed value under the names of a later schema; what the schema has and the value lacks is null."""
    match type_:
        case _ if filed is None or filed is MISSING:
            return None
        case Struct(fields):
            return {part.name: read_value(filed.get(part.id, MISSING), part.type) for part in fields}
        case List(element):
            return [read_value(one, element) for one in filed]
        case Map(_, inner):
            return {key: read_value(one, inner) for key, one in filed.items()}
    return filed


def plain(value: Any, type_: Type) -> Any:
    """Return what a reader gave as plain Python: maps, which some readers hand out as pairs, become dicts."""
    match type_:
        case _ if value is None:
            return None
        case Struct(fields):
            assert list(value) == [part.name for part in fields]
            return {part.name: plain(value[part.name], part.type) for part in fields}
        case List(element):
            return [plain(one, element) for one in value]
        case Map(_, inner):
            return {key: plain(one, inner) for key, one in dict(value).items()}
    return value


def change(schema: Schema, path: str, alter: Any) -> Schema:
    """Return a schema in which the field at a path (`s.x`, `l.element.x`, `m.value`) became the fields that `alter` makes of it."""
    return Schema(_change(Struct(schema.fields), path.split("."), alter).fields)


def _change(type_: Type, path: list[str], alter: Any) -> Any:
    match type_:
        case Struct(fields):
            return Struct(tuple(new for old in fields for new in _altered(old, path, alter)))
        case List(element):
            return replace(type_, element=_altered(Field("element", element), path, alter)[0].type)
        case Map(_, value):
            return replace(type_, value=_altered(Field("value", value), path, alter)[0].type)
    raise AssertionError(path)


def _altered(old: Field, path: list[str], alter: Any) -> tuple[Field, ...]:
    if old.name != path[0]:
        return (old,)
    return alter(old) if len(path) == 1 else (replace(old, type=_change(old.type, path[1:], alter)),)


@dataclass
class Oracle:
    """What was written, and how to write more."""

    table: Table
    chance: random.Random
    rows: list[dict[int, Any]] = field(default_factory=list)
    fixed: dict[str, Any] = field(default_factory=dict)

    def load(self, columns: Schema, count: int = 12) -> None:
        """Write random rows under a schema: to the table as a load, and here."""
        table, head = self.table, self.table.head()
        group, reshape = table.open_group(head), Reshape(head.schema if head else None, columns)
        schema = table.number(head, reshape)
        rows = [{p.name: make_value(p.type, self.chance) for p in schema.data} | self.fixed for _ in range(count)]
        out = table.stage(group, schema, 0)
        out.write(
            pa.RecordBatch.from_pylist([_to_arrow(row, schema) for row in rows], schema_to_arrow(schema.data)), "x"
        )
        checkpoint = Checkpoint(table.stream, b"{}", group.ordinal)
        table.commit(group, Batch((out.close(),), checkpoint, reshape, Counts(read=count, written=count)))
        self.rows += [file_value(row, Struct(schema.data.fields)) for row in rows]

    def column(self, field: Field, read: Any = read_value) -> list[Any]:
        """Return a column as a reader must find it, in order; `read` is how the reader reads."""
        return [read(row.get(field.id, MISSING), field.type) for row in self.rows]


def _to_arrow(row: dict[str, Any], schema: Schema) -> dict[str, Any]:
    return {part.name: _pairs(row[part.name], part.type) for part in schema.data}


def _pairs(value: Any, type_: Type) -> Any:
    """Return a value with its maps as pairs, which is what Arrow takes."""
    match type_:
        case _ if value is None:
            return None
        case Struct(fields):
            return {part.name: _pairs(value[part.name], part.type) for part in fields}
        case List(element):
            return [_pairs(one, element) for one in value]
        case Map(_, inner):
            return [(key, _pairs(one, inner)) for key, one in value.items()]
    return value
