"""The commands that are twins of pages say what the pages hold; `ui` serves, prints a link that works, and ends at once on Ctrl-C."""

import http.client
import json
import signal

import pytest
from lakesmith_terminal import Terminal
from made_history import Company, fill, write_project

import lakesmith
from lakesmith.api.storing import open_store
from lakesmith.api.viewing import Viewing
from lakesmith.api.viewing.twins import as_facts


@pytest.fixture(scope="module")
def terminal(tmp_path_factory):
    root = tmp_path_factory.mktemp("twins") / "acme"
    company = Company(days=5, runs_a_day=2)
    project = lakesmith.open(write_project(root, company))
    store = open_store(project._shop)
    fill(store.engine, company)
    store.close()
    return Terminal(root)


def told(terminal, *arguments):
    done = terminal.run(*arguments, "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def same(shown, view):
    """Compare all but the time of the look, and what is counted from it."""
    facts = json.loads(json.dumps(as_facts(view)))
    for name, value in facts.items():
        if name not in ("place", "timeline", "throughput", "headline"):
            assert shown[name] == value, name


def test_json_of_the_commands_is_that_of_the_pages(terminal):
    with Viewing(lakesmith.open(terminal.root)) as viewing:
        same(told(terminal, "runs"), viewing.runs())
        same(told(terminal, "runs", "--state", "failed"), viewing.runs(state="failed"))
        run = viewing.runs().runs[3].run_id
        same(told(terminal, "runs", run), viewing.run(run))
        same(told(terminal, "sources"), viewing.sources())
        same(told(terminal, "sources", "billing"), viewing.source("billing"))
        same(told(terminal, "tables", "--sort", "rows"), viewing.tables(sort="rows"))
        same(told(terminal, "tables", "shop.orders"), viewing.table("shop.orders"))


def test_people_read_the_same_on_80_columns(terminal):
    listed = terminal.run("tables").stdout
    assert "shop.orders" in listed
    assert "L F C" in listed
    one = terminal.run("tables", "billing.invoices").stdout
    assert "Rows per load:" in one
    assert "broken" in terminal.run("sources").stdout or "late" in terminal.run("sources").stdout


@pytest.mark.parametrize("arguments", [("runs", "zzz"), ("tables", "no.such"), ("sources", "nothing")])
def test_what_is_not_there_is_said(terminal, arguments):
    done = terminal.run(*arguments)
    assert done.returncode == 2
    assert "There is no" in done.stderr
    assert "Traceback" not in done.stderr


def test_ui_serves_and_ends_within_a_second(terminal):
    process = terminal.start("ui", "--port", "0")
    try:
        link = next(line.strip() for line in process.stdout if "token=" in line)
        port = int(link.split(":")[2].partition("/")[0])
        wire = http.client.HTTPConnection("localhost", port)
        wire.request("GET", link[link.index("/?") :])
        answer = wire.getresponse()
        answer.read()
        assert answer.status == 303
        wire.request("GET", "/", headers={"Cookie": answer.getheader("set-cookie").partition(";")[0]})
        assert b"need you" in wire.getresponse().read()
        other = terminal.run("ui", "--link", "--port", str(port)).stdout.strip()
        again = http.client.HTTPConnection("localhost", port)
        again.request("GET", other[other.index("/?") :])
        assert again.getresponse().status == 303
        process.send_signal(signal.SIGINT)
        process.wait(20)
    finally:
        process.kill()
        rest, complaints = process.communicate()
    assert process.returncode == 0, complaints
    assert rest.endswith("Stopped.\n")
    assert complaints == ""


def test_another_machine_is_never_served(terminal):
    done = terminal.run("ui", "--host", "0.0.0.0", "--port", "0")
    assert done.returncode == 2
    assert "to this machine only" in done.stderr
