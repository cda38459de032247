"""Which files become one: neighbours in `_ls_seq`, the newest first, as long as it costs little for what it saves."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lakesmith.lake.metadata import Metadata

if TYPE_CHECKING:
    from pyiceberg.manifest import DataFile

UPKEEP = "lakesmith.upkeep"
TARGET_BYTES = 128 << 20
DUE_FILES = 32
MOST_BYTES = 2 << 30
MOST_FILES = 2_000


@dataclass(frozen=True, slots=True)
class Rules:
    """What is small, how many small files make upkeep due, and how much one rewriting may take on."""

    target_bytes: int = TARGET_BYTES
    due_files: int = DUE_FILES
    most_bytes: int = MOST_BYTES
    most_files: int = MOST_FILES

    @property
    def small_bytes(self) -> int:
        """Below this a file is small."""
        return self.target_bytes // 4


@dataclass(frozen=True, slots=True)
class Piece:
    """A data file of the table, with the row numbers it spans; `file` is its manifest entry."""

    path: str
    rows: int
    size_bytes: int
    first_seq: int
    last_seq: int
    file: DataFile


def is_due(metadata: Metadata, rules: Rules) -> bool:
    """Whether enough small files came since the last compaction; told from snapshot summaries alone, and never too high."""
    fresh, present = 0, None
    for snapshot in metadata.ancestors():
        present = snapshot.number("total-data-files") if present is None else present
        if UPKEEP in snapshot.summary:
            break
        fresh += surely_small(snapshot.number("added-data-files"), snapshot.number("added-files-size"), rules)
    return min(fresh, present or 0) >= rules.due_files


def surely_small(files: int, size_bytes: int, rules: Rules) -> int:
    """Return how many of `files` must be small, given their bytes together."""
    return max(0, files - size_bytes // rules.small_bytes)


def choose(pieces: Iterable[Piece], rules: Rules) -> list[tuple[Piece, ...]]:
    """Return the groups worth rewriting, each of neighbours, oldest group first.

    Within a run of small neighbours a group is grown from its newest file to older ones while the next is not larger than all
    that is in it: so files of like size are merged, a row is rewritten a logarithmic number of times, and what is left
    is a logarithmic number of files.
    """
    groups: list[tuple[Piece, ...]] = []
    for run in _runs(pieces, rules):
        groups += [group for group in _tiers(run, rules) if len(group) > 1]
    return sorted(groups, key=lambda group: group[0].first_seq)


def _runs(pieces: Iterable[Piece], rules: Rules) -> Iterator[list[Piece]]:
    """Yield runs of small neighbours. A large file ends a run, and so does one whose row numbers overlap another's."""
    ordered = sorted(pieces, key=lambda piece: (piece.first_seq, piece.last_seq))
    tangled = _tangled(ordered)
    run: list[Piece] = []
    for piece in ordered:
        if piece.size_bytes < rules.small_bytes and piece.path not in tangled:
            run.append(piece)
            continue
        yield run
        run = []
    yield run


def _tangled(ordered: list[Piece]) -> set[str]:
    """Return the files that share row numbers with another: their order is not that of files."""
    found: set[str] = set()
    widest: Piece | None = None
    for piece in ordered:
        if widest is not None and piece.first_seq <= widest.last_seq:
            found |= {piece.path, widest.path}
        if widest is None or piece.last_seq > widest.last_seq:
            widest = piece
    return found


def _tiers(run: list[Piece], rules: Rules) -> Iterator[tuple[Piece, ...]]:
    group: list[Piece] = []
    rows = size_bytes = 0
    for piece in reversed(run):
        full = len(group) >= rules.most_files or size_bytes + piece.size_bytes > rules.most_bytes
        if group and (full or piece.rows > rows):
            yield tuple(reversed(group))
            group, rows, size_bytes = [], 0, 0
        group.append(piece)
        rows, size_bytes = rows + piece.rows, size_bytes + piece.size_bytes
    if group:
        yield tuple(reversed(group))
