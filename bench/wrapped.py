"""Messages of a Singer tap into bronze: a floor in rows per second, beside Python's own `json` over the same lines."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from loading import ask
from measuring import LAKESMITH, Result, measure, python, result

READ = """
import json, sys
with open(sys.argv[1], "rb") as file: print(sum(json.loads(line)["type"] == "RECORD" for line in file), file=sys.stderr)
"""
PROJECT = """version: 1
name: bench
sources:
  tap: {type: singer, file: orders.singer, streams: {orders: {mode: append}}}
"""
SCHEMA = {
    "properties": {
        "id": {"type": "integer"},
        "total": {"type": "number"},
        "placed_at": {"type": "string", "format": "date-time"},
        "note": {"type": ["null", "string"]},
        "tags": {"type": "array", "items": {"type": "string"}},
    }
}


def run_singer(folder: Path, records: int) -> Iterator[Result]:
    """One stream of so many records, from a file that a tap wrote."""
    file = folder / "orders.singer"
    with file.open("w", encoding="utf-8") as out:
        for message in _messages(records):
            out.write(json.dumps(message) + "\n")
    (folder / "lakesmith.yml").write_text(PROJECT)
    plain = measure(*python(READ, file))
    ours = measure(LAKESMITH, "run", "--json", cwd=folder)
    found = (
        "select count(*), sum(id)::bigint, sum(total), count(note), sum(len(tags))::bigint, count(distinct placed_at) "
    )
    [held] = ask(f"{found} from read_parquet('{folder}/lake/tap/orders/data/*.parquet')")
    sent = (
        f"{found} from (select unnest(record) from read_json('{file}', format = 'newline_delimited', columns = "
        "{type: 'varchar', record: 'struct(id bigint, total double, placed_at timestamptz, note varchar, tags varchar[])'}) "
        "where type = 'RECORD')"
    )
    yield result("singer-records", ours, {"json.loads of each line": plain}, content_equal=held == ask(sent)[0])


def _messages(records: int) -> Iterator[dict[str, object]]:
    yield {"type": "SCHEMA", "stream": "orders", "schema": SCHEMA, "key_properties": ["id"]}
    for number in range(records):
        record = {
            "id": number,
            "total": number % 1000 / 4,
            "placed_at": f"2026-01-{number % 28 + 1:02}T{number % 24:02}:{number % 60:02}:00Z",
            "note": None if number % 3 else f"a note on order {number}",
            "tags": ["new", f"of {number % 9}"],
        }
        yield {"type": "RECORD", "stream": "orders", "record": record}
    yield {"type": "STATE", "value": {"orders": records}}
