"""How the source writes a column's values is found at the first load, kept with the column, and pinned in the project file."""

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow.compute as pc
import pytest
from run_shelf import STREAM, Box, Shelf, contents, load

from lakesmith.errors import DriftRefusedError, ProjectFileError
from lakesmith.host import Host
from lakesmith.lake import Lake
from lakesmith.lake.numbering import number_schema
from lakesmith.model.shapes import Pin
from lakesmith.model.types import DATE, Field, Schema

MANY_ROWS, BOX_ROWS, BAD_ROW = 1_000_000, 50_000, 900_000


def texts(**columns):
    return [Box(columns, as_text=True)]


def columns_of(lake):
    return {f.name: (str(f.type), f.spelling) for f in lake.table(STREAM).head().schema.data}


FIRST = texts(
    day=["31.12.2024", "1.2.2024"],
    price=["1.234,50 €", "5 €"],
    rate=["1.234,5", "12"],
    paid=["Ja", "nein"],
    moment=["12/31/2024 11:59 PM", "1/2/2024 12:00 AM"],
)
SECOND = texts(
    day=["03.04.2024", "2024-04-03"],
    price=["1.234 €", "7 $"],
    rate=["1.234", "1.5"],
    paid=["ja", "true"],
    moment=["3/4/2024 1:00 am", ""],
)


def test_the_next_load_reads_a_column_as_the_first_one_did(lake, table):
    load(Shelf([FIRST]), table)
    again = Lake(Path(lake.root), Host())
    load(Shelf([FIRST, SECOND]), again.table(STREAM))
    assert columns_of(again) == {
        "day": ("date", "31.12.2024"),
        "price": ("decimal(18, 2)", "1.234,56 €"),
        "rate": ("double", "1.234,56"),
        "paid": ("boolean", "ja/nein"),
        "moment": ("timestamp", "12/31/2024 11:59 PM"),
        "price__string": ("string", ""),
        "rate__string": ("string", ""),
    }
    third, fourth = contents(again)[2:]
    assert third == {
        "day": date(2024, 4, 3),
        "price": Decimal("1234.00"),
        "rate": 1234.0,
        "paid": True,
        "moment": datetime(2024, 3, 4, 1),  # noqa: DTZ001 - the column has no zone
        "price__string": None,
        "rate__string": None,
    }
    assert fourth == {
        "day": date(2024, 4, 3),
        "price": None,
        "rate": None,
        "paid": True,
        "moment": None,
        "price__string": "7 $",
        "rate__string": "1.5",
    }


def test_the_currency_of_a_column_of_amounts_stands_in_its_doc(lake, table):
    load(Shelf([FIRST]), table)
    column = lake.table(STREAM).head().schema.find("price")
    assert column.doc == "All values are in €."
    docs = {f.name: f.doc for f in lake.open_catalog().load_table((STREAM.source, STREAM.name)).schema().fields}
    assert docs["price"] == 'Source name: "price". Format: "1.234,56 €". All values are in €.'
    assert docs["day"] == 'Source name: "day". Format: "31.12.2024"'


def test_a_renamed_or_widened_column_keeps_its_format():
    before = Schema((Field("day", DATE, "Day", id=1, spelling="31.12.2024"),))
    after = number_schema(before, 1, Schema((Field("since", DATE, "Day", id=1),)))
    assert after.data.fields == (Field("since", DATE, "Day", id=1, spelling="31.12.2024"),)


@pytest.mark.parametrize(
    ("pin", "values", "kind"),
    [
        ({"format": "31/12/2024"}, [date(2024, 4, 3)], "date"),
        ({"format": "12/31/2024"}, [date(2024, 3, 4)], "date"),
        ({"type": "string"}, ["3/4/2024"], "string"),
    ],
)
def test_a_pin_decides_what_the_values_leave_open(lake, table, pin, values, kind):
    load(Shelf([texts(d=["3/4/2024"])]), table, columns={"d": pin})
    assert columns_of(lake) == {"d": (kind, pin.get("format", ""))}
    assert [row["d"] for row in contents(lake)] == values


