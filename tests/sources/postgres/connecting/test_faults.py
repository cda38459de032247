"""Failures of a real server, as a person reads them. Whatever the server says of values must not be there."""

import re
import subprocess
import sys
import threading
import time
from pathlib import Path

import psycopg
import pytest

from lakesmith.errors import (
    ConnectorOptionsError,
    MissingExtraError,
    RetriableError,
    SourceDataError,
    SourceMissingError,
)
from lakesmith.sources.postgres.connecting.address import Address
from lakesmith.sources.postgres.connecting.arrow import ArrowSession
from lakesmith.sources.postgres.connecting.drivers import load_driver
from lakesmith.sources.postgres.connecting.faults import BY_STATE, BY_TEXT, driver_errors, fault_of
from lakesmith.sources.postgres.connecting.server import Reach, Server
from lakesmith.sources.postgres.connecting.settings import SessionSettings

VALUE = "row-value-4711"


@pytest.fixture(scope="module")
def both_drivers(postgres_server):
    """A server, and what runs a statement there by each driver."""
    server = server_at(postgres_server.url())
    with server.session() as session, server.arrow() as arrow:
        yield server, (session.execute, arrow.rows, lambda query: list(_stream(arrow, query)))


def server_at(url, settings=None, **parts):
    return Server(
        Reach(Address.of(url, parts), settings or SessionSettings(connect_timeout_s=5), where="lakesmith.yml:4")
    )


@pytest.mark.parametrize(
    ("parts", "kind", "said"),
    [
        ({"password": "wrong-pass"}, ConnectorOptionsError, "does not accept this user or this password"),
        ({"user": "nobody-here", "password": "wrong-pass"}, ConnectorOptionsError, "does not accept this user"),
        ({"database": "not_there"}, ConnectorOptionsError, "no such database"),
        ({"host": "no-such-host.invalid"}, ConnectorOptionsError, "leads to no address"),
        ({"port": 1}, RetriableError, "Nobody answers"),
        ({"sslmode": "bogus"}, ConnectorOptionsError, "has a value that it cannot have"),
        ({"connect_timeout": "abc"}, ConnectorOptionsError, "has a value that it cannot have"),
        ({"keepalives_idle": "abc"}, ConnectorOptionsError, "has a value that it cannot have"),
        ({"sslnegotiation": "direct"}, ConnectorOptionsError, "has a value that it cannot have"),
        ({"target_session_attrs": "read-only"}, ConnectorOptionsError, "`target_session_attrs` of the address asks"),
        ({"target_session_attrs": "standby"}, ConnectorOptionsError, "`target_session_attrs` of the address asks"),
        ({"options": "-c session_replication_role=bogus"}, ConnectorOptionsError, "`options` of the address sets"),
        ({"options": "-c no_such_setting=1"}, ConnectorOptionsError, "`options` of the address sets"),
        ({"options": "bogus"}, ConnectorOptionsError, "`options` of the address sets"),
        ({"sslmode": "require"}, ConnectorOptionsError, "does not speak TLS"),
        (
            {"sslmode": "verify-full", "sslrootcert": "/no/such.crt"},
            ConnectorOptionsError,
            "certificate|does not speak TLS",
        ),
    ],
)
@pytest.mark.parametrize("driver", ["psycopg", "adbc"])
def test_what_goes_wrong_at_the_door(home, parts, kind, said, driver):
    server = server_at(home, **parts)
    connect = {"psycopg": psycopg.connect, "adbc": ArrowSession}[driver]
    with pytest.raises(kind, match=said) as caught, driver_errors(server.scene()):
        connect(server._conninfo())
    with pytest.raises(kind, match=said):
        server.session()

    text = str(caught.value)
    assert server.place in text
    assert "lakesmith.yml:4" in text
    assert caught.value.fix
    assert "pass-word" not in text
    assert "wrong-pass" not in text


def test_no_password(home):
    with pytest.raises(ConnectorOptionsError, match="asks for a password"):
        server_at(home.replace(":pass-word", "")).session()


def test_a_server_that_wants_tls(postgres_server, db, url):
    rules = Path(postgres_server.command[2]) / "pg_hba.conf"
    before = rules.read_text()
    try:
        rules.write_text(
            f"hostssl {db.info.dbname} tls_only 127.0.0.1/32 scram-sha-256\nhost all lake 127.0.0.1/32 scram-sha-256\n"
        )
        db.execute("select pg_reload_conf()")
        time.sleep(0.2)
        with pytest.raises(ConnectorOptionsError, match="encrypted connections only"):
            server_at(url, user="tls_only").session()
    finally:
        rules.write_text(before)
        db.execute("select pg_reload_conf()")
        time.sleep(0.2)


def test_no_connection_left(db, url):
    db.execute("create role crowded login password 'pass-word' connection limit 0")
    try:
        with pytest.raises(RetriableError, match="no connection left"):
            server_at(url, user="crowded").session()
    finally:
        db.execute("drop role crowded")


def test_a_database_that_takes_any_bytes_as_text_is_refused(db, url):
    name = f"ascii_{db.info.dbname}"
    db.execute(f"create database {name} encoding 'SQL_ASCII' template template0 locale 'C'")

    with pytest.raises(ConnectorOptionsError, match=r"SQL_ASCII.*nobody knows"):
        server_at(url, database=name).session()


