"""How fast the console answers over a large record. Usage: `python bench/console.py [--tables 1000] [--runs 100000] [--times 40] [--folder …]`.

Fills a store with runs of ten loads each (seeded), as a SQLite file and on PostgreSQL, serves the console in a process of its own as `lakesmith ui`
does, and asks for every page and its JSON twin again and again, one after the other. Bar: p95 of every page under 300 ms on both.
"""

from __future__ import annotations

import argparse
import http
import http.client
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent / "tests" / "tools"), str(HERE.parent / "tests" / "servers")]

from made_history import Company, fill, write_project  # noqa: E402 - found only now

import lakesmith  # noqa: E402
from lakesmith.api.storing import open_store  # noqa: E402
from lakesmith.api.viewing import Viewing  # noqa: E402

BAR_S = 0.3
LAKESMITH = str(Path(sys.executable).with_name("lakesmith"))


@contextmanager
def database(kind: str) -> Iterator[str]:
    """Yield the address of a store, empty for the file."""
    if kind == "sqlite":
        yield ""
        return
    from lake_servers import serve_postgres

    with serve_postgres() as server:
        yield server.url()


@contextmanager
def console(root: Path) -> Iterator[tuple[int, str, int]]:
    """Serve as people do; yield port, cookie and process id."""
    process = subprocess.Popen([LAKESMITH, "ui", "--port", "0"], cwd=root, stdout=subprocess.PIPE, text=True)
    try:
        link = next(line.strip() for line in process.stdout if "token=" in line)
        port = int(link.split(":")[2].partition("/")[0])
        wire = http.client.HTTPConnection("localhost", port)
        wire.request("GET", link[link.index("/?") :])
        answer = wire.getresponse()
        answer.read()
        yield port, answer.getheader("set-cookie").partition(";")[0], process.pid
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(10)


def addresses(root: Path) -> dict[str, list[str]]:
    """Return the addresses of every page, several where a page is about one thing."""
    with Viewing(lakesmith.open(root)) as viewing:
        runs = viewing.runs().runs
        tables = [one.name for one in viewing.tables(sort="name").tables]
        found = {
            "/": ["/"],
            "/runs": ["/runs", "/runs?state=failed", f"/runs?before={runs[-1].run_id}", "/runs?pipeline=p007"],
            "/runs/{key}": [f"/runs/{run.run_id}" for run in runs[:10]],
            "/sources": ["/sources"],
            "/sources/{key}": [f"/sources/{one.name}" for one in viewing.sources().sources[:5]],
            "/tables": ["/tables", "/tables?sort=rows", "/tables?find=table_07", "/tables?start=900"],
            "/tables/{key}": [f"/tables/{name}" for name in tables[:40:4]],
            "/incidents": ["/incidents", "/incidents?state=all", "/incidents?state=all&start=350"],
            "/incidents/{key}": [f"/incidents/{one.incident_id}" for one in viewing.incidents().incidents[:5]],
            "/quarantine": ["/quarantine"],
            "/system": ["/system"],
        }
    twins = {f"{page} json": [_twin(path) for path in paths] for page, paths in found.items()}
    return found | twins


def _twin(path: str) -> str:
    path, mark, query = path.partition("?")
    return f"{'/today' if path == '/' else path}.json{mark}{query}"


def spent_s(pid: int) -> float:
    """Return the CPU seconds of a process; what the clock on the wall says is only as good as the machine is quiet."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measured(port: int, cookie: str, paths: list[str], times: int) -> list[float]:
    """Ask for addresses in turn; return seconds, sorted."""
    wire = http.client.HTTPConnection("localhost", port)
    took = []
    for index in range(times):
        began = time.perf_counter()
        wire.request("GET", paths[index % len(paths)], headers={"Cookie": cookie})
        answer = wire.getresponse()
        answer.read()
        took.append(time.perf_counter() - began)
        if answer.status != http.HTTPStatus.OK:
            raise RuntimeError(f"{paths[index % len(paths)]}: {answer.status}")
    return sorted(took)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tables", type=int, default=1000)
    parser.add_argument("--runs", type=int, default=100_000)
    parser.add_argument("--times", type=int, default=40)
    parser.add_argument("--folder", type=Path, default=None, help="where to work; kept, and used again if it is filled")
    parser.add_argument("--kinds", default="sqlite,postgres")
    parser.add_argument("--out", type=Path, default=None, help="write the figures there as JSON")
    given = parser.parse_args()
    folder = given.folder or Path(tempfile.mkdtemp(prefix="lakesmith-console-"))
    company = Company.large(given.tables, given.runs, datetime.now(UTC))
    figures: dict[str, dict[str, list[float]]] = {}
    slow = 0
    for kind in given.kinds.split(","):
        with database(kind) as address:
            root = folder / kind
            is_new = not (root / "lakesmith.yml").exists() or bool(address)
            write_project(root, company, store="${env:BENCH_STORE}" if address else "")
            (root / ".env").write_text(f"BENCH_STORE={address}\n")
            if is_new:
                began = time.perf_counter()
                store = open_store(lakesmith.open(root)._shop)  # noqa: SLF001
                counted = fill(store.engine, company)
                store.close()
                print(f"{kind}: filled in {time.perf_counter() - began:,.0f} s: {counted}", flush=True)
            with console(root) as (port, cookie, pid):
                figures[kind] = {}
                for page, paths in addresses(root).items():
                    before = spent_s(pid)
                    took = measured(port, cookie, paths, given.times)
                    cpu = (spent_s(pid) - before) / given.times
                    p50, p95 = took[len(took) // 2], took[min(int(len(took) * 0.95), len(took) - 1)]
                    figures[kind][page] = [round(p50, 4), round(p95, 4), round(cpu, 4)]
                    slow += p95 >= BAR_S
                    over = "   over the bar" if p95 >= BAR_S else ""
                    told = f"p50 {p50 * 1000:6.0f} ms   p95 {p95 * 1000:6.0f} ms   CPU {cpu * 1000:6.0f} ms"
                    print(f"{kind:9} {page:24} {told}{over}", flush=True)
    if given.out:
        given.out.write_text(
            json.dumps({"tables": given.tables, "runs": given.runs, "p50_p95_cpu_s": figures}, indent=1) + "\n"
        )
    if given.folder is None:
        shutil.rmtree(folder)
    print("every page holds the bar" if not slow else f"{slow} pages are over the bar")
    return 1 if slow else 0


if __name__ == "__main__":
    sys.exit(main())
