"""A table of PostgreSQL into bronze, beside the server's own binary COPY to nowhere and beside other tools; full contents compared.

The server is the one the tests use, on this machine: what it takes of the processors is taken from whoever reads.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median_low

from loading import ask
from measuring import LAKESMITH, Measured, Result, measure, python, result

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "servers"))

DLT, INGESTR = "LAKESMITH_BENCH_DLT", "LAKESMITH_BENCH_INGESTR"
"""Environment variables with the Python (dlt, with connectorx) and the command (ingestr) of the peers; without them they are left out."""

PAIRS = 3
"""How often COPY and ours are measured in turn; the pair whose ratio is in the middle counts."""

PEER_LIMIT_S = int(os.environ.get("LAKESMITH_BENCH_LIMIT_S", "1800"))
"""How long a peer may take: it is ended then, and its figure says so."""

QUIET = {"RUNTIME__DLTHUB_TELEMETRY": "false", "INGESTR_DISABLE_TELEMETRY": "true"}

COPY = """
import psycopg, sys
with psycopg.connect(sys.argv[1]) as connection, connection.cursor() as cursor, cursor.copy(sys.argv[2]) as copy:
    for _ in copy: pass
"""
COPY_FILE = """
import psycopg, sys
with psycopg.connect(sys.argv[1], options="-c timezone=UTC") as connection, connection.cursor() as cursor:
    with open(sys.argv[3], "wb") as file, cursor.copy(sys.argv[2]) as copy:
        for block in copy: file.write(block)
"""
WITH_DLT = """
import sys, dlt
from dlt.sources.sql_database import sql_table
table = sql_table(sys.argv[1], table=sys.argv[2], backend=sys.argv[3], chunk_size=100_000)
made = dlt.pipeline("bench", destination=dlt.destinations.duckdb(sys.argv[4] + "/target.duckdb"), dataset_name="peer", pipelines_dir=sys.argv[4])
made.run(table)
"""

EXPORT = """
import duckdb, sys
with duckdb.connect(sys.argv[1], read_only=True) as opened:
    opened.execute("set timezone = 'UTC'")
    opened.execute(f"copy (from {sys.argv[2]}) to '{sys.argv[3]}' (format parquet)")
"""

COLUMNS = {
    "id": "bigint",
    "customer_id": "integer",
    "quantity": "smallint",
    "amount": "decimal(12, 2)",
    "rate": "double",
    "is_paid": "boolean",
    "ordered_on": "date",
    "created_at": "timestamp",
    "updated_at": "timestamptz",
    "country": "varchar",
    "note": "varchar",
    "reference": "varchar",
}
"""The columns as DuckDB is told to read them from the server's CSV."""
MAKE = """
create table {table} (
  id bigint primary key, customer_id integer not null, quantity smallint, amount numeric(12, 2), rate double precision,
  is_paid boolean, ordered_on date, created_at timestamp, updated_at timestamptz not null, country varchar(2), note text, reference uuid);
insert into {table}
select g, (g * 7919::bigint) % 500000, case when g % 11 > 0 then g % 300 end, ((g * 104729::bigint) % 1000000000) / 100.0, sqrt(g) / 3,
  g % 3 = 0, date '2020-01-01' + (g % 2200)::int, timestamp '2020-01-01' + g * interval '13.000017 s', timestamptz '2020-01-01 00:00Z' + g * interval '17 s',
  (array['DE', 'FR', 'IT', 'ES', 'AT'])[1 + g % 5], case when g % 4 > 0 then 'a note on order ' || g || repeat(' and more', (g % 7)::int) end,
  md5(g::text)::uuid
from generate_series(1, {rows}) g;
create index on {table} (updated_at);
"""
WIDE_COLUMNS = 500
PROJECT = """version: 1
name: bench
sources:
  shop: {{type: postgres, url: "${{env:BENCH_URL}}", streams: {{{stream}: {{{options}}}}}}}
"""


