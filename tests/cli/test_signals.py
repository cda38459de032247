"""Ctrl-C and SIGTERM stop a real run at a safe point; the next run completes what is left."""

import re
import signal
import subprocess
import time

import pytest
from lakesmith_terminal import LAKESMITH
from warm_dbt import warm_dbt

ORDERS = 150_000
BOTH = pytest.mark.parametrize(
    "number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.long)], ids=["SIGINT", "SIGTERM"]
)


def wait_until(true, process, timeout_s=60.0):
    end = time.monotonic() + timeout_s
    while not true():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end
        time.sleep(0.005)


@BOTH
def test_a_stop_during_a_load_loses_and_doubles_nothing(acme_bronze, number):
    rows = "".join(f"N{row},C1,2026-10-02,{row}.50\n" for row in range(ORDERS))
    for day in ("02", "03", "04"):
        file = acme_bronze.root / f"data/orders/2026-10-{day}.csv"
        file.write_text("order_id,customer_id,ordered_on,amount\n" + rows.replace("N", f"N{day}-"))
    passed = acme_bronze.root / "passed"
    process = acme_bronze.start("run", LAKESMITH_CRASH_LOG=str(passed))
    wait_until(lambda: passed.exists() and "run.load.begun:2" in passed.read_text(), process)
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, out + err
    assert "Traceback" not in out + err
    assert "Stopped at a safe point" in out
    again = acme_bronze.run("run", "--json")
    assert again.returncode == 0, again.stderr
    doctor = acme_bronze.run("doctor").stdout
    assert f"shop.orders: {3 * ORDERS + 4:,} rows" in doctor
    assert "shop.customers: 3 rows" in doctor


@pytest.mark.long  # the fast suite stops a load
@BOTH
def test_a_stop_during_dbt_keeps_what_was_loaded(acme, number):
    slow = acme.root / "models/marts/mart_countries.sql"
    text = slow.read_text()
    slow.write_text(
        text.replace("count(*)", "count(*) + 0 * (select sum(a.range * b.range) from range(300000) a, range(300000) b)")
    )
    process = acme.start("run")
    log = lambda: "".join(file.read_text() for file in acme.root.glob(".lakesmith/logs/*.jsonl"))  # noqa: E731
    wait_until(lambda: re.search(r"mart_sales", log()), process)
    began = time.monotonic()
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, out + err
    assert time.monotonic() - began < 25
    assert "Traceback" not in out + err
    assert processes_of(acme) == ""
    assert acme.run("query", "from marts.mart_sales").returncode == 2, "nothing half-built is published"
    slow.write_text(text)
    with warm_dbt():
        again = acme.run("run")
    assert again.returncode == 0, again.stdout + again.stderr
    assert " load " not in again.stdout, "what was loaded before the stop stayed"
    assert "Norway" in acme.run("query", "--csv", "from marts.mart_sales").stdout


@pytest.mark.long
def test_no_process_is_left_behind_by_a_dbt_that_has_hardly_begun(acme):
    process = acme.start("run")
    wait_until(lambda: list(acme.root.glob("target")), process)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert processes_of(acme) == ""


def processes_of(terminal):
    """Return the ids of processes that name the project folder."""
    return subprocess.run(["pgrep", "-f", str(terminal.root)], capture_output=True, text=True, check=False).stdout


@pytest.mark.parametrize(
    "command",
    [
        "--help",
        *(
            pytest.param(command, marks=pytest.mark.long)
            for command in ("check --json", "run --help", "check", "quarantine")
        ),
    ],
)
def test_a_broken_pipe_is_quiet(company, command):
    assert through_a_broken_pipe(company[0], command) == ""


@pytest.mark.long
@pytest.mark.parametrize("form", ["", "--csv", "--json"])
def test_a_reader_may_leave_a_long_answer(built, form):
    assert through_a_broken_pipe(built, f"query {form} 'from range(200000)'") == ""


def through_a_broken_pipe(terminal, command):
    """Return what a command says on standard error when nobody reads its standard output to the end."""
    script = f"{LAKESMITH} {command} 2>err | head -c 1 >/dev/null; true"
    subprocess.run(["bash", "-c", script], cwd=terminal.root, check=True, timeout=60)
    return (terminal.root / "err").read_text()
