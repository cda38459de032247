"""JSON lines beside CSV in one stream, whose objects and lists of objects have more parts from file to file, all in one group."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lakesmith.testing.torture.deliveries import load
from lakesmith.testing.torture.kinds import Made
from lakesmith.testing.torture.records import RUN, content_of, is_csv, is_rejected, lines_of, record
from lakesmith.testing.torture.truth import Truth

ALL = 1 << 30
"""A group for the whole load."""
FIRST_RUNS, LATER_RUNS = 4, 3


@dataclass(frozen=True, slots=True)
class GrowingParts:
    """Loads in one group each of files that know more and more of their records; a `later` one finds a table and a file that grew."""

    mode: str = "append"
    later: bool = False

    @property
    def name(self) -> str:
        """What is played, in which mode, and which load."""
        return f"growing parts, {self.mode}, {'later' if self.later else 'first'} load"

    def prepare(self, home: Path) -> None:
        """Write a file for every run of records; for a later load, load them, then write what is new."""
        (home / "data").mkdir(parents=True)
        self._write(home, range(FIRST_RUNS))
        if self.later:
            self.act(home)
            self.grow(home, 0)

    def grow(self, home: Path, round_: int) -> None:
        """Bring the runs that come next: CSV in new files, JSON lines at the end of the first one."""
        first = FIRST_RUNS + LATER_RUNS * round_
        self._write(home, range(first, first + LATER_RUNS))

    def act(self, home: Path) -> None:
        """Load all that is new as one group."""
        load(home, self.mode, {"files": ["data/*.jsonl", "data/*.csv"]}, group_bytes=ALL)

    def check(self, home: Path) -> None:
        """Compare everything with the records that the files were made of."""
        Truth.of(home).check(home, newest_alone=self.mode == "replace")

    def _write(self, home: Path, runs: Sequence[int]) -> None:
        truth = Truth.of(home)
        for run in runs:
            numbers = range(RUN * run, RUN * (run + 1))
            lines, rejects = lines_of(0, numbers)
            made = Made(content_of(lines), [record(0, at) for at in numbers if not is_rejected(at)], rejects)
            grows = run >= FIRST_RUNS and not is_csv(numbers[0])
            name = f"{0 if grows else run:04}.{'csv' if is_csv(numbers[0]) else 'jsonl'}"
            with (home / "data" / name).open("ab") as file:
                file.write(made.content)
            (truth.grew if grows else truth.wrote)(name, made)
        truth.note(home)


GROWING_PARTS: tuple[GrowingParts, ...] = (
    GrowingParts(),
    *(GrowingParts(mode, later=True) for mode in ("append", "dedupe", "replace")),
)
