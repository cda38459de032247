"""Timings as ratios in one run, written to `results.json`. Usage: `python bench/run.py [CASE …] [--size-mb 500]`.

Every case is a process of its own, and so is every peer; numbers of different runs or machines are not comparable, ratios are.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from making import LOG, TABLE, make_project, write_csv, write_log
from measuring import LAKESMITH, PYTHON, Measured, Result, best, measure, python, result

RESULTS = Path(__file__).with_name("results.json")
MB = 1_000_000
DEMO_LIMIT_S = 90.0
SIMULATED_MB_AT_SCALE_1 = 3.1

POLARS_CSV = """
import sys, polars as pl
pl.scan_csv(sys.argv[1], try_parse_dates=True).sink_parquet(sys.argv[2], compression="zstd", compression_level=1)
"""
REGEX_LOG = r"""
import json, re, sys
from datetime import datetime
line = re.compile(r'(\S+) (\S+) (\S+) \[([^\]]+)\] "((\S+) (\S+) (\S+))" (\d{3}) (\d+|-)(?: "([^"]*)" "([^"]*)")?')
rows = []
with open(sys.argv[1], encoding="utf-8") as file:
    for text in file:
        m = line.match(text)
        at = datetime.strptime(m[4], "%d/%b/%Y:%H:%M:%S %z")
        path, _, query = m[7].partition("?")
        rows.append((m[1], at.timestamp(), m[6], path, query, m[8], int(m[9]), int(m[10]), m[11], m[12]))
json.dump([len(rows), int(sum(r[1] for r in rows)), sum(r[6] for r in rows), sum(r[7] for r in rows)], open(sys.argv[2], "w"))
"""
ASK = "import duckdb, json, sys; print(json.dumps(duckdb.sql(sys.argv[1]).fetchall(), default=str))"
FINGERPRINT = "count(*), sum(hash(row_id, customer_id, amount, rate, day, city, note, flag)::hugeint)"


@dataclass(frozen=True)
class Bench:
    """Where the cases work, and how large their files are."""

    folder: Path
    size_bytes: int

    def run(self, project: Path) -> Measured:
        return measure(LAKESMITH, "run", "--json", cwd=project)


def run_help(_bench: Bench) -> Iterator[Result]:
    """`lakesmith --help`, the interpreter's own start taken off; the ratio is with it."""
    whole, bare = best(7, LAKESMITH, "--help"), best(7, PYTHON, "-c", "pass")
    told = asdict(result("help", whole, {"python -c pass": bare}))
    yield Result(**{**told, "seconds": round(whole.seconds - bare.seconds, 3)})


def run_nothing_new(bench: Bench) -> Iterator[Result]:
    """A run of the template's project that finds nothing to do."""
    project = bench.folder / "acme"
    measure(LAKESMITH, "init", str(project), "--template", "b2b-sales")
    measure(PYTHON, "-m", "lakesmith.simulate", str(project), "--days", "1", "--scale", "0.2")
    bench.run(project)
    yield result(
        "nothing-new", best(5, LAKESMITH, "run", cwd=project), {"python -c pass": best(5, PYTHON, "-c", "pass")}
    )


def run_demo(bench: Bench) -> Iterator[Result]:
    """The whole demo: three days, a kill, the page; it compares every mart with the truth itself."""
    folder = bench.folder / "demo"
    yield result("demo", measure(LAKESMITH, "demo", str(folder)), limit_seconds=DEMO_LIMIT_S, content_equal=True)


def run_csv(bench: Bench) -> Iterator[Result]:
    """A large CSV into an empty table, and another into a table whose types are known, beside Polars's fastest way."""
    project = make_project(bench.folder / "csv", TABLE)
    for number, name in ((1, "csv-first"), (2, "csv-known")):
        file, parquet = project / f"rows-{number}.csv", bench.folder / f"rows-{number}.parquet"
        write_csv(file, bench.size_bytes, number)
        measure("cat", str(file))  # both read from memory
        peer = measure(*python(POLARS_CSV, file, parquet))
        ours = bench.run(project)
        equal = _fingerprint(f"{project}/lake/bench/rows/data/{number:08d}-*.parquet") == _fingerprint(parquet)
        yield result(name, ours, {"polars scan_csv().sink_parquet()": peer}, content_equal=equal)
        parquet.unlink()


