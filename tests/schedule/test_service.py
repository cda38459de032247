import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

LAKESMITH = str(Path(sys.executable).with_name("lakesmith"))
PATIENCE_S = 90


def make_project(root, schedule):
    """Write a project of one file source, which a test adds files to."""
    (root / "data").mkdir(parents=True)
    (root / "lakesmith.yml").write_text(
        f"version: 1\nname: acme\nschedule: {schedule}\n"
        "sources:\n  shop:\n    type: files\n    root: data\n    streams:\n      orders: {files: '*.csv', settle_s: 0}\n"
    )
    deliver(root, 1)


def deliver(root, number):
    """Bring a file of ten rows."""
    rows = "".join(f"{number},{row}\n" for row in range(10))
    part = root / f"{number}.part"
    part.write_text(f"day,row\n{rows}")
    part.rename(root / "data" / f"{number}.csv")


@contextmanager
def up(root, *words):
    """Run `lakesmith up` for the length of a `with`."""
    with (root / "up.txt").open("ab") as out:
        process = subprocess.Popen(
            [LAKESMITH, "up", "--no-console", *words], cwd=root, stdout=out, stderr=out, stdin=subprocess.DEVNULL
        )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            process.wait(PATIENCE_S)


def ask(root, query):
    """Return rows of the record of runs."""
    file = root / ".lakesmith" / "runs.db"
    if not file.exists():
        return []
    connection = sqlite3.connect(file, timeout=30)
    try:
        return connection.execute(query).fetchall()
    except sqlite3.OperationalError:
        return []
    finally:
        connection.close()


def count(root, query):
    """Return the number a query finds; 0 where there is nothing yet."""
    found = ask(root, query)
    return (found[0][0] or 0) if found else 0


def wait_for(condition):
    """Wait until a condition holds, and return what it says."""
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        found = condition()
        if found:
            return found
        time.sleep(0.2)
    raise AssertionError("nothing came")


SETTLED = "select count(*) from tick where state in ('succeeded', 'nothing_new', 'warned')"


@pytest.mark.slow
def test_runs_start_by_the_clock_are_on_record_with_their_cause_and_end_with_ctrl_c(tmp_path):
    make_project(tmp_path, "{every: 5s}")
    with up(tmp_path) as process:
        wait_for(lambda: count(tmp_path, SETTLED) >= 1)
        deliver(tmp_path, 2)
        wait_for(lambda: count(tmp_path, "select count(*) from table_load where rows_written > 0") >= 2)
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE_S) == 0
    causes = ask(tmp_path, 'select distinct "trigger", pipeline, nominal_at is not null from run')
    assert causes == [("schedule", "everything", 1)]
    assert ("up local",) in ask(tmp_path, "select component from heartbeat")


@pytest.mark.long
def test_a_scheduler_that_is_killed_again_and_again_loses_and_doubles_nothing(tmp_path):
    make_project(tmp_path, "{every: 3s}")
    for number in range(2, 7):
        with up(tmp_path) as process:
            wait_for(lambda: count(tmp_path, "select count(*) from tick where state = 'started'") >= 1)
            deliver(tmp_path, number)
            time.sleep(0.4 * number)
            if number % 2:  # its run dies with it, as in a power cut
                subprocess.run(["pkill", "-KILL", "-f", f"lakesmith run --project {tmp_path}"], check=False)
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
    with up(tmp_path):
        wait_for(lambda: count(tmp_path, "select sum(rows_written) from table_load where state != 'failed'") == 60)
        left = "select 1 from tick where state in ('started', 'waiting') and nominal_at < (select max(nominal_at) from tick)"
        wait_for(lambda: not ask(tmp_path, left))
    assert ask(tmp_path, "select pipeline, nominal_at, count(*) from tick group by 1, 2 having count(*) > 1") == []


@pytest.mark.long
@pytest.mark.slow
def test_a_second_scheduler_says_who_is_there_and_ends(tmp_path):
    make_project(tmp_path, '{cron: "0 0 1 1 *"}')
    with up(tmp_path):
        wait_for(lambda: ask(tmp_path, "select 1 from heartbeat"))
        done = subprocess.run(
            [LAKESMITH, "up", "--no-console"], cwd=tmp_path, capture_output=True, text=True, check=False
        )
    assert done.returncode == 3
    assert "Another scheduler is at work here: `lakesmith up`, process" in done.stderr


@pytest.mark.long
def test_a_schedule_that_is_written_while_it_is_up_is_taken_over(tmp_path):
    make_project(tmp_path, '{cron: "0 0 1 1 *"}')
    file = tmp_path / "lakesmith.yml"
    with up(tmp_path):
        wait_for(lambda: ask(tmp_path, "select 1 from heartbeat"))
        file.write_text(file.read_text().replace('{cron: "0 0 1 1 *"}', "{every: oops}"))
        wait_for(lambda: "the old one stays in force" in (tmp_path / "up.txt").read_text())
        file.write_text(file.read_text().replace("{every: oops}", "{every: 4s}"))
        wait_for(lambda: count(tmp_path, SETTLED) >= 1)