def test_what_is_recognised_in_no_column_can_be_pinned(lake, table):
    pins = {
        "day": {"format": "31.12.24"},
        "compact": {"type": "date", "format": "20241231"},
        "share": {"type": "double", "format": "1.234,56 %"},
        "flag": {"format": "oui/non"},
        "moment": {"format": "31.12.2024 23:59 +01:00"},
    }
    rows = texts(day=["3.4.69"], compact=["20240229"], share=["12,5 %"], flag=["Oui"], moment=["1.2.2024 0:30 +0100"])
    load(Shelf([rows]), table, columns=pins)
    assert contents(lake) == [
        {
            "day": date(1969, 4, 3),
            "compact": date(2024, 2, 29),
            "share": 12.5,
            "flag": True,
            "moment": datetime(2024, 1, 31, 23, 30, tzinfo=UTC),
        }
    ]
    assert lake.table(STREAM).head().schema.find("share").doc == "All values are in %."


def test_a_pin_set_later_is_kept_with_the_column(lake, table):
    load(Shelf([texts(d=["2024-02-01"])]), table)
    shelf = Shelf([[], texts(d=["3/4/2024"]), texts(d=["5/6/2024"])])
    load(shelf, table, columns={"d": {"format": "31/12/2024"}})
    assert columns_of(lake) == {"d": ("date", "31/12/2024")}
    assert [row["d"] for row in contents(lake)] == [date(2024, 2, 1), date(2024, 4, 3), date(2024, 6, 5)]


@pytest.mark.parametrize(
    ("pin", "match"),
    [
        ({"format": "%d.%m.%Y"}, "d: format '%d.%m.%Y' is no example: write 1234.56 as the source does"),
        ({"type": "date", "format": "1.234,56"}, "d: format 1.234,56 holds no date, but decimal"),
    ],
)
def test_a_format_that_cannot_be_meant_is_refused(table, pin, match):
    with pytest.raises(ProjectFileError, match=match):
        load(Shelf([FIRST]), table, columns={"d": pin})


def test_a_pinned_schema_says_the_format_too(lake, table):
    pin = Pin(Schema((Field("d", DATE, "d", spelling="31/12/2024"),)))
    load(Shelf([texts(d=["3/4/2024"])]), table, on_drift="freeze", pin=pin)
    assert contents(lake) == [{"d": date(2024, 4, 3)}]
    with pytest.raises(DriftRefusedError, match="column d"):
        load(Shelf([[], texts(d=["3/31/2024"])]), table, on_drift="freeze", pin=pin)


def test_an_empty_text_is_none_only_where_the_column_is_no_text(lake, table):
    load(Shelf([texts(word=["", None, "x"], number=["", None, "1,234.5"], day=["", None, "2024-01-31"])]), table)
    rows = contents(lake)
    assert [row["word"] for row in rows] == ["", None, "x"]
    assert [row["number"] for row in rows] == [None, None, 1234.5]
    assert [row["day"] for row in rows] == [None, None, date(2024, 1, 31)]


@pytest.mark.long
@pytest.mark.slow
def test_one_word_in_row_900_001_of_a_million_numbers_goes_beside_them(lake, table):
    numbers = [str(n) for n in range(MANY_ROWS)]
    numbers[BAD_ROW] = "n/a"
    boxes = [Box({"n": numbers[at : at + BOX_ROWS]}, as_text=True) for at in range(0, MANY_ROWS, BOX_ROWS)]
    done = load(Shelf([boxes]), table)
    assert (done.counts.read, done.counts.written, done.counts.quarantined) == (MANY_ROWS, MANY_ROWS, 0)
    rows = lake.open_catalog().load_table((STREAM.source, STREAM.name)).scan().to_arrow().sort_by("_ls_seq")
    assert columns_of(lake) == {"n": ("long", ""), "n__string": ("string", "")}
    assert pc.indices_nonzero(rows["n"].is_null()).to_pylist() == [BAD_ROW]
    assert pc.indices_nonzero(rows["n__string"].is_valid()).to_pylist() == [BAD_ROW]
    assert rows["n__string"][BAD_ROW].as_py() == "n/a"
    assert pc.sum(rows["n"]).as_py() == MANY_ROWS * (MANY_ROWS - 1) // 2 - BAD_ROW
