"""A simple stand-in for the loader and the dbt driver: bronze from the demo company's files, and one dbt process per build."""

import csv
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final

import duckdb
import pyarrow as pa

import lakesmith

PACKAGE: Final = Path(lakesmith.__file__).parent / "dbt" / "package"
TEMPLATE: Final = Path(lakesmith.__file__).parent / "project" / "templates" / "b2b_sales"
BUILD: Final = Path(".lakesmith/build/local.duckdb")
INIT: Final = {name: f"data/init/{name}.csv" for name in ("companies", "customers", "products", "orders")}
DAILY: Final = {"companies": "data/raw/{date}/companycsv.csv", "leads": "data/raw/{date}/leadcsv.csv"}
WEBLOGS: Final = "data/raw/{date}/weblogs.log"
WHOLE_NUMBERS: Final = {"orders": ("quantity", "discount_pct")}
WEBLOG_COLUMNS: Final = (
    *("client_ip", "identity", "user_name", "requested_at", "request", "method", "path", "query", "protocol", "status"),
    *("bytes", "referrer", "user_agent"),
)
COMBINED: Final = re.compile(
    r"(?P<client_ip>\S+) (?P<identity>\S+) (?P<user_name>\S+) \[(?P<requested_at>[^\]]+)\] "
    r'"(?P<request>(?P<method>[A-Z]+) (?P<target>\S+) (?P<protocol>HTTP/[0-9.]+))" (?P<status>\d{3}) (?P<bytes>\d+|-) '
    r'"(?P<referrer>[^"]*)" "(?P<user_agent>[^"]*)"'
)

Row = dict[str, Any]
Rows = list[tuple[Any, ...]]


@dataclass(frozen=True)
class Built:
    """What one `dbt build` said and how it ended."""

    code: int
    output: str


def new_project(folder: Path, template: Path = TEMPLATE) -> Path:
    """Copy a template to a folder that dbt can build."""
    shutil.copytree(template, folder, dirs_exist_ok=True)
    return add_package(folder)


def add_package(folder: Path) -> Path:
    """Put the bundled package where dbt finds it, and make room for the build file."""
    shutil.copytree(PACKAGE, folder / ".lakesmith/dbt/lakesmith")
    (folder / "dbt_packages").mkdir()
    (folder / "dbt_packages/lakesmith").symlink_to("../.lakesmith/dbt/lakesmith")
    (folder / BUILD).parent.mkdir(parents=True)
    return folder


def dbt(folder: Path, *arguments: str, zone: str = "UTC") -> Built:
    """Run dbt in a project folder, as a person whose computer stands in `zone` would."""
    program = Path(sys.executable).parent / "dbt"
    environment = os.environ | {"TZ": zone, "NO_COLOR": "1"}
    command = [str(program), "--no-use-colors", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, env=environment)
    return Built(done.returncode, done.stdout + done.stderr)


def query(folder: Path, sql: str) -> Rows:
    """Read the build file of a project; instants come in UTC."""
    with duckdb.connect(folder / BUILD, read_only=True) as build:
        build.execute("set TimeZone = 'UTC'")
        return build.execute(sql).fetchall()


def load_day(folder: Path, start: date, day: int) -> None:
    """Append what one daily drop holds (with day 1 also the files delivered once) to the bronze tables."""
    dated = date.fromordinal(start.toordinal() + day - 1).isoformat()
    with duckdb.connect(folder / BUILD) as build:
        build.execute("create schema if not exists bronze_backoffice")
        files = [*INIT.items(), *DAILY.items()] if day == 1 else [*DAILY.items()]
        for table, pattern in files:
            _append(build, table, list(csv_rows(folder / pattern.format(date=dated), WHOLE_NUMBERS.get(table, ()))))
        _append(build, "weblogs", list(log_rows(folder / WEBLOGS.format(date=dated))))


def csv_rows(path: Path, whole_numbers: tuple[str, ...] = ()) -> Iterator[Row]:
    """Yield the rows of a CSV file that have as many fields as its header."""
    with path.open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    for fields in rows:
        if len(fields) == len(header):
            row: Row = {name: value or None for name, value in zip(header, fields, strict=True)}
            yield row | {name: split for whole in whole_numbers for name, split in _split(whole, row[whole]).items()}


def _split(name: str, value: str | None) -> Mapping[str, int | str | None]:
    if value is None or re.fullmatch(r"-?\d+", value):
        return {name: None if value is None else int(value), f"{name}__string": None}
    return {name: None, f"{name}__string": value}


def log_rows(path: Path) -> Iterator[Row]:
    """Yield the lines of a web log that are in the combined format."""
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        if found := COMBINED.fullmatch(line):
            row: Row = {name: None if value == "-" else value for name, value in found.groupdict().items()}
            path_part, _, query = row.pop("target").partition("?")
            at = datetime.strptime(row["requested_at"], "%d/%b/%Y:%H:%M:%S %z")
            numbers = {name: row[name] and int(row[name]) for name in ("status", "bytes")}
            row |= numbers | {"requested_at": at, "path": path_part, "query": query or None}
            yield {name: row[name] for name in WEBLOG_COLUMNS}


def _append(build: duckdb.DuckDBPyConnection, table: str, rows: list[Row]) -> None:
    name = f"bronze_backoffice.{table}"
    known = build.execute(f"select count(*) from duckdb_tables() where table_name = '{table}'").fetchall()[0][0]
    ordinal = build.execute(f"select coalesce(max(_ls_seq) >> 32, 0) + 1 from {name}").fetchall()[0][0] if known else 1
    system = {"_ls_op": "r", "_ls_batch": f"b{ordinal}", "_ls_loaded_at": datetime.now(UTC), "_ls_source": table}
    chunk = pa.Table.from_pylist([row | system | {"_ls_seq": ordinal << 32 | place} for place, row in enumerate(rows)])
    unborn = [name for name in chunk.column_names if name.endswith("__string") and chunk[name].null_count == len(rows)]
    chunk = chunk.drop_columns(unborn)
    chunk = chunk.cast(
        pa.schema([field.with_type(pa.string()) if pa.types.is_null(field.type) else field for field in chunk.schema])
    )
    build.register("chunk", chunk)
    build.execute(f"create table if not exists {name} as select * from chunk where false")
    for column, kind, *_ in build.execute("describe chunk").fetchall():
        build.execute(f"alter table {name} add column if not exists {column} {kind}")
    build.execute(f"insert into {name} by name select * from chunk")
    build.unregister("chunk")
