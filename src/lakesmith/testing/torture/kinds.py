"""Files of every kind, made of plain Python values without the code under test: what is in them is known before they are read."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from xml.sax.saxutils import escape

Row = Mapping[str, Any]
NOON = datetime(2026, 10, 1, 12, tzinfo=UTC)
DAY_ONE = date(2026, 1, 1)
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
SHEET_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.{}+xml"


@dataclass(frozen=True, slots=True)
class Made:
    """The content of a file, the rows bronze must hold of it, and the records that quarantine must show, as they are written."""

    content: bytes
    rows: Sequence[Row]
    rejects: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of file: how its names end, how one is made, and whether records may be added at its end.

    `make` gets the numbers of its records, and a number that marks records which cannot be read, None for none of them; what it makes
    of more numbers `goes_on` with is added to a file that is there.
    """

    suffix: str
    make: Callable[[Sequence[int], int | None], Made]
    goes_on: Callable[[Sequence[int], int | None], Made] | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    key: str = "id"


def flat(number: int) -> dict[str, Any]:
    """Return a row that every kind of table can hold; its price has a fraction in every file."""
    return {
        "id": number,
        "name": f"nä, {number}",
        "price": number + 0.25,
        "note": f'"{number}" & <x>' if number % 3 else None,
    }


def nested(number: int) -> dict[str, Any]:
    """Return a row with lists and objects in it."""
    lines = [{"sku": f"s{number}-{at}", "n": at} for at in range(number % 3)]
    return {**flat(number), "buyer": {"name": f"b{number}", "tags": [f"t{number}", "x"]}, "lines": lines}


def typed(number: int) -> dict[str, Any]:
    """Return a row of values that have types of their own."""
    return {
        **nested(number),
        "amount": Decimal(number).scaleb(-2),
        "day": DAY_ONE + timedelta(days=number % 300),
        "moment": NOON + timedelta(microseconds=number),
        "is_new": bool(number % 2),
    }


def request(number: int) -> dict[str, Any]:
    """Return what a line of a web server's log says."""
    return {
        "client_ip": f"10.0.{number // 250 % 250}.{number % 250}",
        "user_name": "ann" if number % 2 else None,
        "requested_at": NOON + timedelta(seconds=number),
        "request": f"GET /p/{number} HTTP/1.1",
        "method": "GET",
        "path": f"/p/{number}",
        "query": None,
        "protocol": "HTTP/1.1",
        "status": 200,
        "bytes": 100 + number,
        "referrer": None,
        "user_agent": "Mozilla/5.0",
    }


def _csv_lines(numbers: Sequence[int], bad: int | None) -> Made:
    rows = [flat(number) for number in numbers]
    lines = [",".join(_field(value) for value in row.values()) for row in rows]
    rejects = [] if bad is None else [f"{bad},too short"]
    return Made(_lines([*lines, *rejects]), rows, rejects)


def _csv(numbers: Sequence[int], bad: int | None) -> Made:
    made = _csv_lines(numbers, bad)
    return Made(b"id,name,price,note\n" + made.content, made.rows, made.rejects)


def _field(value: Any) -> str:
    if value is None:
        return ""
    quoted = str(value).replace('"', '""')
    return f'"{quoted}"' if isinstance(value, str) else quoted


def _jsonl(numbers: Sequence[int], bad: int | None) -> Made:
    rows = [nested(number) for number in numbers]
    rejects = [] if bad is None else [f'{{"id": {bad}, "name": "cut']
    return Made(_lines([*(json.dumps(row, ensure_ascii=False) for row in rows), *rejects]), rows, rejects)


def _json(numbers: Sequence[int], bad: int | None) -> Made:
    rows = [nested(number) for number in numbers]
    rejects = [] if bad is None else [f'"no. {bad} is no object"']
    items = ",\n".join([*(json.dumps(row, ensure_ascii=False) for row in rows), *rejects])
    return Made(f'{{"made": "2026-10-01", "items": [\n{items}\n]}}\n'.encode(), rows, rejects)


def _xml(numbers: Sequence[int], _bad: int | None) -> Made:
    rows = [flat(number) for number in numbers]
    items = "\n".join(f"<order>{''.join(_element(*item) for item in row.items())}</order>" for row in rows)
    return Made(f'<?xml version="1.0" encoding="UTF-8"?>\n<orders>\n{items}\n</orders>\n'.encode(), rows)


def _element(name: str, value: Any) -> str:
    return "" if value is None else f"<{name}>{escape(str(value))}</{name}>"


