"""Which keys have rows from later loads: what a record of quarantine must not be put on top of."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lakesmith.lake.table import Table

SEQ = "_ls_seq"
SEQ_SHIFT = 32
Key = tuple[Any, ...]


def newest_ordinals(table: Table, key: tuple[str, ...], wanted: Collection[Key], since: int) -> dict[Key, int]:
    """Return, for keys that have rows from load `since` on, the ordinal of the newest one.

    Args:
        table: The table.
        key: The columns of the key.
        wanted: The keys to look for.
        since: The lowest ordinal that matters.

    Raises:
        CatalogBrokenError: If the metadata cannot be read.
        StorageUnavailableError: If a data file cannot be read.
    """
    from lakesmith.host.files import storage_errors
    from lakesmith.lake import iceberg

    metadata = table.services.pointers.read(table.stream)
    if metadata is None or not wanted or metadata.main_id is None:
        return {}
    looked_for, found = set(wanted), dict[Key, int]()
    opened = iceberg.load(table.services.catalog(), table.stream, metadata)
    rows = opened.scan(f"{SEQ} >= {since << SEQ_SHIFT}", selected_fields=(*key, SEQ))
    with storage_errors(table.services.layout.table(table.stream)):
        for batch in rows.to_arrow_batch_reader():
            columns = [batch.column(name).to_pylist() for name in (*key, SEQ)]
            for *values, seq in zip(*columns, strict=True):
                if (known := tuple(values)) in looked_for:
                    found[known] = max(found.get(known, 0), seq >> SEQ_SHIFT)
    return found
