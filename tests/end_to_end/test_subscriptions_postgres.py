"""The subscription business with PostgreSQL as its engine: the same marts as on DuckDB, value by value."""

from __future__ import annotations

import shutil
from collections import Counter

import psycopg
import pytest
from e2e_home import Home

import lakesmith
from lakesmith.simulate.server import DemoServer
from lakesmith.simulate.subscriptions import (
    SUBSCRIPTIONS_MARTS,
    Generator,
    Subscriptions,
    daily,
    last_tick,
    subscriptions_truth,
)

pytestmark = [pytest.mark.slow, pytest.mark.long, pytest.mark.timeout(400)]
BUSINESS = Subscriptions(scale=0.1)
TARGET = '\ndefault_target: warehouse\ntargets:\n  warehouse: {engine: postgres, url: "${env:WAREHOUSE_URL}"}\n'
DAYS = (1, 2, 3)


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    root = tmp_path_factory.mktemp("subscriptions")
    made = Home(root).lakesmith("init", "acme", "--template", "subscriptions")
    assert made.code == 0, made.err
    home = Home(root / "acme")
    server = DemoServer(root / "server")
    try:
        with server.running():
            with psycopg.connect(server.url, autocommit=True) as connection:
                connection.execute("create database warehouse")
            warehouse = server.url.rpartition("/")[0] + "/warehouse"
            (home.root / ".env").write_text(f"BILLING_URL={server.url}\nWAREHOUSE_URL={warehouse}\n")
            file = home.root / "lakesmith.yml"
            file.write_text(file.read_text() + TARGET)
            yield home, Generator(BUSINESS, server.url), warehouse
    finally:
        shutil.rmtree(server.folder.resolve())  # where this user is root, a link to where the server's user can reach


def test_marts_in_postgresql_hold_the_truth(project):
    home, generator, warehouse = project
    for day in DAYS:
        generator.through(last_tick(day))
        home.run("--date", f"2026-10-0{day}")
        truth = subscriptions_truth(BUSINESS, daily(day))
        for mart, columns in SUBSCRIPTIONS_MARTS.items():
            read = lakesmith.open(home.root).table(f"marts.{mart}").to_arrow().select(list(columns)).to_pylist()
            with psycopg.connect(warehouse) as connection:
                there = connection.execute(f"select {', '.join(columns)} from marts.{mart}").fetchall()
            wanted = Counter(truth[mart])
            assert Counter(tuple(row.values()) for row in read) == wanted, (day, mart)
            assert Counter(there) == wanted, (day, mart)
