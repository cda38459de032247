"""A CSV of 20 columns into bronze, beside Polars's fastest way to Parquet with the types known; and full contents compared."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from making import TABLE, make_project
from measuring import LAKESMITH, Measured, Result, measure, python, result
from wide import BAD_AT, BAD_OF, SCHEMA, write_dirty, write_wide

FEW_BYTES = 1_000_000
POLARS = """
import sys, polars as pl
sys.path.insert(0, sys.argv[3])
from wide import SCHEMA
pl.scan_csv(sys.argv[1], schema=SCHEMA).sink_parquet(sys.argv[2], compression="zstd", compression_level=1)
"""
ASK = 'import duckdb, json, sys; duckdb.sql("set enable_progress_bar = false"); print(json.dumps(duckdb.sql(sys.argv[1]).fetchall(), default=str))'
ROWS = f"count(*), sum(hash({', '.join(SCHEMA)})::hugeint)::text"
PEER = "polars scan_csv(schema).sink_parquet()"


@dataclass(frozen=True)
class Case:
    """A project, the file it is going to load, and where the peer writes."""

    project: Path
    file: Path
    parquet: Path

    @classmethod
    def of(cls, folder: Path, name: str) -> Case:
        return cls(make_project(folder / name, TABLE), folder / name / "rows-2.csv", folder / f"{name}.parquet")

    def peer(self, file: Path) -> Measured:
        measure("cat", str(file))  # both read from memory, as far as it reaches
        return measure(*python(POLARS, file, self.parquet, Path(__file__).parent))

    def ours(self) -> Measured:
        measure("cat", str(self.file))
        return measure(LAKESMITH, "run", "--json", cwd=self.project)

    def rows(self, ordinal: int) -> list[list[object]]:
        return ask(f"select {ROWS} from read_parquet('{self.project}/lake/bench/rows/data/{ordinal:08d}-*.parquet')")

    def quarantine(self) -> list[Path]:
        return sorted((self.project / "lake" / "_lakesmith" / "quarantine" / "bench.rows").glob("*.jsonl"))

    def peer_rows(self, where: str = "true") -> list[list[object]]:
        return ask(f"select {ROWS} from read_parquet('{self.parquet}') where {where}")


def run_csv(folder: Path, size_bytes: int) -> Iterator[Result]:
    """The same file into a table whose types are known, into no table, and with one bad row in a thousand."""
    clean = folder / "clean.csv"
    write_wide(clean, size_bytes)
    for name, run in (("csv-clean", _clean), ("csv-first", _first), ("csv-dirty", _dirty)):
        case = Case.of(folder, name)
        yield run(name, case, clean)
        case.parquet.unlink()
        shutil.rmtree(case.project)


def _clean(name: str, case: Case, clean: Path) -> Result:
    write_wide(case.project / "rows-1.csv", FEW_BYTES)
    measure(LAKESMITH, "run", "--json", cwd=case.project)
    os.link(clean, case.file)
    return _compared(name, case, clean, 2)


def _first(name: str, case: Case, clean: Path) -> Result:
    os.link(clean, case.file)
    return _compared(name, case, clean, 1)


def _compared(name: str, case: Case, clean: Path, ordinal: int) -> Result:
    peer, ours = case.peer(clean), case.ours()
    return result(name, ours, {PEER: peer}, content_equal=case.rows(ordinal) == case.peer_rows())


def _dirty(name: str, case: Case, clean: Path) -> Result:
    bad = case.project / "bad.jsonl"
    write_wide(case.project / "rows-1.csv", FEW_BYTES)
    measure(LAKESMITH, "run", "--json", cwd=case.project)
    write_dirty(case.file, clean.stat().st_size, bad)
    peer, ours = case.peer(clean), case.ours()
    good = case.rows(2) == case.peer_rows(f"row_id % {BAD_OF} <> {BAD_AT}")
    kept = [record for file in case.quarantine() for record in _records(file)]
    meant = [(told["line"], told["raw"]) for told in map(json.loads, bad.read_text().splitlines())]
    return result(name, ours, {PEER: peer}, content_equal=good and sorted(kept) == meant)


def _records(file: Path) -> list[tuple[int, str]]:
    told = map(json.loads, file.read_text().splitlines())
    return [(int(record["where"].rpartition(":")[2]), record["raw"]) for record in told]


def ask(query: str) -> list[list[object]]:
    """Return the answer of a process of its own: the kernel counts what this one holds as its children's memory."""
    done = subprocess.run(python(ASK, query), check=True, capture_output=True, text=True)
    answer: list[list[object]] = json.loads(done.stdout)
    return answer
