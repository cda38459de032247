"""How many examples hypothesis tries: half of what a test asks for in the fast suite and at most 40, many times as many in the long one."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

import pytest

TIMES = float(os.environ.get("LAKESMITH_TEST_EXAMPLES", "0.5"))
FEW = 10
"""Tests that ask for no more than this are tried with all."""
MANY = 40 if TIMES < 1 else 1_000_000
"""No test is tried with more."""


def set_examples(items: Iterable[pytest.Item]) -> None:
    """Let the tests of properties among these have `TIMES` as many examples as they ask for, and the time that they take.

    Those marked `long` keep the number that they ask for. A machine with much to do fails none of them: the first text
    that is made in a fresh clone takes seconds.
    """
    from hypothesis import HealthCheck, is_hypothesis_test, settings

    long: dict[Any, bool] = {}
    for item in items:
        if isinstance(item, pytest.Function) and is_hypothesis_test(item.obj):
            test = getattr(item.obj, "__func__", item.obj)
            long[test] = long.get(test, True) and item.get_closest_marker("long") is not None
    for test, all_of_them in long.items():
        asked = test._hypothesis_internal_use_settings  # what the decorator cannot change a second time
        count = min(max(round(asked.max_examples * TIMES), min(asked.max_examples, FEW)), MANY)
        test._hypothesis_internal_use_settings = settings(
            asked,
            max_examples=asked.max_examples if all_of_them else count,
            deadline=None,
            suppress_health_check={*asked.suppress_health_check, HealthCheck.too_slow},
        )
