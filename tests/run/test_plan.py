"""The plan: pure, every step after what it needs, nothing without a reason."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakesmith.model.streams import StreamId
from lakesmith.run.plan import Facts, StreamNews, make_plan

NAMES = st.text("abc", min_size=1, max_size=3)
REASONS = st.sampled_from(["", "models changed"])
NEWS = st.builds(
    StreamNews,
    st.builds(StreamId, NAMES, NAMES),
    st.integers(0, 3),
    st.none() | st.integers(0, 10**10),
    first=st.booleans(),
)
FACTS = st.builds(
    Facts,
    st.lists(NEWS, max_size=5, unique_by=lambda news: news.stream),
    st.lists(NAMES, max_size=2).map(tuple),
    st.lists(NAMES, max_size=2).map(tuple),
    has_models=st.booleans(),
    why_build=REASONS,
    publish=st.lists(st.tuples(NAMES, REASONS), max_size=3, unique_by=lambda entry: entry[0]),
    rollbacks=st.dictionaries(st.builds(StreamId, NAMES, NAMES), st.integers(1, 2**62), max_size=2),
)


@given(FACTS)
def test_every_step_comes_once_and_after_what_it_needs(facts):
    done = set()
    for step in make_plan(facts):
        assert set(step.needs) <= done
        assert step.name not in done
        assert step.reason
        done.add(step.name)


@given(FACTS)
def test_what_has_something_new_is_loaded_and_nothing_else(facts):
    loads = [step for step in make_plan(facts) if step.kind == "load"]
    assert [step.selects for step in loads] == [(str(news.stream),) for news in facts.news if news.splits]


@given(FACTS)
def test_tables_go_back_before_anything_is_built(facts):
    plan = make_plan(facts)
    backs = [step for step in plan if step.kind == "rollback"]
    assert [step.selects for step in backs] == [(str(stream), str(at)) for stream, at in facts.rollbacks.items()]
    for build in (step for step in plan if step.kind == "attach"):
        assert {step.name for step in backs} <= set(build.needs)


def test_a_rebuild_is_due_even_where_nothing_is_left_to_read():
    news = StreamNews(StreamId("a", "b"), 0, 0, first=False, why="the rest of a load that was cut off")
    [step] = make_plan(Facts((news,), (), (), has_models=False, why_build="", publish=()))[:1]
    assert (step.kind, step.reason) == ("load", "the rest of a load that was cut off: all is read")


@given(FACTS)
def test_models_are_built_when_rows_are_new_or_there_is_a_reason(facts):
    plan = make_plan(facts)
    rows = any(news.splits for news in facts.news) or bool(facts.rollbacks)
    due = facts.has_models and bool(facts.why_build or rows)
    looks = ["attach"] if rows else []  # bronze can be asked even where there are no models
    assert [step.kind for step in plan if step.kind in ("attach", "build", "swap")] == (
        ["attach", "build", "swap"] if due else looks
    )
    for step in plan:
        if step.kind == "build":
            assert (step.selects, step.resources) == (facts.select, {"exclude": facts.exclude})
        if step.kind == "attach":
            assert step.needs == tuple(load.name for load in plan if load.kind in ("load", "rollback"))


@given(FACTS)
def test_publications_follow_a_swap_or_have_a_reason_of_their_own(facts):
    plan = make_plan(facts)
    swapped = any(step.kind == "swap" for step in plan)
    published = {step.selects[0]: step.needs for step in plan if step.kind == "publish"}
    assert published == {name: ("swap",) if swapped else () for name, why in facts.publish if why or swapped}


@pytest.mark.long
@given(FACTS)
def test_the_same_facts_make_the_same_plan(facts):
    assert make_plan(facts) == make_plan(facts)


def test_reasons_are_for_people():
    news = (StreamNews(StreamId("a", "b"), 1, 1_500, first=True), StreamNews(StreamId("a", "c"), 2, None, first=False))
    plan = make_plan(Facts(news, (), (), has_models=True, why_build="", publish=(("tables", ""),)))
    assert [(step.name, step.reason) for step in plan] == [
        ("load:a.b", "first load: 1 part, 1.5 kB"),
        ("load:a.c", "new since the last load: 2 parts"),
        ("attach", "so that dbt reads what has just been loaded"),
        ("build", "new rows"),
        ("swap", "so that readers see tested tables, all together"),
        ("publish:tables", "what it publishes is built anew"),
    ]
