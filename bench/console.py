"""How fast the console answers over a large record. Usage: `python bench/console.py [--stores FOLDER] [--kinds sqlite,postgres] [--times 40]`.

Fills a store with runs of ten loads each (seeded), as a SQLite file and on PostgreSQL, serves the console in a process of its own as `lakesmith ui`
does, and asks for every page and its JSON twin again and again, one after the other. Filling takes ten minutes for each database: with `--stores`
it is done once, and every later run looks at the same stores. Bar: p95 of every page under 300 ms on both, the first look of all left out. Then
what the command line says of the same record, each command a process of its own. Lines `console-…` of `results.json` hold the figures.
"""

from __future__ import annotations

import argparse
import http
import http.client
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from console_stores import filled
from measuring import LAKESMITH, Result, best

import lakesmith
from lakesmith.api.viewing import Viewing
from lakesmith.console.routes import PAGES

BAR_S = 0.3
MACHINES = "/metrics"
"""Not a page: a program asks for it once in a while, and nobody waits. It is measured, and held to no bar."""
STALE_HOURS = 12
COMMANDS = ("status", "runs", "incidents", "tables", "sources")


@dataclass(frozen=True)
class Took:
    """How long a page takes: half of the requests, 95 of 100, and what the console and the server of its record work for one. Seconds."""

    p50: float
    p95: float
    cpu: float

    def __str__(self) -> str:
        return f"p50 {self.p50 * 1000:6.0f} ms   p95 {self.p95 * 1000:6.0f} ms   CPU {self.cpu * 1000:6.0f} ms"


