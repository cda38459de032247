"""What the source files hold, read with Python's csv and a pattern, and what bronze must hold because of it."""

from __future__ import annotations

import csv
import re
from collections import Counter
from datetime import datetime
from pathlib import Path

LINE = re.compile(
    r"(\S+) (\S+) (\S+) \[(\d\d/\w{3}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4})\] "
    r'"(([A-Z]+) (\S+) (\S+))" (\d{3}) (\d+|-) "([^"]*)" "([^"]*)"'
)
SIBLING = "__string"


def csv_rows(*paths: Path) -> tuple[Counter[tuple], list[str]]:
    """Return the records that have as many fields as the header, and the texts of the others (fields joined again)."""
    intact: Counter[tuple] = Counter()
    broken = []
    for path in paths:
        with path.open(encoding="utf-8", newline="") as file:
            header, *records = csv.reader(file, strict=True)
        for record in records:
            if len(record) == len(header):
                said = {name: value for name, value in zip(header, record, strict=True) if value}
                intact[tuple(sorted(said.items()))] += 1
            else:
                broken.append("|".join(record))
    return intact, broken


def bronze_rows(rows: list[dict]) -> Counter[tuple]:
    """Return bronze rows as the texts a CSV would hold: a value in a sibling column counts for the column itself."""
    return Counter(
        tuple(
            sorted(
                (name.removesuffix(SIBLING), str(value))
                for name, value in row.items()
                if value is not None and not name.startswith("_ls_")
            )
        )
        for row in rows
    )


def log_rows(*paths: Path) -> tuple[Counter[tuple], int]:
    """Return the requests of web-server logs, and how many lines are none."""
    lines = [line for path in paths for line in path.read_text(encoding="utf-8").splitlines() if line]
    found = [LINE.fullmatch(line) for line in lines]
    return Counter(_request(match) for match in found if match), sum(match is None for match in found)


def _request(match: re.Match[str]) -> tuple:
    at = datetime.strptime(match[4], "%d/%b/%Y:%H:%M:%S %z")
    size, referrer, agent = (None if match[group] == "-" else match[group] for group in (10, 11, 12))
    return match[1], at, match[5], int(match[9]), size and int(size), referrer, agent


def bronze_requests(rows: list[dict]) -> Counter[tuple]:
    names = ("client_ip", "requested_at", "request", "status", "bytes", "referrer", "user_agent")
    return Counter(tuple(row[name] for name in names) for row in rows)
