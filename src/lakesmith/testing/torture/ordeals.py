"""What victims do when they are killed: loads of CSV files in every mode, and upkeep, each with an independent account of the truth.

An ordeal is a small class: `prepare` makes the source and the state before, `act` is what may be killed anywhere and is run again
until it comes to its end, `check` compares all contents with the source. A new source or mode plugs in as one more of them.
"""

from __future__ import annotations

import csv
import json
import os
import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from lakesmith.lake.commits import expiry
from lakesmith.lake.upkeep.collect import collect
from lakesmith.lake.upkeep.planning import Rules
from lakesmith.lake.upkeep.tending import tend
from lakesmith.model.places import LakeAddress, Storage
from lakesmith.model.streams import SourceContext, StreamId, StreamSpec
from lakesmith.run.routes import Rebuild
from lakesmith.testing.torture.bucket import address_of, fetch
from lakesmith.testing.torture.laws import BrokenError
from lakesmith.testing.torture.oracle import Oracle, UnreadableError, clock_faults, head

STREAM = StreamId("shop", "orders")
HEADER = ("id", "name", "price", "note")
BROKEN_EVERY = 5
DUE_FILES = 3
EACH_SPLIT, EACH_FEW = 1, 2000
ROLLED_BACK = 4
"""How far back in history a rollback is looked for."""
GROWN = 5000
LITTER = "00000001-99999"
KEEP = 3
TEN_DAYS_S, TWO_DAYS_S = 10 * 86400.0, 2 * 86400.0
WIDE_NAME = "x" * 60


class Ordeal(Protocol):
    """Something that may be killed at any moment."""

    @property
    def name(self) -> str:
        """What it is called in reports."""
        ...

    def prepare(self, home: Path) -> None:
        """Make the state before; runs in a process of its own, unharmed."""
        ...

    def act(self, home: Path) -> None:
        """Do it; run again after a kill, it must find its way by itself."""
        ...

    def check(self, home: Path) -> None:
        """Compare everything with the truth.

        Raises:
            BrokenError: If something is lost, doubled, unreadable or shown that must not be.
        """
        ...

    def grow(self, home: Path, round_: int) -> None:
        """Bring something new, so that there is something to do again."""
        ...


@dataclass(frozen=True, slots=True)
class CsvLoads:
    """Loads of a family of CSV files in one mode; `later` begins with a table that was loaded before."""

    mode: str
    later: bool = False
    rows: int = 7
    wide: bool = False
    """Whether there are so many files that the checkpoint lies aside."""
    keep: int = 1
    """How many snapshots expiry keeps."""

    @property
    def name(self) -> str:
        """Mode and state."""
        return f"{self.mode}, {'later' if self.later else 'first'} load{', large checkpoint' if self.wide else ''}"

    def prepare(self, home: Path) -> None:
        """Write two files; for a later load, load them, then write what is new."""
        (home / "data").mkdir(parents=True)
        self._write(home, "a.csv", 0)
        self._write(home, "b.csv", 1)
        for number in range(30 if self.wide else 0):
            self._write(home, f"{number:02}-{WIDE_NAME}.csv", 100 + number, rows=1)
        self._note(home)
        if self.later:
            self.act(home)
            self.grow(home, 1)

    def grow(self, home: Path, round_: int) -> None:
        """Bring a new file; in modes that read again, one file is written anew as well."""
        if self.mode != "append":
            self._write(home, "a.csv", 10 + round_)
        self._write(home, f"c{round_:04}.csv" if self.mode != "replace" else "c.csv", 1000 + round_)
        self._note(home)

    def act(self, home: Path) -> None:
        """Load all that is new, a commit for every file, and do the upkeep that is due."""
        table = self.load(home)
        tend(table, Rules(due_files=DUE_FILES))
        sweep(table.services)

    def load(self, home: Path, rebuild: Rebuild | None = None) -> Any:
        """Load all that is new, or everything anew; return the table."""
        from lakesmith.host import Host
        from lakesmith.run.load import LoadJob, load_stream
        from lakesmith.sources.files.source import FilesSource

        spec, context = self._context(home)
        table = open_table(home, self.keep)
        each = EACH_SPLIT if not self.wide else EACH_FEW
        load_stream(LoadJob(spec, FilesSource(context), table, Host(), "config", group_bytes=each, rebuild=rebuild))
        return table

    def check(self, home: Path) -> None:
        """Compare bronze with the files as the csv module reads them, and quarantine with their broken lines."""
        rows, rejects = self._truth(home)
        metadata, table = read_table(home, STREAM)
        compare("rows", rows, Counter(map(_as_text, table)))
        numbers = [row["_ls_seq"] for row in table]
        if len(set(numbers)) != len(numbers):
            raise BrokenError("doubled", "two rows have the same _ls_seq")
        if faults := clock_faults(metadata):
            raise BrokenError("clock", "; ".join(faults))
        shown = Counter(row.raw for row in open_table(home).quarantined())
        compare("records in quarantine", rejects, shown)

    def _context(self, home: Path) -> tuple[StreamSpec, SourceContext]:
        from lakesmith.sources.files.options import FilesOptions, FileStreamOptions

        key = ("id",) if self.mode == "dedupe" else ()
        spec = StreamSpec(STREAM, self.mode, key, options=FileStreamOptions(files="data/*.csv"))
        return spec, SourceContext("shop", FilesOptions(), home, (spec,))

    def _write(self, home: Path, name: str, version: int, rows: int | None = None) -> None:
        count = self.rows if rows is None else rows
        lines = [f'{version * 100 + at},"n, {at}",{at}.{at}5,{"x" * at}' for at in range(count)]
        lines[BROKEN_EVERY - 1 : BROKEN_EVERY] = [f"{version},too short {name}"] if count >= BROKEN_EVERY else []
        (home / "data" / name).write_text("\n".join([",".join(HEADER), *lines]) + "\n")

    def _note(self, home: Path) -> None:
        """Write down what a table must hold once all of these files have been loaded, beside what it must hold already."""
        file = home / "truth.json"
        told = json.loads(file.read_text()) if file.exists() else {}
        kept = {} if self.mode == "replace" else told
        for path in sorted((home / "data").glob("*.csv")):
            text = path.read_text()
            versions = kept.setdefault(path.name, [])
            if text not in versions:
                versions.append(text)
        file.write_text(json.dumps(kept))

    def _truth(self, home: Path) -> tuple[Counter[str], Counter[str]]:
        rows: Counter[str] = Counter()
        rejects: Counter[str] = Counter()
        told = json.loads((home / "truth.json").read_text())
        for versions in told.values():
            for text in versions:
                header, *records = csv.reader(text.splitlines())
                rows.update(
                    _as_text(dict(zip(header, record, strict=True))) for record in records if len(record) == len(header)
                )
                rejects.update(",".join(record) for record in records if len(record) != len(header))
        return rows, rejects


