"""The company with PostgreSQL as its engine, where bronze has structs and lists as JSON: the same marts, also where days were not loaded."""

from __future__ import annotations

from collections import Counter

import psycopg
import pytest
from company_home import Company, new_home

from lakesmith.simulate.sales_marketing import SALES_MARKETING_MARTS, SalesMarketing, sales_marketing_truth

pytestmark = [pytest.mark.slow, pytest.mark.long, pytest.mark.timeout(900)]
TARGET = 'default_target: warehouse\ntargets:\n  warehouse: {engine: postgres, url: "${env:WAREHOUSE_URL}"}\n'
LOADED = (1, 3, 4, 6)


def test_marts_in_postgresql_hold_the_truth(tmp_path, shared_postgres):
    url = shared_postgres.database()
    home = new_home(tmp_path, TARGET)
    (home.root / ".env").write_text(f"WAREHOUSE_URL={url}\n")
    company = Company(home, SalesMarketing(scale=0.2))
    for number in range(1, 7):
        company.day(number, loads=number in LOADED)
        if number not in LOADED:
            continue
        assert company.differences() == {}, number
        truth = sales_marketing_truth(company.business, company.loads)
        with psycopg.connect(url) as connection:
            for mart, columns in SALES_MARKETING_MARTS.items():
                there = connection.execute(f"select {', '.join(columns)} from marts.{mart}").fetchall()
                assert Counter(there) == Counter(truth[mart]), (number, mart)
        if number == 3:
            accepted = home.lakesmith("drift", "accept", "app.customers", "phone", "phone_number")
            assert accepted.code == 0, accepted.err
