from datetime import UTC, datetime, timedelta

import pytest

from lakesmith.monitor.judging.columns import Profile, judge_column, sees

AT = datetime(2026, 11, 18, 6, tzinfo=UTC)
USUAL = {"rows": 1000, "nulls": 20, "distinct": 5, "lowest": 1.0, "highest": 900.0, "categories": {"a": 0.6, "b": 0.4}}


def profile(ago=0, **changed):
    told = USUAL | changed
    return Profile(AT - timedelta(days=ago), run_id="r", **told)


def history(count=20, **changed):
    return [profile(ago, **({"nulls": 15 + ago % 10} | changed)) for ago in range(count, 0, -1)]


def verdicts(last, before=None):
    found = judge_column("shop.orders", "state", [*(before or history()), last], at=AT)
    return {one.rule: (one.verdict, one.reason) for one in found}


def test_all_as_usual():
    found = verdicts(profile())
    assert {rule: verdict for rule, (verdict, _) in found.items()} == dict.fromkeys(
        ("nulls", "distinct", "range", "categories"), "good"
    )


@pytest.mark.parametrize(("nulls", "verdict"), [(20, "good"), (60, "good"), (200, "warn"), (1000, "bad"), (0, "good")])
def test_nulls_that_jump(nulls, verdict):
    assert verdicts(profile(nulls=nulls))["nulls"][0] == verdict


def test_nulls_that_vanish():
    before = history(nulls=400)
    assert verdicts(profile(nulls=0), before)["nulls"] == ("warn", "0% of the values are missing, 40% usually")


@pytest.mark.parametrize(("distinct", "verdict"), [(5, "good"), (8, "good"), (1, "warn"), (400, "warn")])
def test_distinct_values_that_collapse_or_explode(distinct, verdict):
    assert verdicts(profile(distinct=distinct, categories=None))["distinct"][0] == verdict


def test_a_key_that_is_no_longer_unique():
    before = history(distinct=1000, nulls=0)
    assert verdicts(profile(distinct=1000, nulls=0), before)["distinct"][0] == "good"
    assert verdicts(profile(distinct=500, nulls=0), before)["distinct"] == (
        "warn",
        "50% of the values are different ones, 100% usually",
    )


def test_many_values_in_many_rows_are_no_explosion():
    before = history(distinct=500, categories=None)
    assert verdicts(profile(rows=10_000, nulls=200, distinct=5_000, categories=None), before)["distinct"][0] == "good"


@pytest.mark.parametrize(
    ("lowest", "highest", "verdict"),
    [(1.0, 5000.0, "good"), (1.0, 90_000.0, "warn"), (0.0, 9.0, "warn"), (-5.0, 900.0, "warn"), (0.0, 0.0, "warn")],
)
def test_ranges_by_their_magnitude(lowest, highest, verdict):
    found = verdicts(profile(lowest=lowest, highest=highest))["range"]
    assert found[0] == verdict
    assert not any(str(end) in found[1] for end in (5000, 90_000, 900))


def test_categories_that_are_new_or_gone():
    assert verdicts(profile(categories={"a": 0.6, "b": 0.3, "c": 0.1}))["categories"] == (
        "warn",
        "a category never seen before makes 10% of the rows",
    )
    assert verdicts(profile(categories={"a": 0.98, "b": 0.0, "c": 0.02}))["categories"][0] == "good"
    assert verdicts(profile(categories={"a": 1.0}))["categories"] == (
        "warn",
        "a category that used to make 40% of the rows is gone",
    )


def test_it_learns_for_fourteen_loads_or_a_week_and_leaves_small_loads_out():
    assert [sees([*history(count), profile()]) for count in (4, 6, 7, 14)] == [False, False, True, True]
    hourly = [Profile(AT - timedelta(hours=n), 1000, 0) for n in range(13, 0, -1)]
    assert sees([*hourly, profile()]) is False
    assert sees([Profile(AT - timedelta(hours=14), 1000, 0), *hourly, profile()]) is True
    [young] = judge_column("a.b", "x", [*history(3), profile()], at=AT)
    assert (young.verdict, young.reason) == ("learning", "learning: 4 of 14 loads seen")
    assert judge_column("a.b", "x", [*history(), profile(rows=49)], at=AT) == []
    assert verdicts(profile(), [*history(), *[profile(rows=10, nulls=10)] * 30])["nulls"][0] == "good"


def test_unknown_stays_unjudged():
    only_nulls = [Profile(one.seen_at, 1000, 10) for one in history()]
    assert set(verdicts(Profile(AT, 1000, 10), only_nulls)) == {"nulls"}
