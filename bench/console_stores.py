"""The filled stores that `console.py` looks at: made once, kept in a folder, and served again from there.

A folder has a project for each database, `sqlite/` and `postgres/`, and the data of the server in `postgres-server/`. `filled.json` in a project
says what is in its store; it is written last, so that a filling that was cut off is begun anew.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent / "tests" / "tools"), str(HERE.parent / "tests" / "servers")]

from lake_servers import NOBODY, PostgresServer, _programs, _wait_for_logins, free_port  # noqa: E402 - found only now
from made_history import Company, fill, write_project  # noqa: E402
from sqlalchemy import Engine, text  # noqa: E402

import lakesmith  # noqa: E402
from lakesmith.api.storing import open_store  # noqa: E402
from lakesmith.monitor.writing import stamp  # noqa: E402

FILLED = "filled.json"
LEARNED_IN, COLUMNS = timedelta(days=6), 10
"""So long the columns of a table are learned, and so many it has."""
WRONG_EVERY = 10
"""Of so many days of a table there is one on which a column of it is not as usual."""
JUDGED = "run_id, target, subject, column_name, rule, bucket, judged_at, verdict, trained_on, reason"
REACHED = timedelta(days=2)
"""Loads that ended so lately have reached the lake, as far as the record says."""
RULES = ("nulls", "distinct", "range", "categories")


@dataclass(frozen=True)
class Filled:
    """What is in a store: tables, runs, and up to when (ISO 8601)."""

    tables: int
    runs: int
    until: str


@contextmanager
def filled(folder: Path, kind: str, tables: int, runs: int) -> Iterator[tuple[Path, Filled, int | None]]:
    """Yield the project of a filled store, what is in it, and the process of its server, if it has one; it is filled if it is not as asked."""
    root = folder / kind
    known = _known(root)
    if known is None or (known.tables, known.runs) != (tables, runs):
        for old in (root, folder / f"{kind}-server"):
            shutil.rmtree(old, ignore_errors=True)
        known = None
    if kind == "sqlite":
        yield root, known or _fill(root, "", tables, runs), None
        return
    with served(folder / f"{kind}-server") as server:
        if known is not None:
            _point(root, server.url())
        assert server.process is not None
        yield root, known or _fill(root, server.url(), tables, runs), server.process.pid


@contextmanager
def served(home: Path) -> Iterator[PostgresServer]:
    """Run PostgreSQL on the data in a folder, made if it is new. As another user where this one is root: it refuses root."""
    user = NOBODY if os.geteuid() == 0 else None
    told = {"user": user, "group": user, "extra_groups": None if user is None else []}
    programs = _programs()
    if not (home / "data").exists():
        home.mkdir(parents=True)
        (home / "password").write_text("pass-word")
        if user is not None:
            home.parent.chmod(home.parent.stat().st_mode | 0o011)  # the other user goes through it
            os.chown(home, user, user)
            os.chown(home / "password", user, user)
        options = ["-A", "scram-sha-256", "-U", "lake", "--pwfile", home / "password", "--no-sync", "-E", "UTF8"]
        command = [programs / "initdb", "-D", home / "data", "--locale=C", *options]
        subprocess.run(command, cwd=home, check=True, capture_output=True, **told)
    port = free_port()
    settings = ["-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", "fsync=off"]
    start = [str(programs / "postgres"), "-D", str(home / "data"), "-p", str(port), *settings]
    server = PostgresServer(start, port, home / "postgres.log", user=user, end_signal=signal.SIGINT)
    try:
        server.start()
        _wait_for_logins(server)
        yield server
    finally:
        server.stop()


def _known(root: Path) -> Filled | None:
    """Return what a store was filled with; None if it never was, or not to the end."""
    if not (root / FILLED).exists():
        return None
    return Filled(**json.loads((root / FILLED).read_text()))


def _point(root: Path, address: str) -> None:
    (root / ".env").write_text(f"BENCH_STORE={address}\n")


def _fill(root: Path, address: str, tables: int, runs: int) -> Filled:
    """Fill a store, and leave it as a server that has been running for long has it: looked over, and with what its planner wants to know."""
    now = datetime.now(UTC)
    company = Company.large(tables, runs, now)
    write_project(root, company, store="${env:BENCH_STORE}" if address else "")
    _point(root, address)
    began = time.perf_counter()
    store = open_store(lakesmith.open(root)._shop)  # noqa: SLF001
    counted = fill(store.engine, company)
    counted["judgement"] += judge_columns(store.engine, now - timedelta(days=company.days))
    reach(store.engine, now - REACHED)
    store.close()
    _look_over(root, address)
    print(f"{root.name}: filled in {time.perf_counter() - began:,.0f} s: {counted}", flush=True)
    told = Filled(tables, runs, now.isoformat(timespec="seconds"))
    (root / FILLED).write_text(json.dumps(vars(told)) + "\n")
    return told


def reach(engine: Engine, since: datetime) -> None:
    """Note of the newest loads which commit they were: what is judged by the last two commits would look for them in vain, through all loads."""
    numbers = "snapshot_id = load_id, ordinal = load_id, batch_id = 'b' || load_id"
    with engine.begin() as connection:
        told = f"update table_load set {numbers} where state = 'succeeded' and finished_at >= '{stamp(since)}'"
        connection.execute(text(told))


def _look_over(root: Path, address: str) -> None:
    if not address:
        import sqlite3

        with closing(sqlite3.connect(root / ".lakesmith" / "runs.db", isolation_level=None)) as connection:
            connection.execute("analyze")
        return
    import psycopg

    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("vacuum (analyze)")


def judge_columns(engine: Engine, start: datetime) -> int:
    """Write what is thought of columns as often as of rows: learned first, then one line for a table and rule, now and then a column by name.

    Returns how many judgements that were.
    """
    learned, taught = stamp(start + LEARNED_IN), stamp(start + LEARNED_IN - timedelta(days=1))
    numbers = " union all ".join(f"select {n} as n" for n in range(COLUMNS))
    rules = " union all ".join(f"select '{rule}' as rule" for rule in RULES)
    same = "j.bucket, j.judged_at"
    looked = "judgement j cross join ({}) as part where j.rule = 'row_law' and {} order by j.judgement_id"
    name = "'column_' || part.n"
    parts = (
        (
            f"{name}, 'nulls', {same}, case when j.judged_at < '{taught}' then 'learning' else 'good' end, 4, 'of 8 loads'",
            numbers,
            f"j.judged_at < '{learned}'",
        ),
        (f"'', part.rule, {same}, 'good', 40, '{COLUMNS} columns are as usual'", rules, f"j.judged_at >= '{learned}'"),
        (
            f"{name}, 'nulls', {same}, case when part.n % 2 = 0 then 'good' else 'warn' end, 40, '3 % are null, 1 % expected'",
            numbers,
            f"j.judged_at >= '{learned}' and (j.judgement_id + part.n) % {WRONG_EVERY * COLUMNS} = 0",
        ),
    )
    written = 0
    with engine.begin() as connection:
        for values, some, when in parts:
            chosen = f"select j.run_id, j.target, j.subject, {values} from {looked.format(some, when)}"
            written += connection.execute(text(f"insert into judgement ({JUDGED}) {chosen}")).rowcount
    return written