def _xlsx(numbers: Sequence[int], _bad: int | None) -> Made:
    rows = [flat(number) for number in numbers]
    grid = [list(flat(0)), *(list(row.values()) for row in rows)]
    cells = "".join(f"<row>{''.join(map(_cell, line))}</row>" for line in grid)
    parts = {
        "[Content_Types].xml": _part(
            "Types",
            f"{PACKAGE}/content-types",
            '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            f'<Override PartName="/xl/workbook.xml" ContentType="{SHEET_TYPE.format("sheet.main")}"/>'
            f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{SHEET_TYPE.format("worksheet")}"/>',
        ),
        "_rels/.rels": _relation("officeDocument", "xl/workbook.xml"),
        "xl/workbook.xml": _part(
            "workbook", MAIN, f'<sheets><sheet name="orders" sheetId="1" r:id="r1" xmlns:r="{OFFICE}"/></sheets>'
        ),
        "xl/_rels/workbook.xml.rels": _relation("worksheet", "worksheets/sheet1.xml"),
        "xl/worksheets/sheet1.xml": _part("worksheet", MAIN, f"<sheetData>{cells}</sheetData>"),
    }
    return Made(_zipped({name: text.encode() for name, text in parts.items()}), rows)


def _part(name: str, space: str, inside: str) -> str:
    return f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<{name} xmlns="{space}">{inside}</{name}>'


def _relation(kind: str, target: str) -> str:
    return _part(
        "Relationships", f"{PACKAGE}/relationships", f'<Relationship Id="r1" Type="{OFFICE}/{kind}" Target="{target}"/>'
    )


def _cell(value: Any) -> str:
    if value is None:
        return "<c/>"
    if isinstance(value, str):
        return f'<c t="inlineStr"><is><t xml:space="preserve">{escape(value)}</t></is></c>'
    return f"<c><v>{value}</v></c>"


def _parquet(numbers: Sequence[int], _bad: int | None) -> Made:
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = [typed(number) for number in numbers]
    line = pa.struct([pa.field("sku", pa.string()), pa.field("n", pa.int64())])
    buyer = pa.struct([pa.field("name", pa.string()), pa.field("tags", pa.list_(pa.string()))])
    types = {
        "id": pa.int64(), "name": pa.string(), "price": pa.float64(), "note": pa.string(), "buyer": buyer, "lines": pa.list_(line),
        "amount": pa.decimal128(12, 2), "day": pa.date32(), "moment": pa.timestamp("us", "UTC"), "is_new": pa.bool_(),
    }  # fmt: skip
    out = io.BytesIO()
    schema = pa.schema([pa.field(name, type_) for name, type_ in types.items()])
    pq.write_table(pa.Table.from_pylist([dict(row) for row in rows], schema=schema), out, row_group_size=3)
    return Made(out.getvalue(), rows)


def _csv_gz(numbers: Sequence[int], bad: int | None) -> Made:
    made = _csv(numbers, bad)
    return Made(gzip.compress(made.content, mtime=0), made.rows, made.rejects)


def _zip(numbers: Sequence[int], bad: int | None) -> Made:
    """Pack two members, one of which has no record of the second half, and one that is a folder deep and packed itself."""
    half = len(numbers) // 2
    one, two = _csv(numbers[:half], bad), _csv_gz(numbers[half:], None)
    packed = _zipped({"one.csv": one.content, "in/two.csv.gz": two.content})
    return Made(packed, [*one.rows, *two.rows], one.rejects)


def _zipped(parts: Mapping[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(zipfile.ZipInfo(name, (2026, 10, 1, 12, 0, 0)), content)
    return out.getvalue()


def _log(numbers: Sequence[int], bad: int | None) -> Made:
    rows = [request(number) for number in numbers]
    rejects = [] if bad is None else [f"line {bad} is none of a log"]
    return Made(_lines([*map(_log_line, rows), *rejects]), rows, rejects)


def _log_line(row: Row) -> str:
    at = row["requested_at"].strftime("%d/%b/%Y:%H:%M:%S +0000")
    return f'{row["client_ip"]} - {row["user_name"] or "-"} [{at}] "{row["request"]}" {row["status"]} {row["bytes"]} "-" "{row["user_agent"]}"'


def _lines(lines: Iterable[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()


KINDS: dict[str, Kind] = {
    "csv": Kind(".csv", _csv, _csv_lines),
    "jsonl": Kind(".jsonl", _jsonl, _jsonl),
    "json": Kind(".json", _json, settings={"rows": "items"}),
    "xml": Kind(".xml", _xml),
    "xlsx": Kind(".xlsx", _xlsx),
    "parquet": Kind(".parquet", _parquet),
    "csv.gz": Kind(".csv.gz", _csv_gz),
    "zip": Kind(".zip", _zip),
    "log": Kind(".log", _log, _log, settings={"format": "combined"}, key="client_ip"),
}
