"""A session of ADBC by the driver's own calls: what it returns, how it is ended, and what it does not import."""

import os
import signal
import subprocess
import sys
import threading
import time
import warnings

import adbc_driver_manager
import psycopg
import pytest

from lakesmith.errors import RetriableError, SourceDataError
from lakesmith.sources.postgres.connecting.arrow import ArrowSession
from lakesmith.sources.postgres.connecting.faults import driver_errors
from lakesmith.sources.scene import Scene

HERE = Scene("here")
VALUES = """
select 1::int2 as a, 2::int4 as b, 3::int8 as c, 'wörds' as d, null as e, 1.50::numeric as f, true as g, 2.5::float8 as h,
  date '2026-10-01' as i, timestamptz '2026-10-01 06:00Z' as j, array[1, null, 3] as k, '\\x00ff'::bytea as l, 12::oid as m, 'x'::"char" as n
"""
LATE = "select sum(1 / (x - 90000)) from generate_series(1, 100000) as x"
LONG = "select count(pg_sleep(60))"


@pytest.fixture
def session(home):
    with ArrowSession(home) as opened:
        yield opened


def pid_of(session):
    [(pid,)] = session.rows("select pg_backend_pid()")
    return pid


def wait_until(home, pid, words):
    """Wait until what the session of that process does says so."""
    with psycopg.connect(home, autocommit=True) as own:
        for _ in range(600):
            found = own.execute("select state || ' ' || query from pg_stat_activity where pid = %s", (pid,)).fetchone()
            if (found is None and words is None) or (words is not None and found is not None and words in found[0]):
                return
            time.sleep(0.05)
    raise AssertionError(found)


def test_few_rows_and_batches_are_the_same_values(home, session):
    with psycopg.connect(home) as own, session.statement() as statement:
        [row] = statement.rows(VALUES)
        [batch] = statement.batches(VALUES, 2**20)
        assert row == tuple(batch.to_pylist()[0].values())
        [theirs] = own.execute(VALUES).fetchall()
        assert [repr(ours) for ours in row[:5]] == [repr(value) for value in theirs[:5]]
        assert row[8:11] == theirs[8:11]
        assert statement.rows("select x from generate_series(1, 3) as x") == [(1,), (2,), (3,)]
        assert statement.rows("select 1 where false") == statement.rows("begin") == statement.rows("rollback") == []


def test_a_hint_makes_batches_smaller_and_loses_nothing(session):
    query = "select x from generate_series(1, 50000) as x"
    with session.statement() as statement:
        small, large = (list(statement.batches(query, size)) for size in (2**14, 2**24))
    assert len(small) > 5 * len(large)
    assert [x for batch in small for x in batch["x"].to_pylist()] == list(range(1, 50_001))


def test_few_rows_fail_with_a_state_and_the_session_lives_on(session):
    for query, state in ((LATE, "22012"), ("selec", "42601"), ("select * from never", "42P01")):
        with pytest.raises(adbc_driver_manager.Error, match=state) as caught:
            session.rows(query)
        assert caught.value.sqlstate == state
    with pytest.raises(SourceDataError, match="22012"), driver_errors(HERE):
        session.rows(LATE)
    assert session.rows("select 1") == [(1,)]


def test_another_thread_ends_what_runs(home, session):
    pid = pid_of(session)
    with session.statement() as statement:

        def end():
            wait_until(home, pid, LONG)
            statement.cancel()

        ending = threading.Thread(target=end)
        ending.start()
        with pytest.raises(RetriableError, match="57014"), driver_errors(HERE):
            statement.rows(LONG)
        ending.join()
    assert session.rows("select 1") == [(1,)]


def test_a_session_closes_over_what_is_still_being_read(home):
    session = ArrowSession(home)
    pid = pid_of(session)

    def read():
        with session.statement() as statement:
            yield from statement.batches("select x, repeat('x', 400) from generate_series(1, 20000000) as x", 2**16)

    rows = read()
    next(rows)
    with warnings.catch_warnings(action="error"):
        session.close()
        rows.close()
    wait_until(home, pid, None)


def test_an_address_that_leads_nowhere_leaves_nothing_open(home):
    with pytest.raises(RetriableError, match="Nobody answers"), driver_errors(HERE):
        ArrowSession(f"{home}?port=1")


def test_a_signal_reaches_a_main_thread_that_waits_for_the_server(home):
    """And the server does not go on with what nobody waits for."""
    program = f"""
import signal
from lakesmith.sources.postgres.connecting.arrow import ArrowSession
signal.signal(signal.SIGINT, signal.default_int_handler)
with ArrowSession({home!r}) as session:
    print(session.rows("select pg_backend_pid()")[0][0], flush=True)
    try:
        session.rows({LONG!r})
    except KeyboardInterrupt:
        print(session.rows("select 'alive'")[0][0], flush=True)
"""
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as waiting:
        try:
            wait_until(home, int(waiting.stdout.readline()), LONG)
            os.kill(waiting.pid, signal.SIGINT)
            assert waiting.stdout.readline() == "alive\n"
            assert waiting.wait(60) == 0
        finally:
            waiting.kill()


def test_reading_rows_imports_no_frame_library(home):
    program = f"""
import sys
from lakesmith.sources.postgres.connecting.address import Address
from lakesmith.sources.postgres.connecting.server import Reach, Server
with Server(Reach(Address.of({home!r}, {{}}))).arrow() as arrow, arrow.statement() as statement:
    print([batch.num_rows for batch in statement.batches("select 1", 1)])
print(sorted({{"pandas", "polars", "pyarrow.dataset", "adbc_driver_manager.dbapi"}} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[:2] == ["[1]", "[]"]
