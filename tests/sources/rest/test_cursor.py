"""Everything from a cursor's last value on: each record once, however many share that value."""

from __future__ import annotations

import pytest
from rest_api import records

from lakesmith.errors import SourceDataError

CHANGED = {
    "path": "changed",
    "params": {"since": "{since}"},
    "records": "rows",
    "paging": {"type": "cursor", "param": "after", "next": "next"},
    "incremental": {"cursor": "seen", "format": "iso"},
}


def ids(rows):
    return sorted(row["id"] for row in rows)


def test_records_that_share_the_last_value_come_once(desk, shelf):
    one = desk(CHANGED, mode="append")
    shelf.records = records(10)  # four of them share a day
    assert ids(one.rows()) == list(range(1, 11))
    assert one.rows() == []
    shelf.records = records(14)
    assert ids(one.rows()) == [11, 12, 13, 14]


def test_a_changed_record_comes_again(desk, shelf):
    one = desk(CHANGED, mode="dedupe", key=("id",))
    one.rows()
    shelf.records[2] |= {"name": "another", "seen": "2026-02-01T00:00:00Z"}
    assert [(row["id"], row["name"]) for row in one.rows()] == [(3, "another")]


def test_a_cursor_that_is_null_comes_once(desk, shelf):
    one = desk(CHANGED | {"params": {}}, mode="dedupe", key=("id",))
    shelf.records[4]["seen"] = None
    assert ids(one.rows()) == list(range(1, 12))
    shelf.records = [shelf.records[4], *shelf.records[8:]]
    assert one.rows() == []


def test_late_records_within_the_look_back(desk, shelf):
    stream = CHANGED | {"incremental": CHANGED["incremental"] | {"look_back": "2d"}}
    one = desk(stream, mode="append")
    one.rows()
    shelf.records.append(records(1, 99)[0] | {"seen": "2026-01-02T12:00:00Z"})
    assert ids(one.rows()) == [99]
    shelf.records.append(records(1, 100)[0] | {"seen": "2025-12-31T00:00:00Z"})  # too late: only reconcile finds it
    assert one.rows() == []


def test_an_api_that_does_not_heed_since(desk):
    one = desk(CHANGED | {"params": {}}, mode="append")
    one.rows()
    with pytest.raises(SourceDataError, match="from before the cursor's last value"):
        one.rows()


def test_a_format_that_is_less_exact_than_the_cursor(desk, shelf, server):
    stream = CHANGED | {"incremental": {"cursor": "seen", "format": "date"}}
    one = desk(stream, mode="append")
    shelf.records = [{"id": number, "seen": f"2026-01-05T{number:02d}:00:00.123456Z"} for number in range(9)]
    one.rows()
    shelf.records.append({"id": 9, "seen": "2026-01-05T09:00:00Z"})
    assert ids(one.rows()) == [9]
    assert server.heard[-1].asked.query["since"] == "2026-01-05"


def test_numbers_as_cursor(desk, shelf, server):
    stream = CHANGED | {"incremental": {"cursor": "number"}, "params": {"over": "{since}"}}
    one = desk(stream, mode="append")
    shelf.records = [{"id": number, "number": number, "seen": ""} for number in range(5)]
    one.rows()
    shelf.records = [{"id": number, "number": number, "seen": ""} for number in range(4, 8)]
    assert ids(one.rows()) == [5, 6, 7]
    assert "over" not in server.heard[0].asked.query
    assert server.heard[-1].asked.query["over"] == "4"


def test_all_of_it_for_a_table_that_is_replaced(desk, shelf):
    one = desk(CHANGED, mode="replace")
    assert len(one.rows()) == len(one.rows()) == len(shelf.records)