@dataclass(frozen=True)
class Case:
    """One stream of a project over a database."""

    url: str
    project: Path
    stream: str

    @classmethod
    def make(cls, folder: Path, url: str, stream: str, options: str) -> Case:
        folder.mkdir()
        (folder / "lakesmith.yml").write_text(PROJECT.format(stream=stream, options=options))
        (folder / ".env").write_text(f"BENCH_URL={url}\n")
        return cls(url, folder, stream)

    def ours(self) -> Measured:
        return measure(LAKESMITH, "run", "--json", cwd=self.project)

    def copied(self, query: str) -> Measured:
        return measure(*python(COPY, self.url, f"copy ({query}) to stdout (format binary)"))

    def bronze(self) -> str:
        """Return what reads the data files of bronze."""
        return f"read_parquet('{self.project}/lake/shop/{self.stream}/data/*.parquet')"

    def again(self) -> Measured:
        """Measure ours from the start."""
        for name in ("lake", "warehouse", ".lakesmith"):
            shutil.rmtree(self.project / name, ignore_errors=True)
        return self.ours()

    def holds(self, query: str, where: str = "true") -> bool:
        """Whether bronze has exactly the rows that a query of the server gives, by way of its CSV."""
        return self.compared(query, {"ours": f"{self.bronze()} where {where}"})["ours"]

    def compared(self, query: str, tables: Mapping[str, str]) -> dict[str, bool]:
        """Say of each table, written as DuckDB reads it, whether it has exactly the rows that a query of the server gives."""
        file, names = self.project / "oracle.csv", ", ".join(COLUMNS)
        measure(*python(COPY_FILE, self.url, f"copy ({query}) to stdout (format csv)", file))
        types = ", ".join(f"'{name}': '{kind}'" for name, kind in COLUMNS.items())
        theirs = _hashed(
            names, f"select * from read_csv('{file}', header = false, nullstr = '', columns = {{{types}}})"
        )
        file.unlink()
        casts = ", ".join(f"{name}::{kind} as {name}" for name, kind in COLUMNS.items())
        return {name: _hashed(names, f"select {casts} from {table}") == theirs for name, table in tables.items()}


def _hashed(names: str, query: str) -> object:
    [[told]] = ask(
        f"set timezone = 'UTC'; select (t)::text from (select count(*), sum(hash({names})::hugeint)::text from ({query})) t"
    )
    return told


@dataclass(frozen=True)
class Peer:
    """What another tool took, and the file and table of DuckDB that it made."""

    cost: Measured
    file: Path
    table: str

    def is_equal(self, case: Case, query: str) -> bool:
        """Whether its table has exactly the rows that a query of the server gives."""
        copied = case.project / "peer.parquet"
        measure(*python(EXPORT, self.file, self.table, copied))
        equal = case.compared(query, {"peer": f"read_parquet('{copied}')"})["peer"]
        copied.unlink()
        return equal


