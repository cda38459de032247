"""A real standby beside its primary: read in its place, told from strangers, and what its conflicts become."""

import shutil
import subprocess
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from lake_servers import PostgresServer, free_port, serve_postgres

from lakesmith.errors import ConnectorOptionsError, RetriableError
from lakesmith.sources.postgres.connecting.address import Address
from lakesmith.sources.postgres.connecting.faults import driver_errors
from lakesmith.sources.postgres.connecting.replica import refuse_stranger
from lakesmith.sources.postgres.connecting.server import Reach, Server


@contextmanager
def standby_of(primary):
    """A copy of a server that follows it."""
    folder = Path(tempfile.mkdtemp(prefix="lakesmith-standby-"))
    who = {"user": primary.user, "group": primary.user, "extra_groups": None if primary.user is None else []}
    if primary.user is not None:
        shutil.chown(folder, primary.user, primary.user)
    data, port = folder / "data", free_port()
    try:
        copy = Path(primary.command[0]).with_name("pg_basebackup")
        subprocess.run(
            [copy, "-D", data, "-R", "-c", "fast", "--no-sync", "-d", primary.url()],
            check=True,
            capture_output=True,
            cwd=folder,
            **who,
        )
        command = [
            primary.command[0],
            "-D",
            str(data),
            "-p",
            str(port),
            *primary.command[5:],
            "-c",
            "max_standby_streaming_delay=0",
        ]
        server = PostgresServer(command, port, folder / "log", user=primary.user)
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def reach(url):
    return Server(Reach(Address.of(url, {})))


def _until(session, query, wanted):
    give_up = time.monotonic() + 20
    while True:
        try:
            if session.execute(query).fetchone()[0] == wanted:
                return
        except psycopg.errors.UndefinedTable:
            pass
        assert time.monotonic() < give_up
        time.sleep(0.05)


def _ask_on(session):
    for _ in range(100):
        session.execute("select count(*) from seen")
        time.sleep(0.1)


@pytest.mark.long
def test_a_standby_is_read_in_the_place_of_its_primary(postgres_server, db, url):
    with standby_of(postgres_server) as standby:
        near = reach(standby.url(db.info.dbname))
        db.execute("create table seen as select generate_series(1, 1000) as x")
        primary, replica = reach(url).identify(), near.identify()
        assert (primary.in_recovery, replica.in_recovery) == (False, True)
        assert refuse_stranger(primary, replica) == ""
        with near.session(autocommit=False) as holder, near.arrow() as arrow:
            holder.autocommit = True
            _until(holder, "select count(*) from seen", 1000)
            holder.autocommit = False
            key = holder.execute("select pg_export_snapshot()").fetchone()[0]
            arrow.rows("begin")
            arrow.rows(f"set transaction snapshot '{key}'")
            assert arrow.rows("select count(*) from seen") == [(1000,)]
            db.execute("delete from seen where x <= 500")
            db.execute("vacuum seen")
            with pytest.raises(RetriableError, match="replica ended the read"), driver_errors(near.scene()):
                _ask_on(holder)


@pytest.mark.long
def test_a_server_of_another_cluster_is_a_stranger(postgres_server):
    with serve_postgres() as other, pytest.raises(ConnectorOptionsError, match="another cluster"):
        refuse_stranger(reach(postgres_server.url()).identify(), reach(other.url()).identify())
