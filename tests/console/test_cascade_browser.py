"""A source is down and forty of its tables do not come: one incident, one message, and three links at most from Today to what a person has to know."""

import json
import shutil
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent / "monitor" / "alerts")]

from console_visitor import Visitor
from receivers import WebReceiver
from test_browser import NO_JAVASCRIPT, chromium, opened  # noqa: F401 - a fixture

import lakesmith
from lakesmith.api.storing import store_in_use
from lakesmith.console import serving
from lakesmith.monitor.incidents import reading

pytestmark = pytest.mark.long

ACME = HERE.parent / "gallery" / "projects" / "acme"
FORTY = [f"t{n}" for n in range(40)]
CAUSE = "Nobody answers at this host and port"
MOST_LINKS = 3


@pytest.fixture(scope="module")
def web():
    with WebReceiver().serving() as receiver:
        yield receiver


@pytest.fixture(scope="module")
def cascade(tmp_path_factory, web):
    """A project that went well once; then a source with forty tables and three models came, and is down. Returns the project and both runs."""
    root = tmp_path_factory.mktemp("cascade") / "acme"
    shutil.copytree(ACME, root)
    good = lakesmith.open(root).run()
    assert good.ok, good.outcome.errors
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("APP_URL", "postgresql://app:canary-pass@127.0.0.1:1/app")
        patch.setenv("HOOK_URL", web.url)
        patch.setenv("HOOK_KEY", "canary-key")
        file = root / "lakesmith.yml"
        app = f'  app: {{type: postgres, url: "${{env:APP_URL}}", streams: [{", ".join(FORTY)}]}}\n\npublish:'
        hook = '{type: webhook, url: "${env:HOOK_URL}", secret: "${env:HOOK_KEY}", private: true}'
        file.write_text(f"{file.read_text().replace('publish:', app)}\nalerts:\n  channels:\n    hook: {hook}\n")
        models = root / "models"
        names = "\n".join(f"      - name: {name}" for name in FORTY)
        with (models / "sources.yml").open("a") as sources:
            sources.write(f"  - name: app\n    schema: bronze_app\n    tables:\n{names}\n")
        (models / "silver" / "stg_app.sql").write_text("select * from {{ source('app', 't1') }}\n")
        for name in ("mart_use", "mart_users"):
            (models / "marts" / f"{name}.sql").write_text("select * from {{ ref('stg_app') }}\n")
        project = lakesmith.open(root)
        bad = project.run()
        assert bad.state == "failed"
        again = lakesmith.open(root).run()  # it goes on being down: nothing is told twice
        assert again.state == "failed"
        yield lakesmith.open(root), good, bad


def test_it_is_one_incident_and_one_message(cascade, web):
    project, _, bad = cascade
    with store_in_use(project._shop) as store:
        [incident] = reading.incidents(store, "local")
    assert (incident.subject, incident.first_run_id) == ("app.*", bad.run_id)
    assert {part.subject for part in incident.parts} == {f"app.{name}" for name in FORTY}
    [message] = [json.loads(body) for _, _, body in web.got]
    assert [one["subject"] for one in message["incidents"]] == ["app.*"]


@pytest.mark.usefixtures("chromium")
def test_a_person_comes_from_today_to_cause_first_bad_run_and_downstream(cascade, chromium):  # noqa: F811 - the fixture
    project, good, bad = cascade
    with serving(project, port=0) as link:
        visitor = Visitor(int(link.split(":")[2].partition("/")[0]))
        visitor.enter(link)
        page, complaints = opened(chromium, visitor, **NO_JAVASCRIPT)
        page.goto(f"http://localhost:{visitor.port}/")
        incidents = page.locator("#incidents li")
        assert incidents.count() == 1
        assert "40 tables hit" in incidents.first.inner_text()
        links = 0

        def follow(what):
            nonlocal links
            what.click()
            links += 1

        follow(page.locator("#incidents a").first)
        assert CAUSE in page.locator("h1").inner_text()
        assert CAUSE in page.locator("#cause").inner_text()
        assert "3 downstream models, 2 of them marts" in page.locator("#downstream").inner_text()
        assert "marts.mart_use, marts.mart_users" in page.locator("#downstream").inner_text()
        assert "lakesmith.yml or a file of sources/" in page.locator("#changed").inner_text()
        assert "nothing written" in page.locator("#safe").inner_text()
        assert "lakesmith run --select source:app" in page.locator("#do").inner_text()
        runs = page.locator("dl.plainly").first.inner_text()
        assert good.run_id[:13] in runs
        first = page.locator("dt:has-text('First bad run') + dd a")
        assert first.inner_text() == bad.run_id[:13]
        follow(first)
        assert page.url.endswith(f"/runs/{bad.run_id}")
        assert "ailed" in page.locator("h1").inner_text()
        assert links <= MOST_LINKS
        assert complaints == []
        for path in ("/", "/tables", "/sources/app", "/system"):
            assert "canary" not in visitor.ask(path).body