def run_postgres(folder: Path, rows: int) -> Iterator[Result]:
    """A table of 12 columns as a whole, then 1 % of it changed; then one of 500 columns; then the first with half and a tenth of the rows.

    Half says what a run takes whatever it reads: only COPY is compared there. A tenth is what all peers come to the end of, within seven minutes.
    """
    from lake_servers import serve_postgres

    with serve_postgres() as server:
        url = server.database()
        _make(url, "orders", rows)
        yield _full("postgres-full", folder, url, "orders", with_peers=True)
        yield _incremental(folder, url, rows)
        yield _wide(folder, url, rows // 100)
        _execute(url, "drop table orders, wide")
        for part, table in ((2, "half"), (10, "tenth")):
            _make(url, table, rows // part)
            yield _full(f"postgres-full-{table}", folder, url, table, with_peers=table == "tenth")


def _make(url: str, table: str, rows: int) -> None:
    _execute(url, MAKE.format(table=table, rows=rows), f"vacuum analyze {table}")


def _full(name: str, folder: Path, url: str, table: str, *, with_peers: bool) -> Result:
    case = Case.make(folder / name, url, table, "mode: replace")
    query = f"select * from {table}"
    case.copied(query)  # both read from memory, as far as it reaches
    pairs = {ours.seconds / copied.seconds: (copied, ours) for copied, ours in _in_turn(case, query)}
    copied, ours = pairs[median_low(pairs)]
    equal = case.holds(query)
    costs, equals = {"COPY (FORMAT binary) to nowhere": copied}, {}
    for peer, made in _peers(folder, url, table) if with_peers else ():
        costs[peer] = made.cost
        equals[peer] = not made.cost.note and made.is_equal(case, query)
        shutil.rmtree(made.file.parent)
    shutil.rmtree(case.project)
    return result(name, ours, costs, content_equal=equal, peers_equal=equals or None)


def _in_turn(case: Case, query: str) -> Iterator[tuple[Measured, Measured]]:
    for _ in range(PAIRS):
        yield case.copied(query), case.again()


def _incremental(folder: Path, url: str, rows: int) -> Result:
    case = Case.make(folder / "incremental", url, "orders", "mode: dedupe, key: [id], cursor: updated_at")
    case.ours()
    changed = f"update orders set amount = amount + 1, updated_at = timestamptz '2040-01-01 00:00Z' + id * interval '1 ms' where id % 100 = {rows % 100}"
    _execute(url, changed)
    since = "select * from orders where updated_at >= timestamptz '2040-01-01'"
    copied, ours = case.copied(since), case.ours()
    equal = case.holds(since, "updated_at >= timestamptz '2040-01-01 00:00:00+00'")
    shutil.rmtree(case.project)
    return result(
        "postgres-incremental",
        ours,
        {"COPY (FORMAT binary) of the changed rows to nowhere": copied},
        content_equal=equal,
    )


def _wide(folder: Path, url: str, rows: int) -> Result:
    kinds = ("bigint", "text", "double precision", "timestamp", "numeric(12, 2)")
    values = (
        "g::bigint * {n}",
        "'value ' || g % {n}",
        "g / {n}.0",
        "timestamp '2020-01-01' + g * interval '{n} s'",
        "(g % 100000) / 100.0",
    )
    columns = ", ".join(f"c{n} {kinds[n % 5]}" for n in range(1, WIDE_COLUMNS + 1))
    made = ", ".join(values[n % 5].format(n=n) for n in range(1, WIDE_COLUMNS + 1))
    _execute(url, f"create table wide ({columns}); insert into wide select {made} from generate_series(1, {rows}) g")
    case = Case.make(folder / "wide", url, "wide", "mode: replace")
    copied, ours = case.copied("select * from wide"), case.ours()
    [[count]] = ask(f"select count(*) from {case.bronze()}")
    return result("postgres-wide", ours, {"COPY (FORMAT binary) to nowhere": copied}, content_equal=count == rows)


def _peers(folder: Path, url: str, table: str) -> Iterator[tuple[str, Peer]]:
    os.environ.update(QUIET)
    work = folder / "peer"
    file = work / "target.duckdb"
    if dlt := os.environ.get(DLT):
        for backend in ("sqlalchemy", "pyarrow", "connectorx"):
            work.mkdir()
            cost = measure(dlt, "-c", WITH_DLT, url, table, backend, str(work), limit_s=PEER_LIMIT_S)
            yield f"dlt, {backend}, to DuckDB", Peer(cost, file, f"peer.{table}")
    if ingestr := os.environ.get(INGESTR):
        work.mkdir()
        words = ("--source-table", f"public.{table}", "--dest-table", f"main.{table}", "--yes", "--progress", "log")
        ends = ("--source-uri", url, "--dest-uri", f"duckdb:///{file}")
        cost = measure(ingestr, "ingest", *ends, *words, limit_s=PEER_LIMIT_S)
        yield "ingestr, to DuckDB", Peer(cost, file, f"main.{table}")


def _execute(url: str, *statements: str) -> None:
    import psycopg

    with psycopg.connect(url, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement)
