"""`lakesmith demo --template subscriptions`: three days that hold the truth, then live until Ctrl-C; no server stays behind."""

import os
import shutil
import signal
import subprocess
import sys
import time

import pytest
from lakesmith_terminal import LAKESMITH, Terminal


@pytest.mark.long
def test_only_a_company_with_a_database_goes_on(tmp_path):
    ended = Terminal(tmp_path).run("demo", "acme", "--live")
    assert ended.returncode != 0
    assert "add --template subscriptions" in ended.stdout + ended.stderr
    assert list(tmp_path.iterdir()) == []


def test_what_is_missing_is_said_before_anything_is_made(tmp_path):
    (tmp_path / "hide").mkdir()
    (tmp_path / "hide/sitecustomize.py").write_text("import sys; sys.modules['psycopg'] = None\n")
    words = [sys.executable, "-m", "lakesmith", "demo", "acme", "--template", "subscriptions"]
    hidden = {**os.environ, "PYTHONPATH": str(tmp_path / "hide")}
    ended = subprocess.run(words, cwd=tmp_path, env=hidden, capture_output=True, text=True, check=False)
    assert ended.returncode != 0
    assert 'pip install "lakesmith[demo]"' in ended.stdout + ended.stderr
    assert not (tmp_path / "acme").exists()


@pytest.mark.long
@pytest.mark.timeout(500)
def test_three_days_and_then_live(tmp_path):
    terminal = Terminal(tmp_path)
    ended = terminal.run("demo", "acme", "--template", "subscriptions", "--scale", "0.1")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert ended.stdout.count("equal to the simulator's truth, value by value.") == 3
    assert "killed by signal 9" in ended.stdout
    assert "drift: new column sales_channel: added" in ended.stdout
    assert oct((tmp_path / "acme/.env").stat().st_mode).endswith("600")
    assert not runs(tmp_path)

    words = [LAKESMITH, "demo", "acme", "--template", "subscriptions", "--live", "--every", "1"]
    log = tmp_path / "live.log"
    with log.open("w") as out:
        live = subprocess.Popen(words, cwd=tmp_path, stdout=out, stderr=subprocess.STDOUT)
    give_up = time.monotonic() + 240
    while log.read_text().count("equal to the simulator's truth") < 2:
        assert live.poll() is None, log.read_text()
        assert time.monotonic() < give_up, log.read_text()
        time.sleep(0.2)
    live.send_signal(signal.SIGINT)
    assert live.wait(120) == 0, log.read_text()
    said = log.read_text()
    assert "Batch 37, 2026-10-04 02:00" in said
    assert "Batch 38, 2026-10-04 04:00" in said
    assert said.rstrip().endswith("Ended.")
    assert not runs(tmp_path)
    shutil.rmtree((tmp_path / "acme/server").resolve())  # a link, where the server runs as another user


def runs(root):
    """Return whether a server of the demo below a folder is running."""
    return (root / "acme/server/data/postmaster.pid").exists()
