"""How often the detector of volume alarms and how often it ought to, on series with fixed seeds; `bench/detectors.py` has more trials of more."""

import importlib.util
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).parents[3] / "bench"
TRIALS = 150
FEW_TRIALS = 60
WEEKDAYS = "weekday, 8 % noise"


@pytest.fixture(scope="module")
def bench():
    sys.path.insert(0, str(BENCH))
    try:
        spec = importlib.util.spec_from_file_location("bench_detectors", BENCH / "detectors.py")
        module = importlib.util.module_from_spec(spec)
        sys.modules[spec.name] = module
        spec.loader.exec_module(module)
        yield module
    finally:
        sys.path.remove(str(BENCH))
        sys.modules.pop("bench_detectors", None)


RECORDED = {
    # series: false alarms at most; 30 % less, half, empty, twice, second half day at least
    "flat, 5 % noise": (0.0, 0.99, 1.0, 1.0, 1.0, 1.0),
    "weekday, 8 % noise": (0.0, 0.70, 0.99, 1.0, 0.99, 0.99),
    "weekday, 1 % a day growth": (0.007, 0.60, 0.99, 1.0, 0.99, 0.99),
    "constant 1,000": (0.0, 1.0, 1.0, 1.0, 1.0, 1.0),
    "small, Poisson of 8": (0.0, 0.0, 0.0, 0.97, 0.0, 0.0),
    "four times at the end of a month": (0.0, 0.70, 0.99, 1.0, 0.99, 0.99),
}


@pytest.mark.parametrize(
    ("name", "trials"),
    [(WEEKDAYS, FEW_TRIALS), *(pytest.param(name, TRIALS, marks=pytest.mark.long) for name in RECORDED)],
)
def test_figures_are_not_worse_than_recorded(bench, name, trials):
    found = bench.figures(name, bench.ours, trials)
    false, *right = RECORDED[name]
    assert found["false alarm"] <= false
    assert [share >= least for share, least in zip(found.shares[1:], right, strict=True)] == [True] * 5, found


def test_the_usual_rule_of_others_sees_no_empty_day_of_a_table_with_weekends(bench):
    others = bench.figures("weekday, 8 % noise", bench.z_score, 400)
    assert others["empty"] == 0.0
    assert others["half"] == 0.0


def test_with_weekdays_the_rule_of_others_is_blind_to_an_empty_day_of_a_table_that_grows(bench):
    by_weekday = bench.DETECTORS["z, same weekdays"]
    assert bench.figures("weekday, 8 % noise", by_weekday, 200)["empty"] == 1.0
    assert bench.figures("weekday, 1 % a day growth", by_weekday, 200)["empty"] == 0.0


def test_a_demo_company_nothing_was_tuned_on(bench):
    log = bench.company_log(bench.SEEDS[0])
    found = bench.company_figures([log], bench.ours)
    assert found["false alarm"] == 0.0
    assert (found["half"], found["empty"]) == (1.0, 1.0)


@pytest.mark.long
@pytest.mark.parametrize(
    "name", ["weekday, 8 % noise", "weekday, 1 % a day growth", "four times at the end of a month"]
)
def test_the_bars_over_a_thousand_trials(bench, name):
    found = bench.figures(name, bench.ours, 1000)
    assert found["false alarm"] <= 0.003
    assert found["half"] >= 0.95
    assert found["empty"] >= 0.99
