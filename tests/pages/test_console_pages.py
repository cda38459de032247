"""Addresses are opaque whatever a thing is called; pictures show what they are given; nothing unlooked is green."""

import re
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from lakesmith.pages.console.lines import chips
from lakesmith.pages.frame import style, style_hash
from lakesmith.pages.links import KEY, key_of, table_link
from lakesmith.pages.plots import plot, throughput
from lakesmith.pages.timelines import timeline
from lakesmith.pages.views.common import Health, Lane, Mark, Plot, RunLine, Throughput, Timeline

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


@given(st.text(max_size=300), st.text(max_size=300))
def test_what_stands_for_a_name_is_plain_and_its_own(one, other):
    assert KEY.fullmatch(key_of(one))
    assert re.fullmatch(r"[A-Za-z0-9_.~-]{1,120}", key_of(one))
    assert ".." not in key_of(one)
    assert (key_of(one) == key_of(other)) == (one == other)


@given(st.text(max_size=200))
def test_a_link_to_any_name_is_one_element(name):
    assert re.fullmatch(
        r'<(a href="/(tables|sources)/[A-Za-z0-9_.~-]+"|span)>[^<>]*</(a|span)>', table_link(name), re.DOTALL
    )


def days(*amounts, **more):
    points = [NOON - timedelta(days=len(amounts) - index) for index in range(len(amounts))]
    return Plot("rows", "Rows", "They are few.", "rows", points, {"rows": amounts}, **more)


@given(st.lists(st.one_of(st.none(), st.integers(0, 10**12)), min_size=1, max_size=30))
def test_columns_stand_for_their_numbers_and_the_table_holds_them_all(amounts):
    drawn = plot(days(*amounts), NOON - timedelta(days=31), NOON)
    boxes = re.findall(
        r'<rect x="[\d.]+" y="([\d.]+)" width="[\d.]+" height="([\d.]+)" class="s0"|<rect class="s0" x="[\d.]+" y="([\d.]+)"',
        drawn,
    )
    assert drawn.count('class="s0"') - drawn.count('<i class="s0"') == sum(bool(amount) for amount in amounts), boxes
    assert drawn.count("<tr>") == len(amounts) + 1
    assert "nan" not in drawn
    assert all(0 <= float(y) <= 176 for y in re.findall(r' y="([\d.-]+)"', drawn))


def test_what_was_expected_and_promised_and_what_changed_is_drawn():
    value = days(10, 20, 15, band=[(5, 25), None, (6, 30)], limits={"promised": 28.0})
    drawn = throughput(
        Throughput(NOON - timedelta(days=4), NOON, [Mark(NOON - timedelta(days=2), "code", "a → b")], [value])
    )
    assert 'class="band"' in drawn
    assert 'class="limit"' in drawn
    assert ">C</text>" in drawn
    assert "a → b" in drawn
    assert "Letters on the pictures say what changed there: C code." in drawn


def test_health_that_nobody_looked_at_is_not_green():
    drawn = chips(Health())
    assert "good" not in drawn
    assert drawn.count("chip unknown") == 3
    assert "load unknown, freshness unknown, checks unknown" in drawn


def test_the_timeline_says_what_it_shows():
    run = RunLine("r1", "shop", NOON - timedelta(hours=2), NOON - timedelta(hours=1), "failed", "", "run", "cli")
    drawn = timeline(
        Timeline(
            NOON - timedelta(hours=24),
            NOON,
            NOON + timedelta(hours=6),
            [Lane("shop", [run], [NOON + timedelta(hours=1)])],
        )
    )
    assert "1 run, 1 failed or lost; 1 start is due until 18:00." in drawn
    assert 'href="/runs/r1"' in drawn
    assert "2026-11-20 13:00" in drawn


def test_the_style_is_one_and_its_hash_is_of_all_of_it():
    assert "@import" not in style()
    assert "url(" not in style()
    assert re.fullmatch(r"sha256-[A-Za-z0-9+/]{43}=", style_hash())
