"""Workbooks: which sheet and cells, headers, merged cells, errors, and how often the rows are counted."""

import datetime as dt
import io
import os
import struct
import zipfile

import openpyxl
import pyarrow as pa
import pytest
import xlwt
from table_reading import look, mixed, moment, read, rows, shaped, table
from workbooks import ods_file, patched, saved, workbook

from lakesmith.errors import SourceDataError
from lakesmith.sources.files.formats.tables.excel_book import MOST_CELLS
from lakesmith.sources.files.formats.tables.excel_table import CELLS

SHEET = "xl/worksheets/sheet1.xml"


def test_every_type_of_cell():
    header = ["whole", "number", "text", "flag", "day", "seen", "clock", "lasted", "empty"]
    cells = [
        [
            1,
            1.5,
            "007",
            True,
            dt.date(1900, 3, 1),
            moment(2024, 2, 29, 1, 2, 3),
            dt.time(1, 2, 3),
            dt.timedelta(hours=30),
            None,
        ],
        [2**40, 0.1, " a ", False, dt.date(9999, 12, 31), moment(2024, 1, 1), dt.time(0), dt.timedelta(0), None],
    ]
    [one] = read(workbook([header, *cells]), "excel")
    assert rows([one]) == [tuple(row) for row in cells]
    assert [str(field.type) for field in one.rows.schema] == [
        "int64", "double", "string", "bool", "date32[day]", "timestamp[us]", "time64[us]", "duration[us]", "null",
    ]  # fmt: skip
    assert not mixed([one])
    assert one.counted == 2


@pytest.mark.long
def test_a_fraction_anywhere_makes_all_of_a_column_doubles():
    values = [*range(CELLS + 10), 0.5]
    cells = "".join(
        f'<row r="{row}"><c r="A{row}"><v>{value}</v></c></row>' for row, value in enumerate(values, start=2)
    )
    content = patched(workbook([["n"]]), SHEET, lambda text: text.replace("</sheetData>", f"{cells}</sheetData>"))
    first, last = read(content, "excel")
    assert first.rows.num_rows == CELLS
    column = table([first, last])["n"]
    assert column.type == pa.float64()
    assert column.to_pylist() == [float(value) for value in values]


def test_a_column_of_mixed_types_is_text_that_shape_learns():
    values = [
        *range(200),
        "n/a",
        0.1 + 0.2,
        True,
        dt.date(2024, 1, 2),
        moment(2024, 1, 2, 3),
        dt.time(1),
        dt.timedelta(hours=25),
        "007",
    ]
    stretches = read(workbook([["a"], *([value] for value in values)]), "excel")
    assert mixed(stretches) == {"a"}
    texts = [text for (text,) in rows(stretches)]
    assert texts[:200] == [str(n) for n in range(200)]
    assert texts[200:] == ["n/a", "0.3", "true", "2024-01-02", "2024-01-02T03:00:00", "01:00:00", "PT90000S", "007"]


def test_words_among_numbers_go_to_the_sibling():
    made = shaped(read(workbook([["a"], *([n] for n in range(300)), ["n/a"]]), "excel")).to_pydict()
    assert made == {"a": [*range(300), None], "a__string": [*[None] * 300, "n/a"]}


def errors(sheet):
    for place, text in (("B2", "#N/A"), ("C3", "#DIV/0!")):
        sheet[place].value, sheet[place].data_type = text, "e"


ERRORS = workbook([["id", "n", "m"], [1, 0, 0], [2, 5, 0], [3, 6, 7]], errors)


def test_error_cells_are_text_never_empty():
    stretches = read(ERRORS, "excel")
    assert rows(stretches) == [(1, "#N/A", "0"), (2, "5", "#DIV/0!"), (3, "6", "7")]
    assert mixed(stretches) == {"n", "m"}
    assert look(ERRORS, "excel").doubt.startswith("2 cells of sheet `Sheet` show an error")


def test_error_cells_can_send_their_rows_to_quarantine():
    [one] = read(ERRORS, "excel", "drop.xlsx", error_cells="reject")
    assert rows([one]) == [(3, 6, 7)]
    assert [(told.reason, told.where, told.raw) for told in one.rejects] == [
        ("column 2 of the table shows an error", "drop.xlsx/Sheet:2", "1\t#N/A\t0"),
        ("column 3 of the table shows an error", "drop.xlsx/Sheet:3", "2\t5\t#DIV/0!"),
    ]
    assert one.counted == 3


