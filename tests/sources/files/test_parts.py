"""Files of several parts: rows and rejects are called after the file and the part, and both are found again by that name."""

from datetime import UTC, date, datetime

import openpyxl
import pytest
from workbooks import saved

from lakesmith.model.loads import QuarantinedRow
from lakesmith.model.streams import Ask
from lakesmith.sources.files.reading.origins import opened_origin

ROWS = {
    "Mon": [["id", "v"], [1, 10]],
    "Tue": [["id", "v"], [2, "#DIV/0!"], [3, 30]],
    "Wed, late": [["id", "v"], [4, 40]],
}


@pytest.fixture
def week(delivery):
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in ROWS.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    delivery.put("in/2026-10-05/week.xlsx", saved(book))
    return delivery


def stream_of(week, sheet: str | None):
    return week.stream("in/{date}/*.xlsx", sheet=sheet, error_cells="reject")


@pytest.mark.parametrize(("sheet", "names"), [(None, ["Mon"]), ("Tue", ["Tue"]), ("*", list(ROWS))])
def test_rows_are_called_after_their_sheet(week, sheet, names) -> None:
    loaded = week.load(stream_of(week, sheet))
    assert loaded.origins == [f"in/2026-10-05/week.xlsx/{name}" for name in names]
    assert [row[0] for row in loaded.rows] == [
        id_ for id_, name in [(1, "Mon"), (3, "Tue"), (4, "Wed, late")] if name in names
    ]


def test_a_reject_is_called_after_its_sheet_and_waits_for_its_file(week) -> None:
    stream = stream_of(week, "*")
    (told,) = week.load(stream).rejects
    assert told.where == "in/2026-10-05/week.xlsx/Tue:2"
    at = datetime(2026, 10, 5, tzinfo=UTC)
    row = QuarantinedRow(stream.id, "b", 1, at, told.reason, told.where, None, told.raw, mark=told.mark)
    (again,) = week.source(stream).replay(stream, [row])
    assert again.kept == (
        (0, "records of this format cannot be read without their file: mend it, and deliver it again"),
    )


def test_the_rows_and_rejects_of_all_sheets_stay_where_only_later_days_are_loaded_anew(week) -> None:
    stream = stream_of(week, "*")
    loaded = week.load(stream)
    source = week.source(stream)
    kept = source.keep_before(stream, loaded.position, date(2026, 10, 6))
    assert {*loaded.origins, "in/2026-10-05/week.xlsx"} == kept.origins
    assert kept.anew == frozenset()
    later = source.keep_before(stream, loaded.position, date(2026, 10, 5))
    assert (later.origins, later.anew) == (frozenset(), frozenset({"in/2026-10-05/week.xlsx"}))
    assert source.splits(stream, Ask(since=kept.position)) == []


def test_the_file_of_a_sheet_is_found(week) -> None:
    stream = stream_of(week, "*")
    place = week.source(stream)._place
    for origin in ("in/2026-10-05/week.xlsx", "in/2026-10-05/week.xlsx/Wed, late"):
        with opened_origin(place, origin, stream.options) as content:
            assert content.origin == "in/2026-10-05/week.xlsx"
    with opened_origin(place, "in/2026-10-05/day.xlsx/Mon", stream.options) as content:
        assert content is None
