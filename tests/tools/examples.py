"""How many examples hypothesis tries: half of what a test asks for in the fast suite, many times as many in the long one."""

from __future__ import annotations

import os
from collections.abc import Iterable

import pytest

TIMES = float(os.environ.get("LAKESMITH_TEST_EXAMPLES", "0.5"))
FEW = 10
"""Tests that ask for no more than this are tried with all."""


def set_examples(items: Iterable[pytest.Item]) -> None:
    """Let the tests of properties among these have `TIMES` as many examples as they ask for."""
    from hypothesis import is_hypothesis_test, settings

    tests = {item.obj for item in items if isinstance(item, pytest.Function) and is_hypothesis_test(item.obj)}
    for test in {getattr(test, "__func__", test) for test in tests}:
        asked = test._hypothesis_internal_use_settings  # what the decorator cannot change a second time
        count = max(round(asked.max_examples * TIMES), min(asked.max_examples, FEW))
        test._hypothesis_internal_use_settings = settings(asked, max_examples=count)
