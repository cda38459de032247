"""Servers of a demo end with whoever began them, however that ends."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from mongo_server import PROGRAM, PROGRAMS

from lakesmith.simulate import keeper

STUBBORN = "import os, signal, time\nsignal.signal(signal.SIGTERM, lambda *_: print('asked', flush=True) or os._exit(3))\nprint(os.getpid(), flush=True)\ntime.sleep(600)"
BEGINS = """
import sys, time
from pathlib import Path
from lakesmith.simulate import keeper
with open(sys.argv[1], "wb") as log:
    kept = keeper.begin([sys.executable, "-u", "-c", sys.argv[2]], log=log, cwd=Path.cwd())
print(kept.pid, flush=True)
time.sleep(600)
"""
DEMO = """
import sys, time
from pathlib import Path
from lakesmith.simulate.sales_marketing.servers import app_database
with app_database(Path(sys.argv[1])) as database:
    print(database.url, flush=True)
    time.sleep(600)
"""


def is_running(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def wait_until(true, give_up_s=60):
    give_up = time.monotonic() + give_up_s
    while not true():
        assert time.monotonic() < give_up
        time.sleep(0.02)


def lines_of(log):
    return log.read_text().splitlines() if log.exists() else []


@pytest.mark.parametrize("kind", [signal.SIGKILL, signal.SIGTERM])
def test_a_server_ends_with_who_began_it(tmp_path, kind):
    log = tmp_path / "log"
    parent = subprocess.Popen([sys.executable, "-c", BEGINS, str(log), STUBBORN], stdout=subprocess.PIPE, text=True)
    kept = int(parent.stdout.readline())
    wait_until(lambda: lines_of(log))
    server = int(lines_of(log)[0])
    assert is_running(server)
    assert is_running(kept)
    parent.send_signal(kind)
    parent.wait()
    wait_until(lambda: not is_running(server) and not is_running(kept))
    assert lines_of(log)[1:] == ["asked"]
    parent.stdout.close()


def test_a_server_that_does_not_heed_is_ended(tmp_path, monkeypatch):
    source = Path(keeper.__file__).read_text().replace("STOP_S = 20.0", "STOP_S = 0.2")
    hasty = tmp_path / "hasty.py"
    hasty.write_text(source)
    monkeypatch.setattr(keeper, "__file__", str(hasty))
    deaf = "import os, signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint(os.getpid(), flush=True)\ntime.sleep(600)"
    log = tmp_path / "log"
    with log.open("wb") as out:
        kept = keeper.begin([sys.executable, "-u", "-c", deaf], log=out, cwd=tmp_path)
    wait_until(lambda: lines_of(log))
    keeper.end(kept)
    assert kept.returncode == 128 + signal.SIGKILL
    assert not is_running(int(lines_of(log)[0]))


def test_a_keeper_ends_as_its_server_does_and_passes_signals_on(tmp_path):
    with (tmp_path / "log").open("wb") as out:
        assert keeper.begin([sys.executable, "-c", "raise SystemExit(7)"], log=out, cwd=tmp_path).wait(60) == 7
        assert keeper.begin(["/nowhere/program"], log=out, cwd=tmp_path).wait(60) == 126
    assert "/nowhere/program: No such file" in (tmp_path / "log").read_text()
    log = tmp_path / "stubborn"
    with log.open("wb") as out:
        kept = keeper.begin([sys.executable, "-u", "-c", STUBBORN], log=out, cwd=tmp_path)
    wait_until(lambda: lines_of(log))
    os.kill(kept.pid, signal.SIGTERM)
    assert kept.wait(60) == 3


def test_a_demo_that_is_killed_leaves_no_database_behind(tmp_path):
    env = {**os.environ, "LAKESMITH_MONGODB": str(PROGRAMS / PROGRAM)}
    env.pop("MONGO_URL", None)
    demo = subprocess.Popen(
        [sys.executable, "-c", DEMO, str(tmp_path / "app")], stdout=subprocess.PIPE, text=True, env=env
    )
    assert demo.stdout.readline().startswith("mongodb://")
    at_work = pids_in(tmp_path / "app")
    assert len(at_work) == 2  # the server and its keeper
    demo.kill()
    demo.wait()
    demo.stdout.close()
    wait_until(lambda: not any(map(is_running, at_work)))


def pids_in(folder):
    """Return the processes that run in a folder."""
    found = []
    for one in Path("/proc").iterdir():
        if one.name.isdigit():
            try:
                found += [int(one.name)] if (one / "cwd").readlink() == folder else []
            except OSError:
                continue
    return found
