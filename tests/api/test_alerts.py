"""Who is told what and when, with the clock in our hands and real receivers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
sys.path[:0] = [str(TESTS / "monitor" / "incidents"), str(TESTS / "monitor" / "alerts")]

from incident_things import NOON, Record, judged
from receivers import WebReceiver
from sqlalchemy import update

from lakesmith.api import alerts, incidents
from lakesmith.errors import SelectionError, UsageError
from lakesmith.host import Host
from lakesmith.monitor import tables
from lakesmith.monitor.alerts import mutes
from lakesmith.monitor.alerts.queueing import deliveries
from lakesmith.monitor.incidents import reading
from lakesmith.monitor.incidents.locking import alone
from lakesmith.monitor.store import RunStore
from lakesmith.monitor.writing import stamp
from lakesmith.project import load_project
from lakesmith.run.workshop import Workshop

PROJECT = """
version: 1
name: acme
sources:
  shop: {type: files, root: data, streams: {orders: {files: "o/*.csv"}}}
  crm: {type: files, root: data, streams: {leads: {files: "l/*.csv"}}}
monitor:
  tables: {"crm.*": {owner: sales, tags: [tier1]}}
alerts:
  channels:
    team: {type: webhook, url: "${env:TEAM_URL}", secret: "${env:HOOK_KEY}", private: true}
    boss: {type: slack, url: "${env:BOSS_URL}", private: true}
  routes:
    - {name: sales, owner: sales, channels: [boss]}
    - {name: nobody, select: "shop.quiet", channels: []}
    - {name: rest, channels: [team]}
  heartbeat:
    url: "${env:SIGN_URL}"
    private: true
    daily: {at: "13:00", channels: [team]}
