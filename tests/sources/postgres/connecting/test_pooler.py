"""Poolers before the server: one that works like PgBouncer everywhere, and PgBouncer itself where it is installed."""

import os
import tempfile
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from lake_servers import NOBODY, free_port
from lake_servers import Server as Program
from pooling import Pooler

from lakesmith.errors import ConnectorOptionsError
from lakesmith.sources.postgres.connecting.address import Address
from lakesmith.sources.postgres.connecting.pooler import HINTS, refuse_transaction_pooler
from lakesmith.sources.postgres.connecting.server import Reach, Server

TOLD = "transaction pooling"


def server_on(port, url):
    return Server(Reach(Address.of(url, {"host": "127.0.0.1", "port": port}), where="lakesmith.yml:4"))


def test_a_transaction_pooler_is_refused_though_it_gives_one_session_the_same_process_each_time(home):
    with Pooler(home, "transaction").running() as pooler:
        with psycopg.connect(home, port=pooler.port, autocommit=True) as alone:
            seen = {alone.execute("select pg_backend_pid()").fetchone() for _ in range(5)}
        assert len(seen) == 1

        with pytest.raises(ConnectorOptionsError, match=f"{TOLD}(?s:.*)pool_mode = session") as caught:
            server_on(pooler.port, home).session()

    assert f"127.0.0.1:{pooler.port}/postgres, lakesmith.yml:4" in str(caught.value)


def test_nothing_is_set_in_processes_that_others_share(home):
    with Pooler(home, "transaction").running() as pooler:
        with pytest.raises(ConnectorOptionsError, match=TOLD):
            server_on(pooler.port, home).session()
        with psycopg.connect(home, port=pooler.port, autocommit=True) as other:
            said = other.execute(
                "select current_setting('default_transaction_read_only'), current_setting('TimeZone')"
            ).fetchone()
            own = psycopg.connect(home).execute("select current_setting('TimeZone')").fetchone()

    assert said == ("off", own[0])


def test_a_session_pooler_is_read_through(home):
    with Pooler(home, "session").running() as pooler:
        server = server_on(pooler.port, home)
        with server.session() as session:
            assert session.info.backend_pid != session.execute("select pg_backend_pid()").fetchone()[0]
            assert session.execute("show TimeZone").fetchone() == ("UTC",)


def test_a_pool_with_a_single_session_does_not_hang(home):
    with (
        Pooler(home, "session", size=1).running() as pooler,
        psycopg.connect(home, port=pooler.port, autocommit=True) as session,
    ):
        scene = server_on(pooler.port, home).scene()

        def another():
            return psycopg.connect(home, port=pooler.port, autocommit=True)

        with pytest.raises(ConnectorOptionsError, match="no second session"):
            refuse_transaction_pooler(session, another, scene, port=5432, patience_s=0.5)


def test_without_a_pooler_no_second_session_is_asked_for(home):
    def never():
        raise AssertionError("a second session was asked for")

    with psycopg.connect(home, autocommit=True) as session:
        refuse_transaction_pooler(session, never, Server(Reach(Address.of(home, {}))).scene(), port=6432)


def test_known_ports_are_a_hint_in_words_alone(home):
    with (
        Pooler(home, "transaction").running() as pooler,
        psycopg.connect(home, port=pooler.port, autocommit=True) as session,
    ):
        scene = Server(Reach(Address.of(home, {}))).scene()

        def another():
            return psycopg.connect(home, port=pooler.port, autocommit=True)

        for port, words in HINTS.items():
            with pytest.raises(ConnectorOptionsError, match=f"{TOLD}(?s:.*){words.strip()}"):
                refuse_transaction_pooler(session, another, scene, port=port)


@contextmanager
def pgbouncer(program, mode, home):
    """PgBouncer itself, as another user where this one is root: it refuses root."""
    with tempfile.TemporaryDirectory(prefix="lakesmith-bouncer-") as name:
        folder, port = Path(name), free_port()
        (folder / "users").write_text('"lake" "pass-word"\n')
        address = Address.of(home, {})
        said = f"listen_addr=127.0.0.1\nlisten_port={port}\nauth_type=plain\nauth_file={folder}/users\npool_mode={mode}\nunix_socket_dir=\n"
        (folder / "bouncer.ini").write_text(
            f"[databases]\n* = host={address.host} port={address.port}\n[pgbouncer]\n{said}"
        )
        user = NOBODY if os.geteuid() == 0 else None
        for path in (folder, *folder.iterdir()):
            path.chmod(0o755)
        server = Program([program, str(folder / "bouncer.ini")], port, folder / "log", user=user)
        try:
            server.start()
            yield port
        finally:
            server.stop()


@pytest.mark.parametrize("mode", ["transaction", "statement"])
def test_pgbouncer_itself_is_refused(home, program, mode):
    with pgbouncer(program("pgbouncer"), mode, home) as port, pytest.raises(ConnectorOptionsError, match=TOLD):
        server_on(port, home).session()


def test_pgbouncer_with_sessions_is_read_through_by_both_drivers(home, program):
    with pgbouncer(program("pgbouncer"), "session", home) as port:
        server = server_on(port, home)
        with server.session() as session, server.arrow() as arrow:
            query = "select current_setting('TimeZone')"
            assert arrow.rows(query) == session.execute(query).fetchall() == [("UTC",)]
