import os
import subprocess
import sys

import pytest

PROGRAM = """
from lakesmith.host.crash import point
for _ in range(3):
    point("one")
    point("two")
print("alive")
"""


def run(tmp_path, armed=None):
    env = {**os.environ, "LAKESMITH_CRASH_LOG": str(tmp_path / "log")} | ({"LAKESMITH_CRASH": armed} if armed else {})
    done = subprocess.run([sys.executable, "-c", PROGRAM], env=env, capture_output=True, text=True, check=False)
    return done, (tmp_path / "log").read_text().split()


def test_nothing_happens_unless_armed(tmp_path):
    done, passed = run(tmp_path)
    assert (done.returncode, done.stdout) == (0, "alive\n")
    assert passed == ["one:1", "two:1", "one:2", "two:2", "one:3", "two:3"]


@pytest.mark.parametrize(
    ("armed", "passed"),
    [("one", ["one:1"]), ("two", ["one:1", "two:1"]), ("one:3", ["one:1", "two:1", "one:2", "two:2", "one:3"])],
)
def test_the_process_dies_at_the_armed_pass(tmp_path, armed, passed):
    done, log = run(tmp_path, armed)
    assert (done.returncode, done.stdout, log) == (-9, "", passed)


def test_a_point_that_is_never_passed_kills_nobody(tmp_path):
    assert run(tmp_path, "one:4")[0].returncode == 0
