"""Pages of an API into bronze, beside httpx alone, which asks for the same pages and keeps nothing; full contents compared.

The server is a process of its own on this machine: what it takes of the processors is taken from whoever reads.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from loading import ask
from measuring import LAKESMITH, PYTHON, Result, measure, python, result

PER_PAGE = 100

SERVER = """
import json, sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
per, pages = int(sys.argv[1]), int(sys.argv[2])
def record(n):
    return {"id": n, "name": f"customer {n}", "amount": f"{n}.50", "rate": n / 7, "active": n % 3 == 0, "note": "a note " * (n % 9),
            "created_on": "2026-01-01T00:00:00Z", "tags": ["a", "b"][: n % 3], "address": {"city": f"city {n % 50}", "zip": str(n)}}
class Handler(BaseHTTPRequestHandler):
    protocol_version, disable_nagle_algorithm = "HTTP/1.1", True
    def log_message(self, *rest): pass
    def do_GET(self):
        page = int(self.path.partition("after=")[2] or 0)
        told = {"data": [record(page * per + n) for n in range(per)], "next": page + 1 if page + 1 < pages else None}
        body = json.dumps(told).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_address[1], flush=True)
server.serve_forever()
"""
PLAIN = """
import httpx, sys
after, rows = 0, 0
with httpx.Client() as client:
    while after is not None:
        told = client.get(sys.argv[1], params={"after": after}).json()
        rows, after = rows + len(told["data"]), told["next"]
assert rows == int(sys.argv[2])
"""
KEPT = """
import httpx, json, sys
after = 0
with httpx.Client() as client, open(sys.argv[2], "w") as file:
    while after is not None:
        told = client.get(sys.argv[1], params={"after": after}).json()
        file.writelines(json.dumps(row) + "\\n" for row in told["data"])
        after = told["next"]
"""
PROJECT = """version: 1
name: bench
sources:
  shop:
    type: rest
    base_url: {url}
    allow_hosts: [127.0.0.1]
    rate: {{requests: 100000}}
    streams:
      customers: {{records: data, paging: {{type: cursor, param: after, next: next}}}}
"""


def run_rest(folder: Path, pages: int) -> Iterator[Result]:
    """Yield the case `rest-pages`: so many pages of 100 records, read one after the other."""
    with _server(pages) as url:
        project = folder / "rest"
        project.mkdir()
        (project / "lakesmith.yml").write_text(PROJECT.format(url=url))
        ours = measure(LAKESMITH, "run", "--json", cwd=project)
        peers = {"httpx": measure(*python(PLAIN, f"{url}/customers", str(pages * PER_PAGE)))}
        truth = folder / "truth.jsonl"
        measure(*python(KEPT, f"{url}/customers", str(truth)))
    peers_pages = {f"{name}, pages/s": round(pages / one.seconds, 1) for name, one in peers.items()}
    told = result("rest-pages", ours, peers, content_equal=_is_equal(project, truth))
    counted = {**told.peers, "pages/s": round(pages / ours.seconds, 1), **peers_pages}
    yield Result(**{**{name: getattr(told, name) for name in told.__dataclass_fields__}, "peers": counted})


@contextmanager
def _server(pages: int) -> Iterator[str]:
    child = subprocess.Popen([PYTHON, "-c", SERVER, str(PER_PAGE), str(pages)], stdout=subprocess.PIPE, text=True)
    try:
        port = child.stdout.readline().strip() if child.stdout else ""
        yield f"http://127.0.0.1:{port}"
    finally:
        child.kill()
        child.wait()


def _is_equal(project: Path, truth: Path) -> bool:
    """Whether bronze holds what the pages held, compared by DuckDB's own reader of JSON."""
    files = [str(file) for file in (project / "lake").rglob("*.parquet") if "customers" in str(file)]
    columns = "id, name, amount, rate, active, note, created_on, tags, address"
    ours = f"select {columns} from read_parquet({files!r}, union_by_name = true)"
    types = "{id: 'bigint', name: 'varchar', amount: 'varchar', rate: 'double', active: 'boolean', note: 'varchar', created_on: 'varchar', tags: 'varchar[]', address: 'struct(city varchar, zip varchar)'}"
    theirs = f"select {columns} from read_json('{truth}', format = 'newline_delimited', columns = {types})"
    differing = ask(
        f"select (select count(*) from ({ours} except all {theirs})) + (select count(*) from ({theirs} except all {ours}))"
    )
    return differing == [[0]]