@dataclass(frozen=True, slots=True)
class Rebuilding:
    """A table that is loaded anew from the start, aside, and swapped in."""

    loads: CsvLoads = CsvLoads("append")
    name: str = "rebuild"

    def prepare(self, home: Path) -> None:
        """Load once."""
        self.loads.prepare(home)
        self.loads.load(home)

    def act(self, home: Path) -> None:
        """Rebuild, unless that was done."""
        newest = open_table(home).history()[0]
        if newest.kind != "swap":
            self.loads.load(home, Rebuild())

    def check(self, home: Path) -> None:
        """Compare everything with the files."""
        self.loads.check(home)

    def grow(self, home: Path, round_: int) -> None:
        """Load something new in the usual way, so that there is something to rebuild."""
        self.loads.grow(home, round_)
        self.loads.load(home)


@dataclass(frozen=True, slots=True)
class RollingBack:
    """A table that is rolled back to its first load, and loaded again after that."""

    loads: CsvLoads = CsvLoads("append", keep=KEEP)
    name: str = "rollback"

    def prepare(self, home: Path) -> None:
        """Load two files."""
        self.loads.prepare(home)
        self.loads.load(home)

    def act(self, home: Path) -> None:
        """Roll back to the oldest load there is, unless that was done; then load what is missing."""
        table = open_table(home)
        commits = table.history()
        if all(commit.kind != "rollback" for commit in commits[:ROLLED_BACK]):
            table.rollback(commits[-1].snapshot_id)
        self.loads.load(home)

    def check(self, home: Path) -> None:
        """Compare everything with the files."""
        self.loads.check(home)

    def grow(self, home: Path, round_: int) -> None:
        """Load something new in the usual way, so that there is something to roll back."""
        self.loads.grow(home, round_)
        self.loads.load(home)
        self.loads.grow(home, round_ + GROWN)
        self.loads.load(home)


