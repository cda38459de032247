"""`lakesmith query`."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import click

from lakesmith.cli.output import TerminalOutput, common, plain, project_option, target_option

if TYPE_CHECKING:
    import pyarrow as pa

SHOWN = 50


@click.command("query")
@click.argument("sql")
@common(project_option, target_option)
@click.option("--build", is_flag=True, help="Ask bronze, silver and gold as they are built, not what readers open.")
@click.option("--csv", "form", flag_value="csv", help="Print CSV, all rows.")
@click.option("--json", "form", flag_value="json", help="Print one JSON object per row, all rows.")
def command(sql: str, build: bool, form: str | None, **given: Any) -> int:  # noqa: FBT001
    """Run one reading SQL statement; `-` reads it from standard input."""
    import lakesmith

    project = lakesmith.open(given["folder"], target=given["target"])
    reader = project.query(sys.stdin.read() if sql == "-" else sql, build=build)
    {"csv": _csv, "json": _json}.get(form or "", _table)(reader)
    return 0


def _table(reader: pa.RecordBatchReader) -> None:
    rows: list[dict[str, Any]] = []
    for batch in reader:
        rows.extend(batch.slice(0, SHOWN + 1 - len(rows)).to_pylist())
        if len(rows) > SHOWN:
            break
    output = TerminalOutput(exact_names=True)
    output.table("rows", rows[:SHOWN], empty="No rows.")
    if len(rows) > SHOWN:
        output.say(f"The first {SHOWN} rows; --csv or --json print all.", mood="quiet")
    reader.close()


def _csv(reader: pa.RecordBatchReader) -> None:
    import csv

    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(reader.schema.names)
    for batch in reader:
        writer.writerows(tuple(row.values()) for row in batch.to_pylist())


def _json(reader: pa.RecordBatchReader) -> None:
    for batch in reader:
        for row in batch.to_pylist():
            click.echo(json.dumps(row, default=plain, ensure_ascii=False))