def _fingerprint(files: object) -> list[list[object]]:
    return _ask(f"select {FINGERPRINT} from read_parquet('{files}')")


def _ask(query: str) -> list[list[object]]:
    """Return the answer of a process of its own: the kernel counts what this one holds as its children's memory."""
    done = subprocess.run(python(ASK, query), check=True, capture_output=True, text=True)
    answer: list[list[object]] = json.loads(done.stdout)
    return answer


def run_weblogs(bench: Bench) -> Iterator[Result]:
    """A log in the combined format, beside a loop with a regular expression that writes nothing."""
    project = make_project(bench.folder / "weblogs", LOG)
    file, sums = project / "access.log", bench.folder / "sums.json"
    write_log(file, bench.size_bytes // 5)
    measure("cat", str(file))
    peer = measure(*python(REGEX_LOG, file, sums))
    ours = bench.run(project)
    query = "select count(*), sum(epoch(requested_at)::hugeint)::bigint, sum(status)::bigint, sum(bytes)::bigint"
    [found] = _ask(f"{query} from read_parquet('{project}/lake/bench/requests/data/*.parquet')")
    equal = found == json.loads(sums.read_text())
    yield result("weblogs", ours, {"python re loop": peer}, content_equal=equal)


def run_simulate_rss(bench: Bench) -> Iterator[Result]:
    """The simulator at two sizes, one ten times the other: its memory must not grow with them."""
    for size_mb in (bench.size_bytes * 2 // 5 // MB, bench.size_bytes * 4 // MB):
        folder = bench.folder / f"simulated-{size_mb}"
        scale = str(size_mb / SIMULATED_MB_AT_SCALE_1)
        ours = measure(PYTHON, "-m", "lakesmith.simulate", str(folder), "--days", "1", "--scale", scale)
        written = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
        yield result(f"simulate-rss-{round(written / MB, -1):.0f}MB", ours)
        shutil.rmtree(folder)


CASES: dict[str, Callable[[Bench], Iterator[Result]]] = {
    "help": run_help,
    "nothing-new": run_nothing_new,
    "demo": run_demo,
    "csv": run_csv,
    "weblogs": run_weblogs,
    "simulate-rss": run_simulate_rss,
}


def write(results: list[Result]) -> None:
    """Write what is known so far; lines of earlier runs stay until their case runs again."""
    known = json.loads(RESULTS.read_text())["results"] if RESULTS.exists() else []
    fresh = {one.name: asdict(one) for one in results}
    lines = [line for line in known if line["name"] not in fresh] + list(fresh.values())
    machine = {"cpus": os.cpu_count(), "python": platform.python_version(), "system": platform.system()}
    told = {"taken_at": f"{datetime.now(UTC):%Y-%m-%dT%H:%MZ}", "machine": machine, "results": lines}
    RESULTS.write_text(json.dumps(told, indent=1) + "\n")


def main() -> None:
    """Run the cases asked for, or all of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cases", nargs="*", help=f"some of {', '.join(CASES)}; default: all")
    parser.add_argument(
        "--size-mb", type=int, default=500, help="size of the large CSV; the others follow (default: 500)"
    )
    asked = parser.parse_args()
    unknown = set(asked.cases) - set(CASES)
    if unknown:
        parser.error(f"no such case: {', '.join(sorted(unknown))}")
    results: list[Result] = []
    for name in asked.cases or CASES:
        with tempfile.TemporaryDirectory(prefix="lakesmith-bench-") as folder:
            for one in CASES[name](Bench(Path(folder), asked.size_mb * MB)):
                results.append(one)
                print(json.dumps(asdict(one)), flush=True)
                write(results)


if __name__ == "__main__":
    main()
