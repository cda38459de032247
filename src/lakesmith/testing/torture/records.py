"""The records of histories: some have parts that come later than others, some are flat; written as JSON lines and as CSV, and read by the real readers."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Sequence
from functools import cache, partial
from itertools import groupby
from typing import TYPE_CHECKING, Any

from lakesmith.testing.contents import canonical_rows

if TYPE_CHECKING:
    from lakesmith.sources.files.formats.base import Format, Stretch

VERSION = 10_000
"""Records of version v have the ids from v times this on."""
REJECTED = 5
"""Every fifth record cannot become a row."""
RUN = 4
"""So many records after each other are written in the same way."""
CSV_EVERY = 3
"""Every third run is CSV."""
WIDER_FROM, SIZED_FROM, LINES_SIZED_FROM, MAKER_SIZED_FROM = 12, 3, 6, 15
"""From which record on there is a column more, and a part more in those that are there."""
PARTS_EACH = 9
"""So many records have the same part of the column whose parts never end."""
COPIES_ALIKE = 3
"""So many copies after each other have parts of other names."""


def record(version: int, at: int) -> dict[str, Any]:
    """Return one record."""
    flat = {"key": at, "note": f"n{at}", **({"extra": f"x{at}"} if at >= WIDER_FROM else {})}
    first = {"id": version * VERSION + at}
    return {**first, **flat} if is_csv(at) else {**first, **_nested(version, at), **flat}


def is_csv(at: int) -> bool:
    """Whether a record is written as CSV; the others are JSON lines."""
    return at // RUN % CSV_EVERY == CSV_EVERY - 1


def is_rejected(at: int) -> bool:
    """Whether a record cannot become a row."""
    return at % REJECTED == REJECTED - 1


@cache
def line_of(id_: int) -> str:
    """Return the row of a record as text, as `canonical_rows` has it."""
    return canonical_rows([record(*divmod(id_, VERSION))])[0]


def line_of_row(row: dict[str, Any]) -> str:
    """Return a row that was read as text; lists that were empty before the table knew what is in them lie in a column beside."""
    if row.get("lines") is None and row.get("lines__json") == "[]":
        row = {**row, "lines": [], "lines__json": None}
    return canonical_rows([row])[0]


def _nested(version: int, at: int) -> dict[str, Any]:
    """Return what is not flat: columns whose parts have the same names, so that one may be taken for another."""

    def sized(name: str, since: int) -> dict[str, Any]:
        """Return a name, with a size once there are any."""
        return {"name": f"{name}{at}", **({"size": at + len(name)} if at >= since else {})}

    maker = {"maker": {**sized("m", MAKER_SIZED_FROM), "lines": [sized("ml", MAKER_SIZED_FROM)]}}
    return {
        "parts": {f"p{version % COPIES_ALIKE}_{at // PARTS_EACH}": at},
        "buyer": sized("buyer", SIZED_FROM),
        "seller": sized("s", SIZED_FROM),
        "lines": [sized(f"l{number}-", LINES_SIZED_FROM) for number in range(at % 3)],
        **(maker if at >= WIDER_FROM else {}),
    }


def lines_of(version: int, numbers: Sequence[int]) -> tuple[list[str], list[str]]:
    """Return the lines of a file of records that are written in the same way, and those of them that cannot become rows."""
    flat = is_csv(numbers[0])
    names = ("id", "key", "note", *(("extra",) if numbers[-1] >= WIDER_FROM else ()))
    write, broken = (partial(_csv_line, names), "{}") if flat else (json.dumps, '{{"id": {}, "cut')
    lines = [broken.format(at) if is_rejected(at) else write(record(version, at)) for at in numbers]
    rejects = [line for at, line in zip(numbers, lines, strict=True) if is_rejected(at)]
    return [",".join(names), *lines] if flat else lines, rejects


def _csv_line(names: Sequence[str], said: dict[str, Any]) -> str:
    return ",".join(str(said.get(name, "")) for name in names)


def content_of(lines: Sequence[str]) -> bytes:
    """Return lines as the content of a file."""
    return "".join(f"{line}\n" for line in lines).encode()


def read_records(version: int, numbers: Sequence[int]) -> Iterator[Stretch]:
    """Write records as files, one for those after each other that are written in the same way, and yield what the real readers make of each."""
    from lakesmith.sources.files.formats.nested import jsonl
    from lakesmith.sources.files.formats.text import csv

    for flat, run in groupby(numbers, is_csv):
        lines, _rejects = lines_of(version, list(run))
        yield from _read(csv.FORMAT if flat else jsonl.FORMAT, "records.csv" if flat else "records.jsonl", lines)


def _read(format_: Format, name: str, lines: Sequence[str]) -> Iterator[Stretch]:
    from lakesmith.sources.files.formats.base import Tail
    from lakesmith.sources.files.options import FileStreamOptions
    from lakesmith.sources.files.reading.tape import LooseTape

    content = content_of(lines)
    tail = Tail(name, io.BytesIO(content), FileStreamOptions(files=name))
    yield from format_.read(tail, LooseTape(io.BytesIO(content)))