def test_errors_of_xls_and_ods_are_text_too():
    book = xlwt.Workbook()
    sheet = book.add_sheet("Größe")
    for column, name in enumerate(("a", "b")):
        sheet.write(0, column, name)
    sheet.write(1, 0, 1)
    sheet.row(1).set_cell_error(1, 0x2A)
    file = io.BytesIO()
    book.save(file)
    assert rows(read(file.getvalue(), "excel")) == [(1, "#N/A")]
    assert rows(read(ods_file([["a", "b"], [1.0, "#DIV/0!"]], error="#DIV/0!"), "excel")) == [(1, "#DIV/0!")]


def test_numbers_below_zero_that_are_formatted_as_days_stay_numbers():
    def formatted(sheet):
        for row in (2, 3):
            sheet.cell(row, 1).number_format = "yyyy-mm-dd"

    assert rows(read(workbook([["a"], [-1.5], [45_000]], formatted), "excel")) == [("-1.5",), ("2023-03-15",)]


def test_a_row_with_a_duration_beyond_all_bounds_is_a_reject():
    def formatted(sheet):
        sheet["A3"].number_format = "[h]:mm:ss"

    [one] = read(workbook([["a"], [1], [1e12], [3]], formatted), "excel", "drop.xlsx")
    assert rows([one]) == [(1,), (3,)]
    assert [(told.where, one.counted) for told in one.rejects] == [("drop.xlsx/Sheet:3", 3)]


def test_days_of_the_other_epoch():
    book = openpyxl.Workbook()
    book.epoch = openpyxl.utils.datetime.CALENDAR_MAC_1904
    book.active.append(["a"])
    book.active.append([dt.date(1904, 1, 2)])
    assert rows(read(saved(book), "excel")) == [(dt.date(1904, 1, 2),)]


def three_sheets() -> bytes:
    book = openpyxl.Workbook()
    book.active.title = "cover"
    hidden = book.create_sheet("hidden")
    hidden.sheet_state = "hidden"
    hidden.append(["h"])
    hidden.append([0])
    for name, value in (("2024", 1), ("2025", "x")):
        sheet = book.create_sheet(name)
        sheet.append(["a"])
        sheet.append([value])
    book.create_chartsheet("chart")
    return saved(book)


@pytest.mark.parametrize(
    ("sheet", "expected"),
    [
        (None, [("a", 1)]),
        ("2025", [("a", "x")]),
        (" HIDDEN ", [("h", 0)]),
        (3, [("a", 1)]),
        ("*", [("h", 0), ("a", 1), ("a", "x")]),
    ],
)
def test_which_sheet_is_read(sheet, expected):
    stretches = read(three_sheets(), "excel", sheet=sheet)
    assert [(one.rows.schema.names[0], value) for one in stretches for (value,) in rows([one])] == expected
    if sheet == "*":
        assert [one.part for one in stretches] == ["hidden", "2024", "2025"]


@pytest.mark.parametrize("sheet", [2024, "2026"])
def test_a_sheet_that_is_not_there(sheet):
    with pytest.raises(
        SourceDataError, match=r"The workbook has no sheet .*; it has `cover`, `hidden`, `2024`, `2025`\."
    ):
        read(three_sheets(), "excel", sheet=sheet)


def test_what_check_shows():
    assert look(three_sheets(), "excel").text == (
        "4 sheets: cover, hidden (hidden), 2024, 2025; sheet `2024` (the first that is not empty; pin it with `sheet`) with 2 × 1 cells, "
        "1 header row up to row 1, columns a int64"
    )


def test_check_doubts_a_title_above_the_table():
    sight = look(workbook([["Report", None, None], ["a", "b", "c"], [1, 2, 3]]), "excel")
    assert sight.doubt == "row 1 of sheet `Sheet` names few of the columns: it may be a title above the table"
    assert sight.fix.startswith("set `range`")
    assert not look(workbook([["a", "b", None], [1, 2, 3]]), "excel").doubt


