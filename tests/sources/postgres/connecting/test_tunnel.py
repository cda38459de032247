"""Through an SSH server that is a process of its own: paramiko's everywhere, OpenSSH's where it is installed."""

import getpass
import os
import pwd
import shutil
import socket
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import paramiko
import pytest
from lake_servers import Server as Program
from lake_servers import free_port

from lakesmith.errors import ConnectorOptionsError, RetriableError
from lakesmith.sources.postgres.connecting.address import Address
from lakesmith.sources.postgres.connecting.faults import driver_errors
from lakesmith.sources.postgres.connecting.server import Reach, Server
from lakesmith.sources.postgres.connecting.tunnel import TunnelSettings

HERE = Path(__file__).parent


@dataclass
class Gate:
    """An SSH server that runs, and the files of one who may pass."""

    program: Program
    user: str
    folder: Path
    allowed: bool = True

    @property
    def settings(self) -> TunnelSettings:
        files = {"key": str(self.folder / "key"), "known_hosts": str(self.folder / "known_hosts")}
        return TunnelSettings.of(f"{self.user}@127.0.0.1:{self.program.port}", **files)


@pytest.fixture(scope="session")
def keys():
    return {name: paramiko.ECDSAKey.generate() for name in ("server", "user", "stranger")}


def _write(folder: Path, keys, port: int) -> None:
    keys["server"].write_private_key_file(str(folder / "host_key"))
    keys["user"].write_private_key_file(str(folder / "key"))
    keys["stranger"].write_private_key_file(str(folder / "other_key"))
    keys["user"].write_private_key_file(str(folder / "locked_key"), password="pass-word")
    (folder / "known_hosts").write_text(f"[127.0.0.1]:{port} ecdsa-sha2-nistp256 {keys['server'].get_base64()}\n")
    (folder / "no_hosts").write_text("")
    (folder / "wrong_hosts").write_text(f"[127.0.0.1]:{port} ecdsa-sha2-nistp256 {keys['stranger'].get_base64()}\n")
    (folder / "authorized").write_text(f"ecdsa-sha2-nistp256 {keys['user'].get_base64()} me\n")


@contextmanager
def _serving(kind: str, keys, program):
    with tempfile.TemporaryDirectory(prefix="lakesmith-ssh-") as name:
        folder, port = Path(name), free_port()
        _write(folder, keys, port)
        if kind == "paramiko":
            command = [
                sys.executable,
                str(HERE / "ssh_server.py"),
                str(port),
                str(folder / "host_key"),
                keys["user"].get_base64(),
            ]
        else:
            said = {
                "AuthorizedKeysFile": folder / "authorized",
                "HostKey": folder / "host_key",
                "ListenAddress": "127.0.0.1",
                "PasswordAuthentication": "no",
                "PidFile": "none",
                "StrictModes": "no",
                "UsePAM": "no",
            }
            (folder / "config").write_text("".join(f"{word} {value}\n" for word, value in said.items()))
            if os.geteuid() == 0 and "sshd" not in {entry.pw_name for entry in pwd.getpwall()}:
                pytest.skip("as root sshd wants a user `sshd`")
            command = [program("sshd"), "-D", "-e", "-f", str(folder / "config"), "-p", str(port)]
        server = Program(command, port, folder / "log")
        try:
            server.start()
            yield Gate(server, "me" if kind == "paramiko" else getpass.getuser(), folder)
        finally:
            server.stop()


@pytest.fixture(scope="module", params=["paramiko", "openssh"])
def gate(request, keys):
    def find(name):
        found = shutil.which(name) or shutil.which(name, path="/usr/sbin")
        return found or pytest.skip(f"{name} is not installed")

    with _serving(request.param, keys, find) as gate:
        yield gate


def through(gate, url, **parts):
    return Server(Reach(Address.of(url, parts), tunnel=gate.settings, where="lakesmith.yml:4"))


def test_both_drivers_reach_the_server_and_many_at_the_same_time(gate, home):
    server = through(gate, home)
    found = []

    def read():
        with server.arrow() as arrow, arrow.statement() as statement:
            query = "select x, repeat('x', 100) as words from generate_series(1, 30000) as x"
            batches = statement.batches(query, 2**20)
            found.append([x for batch in batches for x in batch["x"].to_pylist()])

    try:
        with server.session() as session:
            assert session.info.hostaddr == "127.0.0.1"
            assert session.info.port not in {gate.program.port, Address.of(home, {}).port}
        readers = [threading.Thread(target=read) for _ in range(4)]
        for reader in readers:
            reader.start()
        for reader in readers:
            reader.join()
    finally:
        server.close()

    assert found == [list(range(1, 30001))] * 4


