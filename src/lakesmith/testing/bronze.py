"""A small table of bronze, as files of Parquet with field ids: what an engine is handed to attach."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lakesmith.model.loads import BronzeSnapshot
from lakesmith.model.streams import StreamId
from lakesmith.model.types import SYSTEM_FIELDS, Decimal, Field, List, Map, Schema, Struct

if TYPE_CHECKING:
    import pyarrow as pa

Row = Mapping[str, Any]
SYSTEM_IDS = 900
LOADED_AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def with_system(*fields: Field) -> Schema:
    """Return a schema of data columns and the columns that Lakesmith adds."""
    system = tuple(replace(field, id=SYSTEM_IDS + at) for at, field in enumerate(SYSTEM_FIELDS))
    return Schema((*fields, *system))


def stamped(rows: Sequence[Row], ordinal: int) -> list[dict[str, Any]]:
    """Return rows as one load of that ordinal writes them."""
    return [
        {
            **row,
            "_ls_seq": ordinal << 32 | at,
            "_ls_op": "r",
            "_ls_batch": f"batch-{ordinal}",
            "_ls_loaded_at": LOADED_AT,
            "_ls_source": "test",
        }
        for at, row in enumerate(rows)
    ]


@dataclass(frozen=True, slots=True)
class BronzeTable:
    """A stream whose files lie in a folder."""

    folder: Path
    stream: StreamId

    def write(self, name: str, schema: Schema, rows: Sequence[Row]) -> str:
        """Write one file, and return its path."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / f"{self.stream}.{name}.parquet"
        shape = pa.schema([arrow_field(field) for field in schema])
        pq.write_table(pa.Table.from_pylist([dict(row) for row in rows], shape), path)
        return str(path)

    def load(self, schema: Schema, rows: Sequence[Row], ordinal: int) -> str:
        """Write the file of one load, with the columns that Lakesmith adds."""
        return self.write(f"load-{ordinal}", schema, stamped(rows, ordinal))

    def at(self, snapshot_id: int, schema: Schema, *files: str) -> BronzeSnapshot:
        """Return a snapshot of the table."""
        return BronzeSnapshot(self.stream, snapshot_id, schema, files)


def arrow_field(field: Field) -> pa.Field[Any]:
    """Return the Arrow field of a column of bronze, with its field id and those of its parts."""
    import pyarrow as pa

    scalars: dict[str, pa.DataType] = {
        "boolean": pa.bool_(),
        "int": pa.int32(),
        "long": pa.int64(),
        "float": pa.float32(),
        "double": pa.float64(),
        "date": pa.date32(),
        "timestamp": pa.timestamp("us"),
        "timestamptz": pa.timestamp("us", "UTC"),
        "string": pa.string(),
        "binary": pa.binary(),
    }
    kind: Any
    match field.type:
        case Struct(fields):
            kind = pa.struct([arrow_field(part) for part in fields])
        case List(element, element_id):
            kind = pa.list_(arrow_field(Field("element", element, id=element_id)))
        case Map(key, value, key_id, value_id):
            of_key = arrow_field(Field("key", key, id=key_id)).with_nullable(False)
            kind = pa.map_(of_key, arrow_field(Field("value", value, id=value_id)))
        case Decimal(precision, scale):
            kind = pa.decimal128(precision, scale)
        case _:
            kind = scalars[str(field.type)]
    return pa.field(field.name, kind, metadata={"PARQUET:field_id": str(field.id)})
