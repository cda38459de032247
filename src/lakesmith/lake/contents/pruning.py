"""Which data files can matter for rows of some origins, judged by what the manifests say of each file."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pyiceberg.manifest import DataFile

    from lakesmith.model.types import Schema

SEQ, SOURCE = "_ls_seq", "_ls_source"


def files_of(files: Iterable[DataFile], schema: Schema, origins: Collection[str]) -> tuple[str, ...]:
    """Return the paths of the files that can hold rows of some origins, or rows that came after the first of these.

    All other files have neither a row of theirs nor a newer one of the same key. A file without bounds always matters.

    Args:
        files: The data files of one snapshot, with their bounds.
        schema: The table's schema, with field ids.
        origins: The values of `_ls_source` that are wanted.
    """
    known, wanted = list(files), sorted(origins)
    seq, source = (field.id if (field := schema.find(name)) else None for name in (SEQ, SOURCE))
    firsts = [_number(file.lower_bounds, seq) or 0 for file in known if _may_hold(file, source, wanted)]
    if not firsts:
        return ()
    since = min(firsts)
    lasts = ((file.file_path, _number(file.upper_bounds, seq)) for file in known)
    return tuple(sorted(path for path, last in lasts if last is None or last >= since))


def _may_hold(file: DataFile, source: int | None, wanted: Sequence[str]) -> bool:
    """Whether one of the sorted origins lies within a file's bounds, which may be cut short: down, or up."""
    first, last = _bound(file.lower_bounds, source), _bound(file.upper_bounds, source)
    at = 0 if first is None else bisect_left(wanted, first.decode())
    return at < len(wanted) and (last is None or wanted[at] <= last.decode())


def _number(bounds: Any, field_id: int | None) -> int | None:
    raw = _bound(bounds, field_id)
    return None if raw is None else int.from_bytes(raw, "little", signed=True)


def _bound(bounds: Any, field_id: int | None) -> bytes | None:
    """Return a bound as the manifest has it, None where it has none."""
    raw: bytes | None = (bounds or {}).get(field_id)
    return raw
