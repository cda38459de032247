"""What a load brought, column by column: nulls, distinct values, range and categories. No value is kept.

Nulls and ranges come from the statistics of the load's own files; the rest from a sample of their rows. Ends of a range are rounded to
two digits, categories are hashes under a key that never leaves the project folder.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import math
import os
import secrets
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from lakesmith.host.files import storage_errors

if TYPE_CHECKING:
    import pyarrow as pa
    from pyiceberg.manifest import DataFile
    from pyiceberg.table import Table

KEY_BYTES = 32
SAMPLED_ROWS = 200_000
SAMPLED_S = 0.3
MOST_CATEGORIES = 50
MOST_COMMITS = 50
HASH_LENGTH = 12
DIGITS = 2
SYSTEM = "_ls_"


@dataclass(frozen=True, slots=True)
class ColumnProfile:
    """One column of one load; see `monitor.judging.columns.Profile`. `rows` is what `nulls` and `distinct` were counted in."""

    column: str
    rows: int
    nulls: int | None = None
    distinct: int | None = None
    lowest: float | None = None
    highest: float | None = None
    categories: Mapping[str, float] | None = None

    def row(self, run_id: str, stream: str, seen_at: str) -> dict[str, Any]:
        """Return it as a row of the store."""
        return {
            "run_id": run_id,
            "stream": stream,
            "column_name": self.column,
            "seen_at": seen_at,
            "row_count": self.rows,
            "null_count": self.nulls,
            "distinct_count": self.distinct,
            "lowest": self.lowest,
            "highest": self.highest,
            "categories": json.dumps(self.categories, sort_keys=True) if self.categories is not None else None,
        }


@dataclass(frozen=True, slots=True)
class Look:
    """How a load is looked at: the key of the hashes, the columns of which only nulls are counted, and the clock, in seconds."""

    key: bytes = field(repr=False)
    closed: Collection[str] = ()
    steady_s: Callable[[], float] = field(default=lambda: 0.0, repr=False)


def read_key(path: Path) -> bytes:
    """Return the key of the hashes; it is made, for its owner alone, when it is first needed.

    Raises:
        StorageUnavailableError: If it can be neither read nor written.
    """
    with storage_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            found = path.read_bytes()
            if len(found) >= KEY_BYTES:
                return found
            handle = os.open(path, os.O_WRONLY | os.O_TRUNC)  # a key that was cut off has never been used
        key = secrets.token_bytes(KEY_BYTES)
        with os.fdopen(handle, "wb") as file:
            file.write(key)
        return key


def profile_load(table: Table, snapshot_id: int, base_id: int | None, look: Look) -> list[ColumnProfile]:
    """Return the profiles of the columns that the commits after `base_id`, up to `snapshot_id`, brought; empty where they brought no row.

    Args:
        table: The table.
        snapshot_id: The snapshot that the load ended with.
        base_id: What readers had before; None: nothing.
        look: How it is looked at.
    """
    files = list(_files(table, snapshot_id, base_id))
    if not sum(file.record_count for file in files):
        return []
    fields = [one for one in table.schema().fields if not one.name.startswith(SYSTEM)]
    sample = _sample(table, files, [one.name for one in fields], look)
    return [_profile(one, files, sample, look) for one in fields]


def _files(table: Table, snapshot_id: int, base_id: int | None) -> Iterator[DataFile]:
    """Yield the files that the load's commits added and that are still part of the snapshot; compactions add nothing."""
    from pyiceberg.manifest import ManifestEntryStatus

    wanted: set[int] = set()
    last = at = table.metadata.snapshot_by_id(snapshot_id)
    while at is not None and at.snapshot_id != base_id and len(wanted) < MOST_COMMITS:
        if at.summary is None or at.summary.operation.value in ("append", "overwrite"):
            wanted.add(at.snapshot_id)
        at = table.metadata.snapshot_by_id(at.parent_snapshot_id) if at.parent_snapshot_id is not None else None
    for manifest in last.manifests(table.io) if last is not None else ():
        if manifest.added_snapshot_id in wanted:
            for entry in manifest.fetch_manifest_entry(table.io, discard_deleted=True):
                if entry.status is not ManifestEntryStatus.DELETED and entry.snapshot_id in wanted:
                    yield entry.data_file


