"""A real project whose one source is down, and forty tables late: one incident, one message; and no row in any message."""

from __future__ import annotations

import base64
import json
import sys
from pathlib import Path
from urllib.parse import quote

import pytest

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "monitor" / "incidents"), str(HERE.parent / "monitor" / "alerts")]

from api_yard import Yard
from incident_things import judged
from receivers import WebReceiver

from lakesmith.api import alerts, incidents
from lakesmith.api.storing import store_in_use
from lakesmith.monitor.incidents import reading

FORTY = [f"t{n}" for n in range(40)]
PROJECT = f"""
version: 1
name: yard
sources:
  shop: {{type: postgres, url: "${{env:SHOP_URL}}", streams: [{", ".join(FORTY)}]}}
  yard:
    type: files
    root: data
    streams:
      notes: {{files: "notes/*.csv", max_rejects: 0, on_drift: quarantine, columns: {{id: {{type: long}}}}}}
alerts:
  channels:
    hook: {{type: webhook, url: "${{env:HOOK_URL}}", secret: "${{env:HOOK_KEY}}", private: true}}
    team: {{type: slack, url: "${{env:HOOK_URL}}", private: true}}
"""
SECRET, PERSON = "canary-pass-word", "Eva Canary-Person"


@pytest.fixture
def web():
    with WebReceiver().serving() as receiver:
        yield receiver


def test_forty_tables_of_a_dead_source_are_one_incident_and_one_message(tmp_path, web, monkeypatch):
    monkeypatch.setenv("SHOP_URL", f"postgresql://shop:{SECRET}@127.0.0.1:1/shop")
    monkeypatch.setenv("HOOK_URL", web.url)
    monkeypatch.setenv("HOOK_KEY", "canary-key")
    yard = Yard(tmp_path / "yard", PROJECT)
    yard.put("notes/a.csv", "id,name", "1,first", f"{PERSON},second")
    project = yard.open()
    result = project.run()
    assert result.state == "failed"
    late = [judged(f"shop.{name}", "age", at=project._shop.host.clock.now()) for name in FORTY]
    with store_in_use(project._shop) as store:
        for _ in range(2):
            incidents.settle(project._shop, store, late, run_id=result.run_id)
            alerts.announce(project._shop, store, run_id=result.run_id)
        found = {one.subject: one for one in reading.incidents(store, "local")}
    assert set(found) == {"shop.*", "yard.notes"}
    assert {part.subject for part in found["shop.*"].parts} == {f"shop.{name}" for name in FORTY}
    bodies = [json.loads(body) for _, headers, body in web.got if "Lakesmith-Signature" in headers]
    about = [one["subject"] for body in bodies for one in body["incidents"]]
    assert sorted(about) == ["shop.*", "yard.notes"]
    everything = b"".join(body for _, _, body in web.got)
    everything += b"".join(path.read_bytes() for path in (yard.root / ".lakesmith").glob("runs.db*"))
    for canary in (SECRET, PERSON, "canary-key"):
        forms = (canary, quote(canary), canary[::-1], base64.b64encode(canary.encode()).decode().rstrip("=")[:-1])
        assert not [form for form in forms if form.encode() in everything]
