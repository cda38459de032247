"""What `check` says about records of JSON: how many fields they have, which of them are of several types, which cannot be read."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from lakesmith.sources.files.formats.base import Sight
from lakesmith.sources.files.formats.nested.json_records import Piece, RecordReader, Records

SHOWN = 12


def look_at_records(records: Records, encoding: str, how: str) -> Sight:
    """Return what the first records of a file look like; `how` says how they are written."""
    reader = RecordReader("", encoding)
    pieces = reader.read(records)
    rejects = [reject for piece in pieces for reject in piece.rejects]
    kinds = _kinds(pieces)
    names = list(kinds)
    more = f", … ({len(names)} in all)" if len(names) > SHOWN else ""
    text = f"{how}, {len(names)} field{'' if len(names) == 1 else 's'}: {', '.join(names[:SHOWN])}{more}"
    if rejects:
        doubt = f"{len(rejects)} of the first {records.count} records cannot be read, the first of them because {rejects[0].reason}"
        return Sight(text, doubt, "set `format:` or `rows:`, if the file is written in another way")
    several = [name for name, found in kinds.items() if len(found) > 1 or name in reader.as_text]
    doubt = (
        f"values of several types in {', '.join(several[:SHOWN])}: those that do not fit go to a sibling column, and are text where they alternate often"
        if several
        else ""
    )
    return Sight(
        text, doubt, f"pin the type of {several[0]} under `columns:`, if one of them is right" if several else ""
    )


def _kinds(pieces: Sequence[Piece]) -> dict[str, set[str]]:
    """Return the types of every field by name, those that say nothing left out."""
    kinds: dict[str, set[str]] = {}
    for piece in pieces:
        for item in piece.rows.schema:
            word = _word(item.type)
            kinds.setdefault(item.name, set()).update({word} if word else ())
    return kinds


def _word(kind: pa.DataType) -> str:
    if pa.types.is_null(kind):
        return ""
    return "struct" if pa.types.is_struct(kind) else "list" if pa.types.is_list(kind) else str(kind)
