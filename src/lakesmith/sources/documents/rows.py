"""The table of documents: its columns, and answers of workers as Arrow. Imported when reading begins: it needs pyarrow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

from lakesmith.model.streams import DOC_KEY, PERSONAL
from lakesmith.sources.documents.parsed import normalise

TEXTS = pa.list_(pa.string())
ATTACHMENT = pa.struct(
    [
        pa.field("name", pa.string()),
        pa.field("type", pa.string()),
        pa.field("size", pa.int64()),
        pa.field("sha256", pa.string()),
        pa.field("text", pa.string()),
    ]
)
TABLE = pa.struct(
    [
        pa.field("number", pa.int32()),
        pa.field("page", pa.int32()),
        pa.field("header", TEXTS),
        pa.field("cells", pa.list_(TEXTS)),
    ]
)
WHERE_TAKEN = {DOC_KEY: f"{PERSONAL} Where a picture was taken, in degrees.".encode()}
INSTANT = pa.timestamp("us", "UTC")
FIELDS: list[pa.Field[Any]] = [
    pa.field("path", pa.string()),
    pa.field("sha256", pa.string()),
    pa.field("size", pa.int64()),
    pa.field("modified_at", INSTANT),
    pa.field("type", pa.string()),
    pa.field("declared", pa.string()),
    pa.field("title", pa.string()),
    pa.field("author", pa.string()),
    pa.field("recipients", TEXTS),
    pa.field("created_at", INSTANT),
    pa.field("language", pa.string()),
    pa.field("pages", pa.int32()),
    pa.field("text", pa.string()),
    pa.field("metadata", pa.map_(pa.string(), pa.string())),
    pa.field("attachments", pa.list_(ATTACHMENT)),
    pa.field("tables", pa.list_(TABLE)),
    pa.field("page_texts", TEXTS),
    pa.field("gps_latitude", pa.float64(), metadata=WHERE_TAKEN),
    pa.field("gps_longitude", pa.float64(), metadata=WHERE_TAKEN),
    pa.field("cut", TEXTS),
    pa.field("error", pa.string()),
]
SCHEMA = pa.schema(FIELDS)
TOLD = tuple(
    name for name in SCHEMA.names if name not in ("path", "sha256", "size", "modified_at", "type", "declared", "error")
)
"""The columns that a worker fills; null in the row of a document that could not be read."""
NONSENSE = "crashed: its reader answered nonsense"


def batch_of(rows: Sequence[Mapping[str, Any]]) -> pa.RecordBatch:
    """Return rows as one batch. An answer that does not fit the columns becomes a row with an error, the others stay."""
    try:
        return pa.RecordBatch.from_pylist(list(rows), SCHEMA)
    except (pa.ArrowException, TypeError, ValueError, AttributeError, OverflowError):
        if len(rows) == 1:
            plain = {name: value for name, value in rows[0].items() if name not in (*TOLD, "type")}
            return pa.RecordBatch.from_pylist([{**plain, "error": NONSENSE}], SCHEMA)
        return pa.Table.from_batches([batch_of([row]) for row in rows]).combine_chunks().to_batches()[0]


def told(answer: Mapping[str, Any]) -> dict[str, Any]:
    """Return the columns that an answer fills."""
    error = answer.get("error")
    if error is not None:
        return {"type": answer.get("type"), "error": normalise(str(error))}
    columns = {name: answer.get(name) for name in ("type", *TOLD)}
    created, known = columns["created_at"], columns["metadata"]
    columns["created_at"] = _instant(created) if isinstance(created, str) else None
    columns["metadata"] = list(known.items()) if isinstance(known, dict) else None
    return columns


def instant_of_ns(ns: int) -> datetime:
    """Return nanoseconds since 1970 as an instant in UTC, whole microseconds."""
    return datetime.fromtimestamp(ns // 1_000_000_000, UTC).replace(microsecond=ns // 1000 % 1_000_000)


def _instant(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None
