"""The law of a cursor: whatever comes within the look-back, in whatever order, each row is read once."""

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from reading_tables import opened, read_all, rows_of, said_by

LOOK_BACK = 3
ROUNDS = st.lists(st.lists(st.integers(-LOOK_BACK, 4), max_size=6), min_size=1, max_size=5)
"""For each load the cursors of the rows that come before it, counted from the greatest there is: ties, late rows and new ones."""


@pytest.mark.long
@given(rounds=ROUNDS)
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_each_row_is_read_once(url, rounds):
    loaded, position, newest = [], None, 0
    with psycopg.connect(url, autocommit=True) as db:
        db.execute("drop table if exists t; create table t (n int)")
        for steps in rounds:
            rows = [newest + step for step in steps]
            if not loaded:  # the first load begins somewhere: nothing is late
                rows = [abs(row) for row in rows]
            with db.cursor() as cursor:
                cursor.executemany("insert into t values (%s)", [(row,) for row in rows])
            newest = db.execute("select coalesce(max(n), 0) from t").fetchone()[0]
            with opened(url, mode="append", cursor="n", look_back=LOOK_BACK) as (source, spec):
                chunks, position = read_all(source, spec, position)
            loaded += rows_of(chunks)
            assert sorted(loaded) == said_by(db, "select * from t")
