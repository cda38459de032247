"""Collections of nested documents into bronze, beside `list(find())` + `pyarrow.Table.from_pylist` and ingestr; full contents compared.

The server is the one the tests use, on this machine: what it takes of the processors is taken from whoever reads.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from loading import ask
from measuring import LAKESMITH, Result, measure, python, result

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "servers"))

INGESTR = "LAKESMITH_BENCH_INGESTR"
"""Environment variable with the command of ingestr; without it that peer is left out."""

INGESTR_LIMIT_S = int(os.environ.get("LAKESMITH_BENCH_LIMIT_S", "1800"))
"""How long it may take: it is ended then, and its figure says so."""

WITHIN = """
import subprocess, sys
child = subprocess.Popen(sys.argv[2:])
try: sys.exit(child.wait(float(sys.argv[1])))
except subprocess.TimeoutExpired: child.kill(); child.wait()
"""
QUIET = {"INGESTR_DISABLE_TELEMETRY": "true", "RUNTIME__DLTHUB_TELEMETRY": "false"}

FROM_PYLIST = """
import sys, pyarrow, pymongo
documents = list(pymongo.MongoClient(sys.argv[1])["bench"][sys.argv[2]].find())
for document in documents: document["_id"] = str(document["_id"])
print(pyarrow.Table.from_pylist(documents).num_rows, file=sys.stderr)
"""
PROJECT = """version: 1
name: bench
sources:
  app: {{type: mongodb, url: "mongodb://127.0.0.1:{port}/bench?directConnection=true", streams: {{{stream}: {{}}}}}}
