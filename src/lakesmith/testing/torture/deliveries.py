"""Loads of files of every kind in every mode, as ordeals; what must be in the table is known from the values the files are made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from lakesmith.model.streams import SourceContext, StreamSpec
from lakesmith.testing.torture.kinds import KINDS, Kind
from lakesmith.testing.torture.ordeals import Ordeal, open_table
from lakesmith.testing.torture.truth import STREAM, Truth

EACH_SPLIT = 1
SEVEN, FEW = 7, 3
BAD = 99
MODES = ("append", "dedupe", "replace")


HERE: Mapping[str, Any] = MappingProxyType({})


def load(
    home: Path, mode: str, options: Mapping[str, Any], *, key: str = "id", place: Mapping[str, Any] = HERE, **job: Any
) -> Any:
    """Load what is new of files, a commit for each unless `job` says otherwise; return the load.

    Args:
        home: The project's folder.
        mode: append, dedupe or replace.
        options: What the project file says of the stream.
        key: The key, for dedupe.
        place: What it says of the source; nothing for files in the project's folder.
        job: What `LoadJob` is told besides.
    """
    from lakesmith.host import Host
    from lakesmith.run.load import LoadJob, load_stream
    from lakesmith.sources.files.options import FilesOptions, FileStreamOptions
    from lakesmith.sources.files.source import FilesSource

    keys = (key,) if mode == "dedupe" else ()
    spec = StreamSpec(STREAM, mode, keys, options=FileStreamOptions(**options))
    context = SourceContext(STREAM.source, FilesOptions(**place), home, (spec,))
    asked = {"group_bytes": EACH_SPLIT, **job}
    return load_stream(LoadJob(spec, FilesSource(context), open_table(home), Host(), "config", **asked))


@dataclass(frozen=True, slots=True)
class Delivery:
    """Files of one kind in a project's folder, and the truth about them."""

    home: Path
    kind: Kind
    truth: Truth

    @classmethod
    def of(cls, home: Path, kind: Kind) -> Delivery:
        """Return the delivery of a project, as far as it has come."""
        (home / "data").mkdir(parents=True, exist_ok=True)
        return cls(home, kind, Truth.of(home))

    def write(self, name: str, first: int, count: int = SEVEN, *, bad: bool = True) -> None:
        """Write a file of records from number `first` on, one of which cannot be read where the kind has such, in place of any before."""
        made = self.kind.make(range(first, first + count), first + BAD if bad else None)
        self._put(name, made.content)
        self.truth.wrote(name, made)

    def extend(self, name: str, first: int) -> None:
        """Add records to a file, or write a new one where files of this kind do not grow."""
        if self.kind.goes_on is None:
            self.write(f"{name}-{first}", first)
            return
        made = self.kind.goes_on(range(first, first + FEW), first + BAD)
        with self.path(name).open("ab") as file:
            file.write(made.content)
        self.truth.grew(name, made)

    def path(self, name: str) -> Path:
        """Return where a file lies."""
        return self.home / "data" / f"{name}{self.kind.suffix}"

    def _put(self, name: str, content: bytes) -> None:
        aside = self.home / "aside"
        aside.write_bytes(content)
        aside.replace(self.path(name))


@dataclass(frozen=True, slots=True)
class FileLoads:
    """Loads of a family of files of one kind in one mode; `later` begins with a table that was loaded before."""

    format: str
    mode: str = "append"
    later: bool = False
    kinds: Mapping[str, Kind] = field(default_factory=lambda: KINDS, repr=False)

    @property
    def name(self) -> str:
        """Format, mode and state."""
        return f"{self.format}, {self.mode}, {'later' if self.later else 'first'} load"

    def prepare(self, home: Path) -> None:
        """Write two files; for a later load, load them, then write what is new."""
        delivery = self._delivery(home)
        delivery.write("a", 0)
        delivery.write("b", 100)
        delivery.truth.note(home)
        if self.later:
            self.act(home)
            self.grow(home, 0)

    def grow(self, home: Path, round_: int) -> None:
        """Add records to a file, bring a new one, and write one anew in modes that read again."""
        delivery, first = self._delivery(home), 10_000 * (round_ + 1)
        delivery.extend("b", first)
        delivery.write(f"c{round_:04}" if self.mode != "replace" else "c", first + 1000)
        if self.mode != "append":
            delivery.write("a", first + 2000)
        delivery.truth.note(home)

    def act(self, home: Path) -> None:
        """Load all that is new, a commit for every file."""
        kind = self.kinds[self.format]
        load(home, self.mode, {"files": f"data/*{kind.suffix}", **kind.settings}, key=kind.key)

    def check(self, home: Path) -> None:
        """Compare everything with the values that the files were made of."""
        Truth.of(home).check(home, newest_alone=self.mode == "replace")

    def _delivery(self, home: Path) -> Delivery:
        return Delivery.of(home, self.kinds[self.format])


OTHER_FORMATS = tuple(name for name in KINDS if name != "csv")
"""CSV has the whole product of points, modes and second kills of its own."""
EVERYWHERE: tuple[Ordeal, ...] = tuple(
    FileLoads(name, "append", later) for name in OTHER_FORMATS for later in (False, True)
)
"""Killed at every point at which files matter."""
SAMPLED: tuple[Ordeal, ...] = tuple(
    FileLoads(name, mode, later=True) for name in OTHER_FORMATS for mode in ("dedupe", "replace")
)
"""Killed at some of them."""