def test_the_tunnel_ends_with_its_source_and_begins_anew_when_it_is_asked_again(gate, home):
    server = through(gate, home)
    with server.session() as session:
        port = session.info.port
        server.close()
        with pytest.raises(RetriableError, match="connection to the server was lost"), driver_errors(server.scene()):
            session.execute("select 1")
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0
    with server.session() as session:
        assert session.execute("select 1").fetchone() == (1,)
    server.close()
    give_up = time.monotonic() + 5
    while any(thread.name == "lakesmith-tunnel" for thread in threading.enumerate()):
        assert time.monotonic() < give_up
        time.sleep(0.02)


def test_an_ssh_connection_that_breaks_is_a_lost_connection_and_is_made_anew(gate, home):
    server = through(gate, home)
    try:
        with server.session() as session:
            server._tunnel._client.get_transport().close()
            with (
                pytest.raises(RetriableError, match="connection to the server was lost"),
                driver_errors(server.scene()),
            ):
                session.execute("select 1")
        with server.session() as session:
            assert session.execute("select 1").fetchone() == (1,)
    finally:
        server.close()


def test_a_silent_ssh_server_is_given_up_as_the_drivers_own_keepalives_end_at_our_port(gate, home):
    server = through(gate, home)
    try:
        server.session().close()
        line = server._tunnel._client.get_transport().sock
        assert line.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 45_000
    finally:
        server.close()


def test_the_address_is_shown_with_the_tunnel_and_nothing_secret(gate, home):
    server = through(gate, home, password="wrong-pass")
    try:
        with pytest.raises(ConnectorOptionsError, match="does not accept this user") as caught:
            server.session()
    finally:
        server.close()

    assert f"by ssh 127.0.0.1:{gate.program.port}, lakesmith.yml:4" in str(caught.value)
    assert "wrong-pass" not in str(caught.value)


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"known_hosts": "no_hosts"}, "key of the SSH server is not known.*ssh-keyscan -p"),
        ({"known_hosts": "wrong_hosts"}, "shows another key"),
        ({"known_hosts": "not_there"}, "file of `tunnel:` cannot be read"),
        ({"key": "other_key"}, "does not let this user in"),
        ({"key": "known_hosts"}, "holds no private key"),
        ({"key": "locked_key"}, "locked by a password"),
        ({"key": "not_there"}, "cannot be read"),
    ],
)
def test_a_server_that_is_not_known_and_a_user_who_may_not_pass(gate, home, files, said):
    own = {"key": "key", "known_hosts": "known_hosts", **files}
    settings = TunnelSettings.of(
        f"{gate.user}@127.0.0.1:{gate.program.port}", **{name: str(gate.folder / file) for name, file in own.items()}
    )

    with pytest.raises(ConnectorOptionsError, match=f"(?s){said}"):
        Server(Reach(Address.of(home, {}), tunnel=settings)).session()


def test_a_database_that_the_ssh_server_does_not_reach(gate, home):
    server = through(gate, home, port=1)
    try:
        with pytest.raises(ConnectorOptionsError, match="does not pass connections on"):
            server.session()
    finally:
        server.close()


def test_nobody_listens_for_ssh(home, keys, tmp_path):
    port = free_port()
    _write(tmp_path, keys, port)
    settings = TunnelSettings.of(
        f"me@127.0.0.1:{port}", key=str(tmp_path / "key"), known_hosts=str(tmp_path / "known_hosts")
    )
    started = time.monotonic()

    with pytest.raises(RetriableError, match="SSH server does not answer"):
        Server(Reach(Address.of(home, {}), tunnel=settings)).session()

    assert time.monotonic() - started < 10


def test_a_socket_cannot_be_reached_by_a_tunnel(home):
    server = Server(Reach(Address.of(home, {"host": "/tmp"}), tunnel=TunnelSettings.of("me@gate")))
    with pytest.raises(ConnectorOptionsError, match="socket in a folder"):
        server.session()


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("gate.example.com", ("gate.example.com", 22, None)),
        ("me@gate:2222", ("gate", 2222, "me")),
        ("ssh://me@[::1]:2222", ("::1", 2222, "me")),
    ],
)
def test_how_a_gate_is_written(written, expected):
    found = TunnelSettings.of(written)
    assert (found.host, found.port, found.user) == expected


@pytest.mark.parametrize("written", ["", "me@", "gate:port", "me:hidden-word@gate", "gate/path"])
def test_a_gate_that_cannot_be_meant_is_refused(written):
    with pytest.raises(ConnectorOptionsError, match="cannot be understood") as caught:
        TunnelSettings.of(written)
    assert "hidden-word" not in str(caught.value)
