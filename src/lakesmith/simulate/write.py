"""Writing one day's delivery: block by block into a file beside its place, which then takes the place."""

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from lakesmith.simulate.company import BLOCK_ROWS, Company, block_sizes, parts
from lakesmith.simulate.tables import File, files_of, lines_of

_CUT_AT_PERCENT: Final = 60
BROKEN_OFF_S = 600


@dataclass(frozen=True, slots=True)
class DeliveredFile:
    """One file as it stands on disk.

    Attributes:
        path: Where it stands.
        rows: Complete records or lines in it, broken ones included, the header not.
        broken: How many of the rows are broken. The record in which a file is cut short comes on top of both.
        bytes: Its size.
    """

    path: Path
    rows: int
    broken: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Delivery:
    """The files of one day, and how often each kind of dirt was put into them.

    Attributes:
        day: The day delivered.
        files: In the order in which they were written.
        dirt: From kind to count, before copies are made; for a file cut short, that of the blocks it reaches into.
    """

    day: int
    files: tuple[DeliveredFile, ...]
    dirt: dict[str, int]


def deliver(company: Company, root: Path, day: int, *, cut_short: bool = False) -> Delivery:
    """Write the files of one day below `root`, over those that may stand there.

    Args:
        company: Whose files.
        root: The project folder.
        day: Counts from 1. Day 1 also brings the files that are delivered once.
        cut_short: Break the day's companies off inside a record, about 60 % through.

    Raises:
        ValueError: If `day` is below 1.
    """
    if day < 1:
        message = f"Days count from 1, the date of the company's start; there is no day {day}."
        raise ValueError(message)
    counts: Counter[str] = Counter()
    files = []
    for file in files_of(company, day):
        cut = cut_short and file.kind == "companies" and file.path.startswith("data/raw/")
        files.append(_write(company, root, day, file, _cut_row(file.rows) if cut else None, counts))
    return Delivery(day, tuple(files), {kind: times for kind, times in sorted(counts.items()) if times})


def rows_before_cut(company: Company) -> int:
    """Return how many records of a day's companies arrive whole when the file is cut short, broken ones included."""
    return _cut_row(company.daily_rows)


def _cut_row(rows: int) -> int:
    full, rest = divmod(rows, BLOCK_ROWS)
    broken = full * parts(BLOCK_ROWS, older=True).broken + (parts(rest, older=True).broken if rest else 0)
    return (rows + broken) * _CUT_AT_PERCENT // 100


def _write(
    company: Company, root: Path, day: int, file: File, cut_row: int | None, counts: Counter[str]
) -> DeliveredFile:
    path = root / file.path
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    with part.open("wb") as target:
        rows, broken = _stream(target, file, _blocks(company, day, file, counts), cut_row)
        size = target.tell()
    if cut_row is not None:  # the upload broke off a while ago: nobody has to wait for the rest
        then = part.stat().st_mtime - BROKEN_OFF_S
        os.utime(part, (then, then))
    part.replace(path)
    return DeliveredFile(path, rows, broken, size)


def _blocks(company: Company, day: int, file: File, counts: Counter[str]) -> Iterator[tuple[list[str], list[bool]]]:
    """Yield the lines of each block, and which of them are broken."""
    for number, size in enumerate(block_sizes(file.rows)):
        block = file.block(number, size)
        lines = lines_of(file, block, company.rng(f"dirt/{file.path}", day, number), counts)
        yield lines, [row < 0 for row in block.order]


def _stream(
    target: BinaryIO, file: File, blocks: Iterator[tuple[list[str], list[bool]]], cut_row: int | None
) -> tuple[int, int]:
    """Write header and lines, up to the middle of row `cut_row` if given; return the rows and the broken ones."""
    rows = broken = 0
    if file.columns:
        target.write((",".join(name for name, _ in file.columns) + "\n").encode())
    for lines, damaged in blocks:
        keep = len(lines) if cut_row is None else min(len(lines), cut_row - rows)
        target.write("".join(f"{line}\n" for line in lines[:keep]).encode())
        rows += keep
        broken += sum(damaged[:keep])
        if keep < len(lines):
            target.write(_beginning(lines[keep]).encode())
            break
    return rows, broken


def _beginning(line: str) -> str:
    """Return the beginning of a record, with fewer fields than it has and no open quote."""
    fields = line.split(",")
    return line[:3] if '"' in line or len(fields) < 4 else ",".join(fields[:2]) + f",{fields[2][:3]}"  # noqa: PLR2004
