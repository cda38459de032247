import contextlib
import subprocess
import sys

import pytest

from lakesmith.errors import RunInProgressError
from lakesmith.host import locks

HOLDER = """
import sys
from pathlib import Path
from lakesmith.host import locks
with locks.hold(Path(sys.argv[1]), {"command": "lakesmith run", "pid": 4711, "since": "06:00:12"}):
    print("held", flush=True)
    sys.stdin.read()
"""
ME = {"command": "lakesmith dbt", "pid": 1, "since": "now"}


@contextlib.contextmanager
def held(path):
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "held\n"
        yield process
        process.stdin.close()


def test_a_second_process_is_told_who_holds_the_lock(tmp_path):
    path = tmp_path / "new" / "local.lock"
    with (
        held(path),
        pytest.raises(RunInProgressError, match=r"going on: `lakesmith run`, process 4711, since 06:00:12\."),
        locks.hold(path, ME),
    ):
        pass
    with locks.hold(path, ME):
        assert locks.describe(path) == "`lakesmith dbt`, process 1, since now"


def test_a_refused_process_takes_nothing_away_from_the_holder(tmp_path):
    path = tmp_path / "local.lock"
    with held(path):
        for _ in range(2):
            with pytest.raises(RunInProgressError, match="process 4711"), locks.hold(path, ME):
                pass


def test_the_system_frees_the_lock_of_a_killed_process(tmp_path):
    path = tmp_path / "local.lock"
    with held(path) as process:
        process.kill()
        process.wait()
        with locks.hold(path, ME):
            pass


def test_the_lock_is_free_after_an_error(tmp_path):
    path = tmp_path / "local.lock"
    with pytest.raises(ValueError, match="inside"), locks.hold(path, ME):
        raise ValueError("inside")
    with locks.hold(path, ME):
        pass
    assert locks.describe(path) == "its process does not say who it is"
