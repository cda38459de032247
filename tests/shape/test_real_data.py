"""Real CSV files: every value is found again, in exactly one cell, by a reading that shares nothing with ours."""

import csv
import io
import os
import re
from datetime import datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path

import pyarrow as pa
import pytest

from lakesmith.model.streams import TEXT_KEY
from lakesmith.shape import Policy, Shaper, TextProfile, fold

DATA = Path(os.environ.get("LAKESMITH_TEST_DATA", Path(__file__).parents[3] / "shared" / "data"))
MAX_ROWS = 3_000
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason=f"real data: no folder {DATA}")
FILES = sorted(
    p
    for folder in ("cleaning", "files", "marketing/ad_platforms")
    for p in (DATA / folder).rglob("*.csv")
    if p.stat().st_size
)


def read(path):
    """Return header and rows of equal width, by Python's own reader."""
    csv.field_size_limit(10**9)
    raw = path.read_bytes()
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = raw.decode("latin-1")
    rows = list(csv.reader(io.StringIO(text.replace("\0", ""), newline="")))[: MAX_ROWS + 1]
    width = len(rows[0])
    return rows[0], [(row + [None] * width)[:width] for row in rows[1:]]


def says(text, cell):
    """Whether a cell of any type says what the text says."""
    if isinstance(cell, str):
        return text == cell
    text = text.strip(" \t\r\n\v\f")
    if isinstance(cell, bool):
        return text.lower() == str(cell).lower()
    if isinstance(cell, datetime):
        said = datetime.fromisoformat(re.sub(r"(\.\d+)", lambda m: m[1].ljust(7, "0"), text))
        return said == cell
    try:
        return Decimal(text) == Decimal(repr(cell))
    except InvalidOperation:
        return text == str(cell)


def test_there_are_files():
    assert len(FILES) > 50


@pytest.mark.parametrize("path", FILES, ids=[str(p.relative_to(DATA)) for p in FILES])
def test_every_value_is_found_again_in_exactly_one_cell(path):
    header, rows = read(path)
    fields = [pa.field(name, pa.string(), metadata={TEXT_KEY: b"1"}) for name in header]
    arrays = [pa.array([row[i] for row in rows], pa.string()) for i in range(len(header))]
    batch = pa.RecordBatch.from_arrays(arrays, schema=pa.schema(fields))
    profile = TextProfile()
    profile.observe(batch)
    shaped = Shaper(None, Policy(), profile.types()).shape(batch, str)
    assert shaped.rows.num_rows == len(rows)
    columns = {name: shaped.rows.column(name).to_pylist() for name in shaped.rows.schema.names}
    for i, name in enumerate(fold(header)):
        family = [values for column, values in columns.items() if column.split("__")[0] == name]
        for number, row in enumerate(rows):
            cells = [values[number] for values in family if values[number] is not None]
            text = row[i]
            if cells:
                assert len(cells) == 1
                assert says(text, cells[0]), (name, number)
            else:
                assert text is None or not text.strip(" \t\r\n\v\f"), (name, number)
