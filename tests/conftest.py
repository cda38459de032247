"""Lets all tests share the helper modules of `tools`, and puts the files that take longest first."""

from __future__ import annotations

import gc
import sys
from collections import Counter
from pathlib import Path

import pytest
from _pytest.doctest import DoctestModule

sys.path[:0] = [str(Path(__file__).parent / "tools"), str(Path(__file__).parent / "servers")]

from by_heart import learn_services, learn_statements, learn_tables
from examples import set_examples
from warm_dbt import warm_dbt

WARM = {"api", "cli", "dbt", "end_to_end", "engines", "gallery", "run", "servers"}
"""The folders whose tests have dbt build something on their way to what they are about."""
COLD = ("test_driver.py::TestBuild", "test_driver.py::test_wish_to_stop", "test_signals.py", "test_torture.py")
"""Tests in them that are about processes."""
CASES: Counter[str] = Counter()
"""How many cases of a test marked `few` were collected."""


def pytest_configure(config):
    """Keep xdist from beginning with the files that hold many small tests, which leaves the few long ones for the end."""
    if hasattr(config.option, "loadscopereorder"):
        config.option.loadscopereorder = False
    config.addinivalue_line(
        "markers", "few(count): the fast suite tries so many of the cases, `make test-long` the others"
    )
    config.pluginmanager.register(Examples())
    gc.disable()
    if getattr(config.option, "dist", "no") == "no":  # not in the process that only hands tests out
        learn_tables()
        learn_services()
        learn_statements()


class Examples:
    """Leaves out the modules that hold no example: to look for some would import all that they need."""

    @pytest.hookimpl(wrapper=True)
    def pytest_collect_file(self, file_path):
        found = yield
        if any(isinstance(one, DoctestModule) for one in found) and b">>> " not in file_path.read_bytes():
            return [one for one in found if not isinstance(one, DoctestModule)]
        return found


def pytest_itemcollected(item):
    """Leave the cases of a test to the long suite that come after the few the fast one has time for."""
    mark = item.get_closest_marker("few")
    if mark is None:
        return
    test = item.nodeid.partition("[")[0]
    CASES[test] += 1
    if CASES[test] > mark.args[0]:
        item.add_marker("long")


def pytest_collection_finish():
    """Look for garbage from now on, and among what the tests make: what was collected stays, and is half a million objects."""
    gc.collect()
    gc.freeze()
    gc.enable()


@pytest.fixture(scope="session")
def shared_postgres():
    """One PostgreSQL for all tests of a process, each of which makes a database of its own there."""
    from lake_servers import serve_postgres

    with serve_postgres() as server:
        yield server


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items):
    """Begin with the files that hold most tests marked `slow`: at the end, nobody waits for one of them alone.

    Properties are tried with as many examples as the suite has time for; those marked `long`, with as many as they ask for.
    """
    slow = Counter(item.nodeid.partition("::")[0] for item in items if item.get_closest_marker("slow"))
    items.sort(key=lambda item: -slow[item.nodeid.partition("::")[0]])
    set_examples(items)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item):
    """Start dbt warm where its start is not what is tested."""
    if not WARM & set(item.path.parts) or any(name in item.nodeid for name in COLD):
        return (yield)
    with warm_dbt():
        return (yield)
