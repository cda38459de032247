"""Every kind of paging brings every record once."""

from __future__ import annotations

import pytest

from lakesmith.sources.rest.flow import plan

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


TWICE = {"path": "cursor", "records": "results", "paging": PAGINGS["cursor"]["paging"]}


@pytest.mark.parametrize(
    ("mode", "more", "told"),
    [
        ("replace", {}, ["2 records came with a key that came before, and each is a row; with `mode: dedupe` the newest of a key counts."]),
        ("append", {"incremental": {"cursor": "seen"}, "params": {"since": "{since}"}}, ["2 records came with a key"]),
        ("dedupe", {}, []),
    ],
)  # fmt: skip
def test_a_key_on_two_pages_of_a_cursor_is_two_rows_and_is_told(mode, more, told, desk, shelf):
    shelf.records[5] = {**shelf.records[5], "id": 1}
    shelf.records[10] = {**shelf.records[10], "id": 4}
    one = desk(TWICE | more, mode=mode, key=("id",))
    chunks = one.read()
    assert [row["id"] for chunk in chunks for row in chunk.rows.to_pylist()] == [1, 2, 3, 4, 5, 1, 7, 8, 9, 10, 4]
    notices = [notice for chunk in chunks for notice in chunk.notices]
    assert len(notices) == len(told)
    assert all(notice.startswith(begin) for notice, begin in zip(notices, told, strict=True))


@pytest.mark.parametrize(("concurrent", "told"), [(1, "2 records"), (2, "At least 1 record"), (5, None)])
def test_keys_take_no_more_memory_where_windows_are_read_side_by_side(concurrent, told, desk, shelf, monkeypatch):
    monkeypatch.setattr(plan, "KEYS", 10)
    shelf.records[5] = {**shelf.records[5], "id": 1}
    shelf.records[10] = {**shelf.records[10], "id": 4}
    one = desk(TWICE, key=("id",), rate={"requests": 1000, "concurrent": concurrent})
    notices = [notice for chunk in one.read() for notice in chunk.notices]
    assert [notice.partition(" came")[0] for notice in notices] == ([told] if told else [])


def test_keys_that_come_once_or_are_not_known_are_not_told(desk, shelf):
    assert [notice for chunk in desk(TWICE, key=("id",)).read() for notice in chunk.notices] == []
    shelf.records[5] = {**shelf.records[5], "id": 1}
    for key in ((), ("id", "name"), ("id", "nothing")):
        assert [notice for chunk in desk(TWICE, key=key).read() for notice in chunk.notices] == []