@contextmanager
def console(root: Path) -> Iterator[tuple[int, str, str, int]]:
    """Serve as people do; yield port, cookie, key and process id."""
    process = subprocess.Popen([LAKESMITH, "ui", "--port", "0"], cwd=root, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        link = next(line.strip() for line in process.stdout if "token=" in line)
        port = int(link.split(":")[2].partition("/")[0])
        wire = http.client.HTTPConnection("localhost", port)
        wire.request("GET", link[link.index("/?") :])
        answer = wire.getresponse()
        answer.read()
        cookie = (answer.getheader("set-cookie") or "").partition(";")[0]
        yield port, cookie, (root / ".lakesmith" / "console.token").read_text().strip(), process.pid
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(10)


def addresses(root: Path) -> dict[str, list[str]]:
    """Return the addresses of every page, several where a page is about one thing or can be asked for parts.

    Raises:
        SystemExit: If the console has a page that is not asked for here.
    """
    with Viewing(lakesmith.open(root)) as viewing:
        runs = viewing.runs().runs
        failed = viewing.runs(state="failed").runs
        tables = [one.name for one in viewing.tables(sort="name").tables]
        found = {
            "/": ["/"],
            "/runs": ["/runs", "/runs?state=failed", f"/runs?before={runs[-1].run_id}", "/runs?pipeline=p007"],
            "/runs/{key}": [f"/runs/{run.run_id}" for run in (*runs[:8], *failed[:2])],
            "/sources": ["/sources"],
            "/sources/{key}": [f"/sources/{one.name}" for one in viewing.sources().sources[:5]],
            "/tables": ["/tables", "/tables?sort=rows", "/tables?find=table_07", "/tables?start=900"],
            "/tables/{key}": [f"/tables/{name}" for name in tables[:40:4]],
            "/incidents": ["/incidents", "/incidents?state=all", "/incidents?state=all&start=350"],
            "/incidents/{key}": [f"/incidents/{one.incident_id}" for one in viewing.incidents().incidents[:5]],
            "/quarantine": ["/quarantine"],
            "/system": ["/system"],
        }
    lacking = {page.path for page in PAGES} ^ set(found)
    if lacking:
        sys.exit(f"pages that are not asked for, or not there: {', '.join(sorted(lacking))}")
    twins = {f"{page} json": [_twin(path) for path in paths] for page, paths in found.items()}
    return found | twins | {MACHINES: [MACHINES]}


def _twin(path: str) -> str:
    path, mark, query = path.partition("?")
    return f"{'/today' if path == '/' else path}.json{mark}{query}"


def spent_s(console: int, server: int | None) -> float:
    """Return CPU seconds of the console, and of a server with its children; what the clock on the wall says is only as good as the machine is quiet."""
    ticks = sum(_ticks(console)[1:3])
    for file in Path("/proc").glob("[0-9]*/stat") if server is not None else ():
        parent, *used = _ticks(int(file.parent.name))
        if int(file.parent.name) == server:
            ticks += sum(used)  # with its children that have ended
        elif parent == server:
            ticks += sum(used[:2])
    return ticks / os.sysconf("SC_CLK_TCK")


def _ticks(pid: int) -> tuple[int, ...]:
    """Return the parent of a process, its own ticks (user, system) and those of its ended children."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:  # it has just ended
        return (0, 0, 0, 0, 0)
    return (int(fields[1]), *map(int, fields[11:15]))


def asked(wire: http.client.HTTPConnection, path: str, headers: dict[str, str]) -> float:
    """Ask for an address; return seconds.

    Raises:
        RuntimeError: If the answer is no page.
    """
    began = time.perf_counter()
    wire.request("GET", path, headers=headers)
    answer = wire.getresponse()
    answer.read()
    took = time.perf_counter() - began
    if answer.status != http.HTTPStatus.OK:
        raise RuntimeError(f"{path}: {answer.status}")
    return took


def pages_of(root: Path, times: int, server: int | None = None) -> tuple[float, dict[str, Took]]:
    """Return how long the first look takes, which reads what every table is like, and then each page."""
    found: dict[str, Took] = {}
    paths = addresses(root)
    with console(root) as (port, cookie, key, pid):
        wire = http.client.HTTPConnection("localhost", port)
        first = asked(wire, "/", {"Cookie": cookie})
        for page, some in paths.items():
            headers = {"Authorization": f"Bearer {key}"} if page == MACHINES else {"Cookie": cookie}
            count, before = times if page != MACHINES else max(times // 10, 3), spent_s(pid, server)
            took = sorted(asked(wire, some[n % len(some)], headers) for n in range(count))
            cpu = (spent_s(pid, server) - before) / count
            found[page] = Took(took[count // 2], took[min(int(count * 0.95), count - 1)], cpu)
            print(
                f"{root.name:9} {page:24} {found[page]}{'   over the bar' * is_over(page, found[page].p95)}", flush=True
            )
    return first, found


def is_over(page: str, p95: float) -> bool:
    """Whether a page is too slow."""
    return page != MACHINES and p95 >= BAR_S


def results_of(root: Path, times: int, server: int | None) -> Iterator[Result]:
    """Yield the pages of a store, the worst p95 as its figure, and the commands."""
    first, pages = pages_of(root, times, server)
    print(f"{root.name:9} {'the first look of all':24} {first * 1000:10.0f} ms", flush=True)
    worst = max((one for page, one in pages.items() if page != MACHINES), key=lambda one: one.p95)
    told = {f"{page} {name}": round(value, 4) for page, one in pages.items() for name, value in vars(one).items()}
    told["first look"] = round(first, 3)
    yield Result(f"console-{root.name}", round(worst.p95, 4), BAR_S, cpu_seconds=round(worst.cpu, 4), peers=told)
    commands = {name: best(3, LAKESMITH, name, "--json", cwd=root) for name in COMMANDS}
    for name, one in commands.items():
        text = f"{one.seconds * 1000:10.0f} ms   CPU {one.cpu_seconds * 1000:6.0f} ms   {one.peak_rss_mb:.0f} MB"
        print(f"{root.name:9} lakesmith {name + ' --json':14} {text}", flush=True)
    slowest = max(commands.values(), key=lambda one: one.seconds)
    figures = {
        f"{name} {part}": value
        for name, one in commands.items()
        for part, value in _parts(one.seconds, one.cpu_seconds)
    }
    yield Result(
        f"console-commands-{root.name}",
        round(slowest.seconds, 3),
        peak_rss_mb=round(slowest.peak_rss_mb, 1),
        cpu_seconds=round(slowest.cpu_seconds, 3),
        peers=figures,
    )


def _parts(seconds: float, cpu: float) -> tuple[tuple[str, float], ...]:
    return ("seconds", round(seconds, 3)), ("cpu", round(cpu, 3))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tables", type=int, default=1000)
    parser.add_argument("--runs", type=int, default=100_000)
    parser.add_argument("--times", type=int, default=40)
    parser.add_argument(
        "--stores",
        type=Path,
        default=None,
        help="where filled stores lie, or are kept for the next time; default: filled anew, and gone afterwards",
    )
    parser.add_argument("--kinds", default="sqlite,postgres")
    parser.add_argument("--dry", action="store_true", help="print the figures only: `results.json` stays as it is")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="lakesmith-console-") as folder:
        results = []
        for kind in given.kinds.split(","):
            with filled(given.stores or Path(folder), kind, given.tables, given.runs) as (root, told, server):
                hours = (datetime.now(UTC) - datetime.fromisoformat(told.until)).total_seconds() / 3600
                print(f"{kind}: {told.tables:,} tables, {told.runs:,} runs up to {hours:.1f} h ago", flush=True)
                if hours > STALE_HOURS:
                    print(
                        "pages show what happened lately, of which there is little here: remove the folder to fill it anew"
                    )
                results += list(results_of(root, given.times, server))
        if not given.dry:
            from run import write

            write(results)
    slow = 0
    for one in results:
        for name, value in one.peers.items():
            slow += name.endswith(" p95") and is_over(name.removesuffix(" p95"), value)
    print("every page holds the bar" if not slow else f"{slow} pages are over the bar")
    return 1 if slow else 0


if __name__ == "__main__":
    sys.exit(main())
