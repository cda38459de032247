import shutil
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from console_visitor import Visitor
from made_history import NOON, Company, fill, write_project

import lakesmith
from lakesmith.api.storing import open_store
from lakesmith.console import serving
from lakesmith.host import Host


class Morning:
    """The clock of the made-up day: time stands still for pages, and goes on for links."""

    def __init__(self):
        self.later_s = 0

    def now(self):
        from datetime import timedelta

        return NOON + timedelta(seconds=self.later_s)

    def steady_s(self):
        return self.now().timestamp()


@pytest.fixture(scope="session")
def home(tmp_path_factory):
    """A project folder with a record of three weeks."""
    root = tmp_path_factory.mktemp("console") / "acme"
    company = Company(days=21, runs_a_day=2)
    write_project(root, company)
    store = open_store(lakesmith.open(root)._shop)
    fill(store.engine, company)
    store.close()
    return root


@pytest.fixture
def own_project(home, tmp_path):
    """The same in a folder of its own, for tests after which nobody is let in any more."""
    shutil.copytree(home, tmp_path / "acme")
    return lakesmith.open(tmp_path / "acme", host=Host(clock=Morning()))


@pytest.fixture(scope="session")
def project(home):
    return lakesmith.open(home, host=Host(clock=Morning()))


@pytest.fixture(scope="session")
def served(project):
    """The console as it is served: its port and the link it printed, which is used."""
    with serving(project, port=0) as link:
        visitor = Visitor(int(link.split(":")[2].partition("/")[0]))
        assert visitor.enter(link).status == 303
        yield visitor, link


@pytest.fixture
def visitor(served):
    """Somebody who was let in."""
    return Visitor(served[0].port, served[0].cookie)


@pytest.fixture
def stranger(served):
    """Somebody who was not."""
    return Visitor(served[0].port)


@pytest.fixture(scope="session")
def addresses(served):
    """An address of every page, twins included, with things that are there."""
    visitor = served[0]
    import json

    def first(path, *names):
        value = json.loads(visitor.ask(path).body)
        for name in names:
            value = value[name]
        return value

    keys = {
        "/runs/{key}": first("/runs.json", "runs", 0, "run_id"),
        "/sources/{key}": "billing",
        "/tables/{key}": "shop.orders",
        "/incidents/{key}": first("/incidents.json", "incidents", 0, "incident_id"),
    }
    from lakesmith.console.routes import PAGES

    paths = []
    for page in PAGES:
        paths += [one.replace("{key}", keys.get(page.path, "")) for one in (page.path, page.twin)]
    return paths
