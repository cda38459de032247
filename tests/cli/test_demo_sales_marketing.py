"""`lakesmith demo --template sales-marketing`: six days that change all shapes, from real servers; none of them stays behind."""

import json
import os
import subprocess
import sys

import psutil
import pytest
from lakesmith_terminal import LAKESMITH, Terminal
from mongo_server import PROGRAM, PROGRAMS

WORDS = ("demo", "acme", "--template", "sales-marketing")


@pytest.mark.long
def test_a_missing_server_is_said_before_anything_is_made(tmp_path):
    ended = Terminal(tmp_path).run(*WORDS, MONGO_URL="", LAKESMITH_MONGODB="")
    assert ended.returncode != 0
    assert "needs a MongoDB server" in ended.stdout + ended.stderr
    assert "LAKESMITH_MONGODB to a program" in ended.stdout + ended.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_missing_client_is_said_before_anything_is_made(tmp_path):
    (tmp_path / "hide").mkdir()
    (tmp_path / "hide/sitecustomize.py").write_text("import sys; sys.modules['pymongo'] = None\n")
    hidden = {**os.environ, "PYTHONPATH": str(tmp_path / "hide")}
    words = [sys.executable, "-m", "lakesmith", *WORDS]
    ended = subprocess.run(words, cwd=tmp_path, env=hidden, capture_output=True, text=True, check=False)
    assert ended.returncode != 0
    assert 'pip install "lakesmith[mongodb,rest]"' in ended.stdout + ended.stderr
    assert not (tmp_path / "acme").exists()


@pytest.mark.long
@pytest.mark.slow
@pytest.mark.timeout(1500)
def test_six_days_hold_the_truth(tmp_path):
    where = {**os.environ, "MONGO_URL": "", "LAKESMITH_MONGODB": str(PROGRAMS / PROGRAM)}
    words = [LAKESMITH, *WORDS, "--scale", "0.3"]
    ended = subprocess.run(words, cwd=tmp_path, env=where, capture_output=True, text=True, check=False)
    said = ended.stdout
    assert ended.returncode == 0, said + ended.stderr
    assert said.count("9 marts,") == said.count("equal to the simulator's truth, value by value.") == 6
    for drift in (
        "new column items.discount: added",
        "perhaps renamed phone_number (phone → phone_number): recorded",
        "values of another type total (double → string): sibling",
        "values of another type zip (long → string): sibling",
        "column no longer sent referrer: kept",
        "values of another type tag",
        "new column tags: added",
    ):
        assert drift in said, drift
    assert "Meta has retired this version" in ended.stderr
    assert " read = " in said
    assert "quarantined" in said
    assert said.count("0 quarantined") == said.count("quarantined")
    for name in (".env", "secrets/ga4.json"):
        assert oct((tmp_path / "acme" / name).stat().st_mode).endswith("600")
    key = json.loads((tmp_path / "acme/secrets/ga4.json").read_text())["private_key"]
    assert key.splitlines()[1] not in said
    assert servers_of(tmp_path) == []


def servers_of(folder):
    """Return the processes whose command line names a folder."""
    return [
        one.pid
        for one in psutil.process_iter(["cmdline"])
        if any(str(folder) in word for word in one.info["cmdline"] or ())
    ]
