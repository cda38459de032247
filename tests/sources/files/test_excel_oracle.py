"""Workbooks cell by cell against other readers: openpyxl, pandas with xlrd or odf where there, and drawn ones."""

import datetime as dt
import math
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from table_reading import mixed, moment, read, rows, table
from workbooks import ods_file, oracle, same, workbook

from lakesmith.errors import SourceDataError

FAMILIES = ("files", "documents", "marketing", "json", "weblogs", "cleaning")


def hold(stretches, expected):
    """Compare every cell; columns that have neither a name nor a value are left out of both."""
    found = rows(stretches)
    names = [name for one in stretches[:1] for name in one.rows.schema.names]
    texts = mixed(stretches)
    assert len(found) == len(expected)
    for ours, theirs in zip(found, expected, strict=True):
        assert len(ours) == len(theirs)
        for name, one, other in zip(names, ours, theirs, strict=True):
            assert same(one, other, mixed=name in texts), (name, one, other)


def test_every_xlsx_of_the_real_data_is_read_as_openpyxl_reads_it(test_data):
    files = sorted(path for family in FAMILIES for path in (test_data / family).rglob("*.xlsx"))
    assert len(files) >= 9
    cells = rejected = 0
    for path in files:
        expected = oracle(path)
        stretches = read(path, "excel", path.name)
        width = len(stretches[0].rows.schema.names)
        hold(stretches, [row[:width] for row in expected])
        assert all(cell in (None, "") for row in expected for cell in row[width:])
        cells += width * len(expected)
        rejected += sum(len(one.rejects) for one in stretches)
    sys.stdout.write(f"xlsx: {len(files)} files, {cells} cells equal, {rejected} rows in quarantine\n")
    assert not rejected


def test_every_xls_of_the_real_data_is_read_as_its_xlsx_twin(test_data):
    files = sorted((test_data / "files").glob("*.xls"))
    assert len(files) >= 3
    twins = [path for path in files if path.with_suffix(".xlsx").exists()]
    assert len(twins) >= 2
    for path in twins:
        ours, twin = read(path, "excel"), read(path.with_suffix(".xlsx"), "excel")
        assert rows(ours) == rows(twin)
        assert table(ours).schema == table(twin).schema
    for path in files:
        assert read(path, "excel")


def test_other_columnar_files_of_the_real_data_are_read(test_data):
    found = [path for kind in ("parquet", "avro", "orc", "ods") for path in test_data.rglob(f"*.{kind}")]
    for path in found:
        kind = "excel" if path.suffix == ".ods" else path.suffix[1:]
        try:
            read(path, kind)
        except SourceDataError as error:
            pytest.fail(f"{path.name}: {error}")


TEXTS = st.text(
    st.characters(min_codepoint=32, exclude_categories=["Cs", "Cc", "Cn", "Co"], exclude_characters="\ufffe\uffff"),
    min_size=1,
    max_size=20,
).filter(lambda text: not text.startswith(("=", "#")) and "_x" not in text)
CELLS = {
    "whole": st.integers(-(2**53), 2**53),
    "number": st.floats(allow_nan=False, allow_infinity=False)
    .map(lambda number: float(f"{number:.15g}"))
    .filter(math.isfinite),
    "text": TEXTS,
    "flag": st.booleans(),
    "day": st.dates(dt.date(1900, 3, 1)),
    "seen": st.datetimes(moment(1900, 3, 1), moment(2100, 1, 1)).map(lambda at: at.replace(microsecond=0)),
}


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(*(st.none() | kind for kind in CELLS.values()), st.none() | st.one_of(*CELLS.values())),
        min_size=1,
        max_size=12,
    )
)
def test_whatever_openpyxl_writes_is_read(drawn):
    content = workbook([[*CELLS, "any"], *drawn])
    stretches = read(content, "excel")
    expected = [row for row in oracle(content) if any(cell is not None for cell in row)]
    kept = [row for row in drawn if any(cell is not None for cell in row)]
    hold(stretches, expected)
    assert len(expected) == len(kept)
    # openpyxl's own reading is held to what was drawn by the columns that no format comes between
    for ours, row in zip(rows(stretches), kept, strict=True):
        assert ours[2:4] == row[2:4]


def test_ods_and_xlsx_of_one_table_are_read_alike():
    cells = [["id", "name", "rate", "flag"], [1.0, "a", 0.5, True], [2.0, None, 1.25, False], [3.0, "007", None, True]]
    assert (
        rows(read(ods_file(cells), "excel"))
        == rows(read(workbook(cells), "excel"))
        == [(1, "a", 0.5, True), (2, None, 1.25, False), (3, "007", None, True)]
    )


def test_rows_and_columns_that_ods_repeats():
    found = rows(read(ods_file([["a", "b"], [7.0, 7.0]], repeat=3), "excel"))
    assert found == [(7, 7)] * 3
    with pytest.raises(SourceDataError, match="reaches over 50,000,001 rows and 2 columns"):
        read(ods_file([["a", "b"], [7.0, 7.0]], repeat=50_000_000), "excel")