def _sample(table: Table, files: Sequence[DataFile], names: Sequence[str], look: Look) -> pa.Table | None:
    """Return rows from groups all over the load, at most so many and for so long; None if none could be read in time."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    opener: Any = table.io.new_input
    open_names = [name for name in names if name not in look.closed]
    began, rows, parts = look.steady_s(), 0, []
    step = max(len(files) // 8, 1)
    for file in files[::step]:
        if rows >= SAMPLED_ROWS or look.steady_s() - began > SAMPLED_S or not open_names:
            break
        with opener(file.file_path).open() as stream:
            parquet = pq.ParquetFile(stream)
            there = [name for name in open_names if name in parquet.schema_arrow.names]
            group = parquet.num_row_groups // 2
            if parquet.metadata.row_group(group).num_rows > SAMPLED_ROWS:
                batch = next(parquet.iter_batches(SAMPLED_ROWS, row_groups=[group], columns=there))
                part = pa.Table.from_batches([batch])
            else:
                part = parquet.read_row_group(group, columns=there)
        parts.append(part.slice(0, SAMPLED_ROWS - rows))
        rows += parts[-1].num_rows
    return pa.concat_tables(parts, promote_options="permissive") if parts else None


def _profile(column: Any, files: Sequence[DataFile], sample: pa.Table | None, look: Look) -> ColumnProfile:
    rows = sum(file.record_count for file in files)
    nulls = _nulls(column.field_id, files)
    values = sample.column(column.name) if sample is not None and column.name in sample.column_names else None
    if not column.field_type.is_primitive:  # the statistics are those of its parts
        if values is None:
            return ColumnProfile(column.name, rows)
        return ColumnProfile(column.name, len(values), values.null_count)
    if column.name in look.closed:
        return ColumnProfile(column.name, rows, nulls)
    lowest, highest = _range(column, files)
    if values is None:
        return ColumnProfile(column.name, rows, nulls, None, lowest, highest)
    distinct, categories = _distinct(column.name, values, look)
    if len(values) < rows:  # what was counted in a sample stands beside the sample's rows
        return ColumnProfile(column.name, len(values), values.null_count, distinct, lowest, highest, categories)
    return ColumnProfile(column.name, rows, nulls, distinct, lowest, highest, categories)


def _nulls(field_id: int, files: Sequence[DataFile]) -> int | None:
    """Return the nulls of all files; a file without the column has nothing but nulls in it."""
    total = 0
    for file in files:
        counts = file.null_value_counts
        if not counts:
            return None
        total += counts.get(field_id, file.record_count)
    return total


def _range(column: Any, files: Sequence[DataFile]) -> tuple[float | None, float | None]:
    """Return the ends of the range of a column of numbers, rounded."""
    from pyiceberg import conversions
    from pyiceberg.types import DecimalType, DoubleType, FloatType, IntegerType, LongType

    kind, read = column.field_type, cast("Any", conversions).from_bytes
    if not isinstance(kind, DecimalType | DoubleType | FloatType | IntegerType | LongType):
        return None, None
    ends: list[list[float]] = []
    for bounds in ("lower_bounds", "upper_bounds"):
        found = ((getattr(file, bounds) or {}).get(column.field_id) for file in files)
        ends.append([float(read(kind, raw)) for raw in found if raw is not None])
    if not all(ends) or not all(math.isfinite(end) for some in ends for end in some):
        return None, None
    return rounded(min(ends[0])), rounded(max(ends[1]))


def _distinct(name: str, values: pa.ChunkedArray[Any], look: Look) -> tuple[int | None, dict[str, float] | None]:
    """Return how many different values there are, and the share of each where they are few: as hashes."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_binary(values.type) or pa.types.is_large_binary(values.type):
        return None, None
    count = pc.count_distinct(values, mode="only_valid").as_py()
    there = len(values) - values.null_count
    if not 0 < count <= MOST_CATEGORIES or there < 2 * count or pa.types.is_floating(values.type):
        return count, None
    counted: list[dict[str, Any]] = cast("Any", pc.value_counts(values)).to_pylist()
    shares = {
        _hash(name, one["values"], look.key): round(one["counts"] / len(values), 4)
        for one in counted
        if one["values"] is not None
    }
    return count, shares


def _hash(name: str, value: object, key: bytes) -> str:
    text = value.isoformat() if isinstance(value, datetime) else str(value)
    return hmac.new(key, f"{name}\0{text}".encode("utf-8", "replace"), hashlib.sha256).hexdigest()[:HASH_LENGTH]


def rounded(value: float) -> float:
    """Return a number with two digits that count.

    Examples:
        >>> rounded(123456.0), rounded(-0.01267), rounded(0.0)
        (120000.0, -0.013, 0.0)
    """
    found = float(f"{value:.{DIGITS - 1}e}")
    return found if math.isfinite(found) else value  # the largest numbers there are have nothing above them
