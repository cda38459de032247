"""`history`, `rollback` and `rebuild` on the command line: what they say, what they ask, and their exit codes."""

import json
import os
import pty
import select
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from lakesmith_terminal import ACME, LAKESMITH, Terminal

HEAD = "order_id,customer_id,ordered_on,amount"


@pytest.fixture(scope="module")
def twice(tmp_path_factory):
    """Two loads of orders, the second with a record that waits, and a copy of it all."""
    root = tmp_path_factory.mktemp("back") / "acme"
    shutil.copytree(ACME, root, ignore=shutil.ignore_patterns("models"))
    file = root / "lakesmith.yml"
    file.write_text(file.read_text().partition("publish:")[0])
    terminal = Terminal(root)
    assert terminal.run("run").returncode == 0
    rows = (HEAD, "O8,C1,2026-10-02,5.00", "O9,C1,2026-10-02,5.00,too,many", "")
    (root / "data/orders/2026-10-02.csv").write_text("\n".join(rows))
    assert terminal.run("run").returncode == 0
    shutil.copytree(root, root.with_name("kept"))
    return terminal


@pytest.fixture
def shop(twice):
    """The same state for every test, in the same place: a lake knows where it lies."""
    yield twice
    shutil.rmtree(twice.root)
    shutil.copytree(twice.root.with_name("kept"), twice.root)


def versions(shop):
    return json.loads(shop.run("history", "shop.orders", "--json").stdout)["versions"]


@pytest.mark.long
def test_history_for_people_and_for_scripts(shop):
    shown = shop.run("history", "shop.orders")
    assert shown.returncode == 0
    head, newest, first = shown.stdout.splitlines()
    assert head.split()[2:] == ["what", "added", "waiting", "rows", "files", "state"]
    assert newest.split()[2:6] == ["load", "2", "1", "1"]
    assert newest.endswith("in force")
    assert first.split()[2:4] == ["load", "1"]
    told = versions(shop)
    assert next((one["kind"], one["state"], one["ordinal"], one["quarantined"]) for one in told) == (
        "load",
        "in force",
        2,
        1,
    )
    assert told[0]["snapshot"].isdecimal()
    assert told[0]["batch_id"]
    assert "1 older" in shop.run("history", "orders", "--limit", "1").stdout


def test_a_rollback_wants_a_yes(shop):
    refused = shop.run("rollback", "shop.orders")
    assert refused.returncode == 2
    assert "add --yes, or look first with --dry-run" in refused.stderr
    refused = shop.run("rollback", "shop.orders", "--json")
    assert (refused.returncode, json.loads(refused.stdout)["ok"]) == (2, False)
    assert len(versions(shop)) == 2


def answer(shop, words, reply):
    """Answer a question on a terminal; return the exit code and what was shown."""
    here, there = pty.openpty()
    process = subprocess.Popen([LAKESMITH, *words], cwd=shop.root, stdin=there, stdout=there, stderr=there)
    os.close(there)
    shown = b""
    try:
        while select.select([here], [], [], 60)[0]:
            shown += os.read(here, 1 << 16)
            if b"[y/N]" in shown and reply:
                os.write(here, reply)
                reply = b""
    except OSError:  # the other end is closed
        pass
    os.close(here)
    return process.wait(60), shown.decode()


@pytest.mark.parametrize(
    ("reply", "code", "count"), [(b"n\n", 130, 2), pytest.param(b"y\n", 0, 3, marks=pytest.mark.long)]
)
def test_a_person_is_asked(shop, reply, code, count):
    ended, shown = answer(shop, ["rollback", "shop.orders"], reply)
    assert (ended, len(versions(shop))) == (code, count), shown
    assert "Go back?" in shown


def test_a_dry_run_changes_nothing(shop):
    for command in ("rollback", "rebuild"):
        done = shop.run(command, "shop.orders", "--dry-run", "--json")
        told = json.loads(done.stdout)
        assert (done.returncode, told["ok"], told["changed"]) == (0, True, False)
    assert len(versions(shop)) == 2


@pytest.mark.long
def test_back_and_anew_for_scripts(shop):
    back = json.loads(shop.run("rollback", "shop.orders", "--yes", "--json").stdout)
    assert (back["state"], back["returns"][0]["to"]["ordinal"]) == ("succeeded", 1)
    assert [load["state"] for load in back["loads"]] == ["rolled_back"]
    anew = json.loads(shop.run("rebuild", "shop.orders", "--yes", "--json").stdout)
    assert (anew["state"], anew["plan"]["splits"]) == ("succeeded", 2)
    assert [one["kind"] for one in versions(shop)[:2]] == ["swap", "rollback"]
    undone = shop.run("rollback", back["run_id"], "--yes")
    assert undone.returncode == 0, undone.stderr
    assert versions(shop)[0]["rows"] == versions(shop)[-2]["rows"]


@pytest.mark.long
def test_the_record_tells_of_them(shop):
    shop.run("rollback", "shop.orders", "--yes")
    said = shop.run("logs").stdout
    assert "rollback 0" in said
    assert "shop.orders went back, as lake snapshot" in said
    shop.run("rebuild", "shop.orders", "--yes")
    said = shop.run("logs").stdout
    assert "rebuild 0" in said
    assert "swapped in as generation 2" in said
    status = shop.run("status").stdout
    assert "shop.orders rolled back" in status
    assert "shop.orders replaced" in status


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["history", "shop.order"], 2, "did you mean shop.orders"),
        (["rollback", "shop.order", "--yes"], 2, "did you mean shop.orders"),
        (["rollback", "shop.orders", "--to", "99", "--yes"], 2, "`lakesmith history shop.orders` lists the versions"),
        (["rebuild", "order", "--yes"], 2, "did you mean shop.orders"),
        (["rebuild", "orders", "--since", "soon"], 2, "does not match the format"),
    ],
)
def test_mistakes_are_answered(shop, words, code, said):
    done = shop.run(*words)
    assert (done.returncode, said in done.stderr) == (code, True), done.stderr
