"""What readers of files with a schema of their own have in common: how they count, refuse and show."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pyarrow as pa

from lakesmith.errors import SourceDataError
from lakesmith.model.streams import Reject
from lakesmith.sources.files.formats.base import Stretch

BLOCK_BYTES = 8 * 1024 * 1024
"""How large a batch of rows is meant to be in memory."""

MOST_ROWS = 65_536
SHOWN_COLUMNS = 12


def stretches(
    batches: Iterable[pa.RecordBatch], total: int | None, rejects: tuple[Reject, ...] = ()
) -> Iterator[Stretch]:
    """Yield batches as stretches; the last one is held to what the file itself says.

    Args:
        batches: The rows.
        total: How many records the file itself says it has, rejects among them; None where it does not say.
        rejects: What could not become rows; it comes with the first stretch.
    """
    left = total
    waiting: Stretch | None = None
    for batch in batches:
        if waiting is not None:
            left = None if left is None or waiting.counted is None else left - waiting.counted
            yield waiting
        waiting = Stretch(batch, rejects, None if total is None else batch.num_rows + len(rejects))
        rejects = ()
    if waiting is None and (total or rejects):
        waiting = Stretch(no_columns(0), rejects, total)
    if waiting is not None:
        yield replace(waiting, counted=left)


def no_columns(rows: int) -> pa.RecordBatch:
    """Return so many rows without a column."""
    empty: Any = pa.nulls(rows, pa.struct([]))
    return pa.RecordBatch.from_struct_array(empty)


def rows_per_batch(rows: int, size_bytes: int) -> int:
    """Return how many rows of a part of a file, of so many rows and bytes, make a batch."""
    return max(1, min(MOST_ROWS, BLOCK_BYTES * rows // max(size_bytes, 1)))


@contextmanager
def refused(name: str, kind: str, fix: str = "") -> Iterator[None]:
    """Turn what Arrow says about the content of a file into an error that names the file.

    Raises:
        SourceDataError: If the file is not what its name says, or is damaged.
    """
    try:
        yield
    except UnicodeDecodeError as error:
        raise unreadable(name, kind, "the name of a column is not text", fix) from error
    except (pa.ArrowException, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise  # the storage, not the content
        raise unreadable(name, kind, _reason(error), fix) from error


def unreadable(name: str, kind: str, why: str, fix: str = "") -> SourceDataError:
    """Return the error for a file that cannot be read as `kind`, in words such as `a Parquet file`."""
    return SourceDataError(
        f"The file cannot be read as {kind}: {why}.",
        where=name,
        fix=fix or "have it delivered anew; if it has another format than its name says, set `format:`",
    )


def shown_schema(schema: pa.Schema) -> str:
    """Return the columns of a file with their types, in words for `check`."""
    shown = [f"{field.name} {field.type}" for field in list(schema)[:SHOWN_COLUMNS]]
    if not shown:
        return "no columns"
    more = f", … ({len(schema)} in all)" if len(schema) > SHOWN_COLUMNS else ""
    return f"columns {', '.join(shown)}{more}"


def shown_count(number: int, word: str) -> str:
    """Return a number with its word, in the plural where it is not one.

    Examples:
        >>> shown_count(1, "row"), shown_count(1234, "row")
        ('1 row', '1,234 rows')
    """
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def _reason(error: Exception) -> str:
    """Return the first line of what Arrow said: it describes bytes and pages, never a value."""
    lines = str(error).splitlines()
    return (lines[0] if lines else type(error).__name__).rstrip(". ")
