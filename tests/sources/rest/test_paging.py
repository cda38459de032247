"""Every kind of paging brings every record once."""

from __future__ import annotations

import pytest

PAGINGS = {
    "page": {"path": "page", "records": "data", "paging": {"type": "page", "size": 3, "size_param": "size", "total": "total"}},
    "page_until_empty": {"path": "page", "records": "data", "paging": {"type": "page"}},
    "offset": {
        "path": "offset",
        "records": "data.items",
        "paging": {"type": "offset", "size": 3, "size_param": "limit", "total": "meta.total"},
    },
    "offset_capped": {"path": "offset", "records": "/data/items", "paging": {"type": "offset", "size": 500}},
    "cursor": {
        "path": "cursor",
        "records": "results",
        "paging": {"type": "cursor", "param": "after", "next": "paging.next.after"},
    },
    "link": {"path": "link", "paging": {"type": "link"}},
    "next_url": {"path": "next", "records": "records", "paging": {"type": "next_url", "next": "nextRecordsUrl"}},
}  # fmt: skip


@pytest.mark.parametrize("kind", PAGINGS)
def test_every_record_comes_once(kind, desk, shelf):
    assert desk(PAGINGS[kind]).rows() == shelf.records


@pytest.mark.parametrize("kind", PAGINGS)
def test_no_record_is_no_fault(kind, desk, shelf):
    shelf.records = []
    assert desk(PAGINGS[kind]).rows() == []


@pytest.mark.parametrize("kind", PAGINGS)
def test_pages_that_are_full_to_the_end(kind, desk, shelf):
    shelf.records = shelf.records[:9]
    assert desk(PAGINGS[kind]).rows() == shelf.records


def test_a_cursor_from_the_last_record(desk, shelf):
    stream = {
        "path": "changed",
        "records": "rows",
        "paging": {"type": "cursor", "param": "after", "next": "last:id", "first_value": "0"},
    }
    shelf.records = [{"id": number + 1, "seen": f"2026-01-{number + 1:02d}"} for number in range(9)]
    del shelf.records[8]["id"]  # what the last page ends with
    assert [row["id"] for row in desk(stream).rows()] == [1, 2, 3, 4, 5, 6, 7, 8, None]
