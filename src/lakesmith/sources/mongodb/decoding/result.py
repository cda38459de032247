"""What a block of documents becomes."""

from __future__ import annotations

from dataclasses import dataclass, field

from pyarrow import RecordBatch


@dataclass(frozen=True, slots=True)
class Broken:
    """A document that cannot become a row: why, its `number` in the block (from 0), its `_id` as text if it can be read, and its bytes.

    `document_id` is canonical extended JSON. `raw` goes to quarantine only.
    """

    reason: str
    number: int
    document_id: str | None
    raw: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Decoded:
    """Rows and rejects of one block; `documents` is how many the block has, counted by their lengths alone."""

    batches: tuple[RecordBatch, ...]
    rejects: tuple[Broken, ...]
    documents: int