@pytest.mark.parametrize(
    ("state", "kind", "said"),
    [
        ("40001", RetriableError, "replica ended the read"),
        ("53200", RetriableError, "no memory left"),
        ("53300", RetriableError, "no connection left"),
        ("53100", RetriableError, "disk of the server is full"),
        ("54001", RetriableError, "limit of its resources"),
        ("57P01", RetriableError, "connection to the server was lost"),
        ("57P03", RetriableError, "starting up"),
        ("57014", RetriableError, "took too long"),
        ("55P03", RetriableError, "stayed locked"),
        ("08006", RetriableError, "connection to the server was lost"),
        ("42501", ConnectorOptionsError, "may not read"),
        ("42P01", SourceMissingError, "no such table"),
        ("42703", ConnectorOptionsError, "no such column"),
        ("42601", ConnectorOptionsError, "does not understand"),
        ("25006", ConnectorOptionsError, "wants to write"),
        ("22012", SourceDataError, "failed over the values"),
        ("22021", SourceDataError, "cannot be written as UTF-8"),
        ("55000", SourceDataError, "holds nothing yet"),
        ("XX001", SourceDataError, "broken"),
        ("0A000", ConnectorOptionsError, "cannot do this"),
        ("ZZ999", SourceDataError, "refused a statement"),
    ],
)
def test_every_kind_of_failure_of_a_statement(both_drivers, state, kind, said):
    """The server itself raises it, with a value in its words, for each driver."""
    statement = f"do $$ begin raise exception '{VALUE}' using errcode = '{state}'; end $$"
    server, runs = both_drivers
    for run in runs:
        with pytest.raises(kind, match=said) as caught, driver_errors(server.scene("table shop.orders")):
            run(statement)

        assert VALUE not in str(caught.value)
        assert f"(SQLSTATE {state})" in caught.value.what
        assert caught.value.where == f"table shop.orders, {server.place}, lakesmith.yml:4"


def test_a_statement_that_takes_too_long_and_a_table_that_stays_locked(db, url):
    server = server_at(url, SessionSettings(statement_timeout_s=1, lock_timeout_s=1))
    db.execute("create table held (a int)")
    told = pytest.raises(RetriableError, match=r"took too long.*57014")
    with server.session() as session, told, driver_errors(server.scene()):
        session.execute("select pg_sleep(5)")
    patient = server_at(url, SessionSettings(lock_timeout_s=1))
    with db.transaction(), patient.session() as session:
        db.execute("lock table held in access exclusive mode")
        with pytest.raises(RetriableError, match="stayed locked"), driver_errors(patient.scene()):
            session.execute("select * from held")


def _stream(arrow, query):
    with arrow.statement() as statement:
        for batch in statement.batches(query, 2**20):
            yield batch.num_rows


@pytest.mark.parametrize(
    ("expression", "kind", "said"),
    [
        ("1 / (x - 300000)", SourceDataError, "failed over the values"),
        (f"case when x = 300000 then '{VALUE}'::text::int end", SourceDataError, "failed over the values"),
    ],
)
def test_a_value_the_server_fails_over_in_the_middle_of_a_copy(home, expression, kind, said):
    """ADBC gives no SQLSTATE there."""
    server = server_at(home)
    with server.arrow() as arrow, pytest.raises(kind, match=said) as caught, driver_errors(server.scene()):
        list(_stream(arrow, f"select {expression}, repeat('x', 40) from generate_series(1, 400000) as x"))

    assert VALUE not in str(caught.value)


def test_a_session_that_is_ended_in_the_middle_of_a_copy(db, url):
    server = server_at(url)
    with server.arrow() as arrow:
        [(pid,)] = arrow.rows("select pg_backend_pid()")
        ended = threading.Timer(0.3, lambda: db.execute("select pg_terminate_backend(%s)", (pid,)))
        ended.start()
        with pytest.raises(RetriableError, match="connection to the server was lost"), driver_errors(server.scene()):
            list(_stream(arrow, "select x, repeat('x', 400) from generate_series(1, 20000000) as x"))
        ended.join()


def test_what_a_server_says_in_another_language_is_still_a_refusal():
    text = 'connection failed: connection to server at "10.0.0.1", port 5432 failed: FATAL:  Datenbank gibt es nicht'
    assert "refused the session" in fault_of(psycopg.OperationalError(text)).what


def test_the_true_answer_counts_when_the_second_try_without_tls_is_refused_too():
    tried = 'port 5432 failed: FATAL:  {}\nconnection to server at "db", port 5432 failed: FATAL:  no pg_hba.conf entry for host "h", no encryption'
    answers = {'password authentication failed for user "me"': "password", 'database "x" does not exist': "database"}

    for answer, word in answers.items():
        assert word in fault_of(psycopg.OperationalError(tried.format(answer))).what


def test_a_file_of_this_machine_is_no_fault_of_the_server(tmp_path):
    with (
        pytest.raises(FileNotFoundError, match=re.escape(str(tmp_path))),
        driver_errors(Server(Reach(Address("h", "d"))).scene()),
    ):
        (tmp_path / "gone").read_text()


def test_a_driver_that_is_not_installed_names_the_extra():
    with pytest.raises(MissingExtraError, match=r"package no-such-driver(?s:.*)lakesmith\[postgres\]"):
        load_driver("no_such_driver.dbapi")


def test_nothing_heavy_is_imported_before_it_is_used():
    modules = "server", "address", "tunnel", "pooler", "faults", "replica"
    lines = [f"import lakesmith.sources.postgres.connecting.{name}" for name in modules]
    lines.append(
        "import sys; print([name for name in ('psycopg', 'adbc_driver_manager', 'pyarrow', 'paramiko') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", "\n".join(lines)], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


def test_nobody_is_told_that_a_load_resumes_where_it_was():
    """A snapshot dies with its load: the next one reads anew."""
    faults = {*BY_STATE.values(), *(fault for _, fault in BY_TEXT)}
    assert not [fault for fault in faults if "resume" in fault.fix]
    assert "reads what is there then" in BY_STATE["08"].fix
