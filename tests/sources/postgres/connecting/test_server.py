import threading

import psycopg
import pytest

from lakesmith.errors import ConnectorOptionsError
from lakesmith.sources.postgres.connecting.address import Address
from lakesmith.sources.postgres.connecting.identity import Identity
from lakesmith.sources.postgres.connecting.replica import refuse_stranger
from lakesmith.sources.postgres.connecting.server import Reach, Server
from lakesmith.sources.postgres.connecting.settings import SessionSettings

EXPECTED = {
    "application_name": "lakesmith",
    "client_encoding": "UTF8",
    "default_transaction_read_only": "on",
    "default_transaction_isolation": "repeatable read",
    "idle_in_transaction_session_timeout": "0",
    "statement_timeout": "7s",
    "lock_timeout": "2min",
    "TimeZone": "UTC",
    "DateStyle": "ISO, YMD",
    "IntervalStyle": "postgres",
    "extra_float_digits": "1",
    "bytea_output": "hex",
}


@pytest.fixture
def server(home):
    return Server(Reach(Address.of(home, {}), SessionSettings(statement_timeout_s=7)))


def test_sessions_of_both_drivers_are_set_up_alike_whatever_the_role_says(home, server):
    role = "alter role lake set {} = {}"
    with psycopg.connect(home, autocommit=True) as own:
        for name, value in (("TimeZone", "'Asia/Tokyo'"), ("DateStyle", "'German'"), ("extra_float_digits", "-5")):
            own.execute(role.format(name, value))
        try:
            names = list(EXPECTED)
            query = "select " + ", ".join(f"current_setting('{name}')" for name in names)
            with server.session() as session, server.arrow() as arrow:
                [row] = arrow.rows(query)
                assert dict(zip(names, row, strict=True)) == EXPECTED
                assert dict(zip(names, session.execute(query).fetchone(), strict=True)) == EXPECTED
        finally:
            own.execute("alter role lake reset all")


def test_names_of_the_server_are_found_before_those_of_a_schema_that_comes_first(db, url):
    """A table and functions of a name that the catalog has; the role's own path stays behind it."""
    db.execute(
        "create schema app; create table app.pg_class (oid oid, x int); create table app.pg_settings (name text)"
    )
    db.execute("create function app.version() returns text language sql as $$ select 'mine' $$")
    db.execute("create function app.pg_backend_pid() returns int language sql as $$ select (random() * 1e6)::int $$")
    server = Server(Reach(Address.of(f"{url}?options=-csearch_path%3Dapp%2Cpg_catalog", {})))
    query = "select 'pg_class'::regclass = 'pg_catalog.pg_class'::regclass, current_setting('search_path')"
    with server.session() as session, server.arrow() as arrow:
        told = [(True, "pg_catalog, app,pg_catalog")]
        assert arrow.rows(query) == session.execute(query).fetchall() == told
        assert session.execute("select 'pg_class'::regclass::text").fetchone() == ("pg_class",)
    empty = Server(Reach(Address.of(f"{url}?options=-csearch_path%3D", {})))
    with empty.session() as session:
        assert session.execute("show search_path").fetchone() == ("pg_catalog",)


def test_no_session_can_write(server):
    with (
        server.session() as session,
        pytest.raises(psycopg.errors.ReadOnlySqlTransaction, match="read-only transaction"),
    ):
        session.execute("create table never (a int)")


def test_a_snapshot_that_one_driver_exports_is_imported_by_the_other(db, url):
    server = Server(Reach(Address.of(url, {})))
    db.execute("create table seen as select generate_series(1, 5) as x")
    with server.session(autocommit=False) as holder, server.arrow() as arrow:
        key = holder.execute("select pg_export_snapshot()").fetchone()[0]
        db.execute("delete from seen where x > 2")
        arrow.rows("begin isolation level repeatable read")
        arrow.rows(f"set transaction snapshot '{key}'")
        assert arrow.rows("select count(*) from seen") == [(5,)]


def test_a_server_is_identified_once_and_by_any_thread(home, server):
    found = []
    threads = [threading.Thread(target=lambda: found.append(server.identify())) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with psycopg.connect(home) as own:
        system = own.execute("select system_identifier::text from pg_control_system()").fetchone()[0]

    assert found == [Identity(system, "postgres", server.identify().version, in_recovery=False)] * 6
    assert server.identify().shown_version.startswith("18.")


def test_nothing_is_sent_and_nothing_shown_before_it_is_asked_for():
    server = Server(Reach(Address.of("postgresql://me:hidden-word@no-such-host.invalid/shop", {})))
    server.close()

    assert server.place == "no-such-host.invalid:5432/shop"
    assert "hidden-word" not in repr(server.__dict__)


MAIN = Identity("1", "shop", 180004, in_recovery=False)


def test_a_replica_of_the_same_cluster_may_be_read():
    assert refuse_stranger(MAIN, Identity("1", "shop", 180004, in_recovery=True)) == ""
    assert "pg_control_system" in refuse_stranger(
        Identity(None, "shop", 180004, in_recovery=False), Identity("1", "shop", 1, in_recovery=True)
    )


@pytest.mark.parametrize(
    ("replica", "said"),
    [
        (Identity("2", "shop", 180004, in_recovery=True), "another cluster"),
        (Identity("1", "other", 180004, in_recovery=True), "another database"),
        (Identity(None, "shop", 180004, in_recovery=False), "takes writes of its own"),
    ],
)
def test_a_stranger_is_refused(replica, said):
    with pytest.raises(ConnectorOptionsError, match=said):
        refuse_stranger(MAIN, replica, "lakesmith.yml:4")