PAGE = [
    [None] * 4,
    ["Report", None, None, None],
    [None, "a", "b", None],
    [None, 1, "x", "note"],
    [None] * 4,
    [None, 2, "y", None],
]


@pytest.mark.parametrize(
    ("cells", "names", "expected"),
    [
        ("B3:C6", ["a", "b"], [(1, "x"), (2, "y")]),
        ("B3:C4", ["a", "b"], [(1, "x")]),
        ("B:C", ["a", "b"], [(1, "x"), (2, "y")]),
        ("3:4", ["a", "b", "column_4"], [(1, "x", "note")]),
        ("$C$3:$XFD$1048576", ["b", "column_2"], [("x", "note"), ("y", None)]),
        ("G9:H12", [], []),
    ],
)
def test_a_range(cells, names, expected):
    stretches = read(workbook(PAGE), "excel", range=cells)
    assert stretches[-1].rows.schema.names == names
    assert rows(stretches) == expected


def test_a_range_that_is_none_is_refused():
    with pytest.raises(ValueError, match="a range is written like B3:F200"):
        read(workbook(PAGE), "excel", range="B3-F200")


def merged(sheet):
    sheet.merge_cells("B1:C1")
    sheet.merge_cells("A1:A2")
    sheet.merge_cells("A3:A4")


HEADED = [["region", "sales", None], [None, "2024", 2025], ["north", 1, 2], [None, 3, 4]]


@pytest.mark.parametrize(
    ("options", "names", "expected"),
    [
        ({"header": 2}, ["region", "sales 2024", "sales 2025"], [("north", 1, 2), (None, 3, 4)]),
        (
            {"header": 2, "fill_merged": True},
            ["region", "sales 2024", "sales 2025"],
            [("north", 1, 2), ("north", 3, 4)],
        ),
        ({"header": False, "range": "A3:C9"}, ["column_1", "column_2", "column_3"], [("north", 1, 2), (None, 3, 4)]),
        ({}, ["region", "sales", "sales_2"], [(None, "2024", 2025), ("north", "1", 2), (None, "3", 4)]),
    ],
)
def test_headers_of_several_rows_and_merged_cells(options, names, expected):
    stretches = read(workbook(HEADED, merged), "excel", **options)
    assert stretches[0].rows.schema.names == names
    assert rows(stretches) == expected


def test_blank_rows_and_columns_are_neither_rows_nor_columns():
    [one] = read(workbook([[None] * 3, ["a", None, "b"], [1, None, 2], [None] * 3, [0, None, False]]), "excel")
    assert rows([one]) == [(1, "2"), (0, "false")]
    assert one.counted == 2


def test_styled_rows_without_a_value_are_not_counted():
    def styled(sheet):
        for row in (3, 5):
            sheet.cell(row, 2).number_format = "0.00"

    [one] = read(workbook([["a", "b"], [1, 2], [None, None], [3, 4]], styled), "excel")
    assert (one.counted, rows([one])) == (2, [(1, 2), (3, 4)])


def test_a_row_that_the_library_lost_would_stop_the_load():
    """The count comes from the XML: it does not follow the library where that leaves something out."""
    content = patched(
        workbook([["a"], [1], [2]]),
        SHEET,
        lambda text: text.replace("</sheetData>", '<row r="9"><c r="A9" t="z"><v>1</v></c></row></sheetData>'),
    )
    try:
        counted = sum(one.counted or 0 for one in read(content, "excel"))
    except (AssertionError, SourceDataError):
        return
    assert counted == 3


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda text: text.replace('<c r="B2"', '\n <c r="B2"'), [(1, 2), (3, 4)]),
        (lambda text: text.replace("<v>4</v>", "<v/>"), [(1, 2), (3, None)]),
        (lambda text: text.replace('<row r="3"', "<row"), [(1, 2), (3, 4)]),
    ],
)
def test_where_the_xml_leaves_doubt_nothing_is_counted(change, expected):
    [one] = read(patched(workbook([["a", "b"], [1, 2], [3, 4]]), SHEET, change), "excel")
    assert (one.counted, rows([one])) == (None, expected)


