"""Timings as ratios in one run, written to `results.json`. Usage: `python bench/run.py [CASE …] [--size-mb 5000]`.

Every case is a process of its own, and so is every peer; numbers of different runs or machines are not comparable, ratios are.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from detectors import run_detectors
from formats import DELIVERIES, run_delivery
from loading import run_csv
from measuring import LAKESMITH, PYTHON, Measured, Result, best, measure, result
from mongodb import run_mongodb
from papers import run_papers
from postgres import run_postgres
from rest import run_rest
from telemetry import run_telemetry
from wrapped import run_singer

RESULTS = Path(__file__).with_name("results.json")
MB = 1_000_000
DEMO_LIMIT_S = 90.0
COMMIT_LIMIT_S = 0.15
SIMULATED_MB_AT_SCALE_1 = 3.1


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


def run_csv_cases(bench: Bench) -> Iterator[Result]:
    """A large CSV into bronze: types known, types to be learned, one bad row in a thousand."""
    yield from run_csv(bench.folder, bench.size_bytes)


def run_format(name: str) -> Callable[[Bench], Iterator[Result]]:
    """Return the case of one format."""
    return lambda bench: run_delivery(name, bench.folder, bench.size_bytes)


def run_documents(bench: Bench) -> Iterator[Result]:
    """Mails, pages of PDF and Word documents, 400 of each at the default size."""
    yield from run_papers(bench.folder, max(40, bench.size_bytes // MB * 400 // 5000))


def run_postgres_cases(bench: Bench) -> Iterator[Result]:
    """A table of PostgreSQL as a whole, half and a tenth of it, and 1 % of it changed, and a table of 500 columns; 10 M rows at the default size."""
    yield from run_postgres(bench.folder, bench.size_bytes // MB * 2000)


def run_mongodb_cases(bench: Bench) -> Iterator[Result]:
    """Two collections of nested documents of about 250 and 3,000 bytes, 500,000 each at the default size."""
    yield from run_mongodb(bench.folder, bench.size_bytes // MB * 100)


def run_rest_cases(bench: Bench) -> Iterator[Result]:
    """Pages of an API, 2,000 at the default size."""
    yield from run_rest(bench.folder, max(100, bench.size_bytes // MB * 2 // 5))


def run_singer_case(bench: Bench) -> Iterator[Result]:
    """Records of a Singer tap, 300,000 at the default size."""
    yield from run_singer(bench.folder, bench.size_bytes // MB * 60)


def run_simulate_rss(bench: Bench) -> Iterator[Result]:
    """The simulator at two sizes, one ten times the other: its memory must not grow with them."""
    for size_mb in (bench.size_bytes // 25 // MB, bench.size_bytes * 2 // 5 // MB):
        folder = bench.folder / f"simulated-{size_mb}"
        scale = str(size_mb / SIMULATED_MB_AT_SCALE_1)
        ours = measure(PYTHON, "-m", "lakesmith.simulate", str(folder), "--days", "1", "--scale", scale)
        written = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
        yield result(f"simulate-rss-{round(written / MB, -1):.0f}MB", ours)
        shutil.rmtree(folder)


def run_commit_500(bench: Bench) -> Iterator[Result]:
    """500 loads of 1,000 rows: the median of loads 491-500 by that of 6-15, upkeep where it fell; then with every load's share of it."""
    told_in = bench.folder / "told.json"
    cost = measure(PYTHON, str(Path(__file__).with_name("upkeep.py")), str(bench.folder), str(told_in))
    told = json.loads(told_in.read_text())
    peers = {"loads 6-15": told["early_s"], "receipt to landed commit": told["receipt_to_commit_s"]}
    counted = {**peers, "longest load": told["longest_s"], "data files at the end (a count)": told["files"]}
    for name, late_s in (("commit-500", told["late_s"]), ("commit-500-shared", told["late_shared_s"])):
        yield Result(
            name=name,
            seconds=round(late_s, 4),
            limit_seconds=COMMIT_LIMIT_S,
            ratio=round(late_s / told["early_s"], 3),
            peak_rss_mb=round(cost.peak_rss_mb, 1),
            cpu_seconds=round(cost.cpu_seconds, 3),
            peers={peer: round(value, 4) for peer, value in counted.items()},
            content_equal=told["content_equal"],
        )


def run_detector_cases(_bench: Bench) -> Iterator[Result]:
    """Shares of 1,000 series of each kind, and 1,000 days of each table of the demo companies, on which detectors of volume alarm: figures, and no timings."""
    yield from run_detectors(1000)


def run_telemetry_case(bench: Bench) -> Iterator[Result]:
    """What its record costs a run, by twenty pairs; `python bench/run.py telemetry --dry` on a quiet machine."""
    yield from run_telemetry(bench.folder)


CASES: dict[str, Callable[[Bench], Iterator[Result]]] = {
    "help": run_help,
    "nothing-new": run_nothing_new,
    "demo": run_demo,
    "telemetry": run_telemetry_case,
    "csv": run_csv_cases,
    **{name: run_format(name) for name in DELIVERIES},
    "documents": run_documents,
    "postgres": run_postgres_cases,
    "mongodb": run_mongodb_cases,
    "rest": run_rest_cases,
    "singer": run_singer_case,
    "simulate-rss": run_simulate_rss,
    "commit-500": run_commit_500,
    "detectors": run_detector_cases,
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
    parser.add_argument("--dry", action="store_true", help="print the results only: `results.json` stays as it is")
    parser.add_argument(
        "--size-mb", type=int, default=5000, help="size of the large CSV; the others follow (default: 5000)"
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
                if not asked.dry:
                    write(results)


if __name__ == "__main__":
    main()
