"""Real CSV files: every value is found again, in exactly one cell, by a reading that shares nothing with ours."""

import csv
import io
import os
import re
from contextlib import suppress
from datetime import date, datetime
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


def says(text, cell, spelling=""):
    """Whether a cell of any type says what the text says, in a spelling or plainly."""
    if isinstance(cell, str):
        return text == cell
    text = text.strip(" \t\r\n\v\f")
    if spelling:
        return says_spelled(text, cell, spelling)
    if isinstance(cell, bool):
        return text.lower() == str(cell).lower()
    if isinstance(cell, datetime):
        said = datetime.fromisoformat(re.sub(r"(\.\d+)", lambda m: m[1].ljust(7, "0"), text))
        return said == cell
    try:
        return Decimal(text) == Decimal(repr(cell))
    except InvalidOperation:
        return text == str(cell)


def says_spelled(text, cell, spelling):
    """Compare with what Python reads where it is told the form, or the plain one."""
    if isinstance(cell, bool):
        true, _, false = spelling.partition("/")
        return {true: True, false: False, "true": True, "false": False}[text.lower()] is cell
    if isinstance(cell, date):
        day = spelling.replace("2024", "%Y").replace("31", "%d").replace("12", "%m").replace("Dec", "%b")
        form = day.replace("23:59", "%H:%M").replace("11:59 PM", "%I:%M %p").replace("+01:00", "%z")
        text = re.sub(r" ?(UTC|GMT)$", " +0000", text)
        for each in (form, form.replace("%M", "%M:%S"), form.replace("%M", "%M:%S.%f"), form.replace("%b", "%B")):
            with suppress(ValueError):
                said = datetime.strptime(text, each)  # noqa: DTZ007 - as naive as the cell
                return (said if isinstance(cell, datetime) else said.date()) == cell
        return says(text, cell)
    mark = "." if spelling.index(".") > spelling.index(",") else ","
    digits = re.sub(rf"[^0-9{re.escape(mark)}]", "", text).replace(mark, ".")
    sign = -1 if re.search(r"[-(]", text) else 1
    return sign * Decimal(digits) == Decimal(str(cell))


def test_there_are_files():
    assert len(FILES) > 50


@pytest.mark.few(60)
@pytest.mark.parametrize("path", FILES, ids=[str(p.relative_to(DATA)) for p in FILES])
def test_every_value_is_found_again_in_exactly_one_cell(path):
    header, rows = read(path)
    fields = [pa.field(name, pa.string(), metadata={TEXT_KEY: b"1"}) for name in header]
    arrays = [pa.array([row[i] for row in rows], pa.string()) for i in range(len(header))]
    batch = pa.RecordBatch.from_arrays(arrays, schema=pa.schema(fields))
    profile = TextProfile()
    profile.observe(batch)
    shaped = Shaper(None, Policy(), profile.forms()).shape(batch, str)
    assert shaped.rows.num_rows == len(rows)
    columns = {name: shaped.rows.column(name).to_pylist() for name in shaped.rows.schema.names}
    spellings = {f.name: f.spelling for f in shaped.reshape.after}
    for i, name in enumerate(fold(header)):
        family = [values for column, values in columns.items() if column.split("__")[0] == name]
        for number, row in enumerate(rows):
            cells = [values[number] for values in family if values[number] is not None]
            text = row[i]
            if cells:
                assert len(cells) == 1
                assert says(text, cells[0], spellings.get(name, "")), (name, number)
            else:
                assert text is None or not text.strip(" \t\r\n\v\f"), (name, number)
