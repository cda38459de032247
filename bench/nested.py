"""Nested files of a chosen size, and the best that other libraries do with them alone."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

BLOCK = 2_000
WORDS = ("north", "river", "amber", "stone", "velvet", "harbour", "cedar", "falcon", "meadow", "copper")
JSONL = 'rows: {files: "orders.jsonl"}'
XML = 'rows: {files: "orders.xml", rows: /orders/order}'

POLARS_JSONL = """
import sys, polars
polars.scan_ndjson(sys.argv[1], infer_schema_length=1000).sink_parquet(sys.argv[2])
"""

LXML_DICTS = """
import sys
import pyarrow
import pyarrow.parquet
from lxml import etree

def value(element):
    made = {"@" + name: text for name, text in element.attrib.items()}
    for child in element:
        one = value(child) if len(child) or child.attrib else child.text
        if child.tag == "item":
            made.setdefault("item", []).append(one)
        else:
            made[child.tag] = one
    return made

def write(rows, writer):
    table = pyarrow.Table.from_pylist(rows)
    writer = writer or pyarrow.parquet.ParquetWriter(sys.argv[2], table.schema)
    writer.write_table(table)
    rows.clear()
    return writer

rows, writer = [], None
for _, element in etree.iterparse(sys.argv[1], tag="order"):
    rows.append(value(element))
    element.clear()
    while element.getprevious() is not None:
        del element.getparent()[0]
    if len(rows) == 10_000:
        writer = write(rows, writer)
if rows:
    writer = write(rows, writer)
writer.close()
"""


def write_jsonl(path: Path, size_bytes: int) -> None:
    """Write orders as JSON lines: structs in structs, lists of structs, numbers of both kinds, null."""
    _write(path, size_bytes, lambda order: json.dumps(order, separators=(",", ":")) + "\n")


def write_json(path: Path, size_bytes: int) -> None:
    """Write the same orders as one document, below a key."""
    _write(path, size_bytes, lambda order: json.dumps(order) + ",\n", '{"page":1,"orders":[\n', "{}]}\n")


def write_xml(path: Path, size_bytes: int) -> None:
    """Write the same orders as XML, with attributes and repeated elements."""
    _write(path, size_bytes, _as_xml, '<?xml version="1.0" encoding="UTF-8"?>\n<orders>\n', "</orders>\n")


def _write(path: Path, size_bytes: int, spell: Callable[[dict], str], before: str = "", after: str = "") -> None:
    orders = _orders()
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(before)
        while file.tell() < size_bytes:
            file.write("".join(spell(next(orders)) for _ in range(BLOCK)))
        file.write(after)


def _orders() -> Iterator[dict]:
    chance, number = Random(7), 0
    while True:
        number += 1
        name = chance.choice(WORDS)
        yield {
            "id": number,
            "uuid": f"{chance.getrandbits(128):032x}",
            "placed": f"2026-10-{1 + number % 28:02d}T{number % 24:02d}:{number % 60:02d}:00Z",
            "customer": {
                "name": f"{name} {chance.choice(WORDS)}",
                "email": f"{name}{number}@example.com",
                "address": {
                    "city": chance.choice(WORDS),
                    "geo": {"lat": chance.uniform(-90, 90), "lon": chance.uniform(-180, 180)},
                },
            },
            "total": round(chance.uniform(1, 1000), 2),
            "paid": chance.randrange(10) > 0,
            "note": None if number % 3 else " ".join(chance.choices(WORDS, k=5)),
            "items": [
                {
                    "sku": f"{chance.choice(WORDS)}{chance.randrange(1000)}",
                    "qty": chance.randrange(1, 9),
                    "price": round(chance.uniform(1, 99), 2),
                }
                for _ in range(chance.randrange(1, 4))
            ],
            "tags": chance.choices(WORDS, k=chance.randrange(3)),
        }


def _as_xml(order: dict) -> str:
    customer = order["customer"]
    items = "".join(
        f'<item sku="{one["sku"]}"><qty>{one["qty"]}</qty><price>{one["price"]}</price></item>'
        for one in order["items"]
    )
    return (
        f'  <order id="{order["id"]}" paid="{str(order["paid"]).lower()}">\n    <placed>{order["placed"]}</placed>\n'
        f"    <customer><name>{customer['name']}</name><email>{customer['email']}</email><city>{customer['address']['city']}</city></customer>\n"
        f"    <total>{order['total']}</total>\n    {items}\n  </order>\n"
    )
