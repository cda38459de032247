"""Files of other formats into bronze, each beside the way a script would take, and all columns compared with what that or an oracle made."""

from __future__ import annotations

import gzip
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from books import write_book
from loading import ask
from logs import ALB_STREAM, IIS_STREAM, REGEX_ALB, REGEX_IIS, REGEX_LOG, write_alb, write_iis
from making import LOG, make_project, write_log
from measuring import LAKESMITH, Result, measure, python, result
from nested import JSONL, LXML_DICTS, POLARS_JSONL, XML, write_jsonl, write_xml
from wide import SCHEMA, write_wide

HERE = Path(__file__).parent
ORACLE = HERE / "oracles.py"
BOOK = 'rows: {files: "book.xlsx"}'
GZIP = 'rows: {files: "rows.csv.gz"}'
SMALL_LEVEL = 1

POLARS_EXCEL = """
import sys, polars
polars.read_excel(sys.argv[1], engine="calamine").write_parquet(sys.argv[2], compression="zstd", compression_level=1)
"""
POLARS_GZIP = """
import sys, polars
sys.path.insert(0, sys.argv[3])
from wide import SCHEMA
polars.scan_csv(sys.argv[1], schema=SCHEMA).sink_parquet(sys.argv[2], compression="zstd", compression_level=1)
"""


@dataclass(frozen=True)
class Delivery:
    """A file of one format, and what reads it beside Lakesmith.

    `part` says how large it is as a part of the large CSV. The peer is given the file and where to write; `oracle`, if not empty, is
    the kind of log whose columns a second, unmeasured reading gives. `columns` are compared, in words of SQL for ours and for theirs.
    """

    stream: str
    file: str
    write: Callable[[Path, int], object]
    part: int
    peer_name: str
    peer: str
    columns: str
    peer_columns: str = ""
    oracle: str = ""


def run_delivery(name: str, folder: Path, size_bytes: int) -> Iterator[Result]:
    """One format: the file is written, read by the peer, loaded by Lakesmith, and both results are compared."""
    one = DELIVERIES[name]
    project = make_project(folder / name, one.stream)
    file, theirs = project / one.file, folder / f"{name}.parquet"
    one.write(file, size_bytes // one.part)
    measure("cat", str(file))
    peer = measure(*python(one.peer, file, theirs, HERE))
    measure("cat", str(file))
    ours = measure(LAKESMITH, "run", "--json", cwd=project)
    if one.oracle:
        measure(sys.executable, str(ORACLE), one.oracle, str(file), str(theirs))
    stream = one.stream.partition(":")[0]
    found = _told(one.columns, f"{project}/lake/bench/{stream}/data/*.parquet")
    equal = found == _told(one.peer_columns or one.columns, str(theirs))
    yield result(name, ours, {one.peer_name: peer}, content_equal=equal)
    shutil.rmtree(project)


def _told(columns: str, files: str) -> list[list[object]]:
    return ask(f"select count(*), sum(hash({columns})::hugeint)::text from read_parquet('{files}')")


def _write_book(path: Path, size_bytes: int) -> None:
    write_book(path, max(1000, size_bytes // BYTES_PER_ROW))


def _write_gzip(path: Path, size_bytes: int) -> None:
    plain = path.with_suffix("")
    write_wide(plain, size_bytes)
    with plain.open("rb") as source, gzip.open(path, "wb", compresslevel=SMALL_LEVEL) as packed:
        shutil.copyfileobj(source, packed, 1 << 20)
    plain.unlink()


BYTES_PER_ROW = 90
"""How much of a workbook a row takes."""

ORDER = "id, uuid, placed, customer::text, total, paid, note, items::text, tags::text"
XML_OURS = "id, paid, placed, customer::text, total, item::text"
XML_THEIRS = (
    '"@id"::bigint, "@paid"::boolean, placed::timestamptz, customer::text, total::double, '
    "list_transform(item, lambda one: {'sku': one.\"@sku\", 'qty': one.qty, 'price': one.price})::text"
)
BOOK_COLUMNS = "id, customer, amount, rate, day, seen, is_paid, city, note, code"
COMBINED = "client_ip, identity, user_name, epoch_us(requested_at), request, method, path, query, protocol, status, bytes, referrer, user_agent"
ALB = (
    "type, epoch_us(requested_at), elb, client_ip, client_port, target_ip, target_port, request_time_s, target_time_s, response_time_s, status, "
    "target_status, received_bytes, bytes, request, method, scheme, host, path, query, protocol, user_agent, tls_cipher, tls_protocol, "
    "target_group_arn, trace_id, domain_name, chosen_certificate_arn, matched_rule_priority, epoch_us(request_created_at), actions_executed, "
    "redirect_url, error_reason, target_list, target_status_list, classification, classification_reason, connection_trace_id"
)
IIS = (
    "epoch_us(requested_at), server_ip, method, path, query, port, user_name, client_ip, user_agent, referrer, status, substatus, win32_status, "
    "time_taken"
)
LOOP = "python re loop"

DELIVERIES = {
    "jsonl": Delivery(
        JSONL, "orders.jsonl", write_jsonl, 10, "polars scan_ndjson().sink_parquet()", POLARS_JSONL, ORDER
    ),
    "xml": Delivery(
        XML, "orders.xml", write_xml, 50, "lxml iterparse to dicts, pyarrow", LXML_DICTS, XML_OURS, XML_THEIRS
    ),
    "excel": Delivery(
        BOOK, "book.xlsx", _write_book, 280, "polars read_excel().write_parquet()", POLARS_EXCEL, BOOK_COLUMNS
    ),
    "csv-gz": Delivery(
        GZIP,
        "rows.csv.gz",
        _write_gzip,
        10,
        "polars scan_csv(schema).sink_parquet()",
        POLARS_GZIP,
        ", ".join(SCHEMA),
    ),
    "weblogs": Delivery(LOG, "access.log", write_log, 50, LOOP, REGEX_LOG, COMBINED, oracle="combined"),
    "weblogs-alb": Delivery(ALB_STREAM, "access.log", write_alb, 20, LOOP, REGEX_ALB, ALB, oracle="alb"),
    "weblogs-iis": Delivery(IIS_STREAM, "access.log", write_iis, 20, LOOP, REGEX_IIS, IIS, oracle="iis"),
}
"""The formats by the name of their case; loops over logs convert the fields that they add up, and write nothing else."""
