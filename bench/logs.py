"""Logs of web servers and load balancers, and the peer that reads them: a loop with one regular expression."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from random import Random

from making import BLOCK, WORDS

ALB_STREAM = 'requests: {files: "access.log", format: alb}'
IIS_STREAM = 'requests: {files: "access.log", format: w3c}'
IIS_HEAD = (
    "#Software: Microsoft Internet Information Services 10.0\n#Version: 1.0\n#Date: 2026-10-01 00:00:00\n#Fields: date time s-ip cs-method "
    "cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Referer) sc-status sc-substatus sc-win32-status time-taken\n"
)
REGEX_LOG = r"""
import json, re, sys
from datetime import datetime
line = re.compile(r'(\S+) (\S+) (\S+) \[([^\]]+)\] "((\S+) (\S+) (\S+))" (\d{3}) (\d+|-)(?: "([^"]*)" "([^"]*)")?')
rows = []
with open(sys.argv[1], encoding="utf-8") as file:
    for text in file:
        m = line.match(text)
        at = datetime.strptime(m[4], "%d/%b/%Y:%H:%M:%S %z")
        path, _, query = m[7].partition("?")
        rows.append((m[1], at.timestamp(), m[6], path, query, m[8], int(m[9]), int(m[10]), m[11], m[12]))
json.dump([len(rows), int(sum(r[1] for r in rows)), sum(r[6] for r in rows), sum(r[7] for r in rows)], open(sys.argv[2], "w"))
"""
REGEX_ALB = r"""
import json, re, sys
from datetime import datetime
LINE = re.compile(
    r'(\S+) (\S+) (\S+) (\S+):(\d+) (\S+) (\S+) (\S+) (\S+) (\d+) (\S+) (\d+) (\d+) "((\S+) (\S+) (\S+))" "((?:[^"\\]|\\.)*)" (\S+) (\S+) (\S+) '
    r'"([^"]*)" "([^"]*)" "([^"]*)" (\S+) (\S+) "([^"]*)" "([^"]*)" "([^"]*)" "([^"]*)" "([^"]*)" "([^"]*)" "([^"]*)"(?: (\S+))?'
)
rows = at = status = size = 0
with open(sys.argv[1], encoding="utf-8") as log:
    for line in log:
        found = LINE.match(line).groups()
        rows += 1
        at += int(datetime.fromisoformat(found[1]).timestamp() * 1e6)
        status += int(found[9])
        size += int(found[12])
json.dump([rows, at, status, size], open(sys.argv[2], "w"))
"""
REGEX_IIS = r"""
import json, re, sys
from datetime import datetime
LINE = re.compile(r'(\S+ \S+) ' + ' '.join([r'(\S+)'] * 13))
rows = at = status = size = 0
with open(sys.argv[1], encoding="utf-8") as log:
    for line in log:
        if line.startswith("#"):
            continue
        found = LINE.match(line).groups()
        rows += 1
        at += int(datetime.fromisoformat(found[0] + "Z").timestamp() * 1e6)
        status += int(found[10])
        size += int(found[13])
json.dump([rows, at, status, size], open(sys.argv[2], "w"))
"""

Line = Callable[[int], str]


def write_alb(path: Path, size_bytes: int) -> None:
    """Write a log of an Application Load Balancer."""
    _write(path, size_bytes, "", _alb)


def write_iis(path: Path, size_bytes: int) -> None:
    """Write a log of IIS, whose columns are said anew where the server was started again."""
    _write(path, size_bytes, IIS_HEAD, _iis)


def _write(path: Path, size_bytes: int, head: str, line: Line) -> None:
    chance = Random(7)
    with path.open("w", encoding="utf-8", newline="") as file:
        while file.tell() < size_bytes:
            file.write(head + "".join(line(chance.getrandbits(64)) for _ in range(BLOCK)))


def _clock(bits: int) -> tuple[str, str]:
    day = f"2026-10-{1 + (bits >> 24) % 28:02d}"
    return day, f"{(bits >> 30) % 24:02d}:{(bits >> 36) % 60:02d}:{(bits >> 42) % 60:02d}"


def _alb(bits: int) -> str:
    day, clock = _clock(bits)
    status, size = (200, 301, 404, 500)[bits >> 48 & 3], bits >> 50 & 8191
    agent = f"Mozilla/5.0 (X11; Linux x86_64) Firefox/{100 + (bits >> 20) % 40}.0"
    return (
        f"https {day}T{clock}.{bits % 1_000_000:06d}Z app/shop/50dc6c495c0c9188 10.{bits & 255}.{bits >> 8 & 255}.7:{1024 + bits % 60000} "
        f'10.0.0.1:80 0.00{bits % 10} 0.0{bits % 100:02d} 0.000 {status} {status} 34 {size} "GET https://www.example.com:443/{WORDS[bits % 10]}/'
        f'{bits >> 40 & 4095} HTTP/2.0" "{agent}" ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2 arn:aws:elasticloadbalancing:us-east-2:123456789012:'
        f'targetgroup/shop/73e2d6bc24d8a067 "Root=1-{bits:x}" "www.example.com" "arn:aws:acm:us-east-2:123456789012:certificate/12345678" '
        f'{bits % 90} {day}T{clock}.000000Z "forward" "-" "-" "10.0.0.1:80" "{status}" "-" "-" TID_{bits:x}\n'
    )


def _iis(bits: int) -> str:
    day, clock = _clock(bits)
    return (
        f"{day} {clock} 10.0.0.4 GET /{WORDS[bits % 10]}/{bits >> 40 & 4095} id={bits % 1000} 443 - 10.{bits & 255}.{bits >> 8 & 255}.7 "
        f"Mozilla/5.0+(X11;+Linux+x86_64)+Firefox/{100 + (bits >> 20) % 40}.0 https://www.example.com/ {(200, 301, 404, 500)[bits >> 48 & 3]} "
        f"0 0 {bits >> 50 & 8191}\n"
    )