@dataclass(frozen=True, slots=True)
class Collecting:
    """A collector that has old litter to delete: what a load left that died before its commit."""

    loads: CsvLoads = CsvLoads("append")
    name: str = "collector"

    def prepare(self, home: Path) -> None:
        """Load, leave litter of a load that never committed, let ten days pass, and mark."""
        self.loads.prepare(home)
        self.loads.load(home)
        self._litter(home, 1)

    def act(self, home: Path) -> None:
        """Let the collector pass."""
        sweep(open_table(home).services)

    def check(self, home: Path) -> None:
        """Compare everything with the files, and see that the litter is gone."""
        self.loads.check(home)
        left = [file.name for file in (home / "lake").rglob(f"{LITTER}*")]
        if left:
            raise BrokenError("litter", f"the collector left {left}")

    def grow(self, home: Path, round_: int) -> None:
        """Load something new, and leave new litter."""
        self._litter(home, round_ + 1)

    def _litter(self, home: Path, round_: int) -> None:
        """Leave litter, load after it (so that whoever left it can commit no more), and let time pass."""
        services = open_table(home).services
        for number in range(3):
            path = Path(services.layout.data(STREAM)) / f"{LITTER}{number:05d}-{'0' * 16}-00000.parquet"
            path.write_bytes(b"left behind")
        self.loads.grow(home, round_)
        self.loads.load(home)
        _age(home / "lake", TEN_DAYS_S)
        sweep(services)
        _age(home / "lake/_lakesmith/collector", TWO_DAYS_S)


def sweep(services: Any) -> None:
    """Let the collector pass.

    Raises:
        LakesmithError: If it met something for which it deleted nothing.
    """
    for swept in collect(services, [STREAM], delete=True):
        if swept.problem is not None:
            raise swept.problem


def _age(folder: Path, seconds: float) -> None:
    """Make every file older, as the file system tells it."""
    for file in folder.rglob("*"):
        if file.is_file() and "catalog" not in file.name:
            then = file.stat().st_mtime_ns - int(seconds * 1_000_000_000)
            os.utime(file, ns=(then, then))


ORDEALS: tuple[Ordeal, ...] = (
    *(CsvLoads(mode, later) for mode in ("append", "dedupe", "replace") for later in (False, True)),
    CsvLoads("append", later=True, wide=True),
    Rebuilding(),
    RollingBack(),
    Collecting(),
)


def read_table(home: Path, stream: StreamId) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return a table's metadata and its rows, read without the code under test: SQLite, JSON, Avro, Parquet.

    Raises:
        BrokenError: If it cannot be read.
    """
    told = address_of(home)
    root = told["root"] if told else str(home / "lake")
    catalog = home / ("catalog/catalog.db" if told else "lake/catalog.db")
    read = partial(fetch, told["port"]) if told else _fetch
    oracle = Oracle(read, f"{root}/_lakesmith")
    query = "select metadata_location from iceberg_tables where table_namespace = ? and table_name = ?"
    try:
        with closing(sqlite3.connect(f"file:{catalog}?mode=ro", uri=True)) as connection:
            [(path,)] = connection.execute(query, (stream.source, stream.name)).fetchall()
        metadata = oracle.metadata(path)
        rows = oracle.records(metadata, head(metadata))
        for needed in oracle.needs(metadata):
            read(needed)
    except (UnreadableError, ValueError, KeyError, OSError, sqlite3.Error) as error:
        raise BrokenError("unreadable", f"{type(error).__name__}: {error}") from error
    return metadata, rows


def compare(what: str, wanted: Counter[str], got: Counter[str]) -> None:
    """Compare two bags of texts.

    Raises:
        BrokenError: If one holds what the other does not.
    """
    lost, extra = wanted - got, got - wanted
    if lost:
        raise BrokenError("lost", f"{lost.total()} {what}, such as {next(iter(lost))!r}")
    if extra:
        raise BrokenError("doubled", f"{extra.total()} {what} too many, such as {next(iter(extra))!r}")


def _fetch(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except FileNotFoundError:
        raise KeyError(path) from None


def open_table(home: Path, keep: int = KEEP) -> Any:
    """Return the table as the code under test opens it, in a process that keeps few snapshots."""
    setattr(expiry, "KEEP", keep)  # noqa: B010 - a constant of the code under test, in a victim of ours
    from lakesmith.host import Host
    from lakesmith.lake import Lake

    told = address_of(home)
    if told is None:
        return Lake(home / "lake", Host()).table(STREAM)
    storage = Storage(f"http://127.0.0.1:{told['port']}", "us-east-1", access_key="testing", secret_key="testing")  # noqa: S106
    return Lake(LakeAddress(told["root"], told["catalog"], storage), Host()).table(STREAM)


def _as_text(row: dict[str, Any]) -> str:
    said = {name: _value(value) for name, value in row.items() if not name.startswith("_ls_")}
    return json.dumps({name: value for name, value in said.items() if value not in (None, "")}, sort_keys=True)


def _value(value: Any) -> str | None:
    """Return a value as text that is the same for 1, 1.0 and 1.00."""
    if value is None:
        return None
    try:
        return f"{Decimal(str(value)).normalize():f}"
    except InvalidOperation:
        return str(value)
