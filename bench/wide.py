"""A wide table as CSV, of any size, as fast as the disk takes it: numbers, decimals, days, times, flags and texts."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, TextIO

import polars as pl

ROWS = 100_000
BAD_OF = 1000
"""One row in so many is bad in a dirty file: those whose `row_id` leaves `BAD_AT` when divided by it."""
BAD_AT = 500
WORDS = ("north", "river", "amber", "stone", "velvet", "harbour", "cedar", "falcon", "meadow", "copper")
CENTURY_S = 190_000_000
DAYS = 2200

SCHEMA = {
    **dict.fromkeys(("row_id", "customer_id", "order_no", "quantity", "stock"), pl.Int64),
    **dict.fromkeys(("amount", "price", "rate"), pl.Float64),
    **dict.fromkeys(("ordered_on", "due_on"), pl.Date),
    **dict.fromkeys(("created_at", "updated_at"), pl.Datetime("us")),
    **dict.fromkeys(("is_active", "is_paid"), pl.Boolean),
    **dict.fromkeys(("country", "city", "email", "code", "note", "comment"), pl.String),
}


def write_wide(path: Path, size_bytes: int) -> int:
    """Write rows until the file is large enough, and return how many; a quarter of some cells is empty, of notes quoted."""
    with path.open("wb") as file:
        return _write(file, size_bytes, lambda block, _first: block)


def write_dirty(path: Path, size_bytes: int, bad: Path) -> int:
    """Write the same rows, one in a thousand with too few fields, too many, or bytes that are no UTF-8; and these to `bad` as JSON."""
    with path.open("wb") as file, bad.open("w") as told:
        return _write(file, size_bytes, lambda block, first: _spoiled(block, first + 2, told))


def _write(file: BinaryIO, size_bytes: int, change: Callable[[bytes, int], bytes]) -> int:
    rows = 0
    file.write(",".join(SCHEMA).encode() + b"\n")
    while file.tell() < size_bytes:
        block = io.BytesIO()
        _frame(rows).write_csv(block, include_header=False)
        file.write(change(block.getvalue(), rows))
        rows += ROWS
    return rows


def _frame(first: int) -> pl.DataFrame:
    number = pl.int_range(first, first + ROWS, eager=True).alias("row_id")
    dice = {name: number.hash(seed=seed) for seed, name in enumerate(SCHEMA)}

    def up_to(name: str, limit: int) -> pl.Series:
        return (dice[name] % limit).cast(pl.Int64)

    def word(name: str) -> pl.Series:
        return up_to(name, len(WORDS)).replace_strict(range(len(WORDS)), WORDS, return_dtype=pl.String)

    def day(name: str) -> pl.Series:
        return (up_to(name, DAYS) + 18_262).cast(pl.Int32).cast(pl.Date)

    def moment(name: str, form: str) -> pl.Series:
        seconds = up_to(name, CENTURY_S) + 1_577_836_800
        return (seconds * 1_000_000).cast(pl.Datetime("us")).dt.strftime(form)

    def empty(name: str, column: pl.Series) -> pl.Series:
        return column.set(up_to(name, 100) % 4 == 0, None)

    whole = up_to("amount", 10_000)
    one, two, serial = word("city"), word("country"), up_to("code", 1_000_000).cast(pl.String)
    columns = {
        "row_id": number,
        "customer_id": up_to("customer_id", 2_000_000),
        "order_no": up_to("order_no", 900_000_000_000) + 100_000_000_000,
        "quantity": up_to("quantity", 100) + 1,
        "stock": up_to("stock", 105_000) - 5_000,
        "amount": whole.cast(pl.String) + "." + up_to("rate", 100).cast(pl.String).str.zfill(2),
        "price": empty("note", (up_to("price", 50_000) / 100).round(2)),
        "rate": (up_to("rate", 10_000) / 10_000).round(4),
        "ordered_on": day("ordered_on"),
        "due_on": empty("comment", day("due_on")),
        "created_at": moment("created_at", "%Y-%m-%d %H:%M:%S"),
        "updated_at": moment("updated_at", "%Y-%m-%dT%H:%M:%S"),
        "is_active": up_to("is_active", 2) == 1,
        "is_paid": up_to("is_paid", 8) > 0,
        "country": two.str.slice(0, 2).str.to_uppercase(),
        "city": one,
        "email": "user" + serial + "@" + two + ".example.com",
        "code": one + "-" + serial,
        "note": (one + " " + two + " delivered on time")
        .set(up_to("email", 4) == 0, None)
        .fill_null(two + ", " + one + " and others"),
        "comment": empty("is_paid", two + " " + one),
    }
    return pl.DataFrame(columns)


def _spoiled(block: bytes, first_line: int, told: TextIO) -> bytes:
    lines = block.split(b"\n")
    for at in range(BAD_AT, ROWS, BAD_OF):
        kind = at // BAD_OF % 3
        lines[at] = (lines[at].replace(b",", b";", 1), lines[at] + b",more", lines[at] + b"\xff")[kind]
        told.write(json.dumps({"line": first_line + at, "raw": lines[at].decode(errors="surrogateescape")}) + "\n")
    return b"\n".join(lines)
