"""Every column of a log, read line by line with the standard library: `python bench/oracles.py combined|alb|iis LOG PARQUET`.

Written for the lines that the generators write, and slow: it says what is right, not how fast it could be had.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import islice
from pathlib import Path
from urllib.parse import urlsplit

import pyarrow as pa
import pyarrow.parquet as pq

BLOCK = 20_000
TIME, WHOLE, NUMBER = pa.timestamp("us", tz="UTC"), pa.int64(), pa.float64()
TYPES = {
    "requested_at": TIME,
    "request_created_at": TIME,
    **dict.fromkeys(("request_time_s", "target_time_s", "response_time_s", "time_taken"), NUMBER),
    **dict.fromkeys(("client_port", "target_port", "port", "status", "target_status", "substatus"), WHOLE),
    **dict.fromkeys(("win32_status", "received_bytes", "bytes", "matched_rule_priority"), WHOLE),
}
"""The types of columns that are no text."""

PARTS = re.compile(r'"([^"]*)"|\[([^\]]*)\]|(\S+)')
COMBINED = "client_ip identity user_name requested_at request status bytes referrer user_agent"
ALB = (
    "type requested_at elb client target request_time_s target_time_s response_time_s status target_status received_bytes bytes request user_agent "
    "tls_cipher tls_protocol target_group_arn trace_id domain_name chosen_certificate_arn matched_rule_priority request_created_at actions_executed "
    "redirect_url error_reason target_list target_status_list classification classification_reason connection_trace_id"
)
IIS = "date time server_ip method path query port user_name client_ip user_agent referrer status substatus win32_status time_taken"

Record = dict[str, object]


def read_combined(line: str) -> Record:
    """Return the columns of a line in the combined format."""
    row: Record = dict(zip(COMBINED.split(), _parts(line), strict=True))
    row["requested_at"] = datetime.strptime(str(row["requested_at"]), "%d/%b/%Y:%H:%M:%S %z")
    method, target, protocol = str(row["request"]).split(" ")
    path, _, query = target.partition("?")
    return {**row, "method": method, "path": path, "query": query or None, "protocol": protocol}


def read_alb(line: str) -> Record:
    """Return the columns of a line of an Application Load Balancer."""
    row: Record = dict(zip(ALB.split(), _parts(line), strict=True))
    for side in ("client", "target"):
        row[f"{side}_ip"], _, row[f"{side}_port"] = str(row.pop(side)).partition(":")
    for name in ("requested_at", "request_created_at"):
        row[name] = datetime.fromisoformat(str(row[name]))
    method, target, protocol = str(row["request"]).split(" ")
    url = urlsplit(target)
    place = {"scheme": url.scheme, "host": url.netloc, "path": url.path, "query": url.query or None}
    return {**row, "method": method, **place, "protocol": protocol}


def read_iis(line: str) -> Record:
    """Return the columns of a line of IIS."""
    row: Record = dict(zip(IIS.split(), _parts(line), strict=True))
    row["requested_at"] = datetime.fromisoformat(f"{row.pop('date')}T{row.pop('time')}Z")
    row["user_agent"] = str(row["user_agent"]).replace("+", " ")
    return row


def _parts(line: str) -> list[str | None]:
    found = ("".join(one) for one in PARTS.findall(line))
    return [None if text in ("-", "") else text for text in found]


READERS: dict[str, Callable[[str], Record]] = {"combined": read_combined, "alb": read_alb, "iis": read_iis}


def blocks(kind: str, log: Path) -> Iterator[pa.Table]:
    """Yield the records of a log as tables."""
    read = READERS[kind]
    with log.open(encoding="utf-8") as file:
        records = (read(line) for line in file if not line.startswith("#"))
        while block := list(islice(records, BLOCK)):
            yield pa.table({name: _column(name, block) for name in block[0]})


def _column(name: str, block: list[Record]) -> pa.Array:
    values = [record[name] for record in block]
    kind = TYPES.get(name, pa.string())
    if kind == TIME:
        return pa.array(values, kind)
    return pa.array(values, pa.string()).cast(kind)


def main() -> None:
    """Write the Parquet file."""
    kind, log, parquet = sys.argv[1:]
    tables = blocks(kind, Path(log))
    first = next(tables)
    with pq.ParquetWriter(parquet, first.schema) as writer:
        writer.write_table(first)
        for table in tables:
            writer.write_table(table)


if __name__ == "__main__":
    main()
