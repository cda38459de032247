"""A server of today, and the oldest one that the machine has besides."""

import os
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from lake_servers import NOBODY, PostgresServer, free_port


@contextmanager
def _serving(programs: Path):
    user = NOBODY if os.geteuid() == 0 else None
    folder = Path(tempfile.mkdtemp(prefix="lakesmith-old-pg-"))
    try:
        if user is not None:
            os.chown(folder, user, user)
        (folder / "password").write_text("pass-word")
        made = [
            programs / "initdb",
            "-D",
            folder / "data",
            "-A",
            "scram-sha-256",
            "-U",
            "lake",
            "--no-sync",
            "-E",
            "UTF8",
            "--locale=C",
        ]
        who = {"user": user, "group": user, "extra_groups": None if user is None else []}
        subprocess.run([*made, "--pwfile", folder / "password"], check=True, capture_output=True, cwd=folder, **who)
        port = free_port()
        said = [
            "-p",
            str(port),
            "-c",
            "listen_addresses=127.0.0.1",
            "-c",
            "unix_socket_directories=",
            "-c",
            "fsync=off",
        ]
        server = PostgresServer(
            [str(programs / "postgres"), "-D", str(folder / "data"), *said], port, folder / "log", user=user
        )
        server.start()
        try:
            for _ in range(100):
                try:
                    psycopg.connect(server.url()).close()
                    break
                except psycopg.OperationalError:
                    continue
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def old_server():
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parent.parent.name))
    if not found:
        pytest.skip("the system has no PostgreSQL of its own")
    with _serving(found[0].parent) as server:
        yield server


@pytest.fixture(scope="module", params=["new", pytest.param("old", marks=pytest.mark.long)])
def each_url(request):
    """The address of an empty database on each of them."""
    return request.getfixturevalue("postgres_server" if request.param == "new" else "old_server").database()


@pytest.fixture(scope="module")
def both(each_url):
    """A session that may write, and one as sources have it."""
    from lakesmith.sources.postgres.connecting.address import Address
    from lakesmith.sources.postgres.connecting.server import Reach, Server

    with (
        psycopg.connect(each_url, autocommit=True) as own,
        Server(Reach(Address.of(each_url, {}))).session() as reading,
    ):
        yield own, reading
