"""`lakesmith incidents` and `lakesmith alerts` on a small project whose source is not there: what people read, what scripts get."""

import json
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "monitor" / "alerts")]

from lakesmith_terminal import Terminal
from receivers import WebReceiver

PROJECT = """
version: 1
name: acme
sources:
  shop: {type: postgres, url: "${env:SHOP_URL}", streams: [orders, items]}
monitor:
  tables: {"shop.*": {owner: commerce}}
alerts:
  address: https://data.example.com
  channels:
    team: {type: slack, url: "${env:HOOK_URL}", private: true}
  routes:
    - {name: commerce, owner: commerce, channels: [team]}
"""


@pytest.fixture(scope="module")
def web():
    with WebReceiver().serving() as receiver:
        yield receiver


@pytest.fixture(scope="module")
def shop(tmp_path_factory, web):
    """A project after a run that failed."""
    root = tmp_path_factory.mktemp("shop")
    (root / "lakesmith.yml").write_text(PROJECT)
    (root / ".env").write_text(f"SHOP_URL=postgresql://shop:canary-word@127.0.0.1:1/shop\nHOOK_URL={web.url}\n")
    terminal = Terminal(root)
    assert terminal.run("run").returncode != 0
    return terminal


def answer(terminal, *arguments, code=0):
    done = terminal.run(*arguments, "--json")
    assert done.returncode == code, done.stdout + done.stderr
    return json.loads(done.stdout)


def test_from_what_broke_to_what_to_do_and_to_its_end(shop, web):
    [listed] = answer(shop, "incidents")["incidents"]
    assert (listed["subject"], listed["state"], listed["owner"]) == ("shop.*", "open", "commerce")
    said = shop.run("incidents").stdout
    assert f"{listed['incident_id'][:8]}  shop.*: Nobody answers at this host and port" in said
    shown = shop.run("incidents", "show", listed["incident_id"][:8]).stdout
    for words in (
        "Changed:  There is no good run",
        "Data:     Nothing half-done",
        "lakesmith run --select source:shop",
    ):
        assert words in shown
    assert "canary-word" not in shown
    facts = answer(shop, "incidents", "show", listed["incident_id"])
    assert {one["subject"] for one in facts["touched"]} >= {"shop.orders", "shop.items"}
    [(_, _, body)] = web.got
    assert f"https://data.example.com/incidents/{listed['incident_id']}" in body.decode()
    assert answer(shop, "incidents", "acknowledge", listed["incident_id"], "--note", "mine")["state"] == "acknowledged"
    refused = shop.run("incidents", "resolve", listed["incident_id"], "--reason", "tired", "--note", "x")
    assert refused.returncode == 2
    ended = answer(shop, "incidents", "resolve", listed["incident_id"], "--reason", "config", "--note", "a wrong port")
    assert (ended["state"], ended["resolution"]) == ("resolved", "config")
    assert answer(shop, "incidents")["incidents"] == []
    assert len(answer(shop, "incidents", "--all")["incidents"]) == 1
    assert answer(shop, "incidents", "show", "nothing", code=2)["error"] == "SelectionError"


@pytest.mark.long
def test_who_is_told_what(shop, web):
    assert answer(shop, "alerts")["channels"] == [{"channel": "team", "type": "slack", "usable": True}]
    assert "commerce" in shop.run("alerts").stdout
    way = answer(shop, "alerts", "routes", "--for", "shop.orders")
    assert (way["owner"], way["ways"][0]["route"], way["ways"][0]["channels"]) == ("commerce", "commerce", ["team"])
    assert shop.run("alerts", "test", "team").stdout == "team: answered 200\n"
    web.status = 403
    assert answer(shop, "alerts", "test", code=1)["tests"][0]["came_back"] == "answered 403"
    web.status = 200
    kinds = [(one["kind"], one["state"]) for one in answer(shop, "alerts", "deliveries")["deliveries"]]
    assert ("test", "failed") in kinds
    assert web.url not in shop.run("alerts").stdout + shop.run("alerts", "deliveries").stdout


@pytest.mark.long
def test_silence_has_an_end_and_a_reason(shop):
    assert shop.run("alerts", "mute", "--select", "shop.*", "--for", "2h").returncode == 2
    assert shop.run("alerts", "mute", "--select", "shop.*", "--reason", "x").returncode == 2
    assert shop.run("alerts", "mute", "--select", "shop.*", "--for", "soon", "--reason", "x").returncode == 2
    made = answer(shop, "alerts", "mute", "--select", "shop.*", "--for", "2h", "--reason", "they move it")
    assert [one["mute_id"] for one in answer(shop, "alerts", "mutes")["mutes"]] == [made["mute_id"]]
    assert answer(shop, "alerts", "routes", "--for", "shop.orders")["ways"][0]["muted_by"] == [made["mute_id"]]
    assert answer(shop, "alerts", "unmute", "shop.*")["select"] == "shop.*"
    assert "None is in force." in shop.run("alerts", "mutes").stdout
