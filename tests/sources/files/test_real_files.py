"""Every text table of the real data, read without a setting, against Python's csv module and rules of this test's own."""

import csv
import io
import os
import sys
from pathlib import Path

import pytest

DATA = Path(os.environ.get("LAKESMITH_TEST_DATA", Path(__file__).parents[4] / "shared" / "data"))
FILES = sorted(
    path
    for folder in ("files", "cleaning", "marketing")
    for suffix in ("*.csv", "*.tsv", "*.txt")
    for path in (DATA / folder).rglob(suffix)
)
LOADED = 0.9996
"""The share of records of real files that are rows; a reader that loads fewer has become worse."""


def records_of(content: bytes) -> list[list[str]]:
    """Header and records as Python's csv module reads them: in UTF-8 or else cp1252, by the mark that is most frequent in the first line."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        wrong = content.decode("utf-8", "surrogateescape")
        is_western = sum("\udc80" <= letter <= "\udcff" for letter in wrong) > 1
        text = content.decode("cp1252") if is_western else wrong
    while text.startswith("#"):
        text = text.partition("\n")[2]
    first = text.partition("\n")[0]
    delimiter = max(",;\t|", key=first.count)
    spaced = {"skipinitialspace": True, "escapechar": "\\"} if delimiter + ' "' in text[:1000] else {}
    return [record for record in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, **spaced) if record]


def is_row(record: list[str], width: int) -> bool:
    return len(record) == width and not any("\udc80" <= letter <= "\udcff" for cell in record for letter in cell)


@pytest.mark.long
@pytest.mark.skipif(not FILES, reason="no test data")
def test_every_cell_of_every_real_file_is_a_cell_or_waits_with_a_reason(delivery) -> None:
    rows = rejects = full = 0
    for path in FILES:
        delivery.put("t" + path.suffix, path.read_bytes())
        loaded = delivery.load(delivery.stream("t" + path.suffix))
        (delivery.root / ("t" + path.suffix)).unlink()
        names, *records = records_of(path.read_bytes()) or [[]]
        expected = [record for record in records if is_row(record, len(names))]
        assert [["" if cell is None else cell for cell in row] for row in loaded.rows] == expected, path.name
        assert len(loaded.rejects) == len(records) - len(expected), path.name
        assert all(told.reason and told.where.startswith("t" + path.suffix + ":") for told in loaded.rejects)
        assert not records or len(loaded.columns) == len(names), path.name
        rows, rejects, full = rows + len(loaded.rows), rejects + len(loaded.rejects), full + (not loaded.rejects)
    share = rows / (rows + rejects)
    sys.stdout.write(
        f"CSV: {len(FILES)} files, {full} in full; {rows} rows, {rejects} in quarantine: {share:.4%} loaded\n"
    )
    assert share >= LOADED