"""


class SetClock:
    """A clock that shows what it is told."""

    def __init__(self):
        self.time = NOON

    def now(self):
        return self.time

    def steady_s(self):
        return self.time.timestamp()


class Office:
    """A project, its record and its receivers."""

    def __init__(self, root, store, receivers):
        self.team, self.boss, self.outside = receivers
        self.store, self.record, self.clock = store, Record(store), SetClock()
        self.root = root
        (root / "lakesmith.yml").write_text(PROJECT)
        self.environment = {
            "TEAM_URL": self.team.url,
            "BOSS_URL": self.boss.url,
            "SIGN_URL": self.outside.url,
            "HOOK_KEY": "canary-of-the-key",
        }
        self.shop = self.opened(PROJECT)

    def opened(self, text):
        (self.root / "lakesmith.yml").write_text(text)
        host = Host(clock=self.clock)
        config = load_project(self.root, host=host, environ=self.environment)
        return Workshop(config, config.target(), host)

    def see(self, *thought, later=timedelta(0), run_id=None):
        """Let time pass, judge, and tell whom there is to tell."""
        self.clock.time += later
        looked = judged("shop.orders", "row_law", "good")  # what is never empty as long as the judging works
        incidents.settle(self.shop, self.store, [looked, *thought], run_id=run_id)
        alerts.announce(self.shop, self.store, run_id=run_id)

    def told(self, receiver=None, *, daily=False):
        """Return what arrived since this was asked last: kind and headline; the message of the day only if asked for."""
        receiver = receiver or self.team
        bodies = [json.loads(body) for _, _, body in receiver.got]
        receiver.got.clear()
        found = [(body.get("kind", "slack"), body.get("headline", body.get("text"))) for body in bodies]
        return [one for one in found if (one[0] == "all_well") == daily]


@pytest.fixture(scope="module")
def migrated(tmp_path_factory):
    path = tmp_path_factory.mktemp("record") / "runs.db"
    RunStore.at(path, host=Host()).close()
    return path.read_bytes()


@pytest.fixture
def office(tmp_path, migrated):
    path = tmp_path / ".lakesmith" / "runs.db"
    path.parent.mkdir()
    path.write_bytes(migrated)
    store = RunStore.at(path, host=Host())
    with ExitStack() as stack:
        receivers = [stack.enter_context(WebReceiver().serving()) for _ in range(3)]
        yield Office(tmp_path, store, receivers)
    store.close()


S, M, H = (lambda n: timedelta(seconds=n)), (lambda n: timedelta(minutes=n)), (lambda n: timedelta(hours=n))


def test_the_first_message_waits_30_s_updates_5_min_and_repeats_4_h(office):
    first, second = judged("shop.orders", "volume"), judged("shop.items", "nulls")
    office.see(first)
    office.see(first, later=S(20))
    assert office.told() == []
    office.see(first, later=S(11))
    [(kind, headline)] = office.told()
    assert (kind, headline) == ("opened", "shop.orders: volume of shop.orders is bad, since Thu 1 Oct 12:00 UTC")
    office.see(first, second, later=M(1))
    office.see(first, second, later=M(3))
    assert office.told() == []
    office.see(first, second, later=M(2))
    assert [kind for kind, _ in office.told()] == ["opened"]
    for _ in range(3):
        office.see(first, second, later=H(1))
    assert office.told() == []
    office.see(first, second, later=H(1))
    [(kind, headline)] = office.told()
    assert kind == "repeat"
    assert headline.startswith("Still open: shop.orders, shop.items: 2 incidents open")


def test_an_end_is_told_with_how_long_it_was_and_one_that_nobody_heard_of_is_not(office):
    bad = judged("shop.orders", "volume")
    office.see(bad)
    office.see(replace(bad, verdict="good"), later=S(10))
    office.see(later=M(10))
    assert office.told() == []
    again = replace(bad, bucket="2026-10-03", judged_at=NOON + H(30))
    office.clock.time = NOON + H(30)
    office.see(again)
    office.see(again, later=M(1))
    assert len(office.told()) == 1
    office.see(replace(again, verdict="good"), later=H(3))
    assert office.told() == [("resolved", "shop.orders: good again after 3 h 1 min: volume of shop.orders is bad")]
    office.see(later=H(5))
    assert office.told() == []


def test_what_comes_and_goes_is_told_a_few_times_and_its_end_at_last(office):
    bad, good = judged("shop.orders", "volume"), judged("shop.orders", "volume", "good")
    for _ in range(12):
        office.see(bad, later=M(1))
        office.see(good, later=M(1))
    office.see(good, later=M(6))
    kinds = [kind for kind, _ in office.told()]
    assert kinds == ["opened", "resolved"]
    for _ in range(6):
        for thought in (bad, good):
            office.see(thought, later=M(10))
            office.see(thought, later=M(1))
    assert [kind for kind, _ in office.told()] == ["opened", "resolved"]
    office.see(bad, later=M(10))
    office.see(bad, later=M(1))
    assert office.told() == []
    office.see(bad, later=H(4))
    assert [kind for kind, _ in office.told()] == ["opened"]


def test_a_storm_is_one_digest(office):
    storm = [judged(f"shop.t{n}", "nulls") for n in range(25)]
    office.see(*storm)
    office.see(*storm, later=S(31))
    [(kind, headline)] = office.told()
    assert kind == "digest"
    assert "25 incidents open at once in acme" in headline
    office.see(*storm, later=M(30))
    assert office.told() == []


def test_the_first_route_that_fits_wins(office):
    thought = (judged("crm.leads", "volume"), judged("shop.quiet", "volume"), judged("shop.orders", "volume"))
    office.see(*thought)
    office.see(*thought, later=M(1))
    assert [headline.partition(":")[0] for _, headline in office.told()] == ["shop.orders"]
    assert [headline.partition(":")[0] for _, headline in office.told(office.boss)] == ["crm.leads"]
    ways = [
        (one.severity, one.way.route, one.way.channels)
        for one in alerts.explain(office.shop, office.store, "crm.leads")
    ]
    assert ways == [("error", "sales", ("boss",)), ("warn", "sales", ("boss",))]


def test_an_acknowledged_incident_is_not_repeated(office):
    bad = judged("shop.orders", "volume")
    office.see(bad)
    office.see(bad, later=M(1))
    [incident] = reading.incidents(office.store, "local")
    incidents.acknowledge(office.shop, office.store, incident.incident_id)
    office.told()
    office.see(bad, later=H(9))
    assert office.told() == []


def test_a_mute_holds_back_says_so_and_ends(office):
    with pytest.raises(UsageError, match="needs a reason"):
        alerts.mute(office.shop, office.store, "shop.*", until=NOON + H(1), reason=" ")
    with pytest.raises(UsageError, match="end later"):
        alerts.mute(office.shop, office.store, "shop.*", until=NOON, reason="x")
    alerts.mute(office.shop, office.store, "shop.*", until=NOON + H(2), reason="they move the shop")
    bad = judged("shop.orders", "volume")
    for _ in range(3):
        office.see(bad, later=M(10))
    assert office.told() == []
    assert [(one.state, one.channel) for one in deliveries(office.store)] == [("suppressed", "team")]
    office.see(bad, later=H(2))
    assert [kind for kind, _ in office.told()] == ["opened"]
    again = alerts.mute(office.shop, office.store, "owner:sales", until=office.clock.time + H(2), reason="x")
    assert alerts.explain(office.shop, office.store, "crm.leads")[0].muted_by == (again,)
    alerts.unmute(office.shop, office.store, "owner:sales")
    assert mutes.in_force(office.store, office.clock.time) == []
    with pytest.raises(SelectionError, match="No mute in force"):
        alerts.unmute(office.shop, office.store, "owner:sales")


def test_at_the_end_of_a_run_it_is_told_at_once_unless_somebody_stays_to_wait(office):
    run_id = office.record.run("failed", errors=[("load:shop.orders", "network")])
    office.see(later=H(1), run_id=run_id)
    assert [kind for kind, _ in office.told()] == ["opened"]
    later = office.record.run("failed", errors=[("load:crm.leads", "network")])
    with alone(office.store, "up local", office.clock.time + H(1)):
        pass
    office.see(later=H(1), run_id=later)
    assert office.told(office.boss) == []
    office.see(later=M(2))
    assert len(office.told(office.boss)) == 1


def test_a_receiver_that_fails_is_tried_again_and_gets_the_message_once(office):
    office.team.status = 503
    bad = judged("shop.orders", "volume")
    office.see(bad)
    office.see(bad, later=S(31))
    [waiting] = deliveries(office.store)
    assert (waiting.state, waiting.attempts, waiting.fault) == ("waiting", 1, "answered 503")
    assert waiting.next_try_at - office.clock.time == S(30)
    office.see(bad, later=S(10))
    assert len(office.team.got) == 1
    office.team.status = 200
    office.see(bad, later=S(21))
    office.see(bad, later=M(2))
    assert len({headers["Idempotency-Key"] for _, headers, _ in office.team.got}) == 1
    assert len(office.team.got) == 2
    assert deliveries(office.store)[0].state == "sent"


def test_a_channel_that_does_not_deliver_is_an_incident_that_others_tell_and_that_ends(office):
    office.team.status = 404
    bad = judged("shop.orders", "volume")
    office.see(bad)
    office.see(bad, later=S(31))
    office.see(bad, later=S(31))
    office.see(bad, later=S(31))
    [(_, headline)] = office.told(office.boss)
    assert headline.startswith("alerts.team: messages do not arrive over this channel: it answered 404")
    office.team.status = 200
    office.told()
    office.see(bad, later=H(1))
    office.see(bad, later=M(10))
    assert [kind for kind, _ in office.told()] == ["opened"]
    assert [one.rule for one in reading.incidents(office.store, "local")] == ["volume"]
    assert "good again" in office.told(office.boss)[0][1]


def test_after_a_day_a_message_is_given_up_and_made_anew(office):
    office.team.status = 500
    bad = judged("shop.orders", "volume")
    office.see(bad)
    for _ in range(27):
        office.see(bad, later=H(1))
    states = [one.state for one in deliveries(office.store) if one.channel == "team" and one.kind != "all_well"]
    assert states.count("failed") == 1
    office.team.status = 200
    office.told()
    office.see(bad, later=H(1))
    assert "opened" in [kind for kind, _ in office.told()]


def test_a_message_that_a_process_died_over_is_sent_by_the_next(office):
    office.team.status = 500
    bad = judged("shop.orders", "volume")
    office.see(bad)
    office.see(bad, later=S(31))
    claimed = {"state": "sending", "next_try_at": stamp(office.clock.time + S(60))}
    with office.store.engine.begin() as connection:
        connection.execute(update(tables.delivery).values(**claimed))
    office.team.status = 200
    office.told()
    office.see(bad, later=S(50))
    assert office.told() == []
    office.see(bad, later=S(11))
    assert [kind for kind, _ in office.told()] == ["opened"]


def test_a_slow_receiver_holds_up_neither_the_run_nor_the_other_channel(office):
    office.team.slow_s = 3.0
    run_id = office.record.run("failed", errors=[("load:shop.orders", "network"), ("load:crm.leads", "network")])
    office.clock.time += H(1)
    incidents.settle(office.shop, office.store, [], run_id=run_id)
    done = threading.Event()

    def announce():
        alerts.announce(office.shop, office.store, run_id=run_id)
        done.set()

    began = time.monotonic()
    threading.Thread(target=announce).start()
    while not office.boss.got:
        assert time.monotonic() - began < 30
        time.sleep(0.01)
    assert done.wait(30)
    left = [one for one in threading.enumerate() if one.name.startswith("alerts over")]
    for thread in left:
        thread.join()
    assert {one.channel: one.state for one in deliveries(office.store)} == {"team": "sent", "boss": "sent"}


def test_two_processes_send_each_message_once(office):
    office.team.slow_s = 0.2
    bad = judged("shop.orders", "volume")
    incidents.settle(office.shop, office.store, [bad, judged("crm.leads", "volume")])
    office.clock.time += M(1)
    threads = [threading.Thread(target=alerts.announce, args=(office.shop, office.store)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(office.told()) == 1
    assert len(office.told(office.boss)) == 1


@pytest.mark.slow
@pytest.mark.long
def test_the_same_with_real_processes(office):
    incidents.settle(office.shop, office.store, [judged("shop.orders", "volume"), judged("crm.leads", "volume")])
    command = [sys.executable, "-m", "lakesmith", "alerts", "deliver", "--json", "--project", str(office.root)]
    environ = {**os.environ, **office.environment}
    running = [subprocess.Popen(command, env=environ, stdout=subprocess.PIPE) for _ in range(3)]
    assert {process.wait(120) for process in running} <= {0, 1}  # 1: another one is just sending
    assert len([one for one in office.told() if one[0] == "opened"]) == 1
    assert len(office.told(office.boss)) == 1


def test_the_sign_of_life_stops_when_nobody_looks_or_messages_do_not_arrive(office):
    alerts.announce(office.shop, office.store)
    assert office.outside.got == []
    office.see()
    assert len(office.outside.got) == 1
    office.see(later=M(2))
    assert len(office.outside.got) == 1
    office.see(later=M(4))
    assert len(office.outside.got) == 2
    office.clock.time += M(20)
    alerts.announce(office.shop, office.store)
    assert len(office.outside.got) == 2
    office.team.status = 500
    bad = judged("shop.orders", "volume")
    office.see(bad)
    for _ in range(4):
        office.see(bad, later=M(6))
    stopped = len(office.outside.got)
    office.see(bad, later=M(6))
    assert len(office.outside.got) == stopped


def test_the_message_of_the_day_is_sent_once_and_says_what_is_open(office):
    office.see()
    assert office.told(daily=True) == []
    office.see(later=M(61))
    assert office.told(daily=True) == [("all_well", "acme: all is well; no incident is open, and somebody is watching")]
    office.see(later=M(5))
    assert office.told(daily=True) == []
    office.see(judged("crm.leads", "volume"), later=H(24))
    assert ("all_well", "acme: 1 incident open") in office.told(daily=True)


def test_a_trial_is_marked_and_says_what_came_back(office):
    office.boss.status = 403
    came_back = {name: (sent.ok, sent.told) for name, sent in alerts.try_out(office.shop, office.store)}
    assert came_back == {"team": (True, "answered 200"), "boss": (False, "answered 403")}
    assert office.told()[0] == ("test", "TEST: acme can reach you over team; nothing is wrong")
    assert {one.channel: one.state for one in deliveries(office.store)} == {"team": "sent", "boss": "failed"}
    with pytest.raises(SelectionError, match="no channel 'tema'"):
        alerts.try_out(office.shop, office.store, "tema")


def test_no_secret_and_no_person_is_in_a_message_or_a_record(office):
    office.shop.host.secrets.add("canary-of-a-password")
    run_id = office.record.run("failed")
    words = "Login of eva.canary@example.com with canary-of-a-password failed."
    office.record.error(run_id, "load:crm.leads", "auth_expired", NOON + H(1), words)
    office.see(later=H(1), run_id=run_id)
    office.boss.status = 500
    office.see(later=M(9))
    [(_, _, body)] = office.boss.got
    kept = "".join(json.dumps(dict(one.body)) + one.fault for one in deliveries(office.store))
    for text in (body.decode(), kept):
        assert "crm.leads" in text
        for canary in ("canary", "very-secret-path", office.boss.url):
            assert canary not in text
