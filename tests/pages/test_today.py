"""The page holds what it was given, escapes it, and needs nothing from anywhere."""

import itertools
import re
from datetime import UTC, datetime
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakesmith.pages import values as v
from lakesmith.pages.charts import chart, ticks
from lakesmith.pages.html import number, tag
from lakesmith.pages.lineage import BOX_HEIGHT, GAP, lineage
from lakesmith.pages.today import render

NOON = datetime(2026, 10, 3, 12, tzinfo=UTC)
VOID = {"meta", "br", "img", "input", "link"}


class Balance(HTMLParser):
    """Collects tags that are closed in another order than they were opened, all text, and all attribute values."""

    def __init__(self):
        super().__init__()
        self.open, self.faults, self.text, self.links = [], [], [], []

    def handle_starttag(self, name, attributes):
        if name not in VOID:
            self.open.append(name)
        self.links += [value for key, value in attributes if key in ("src", "href", "action", "style", "onclick")]

    def handle_endtag(self, name):
        if not self.open or self.open.pop() != name:
            self.faults.append(name)

    def handle_data(self, data):
        self.text.append(data)


def read(page):
    parser = Balance()
    parser.feed(page)
    assert not parser.faults
    assert not parser.open
    return parser


def today(**changes):
    usual = {
        "project": "acme",
        "target": "local",
        "version": "1.2.3",
        "as_of": NOON,
        "headline": "Every stream is loaded.",
        "mood": v.GOOD,
    }
    return v.Today(**usual | changes)


def load(**changes):
    usual = {
        "stream": "shop.orders",
        "at": NOON,
        "state": "succeeded",
        "read": 1234,
        "written": 1200,
        "quarantined": 30,
        "filtered": 4,
        "proven": True,
        "holds": True,
        "rows_per_s": 5000.0,
    }
    return v.LoadView(**usual | changes)


def test_a_page_about_nothing_says_so():
    text = " ".join(read(render(today())).text)
    for sentence in (
        "Nothing has been published yet.",
        "No record waits.",
        "No test has run yet.",
        "As of 2026-10-03 12:00 UTC",
    ):
        assert sentence in text


def test_the_page_loads_nothing_and_runs_nothing():
    page = render(today(loads=[load()], marts=[mart()], nodes=[v.NodeView("a.b", "bronze")]))
    assert read(page).links == []
    assert "<script" not in page
    assert not re.search(r"https?://|url\(|@import", page)


@given(st.text(min_size=1).filter(lambda text: text.strip()))
def test_every_text_is_escaped(text):
    page = render(today(headline=text, rejects=[v.RejectView(text, text, 1, text)], waiting=1))
    assert text.replace("\r", "\n") in "".join(read(page).text).replace("\r", "\n") or "\x00" in text


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({}, "holds"),
        ({"proven": False}, "unproven"),
        ({"holds": False}, "broken"),
        ({"state": "failed", "read": 0}, "failed"),
    ],
)
def test_a_load_shows_its_counts_and_whether_the_law_holds(change, word):
    text = read(render(today(loads=[load(**change)]))).text
    assert f" {word}" in text
    for count in ("1,200", "30", "4"):
        assert count in text


def test_what_sources_said_stands_below_the_loads():
    text = read(render(today(loads=[load()], notices=[v.NoticeView(NOON, "shop.orders", "`b.csv` is <gone>")]))).text
    assert text[text.index("notice") + 1 :][:3] == ["2026-10-03 12:00", "shop.orders", "`b.csv` is <gone>"]
    assert "notice" not in read(render(today(loads=[load()]))).text


def test_unknown_is_never_green():
    page = render(today(mood=v.UNKNOWN, headline="Nothing has run yet."))
    assert 'class="seal unknown">?' in page
    assert 'class="seal good"' not in page


def mart(**changes):
    usual = {
        "name": "mart_x",
        "description": "What it says.",
        "columns": ("day", "net"),
        "rows": (("2026-10-01", "1.50"), ("2026-10-02", "2.50")),
        "numeric": (False, True),
        "total": 7,
        "built_at": "2026-10-03 11:59:00 UTC",
        "charts": (v.Chart("columns", "Net by day", ("1 Oct", "2 Oct"), {"net": (1.5, 2.5)}, "EUR"),),
    }
    return v.MartView(**usual | changes)


def test_a_mart_shows_rows_totals_time_and_chart():
    text = read(render(today(marts=[mart()]))).text
    for said in (
        "mart_x",
        "What it says.",
        "Table: 2 of 7 rows",
        "2.50",
        "as of 2026-10-03 11:59:00 UTC",
        "1 Oct, net: 1.50 EUR",
    ):
        assert said in text


@given(st.floats(min_value=1e-6, max_value=1e15))
def test_ticks_are_even_and_reach_the_top(top):
    marks = ticks(top)
    steps = {round(b - a, 12) / marks[1] for a, b in itertools.pairwise(marks)}
    assert marks[0] == 0
    assert marks[-1] >= top * (1 - 1e-9)
    assert 2 <= len(marks) <= 6
    assert all(abs(step - 1) < 1e-3 for step in steps)


@pytest.mark.parametrize("kind", ["columns", "line", "bars"])
def test_columns_are_as_high_as_their_values(kind):
    drawn = chart(v.Chart(kind, "t", ("a", "b", "c"), {"s": (10.0, None, 30.0)}))
    read(drawn)
    heights = [float(size) for size in re.findall(r'<rect[^>]* (?:height|width)="([\d.]+)"[^>]*rx', drawn)]
    if kind == "columns":
        tall = [float(size) for size in re.findall(r'height="([\d.]+)" rx', drawn)]
        assert tall[1] == pytest.approx(tall[0] * 3, rel=1e-3)
    assert heights or kind == "line"
    assert drawn.count("<circle") == (2 if kind == "line" else 0)


def test_parts_are_stacked_and_named():
    drawn = chart(v.Chart("columns", "t", ("a",), {"one": (1.0,), "two": (3.0,)}))
    boxes = [
        (float(y), float(height)) for y, height in re.findall(r'y="([\d.]+)" width="[\d.]+" height="([\d.]+)"', drawn)
    ]
    assert boxes[1][0] + boxes[1][1] == pytest.approx(boxes[0][0], abs=0.02)
    assert "one" in drawn
    assert "two" in drawn


def test_lineage_draws_every_node_and_only_edges_between_them():
    nodes = [v.NodeView("s.a", "bronze"), v.NodeView("stg_a", "silver", v.WARN), v.NodeView("mart_a", "marts")]
    drawn = lineage(nodes, [("s.a", "stg_a"), ("stg_a", "mart_a"), ("gone", "mart_a")])
    read(drawn)
    assert drawn.count('class="edge"') == 2
    assert drawn.count('class="node') == 3
    assert 'class="node silver warn"' in drawn


def test_nodes_of_a_layer_do_not_overlap():
    drawn = lineage([v.NodeView(f"m{i}", "gold") for i in range(9)], [])
    tops = sorted(float(y) for y in re.findall(r'<rect x="[\d.]+" y="([\d.]+)"', drawn))
    assert all(b - a >= BOX_HEIGHT + GAP - 0.01 for a, b in itertools.pairwise(tops))


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (999, "999"), (1000, "1,000"), (2_500_000, "2.50 M"), (3e9, "3.00 bn"), (0.125, "0.12"), (None, "–")],
)
def test_numbers_read_well(value, text):
    assert number(value) == text


def test_attributes_are_escaped_and_none_is_left_out():
    assert tag("i", "<", class_='a"b', title=None, stroke_width=2) == '<i class="a&quot;b" stroke-width="2">&lt;</i>'