def test_a_dimension_that_lies_takes_no_memory():
    content = patched(
        workbook([["a"], [1]]),
        SHEET,
        lambda text: text.replace('<dimension ref="A1:A2"', '<dimension ref="A1:XFD1048576"'),
    )
    assert b"XFD" not in content
    assert rows(read(content, "excel")) == [(1,)]


def test_cells_far_apart_are_refused_before_they_take_memory():
    def far(sheet):
        sheet["XFD1048576"] = 1

    assert MOST_CELLS < 1_048_576 * 16_384
    with pytest.raises(SourceDataError, match="reaches over 1,048,576 rows and 16,384 columns"):
        read(workbook([["a"]], far), "excel")


def test_a_tall_sheet_is_read():
    def tall(sheet):
        sheet["C1048576"] = 1

    assert rows(read(workbook([["a", "b", "c"]], tall), "excel")) == [(None, None, 1)]


OLE_NOTHING = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(600)
BOOK = workbook([["a"], [1]])


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "it is empty"),
        (b"a,b\n1,2\n", "it is text, as in a CSV file"),
        ("a\tb\n1\t2\n".encode("utf-16"), "it is text, as in a CSV file"),
        (b"\n<html><body><table><tr><td>1</td></tr></table></body></html>", "it is an HTML page"),
        (
            b'<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"></Workbook>',
            "it is an XML spreadsheet of 2003",
        ),
        (BOOK[: len(BOOK) // 2], "it is cut off or damaged"),
        (OLE_NOTHING, "it is cut off or damaged"),
        (struct.pack("<100Q", *range(100)), "it is damaged, or of another format"),
    ],
)
def test_what_is_no_workbook_is_refused_by_what_it_is(content, why):
    with pytest.raises(SourceDataError, match=f"The file cannot be read as a workbook: {why}") as caught:
        read(content, "excel", "drops/day.xls")
    assert caught.value.where == "drops/day.xls"


def xls(then=lambda content: content) -> bytes:
    book = xlwt.Workbook()
    book.add_sheet("S").write(0, 0, "a")
    file = io.BytesIO()
    book.save(file)
    return then(file.getvalue())


def locked(content: bytes) -> bytes:
    """Call the stream of an xls file what holds an encrypted xlsx: the rest of such a file says nothing to anybody."""
    name, other = "Workbook".encode("utf-16-le"), "EncryptedPackage".encode("utf-16-le")
    at = content.index(name)
    entry = other + bytes(64 - len(other)) + struct.pack("<H", len(other) + 2)
    return content[:at] + entry + content[at + len(entry) :]


def test_a_workbook_with_a_password_is_refused_as_such():
    assert rows(read(xls(), "excel", header=False)) == [("a",)]
    with pytest.raises(SourceDataError, match="it is locked by a password") as caught:
        read(xls(locked), "excel")
    assert caught.value.fix == "have it delivered without one"


def test_a_dimension_of_xls_that_lies_is_refused_before_it_takes_memory():
    def lying(content: bytes) -> bytes:
        told = struct.pack("<HHIIHH", 0x200, 14, 0, 1, 0, 1)
        assert content.count(told) == 1
        return content.replace(told, struct.pack("<HHIIHH", 0x200, 14, 0, 2**32 - 1, 0, 256))

    with pytest.raises(SourceDataError, match="reaches over 4,294,967,295 rows and 256 columns"):
        read(xls(lying), "excel")


def test_a_part_that_is_larger_than_it_says_is_refused():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=0) as archive:
        archive.writestr("xl/workbook.xml", os.urandom(3_000_000))
    content = file.getvalue()
    size = struct.pack("<I", 3_000_000)
    last = content.rindex(size)
    with pytest.raises(SourceDataError, match="or to more than it says"):
        read(content[:last] + struct.pack("<I", 1000) + content[last + 4 :], "excel")


def test_a_damaged_sheet_is_refused():
    content = patched(BOOK, SHEET, lambda text: text[: len(text) // 2])
    with pytest.raises(SourceDataError, match="The file cannot be read as a workbook: its content is damaged"):
        read(content, "excel")


def test_an_archive_without_a_workbook_is_refused():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a.csv", "a,b")
    with pytest.raises(SourceDataError, match="it is an archive without a workbook in it"):
        read(file.getvalue(), "excel")
