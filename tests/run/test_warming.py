"""What a run imports before its first load, and what that leaves of Python's collector."""

import json
import subprocess
import sys

import pytest

PROGRAM = """
import gc, json, sys
from lakesmith.run.execute import HEAVY, warm_up
before = gc.get_freeze_count()
warm_up()
once = gc.get_freeze_count()
warm_up()
print(json.dumps([sorted(set(HEAVY) - sys.modules.keys()), gc.isenabled(), before, once > 10_000, gc.get_freeze_count() <= once]))
"""


@pytest.mark.long
def test_imports_are_passed_over_by_the_collector_and_what_comes_later_is_not():
    told = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True).stdout
    assert json.loads(told) == [[], True, 0, True, True]