"""
START = datetime(2026, 1, 1, tzinfo=UTC)
BATCH = 5_000
WORDS = ("amber", "birch", "cedar", "delta", "ember", "flint", "grove", "haven")


def small(number: int) -> dict[str, Any]:
    """Return a document of about 250 bytes."""
    return {
        "customer": number * 7919 % 50_000,
        "total": number % 100_000 / 8,
        "is_paid": number % 3 == 0,
        "placed_at": START + timedelta(seconds=number),
        "status": WORDS[number % 8],
        "address": {"city": WORDS[number % 7], "zip": f"{number % 100_000:05}"},
        "items": [{"sku": f"sku-{(number + at) % 999}", "quantity": at + 1} for at in range(number % 3 + 1)],
    }


def large(number: int) -> dict[str, Any]:
    """Return a document of about 3,000 bytes."""
    lines = [
        {
            "sku": f"sku-{(number + at) % 999:06}",
            "name": f"{WORDS[(number + at) % 8]} {WORDS[at % 8]} number {at}",
            "quantity": at % 9 + 1,
            "price": (number + at) % 10_000 / 4,
            "tags": [WORDS[(at + 1) % 8], WORDS[(at + 3) % 8]],
        }
        for at in range(16)
    ]
    note = f"a longer text about order {number}, written by somebody who takes the time. " * 8
    return {
        **small(number),
        "lines": lines,
        "note": note,
        "history": {"who": WORDS[number % 5], "steps": [number % 10] * 5},
    }


ITEMS = "struct(sku varchar, quantity bigint)[]"
SMALL = {
    "_id": "varchar",
    "customer": "bigint",
    "total": "double",
    "is_paid": "boolean",
    "placed_at": "timestamptz",
    "status": "varchar",
    "address": "struct(city varchar, zip varchar)",
    "items": ITEMS,
}
LARGE = {
    **SMALL,
    "lines": "struct(sku varchar, name varchar, quantity bigint, price double, tags varchar[])[]",
    "note": "varchar",
    "history": "struct(who varchar, steps bigint[])",
}
"""The columns as DuckDB is told to read them from JSON that the maker of the documents writes."""


@dataclass(frozen=True)
class Case:
    """One collection."""

    name: str
    make: Callable[[int], dict[str, Any]]
    columns: Mapping[str, str]


CASES = (Case("small", small, SMALL), Case("large", large, LARGE))


def run_mongodb(folder: Path, documents: int) -> Iterator[Result]:
    """Two collections of so many documents each, one after the other."""
    from mongo_server import serve_mongo

    for case in CASES:
        with tempfile.TemporaryDirectory(dir=folder) as home, serve_mongo(Path(home) / "server") as server:
            place = Path(home)
            said = _fill(server.url("bench"), case, documents, place / "oracle.json")
            yield _measured(case, server, place, said / documents)


def _fill(url: str, case: Case, documents: int, oracle: Path) -> int:
    """Insert the documents, write them as JSON besides, and return how many bytes of BSON they are."""
    import bson
    import pymongo

    size = 0
    with pymongo.MongoClient(url) as client, oracle.open("w", encoding="utf-8") as file:
        collection = client["bench"][case.name]
        for first in range(0, documents, BATCH):
            made = [case.make(number) for number in range(first, min(first + BATCH, documents))]
            for number, document in enumerate(made, first):
                document["_id"] = bson.ObjectId(f"{number:024x}")
            size += len(bson.encode({"made": made}))
            collection.insert_many(made, ordered=False)
            file.writelines(json.dumps(document, default=_spelled) + "\n" for document in made)
    return size


def _spelled(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _measured(case: Case, server: Any, place: Path, document_bytes: float) -> Result:
    project = place / "project"
    project.mkdir()
    (project / "lakesmith.yml").write_text(PROJECT.format(port=server.port, stream=case.name))
    url = server.url("bench")
    peer = measure(*python(FROM_PYLIST, url, case.name))
    ours = measure(LAKESMITH, "run", "--json", cwd=project)
    equal = _is_equal(case, project, place / "oracle.json")
    named = f"mongodb-full-{case.name}-{document_bytes:.0f}B"
    told = result(named, ours, {"list(find()) + Table.from_pylist": peer}, content_equal=equal)
    shutil.rmtree(project)
    return replace(told, peers={**told.peers, **_ingestr(url, case, place)})


def _is_equal(case: Case, project: Path, oracle: Path) -> bool:
    """Whether bronze holds exactly the documents, by way of the JSON that their maker wrote."""
    columns = ", ".join(f"'{name}': '{kind}'" for name, kind in case.columns.items())
    casts = ", ".join(f"cast({name} as {kind})" for name, kind in case.columns.items())
    theirs = f"select {', '.join(case.columns)} from read_json('{oracle}', format = 'newline_delimited', columns = {{{columns}}})"
    ours = f"select {casts} from read_parquet('{project}/lake/app/{case.name}/data/*.parquet')"
    names = ", ".join(f"c{at}" for at in range(len(case.columns)))
    mine, others = (
        ask(
            f"set timezone = 'UTC'; select count(*)::text, sum(hash({names})::hugeint)::text from ({query}) as t({names})"
        )
        for query in (ours, theirs)
    )
    return bool(mine == others)


def _ingestr(url: str, case: Case, place: Path) -> dict[str, float]:
    """Return how long ingestr takes, and how many rows it has by then: whether all came, or how far it got."""
    ingestr = os.environ.get(INGESTR)
    if not ingestr:
        return {}
    to = place / "ingestr.duckdb"
    words = ("--source-table", f"bench.{case.name}", "--dest-table", f"main.{case.name}", "--yes", "--progress", "log")
    command = (ingestr, "ingest", "--source-uri", url, "--dest-uri", f"duckdb:///{to}", *words)
    os.environ.update(QUIET)
    took = measure(*python(WITHIN, str(INGESTR_LIMIT_S), *command)).seconds
    name = "ingestr, to DuckDB" if took < INGESTR_LIMIT_S else "ingestr, to DuckDB, ended at its limit"
    return {name: round(took, 3), "ingestr, rows (a count)": _rows(to, case.name)}


def _rows(database: Path, table: str) -> int:
    """Return how many rows a table of a DuckDB file has; none where there is no such table."""
    import duckdb

    if not database.exists():
        return 0
    with duckdb.connect(str(database), read_only=True) as connection:
        there = "select count(*) from information_schema.tables where table_schema = 'main' and table_name = ?"
        if connection.execute(there, [table]).fetchall() == [(0,)]:
            return 0
        [(count,)] = connection.execute(f'select count(*) from main."{table}"').fetchall()
    return int(count)
