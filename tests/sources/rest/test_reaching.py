"""Addresses that may not be reached are not, however they are written and whoever names them; bodies stay within their limits."""

from __future__ import annotations

import gzip
import resource
import signal
import socket
import ssl
import threading
import time
import zlib
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from test_paging import PAGINGS

from lakesmith.errors import ConnectorOptionsError, LakesmithError, RetriableError, StorageUnavailableError
from lakesmith.host.addresses import ForbiddenAddressError, is_public, reachable
from lakesmith.model.streams import Ask
from lakesmith.simulate.apis.faults import Fault
from lakesmith.sources.files.formats.nested import json_feed
from lakesmith.sources.rest.driving import unpacking

PRIVATE = [
    "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "100.100.100.200", "0.0.0.0",
    "168.63.129.16", "224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254",
    "::ffff:127.0.0.1", "::ffff:169.254.169.254", "64:ff9b::7f00:1", "2002:7f00:1::", "::127.0.0.1", "192.0.2.1", "ff02::1",
    "64:ff9b:1::7f00:1", "64:ff9b:1::808:808", "::ffff:0:127.0.0.1", "fec0::1", "3fff::1", "5f00::1", "2606:4700::5efe:7f00:1", "2606:4700::200:5efe:10.0.0.1",
]  # fmt: skip


@pytest.mark.parametrize("address", PRIVATE)
def test_addresses_that_are_not_out_in_the_world(address):
    assert not is_public(address)


@pytest.mark.parametrize("address", ["93.184.215.14", "8.8.8.8", "2606:2800:21f:cb07:6820:80da:af6b:8b2c"])
def test_addresses_that_are(address):
    assert is_public(address)


@pytest.mark.parametrize("host", ["localhost", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "[::1]".strip("[]")])
def test_other_spellings_of_this_machine(host):
    with pytest.raises((ForbiddenAddressError, OSError)):
        reachable(host, 80)
    assert reachable("127.0.0.1", 80, {"127.0.0.1"}) == ["127.0.0.1"]


def test_a_name_with_one_address_inside_is_refused_as_a_whole(monkeypatch):
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 80)) for address in ("93.184.215.14", "10.0.0.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_more: found)
    with pytest.raises(ForbiddenAddressError, match=r"both\.example\.com"):
        reachable("both.example.com", 80)


def test_a_name_that_means_another_address_a_moment_later(monkeypatch, desk, server, shelf):
    """The name server answers once, and what was checked is what is connected to."""
    asked, real, port = [], socket.getaddrinfo, int(server.url.rpartition(":")[2])

    def resolve(host, *rest, **more):
        if host == "api.example.com":
            asked.append(host)
            return real("127.0.0.1" if len(asked) == 1 else "0.0.0.1", *rest, **more)
        return real(host, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    one = desk(
        PAGINGS["link"] | {"paging": {"type": "none"}},
        base_url=f"http://api.example.com:{port}",
        allow_hosts=["api.example.com"],
    )
    assert one.rows() == shelf.records[:3]
    assert asked == ["api.example.com"]


def test_the_api_itself_is_checked(desk, server):
    with pytest.raises(ConnectorOptionsError, match=r"none that may be reached \(127\.0\.0\.1\)"):
        desk(PAGINGS["link"], allow_hosts=[]).rows()
    assert server.heard == []


@pytest.mark.parametrize("to", ["http://localhost:{port}/x", "http://[::1]:{port}/x", "http://169.254.169.254/latest", "http://2130706433:{port}/x"])  # fmt: skip
def test_where_the_api_sends_us_is_checked(to, desk, server):
    server.spoil(Fault("redirect", at=(1,), to=to.format(port=server.url.rpartition(":")[2])))
    with pytest.raises(ConnectorOptionsError, match="none that may be reached"):
        desk(PAGINGS["link"]).rows()
    assert len(server.heard) == 1


class Raw:
    """Sends one answer, piece by piece as it is given, to whoever connects; `pause_s` before each, encrypted with `proof`."""

    def __init__(self, *pieces: bytes, pause_s: float = 0.0, proof: ssl.SSLContext | None = None) -> None:
        self._pause_s, self._proof = pause_s, proof
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        self._pieces = pieces
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_rest) -> None:
        self._listening.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            with connection:
                try:
                    wire = self._proof.wrap_socket(connection, server_side=True) if self._proof else connection
                    wire.recv(65536)
                    for piece in self._pieces:
                        time.sleep(self._pause_s)
                        wire.sendall(piece)
                except OSError:
                    continue


def head(*more: str) -> bytes:
    return (
        "\r\n".join(["HTTP/1.1 200 OK", "Content-Type: application/json", "Connection: close", *more]) + "\r\n\r\n"
    ).encode()


def test_an_answer_that_is_larger_than_it_may_be(desk):
    with Raw(head(), b"[" + b"1," * 700_000) as raw, pytest.raises(ConnectorOptionsError, match="more than 1 MB"):
        desk({"path": "x"}, base_url=raw.url, max_answer_mb=1).rows()


def test_a_bomb(desk, monkeypatch):
    monkeypatch.setattr(unpacking, "UNSUSPECTED", 1024 * 1024)
    bomb = gzip.compress(gzip.compress(b"[" + b" " * 50_000_000 + b"]"), mtime=0)
    with (
        Raw(head("Content-Encoding: gzip", f"Content-Length: {len(bomb)}"), bomb) as raw,
        pytest.raises(ConnectorOptionsError, match="unpacks to more than 1,000 times its size"),
    ):
        desk({"path": "x"}, base_url=raw.url).rows()


@pytest.mark.parametrize(
    "pack",
    [gzip.compress, zlib.compress, lambda data: gzip.compress(data[:5], mtime=0) + gzip.compress(data[5:], mtime=0)],
)
def test_packed_answers(pack, desk):
    body = b'[{"a": 1}, {"a": 2}]'
    packed = pack(body)
    with Raw(head("Content-Encoding: deflate", f"Content-Length: {len(packed)}"), packed) as raw:
        assert desk({"path": "x"}, base_url=raw.url).rows() == [{"a": 1}, {"a": 2}]
    if pack is not zlib.compress:  # a file, packed without a word about it
        with Raw(head(f"Content-Length: {len(packed)}"), packed) as raw:
            assert desk({"path": "x"}, base_url=raw.url).rows() == [{"a": 1}, {"a": 2}]


@pytest.mark.parametrize(
    ("more", "body"),
    [
        (["Content-Encoding: gzip"], gzip.compress(b"[1, 2, 3]" * 9, mtime=0)[:-9]),
        (["Content-Encoding: gzip"], b"no gzip at all"),
        (["Transfer-Encoding: chunked"], b"5\r\n[1, 2"),
        (["Transfer-Encoding: chunked"], b"5\r\n[1, 2\r\nzz\r\n"),
        (["Content-Length: 100"], b"[1, 2]"),
        ([], b'[{"a": 1}, {"a"'),
    ],
)
def test_answers_that_end_too_early(more, body, desk):
    with (
        Raw(head(*more), body) as raw,
        pytest.raises(LakesmithError, match=r"did not answer|cannot be read"),
    ):
        desk({"path": "x"}, base_url=raw.url).rows()


def test_a_large_answer_goes_by_on_disk(desk, monkeypatch):
    monkeypatch.setattr(json_feed, "PIECE", 1024 * 1024)
    lines = b",".join(b'{"id": %d, "text": "%s"}' % (number, b"x" * 200) for number in range(25_000))
    with Raw(head(), b'{"items": [', lines, b"]}") as raw:
        chunks = desk({"path": "x", "records": "items"}, base_url=raw.url).read()
    assert sum(chunk.rows.num_rows for chunk in chunks) == 25_000
    assert len(chunks) > 1
    assert [chunk.counted for chunk in chunks] == [chunk.rows.num_rows for chunk in chunks]


@pytest.fixture
def _small_disk():
    """Let no file of this process grow beyond 5 MB."""
    before, handler = resource.getrlimit(resource.RLIMIT_FSIZE), signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (5 * 1024 * 1024, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)
    signal.signal(signal.SIGXFSZ, handler)


@pytest.mark.usefixtures("_small_disk")
@pytest.mark.parametrize("paging", [{}, {"paging": {"type": "page", "stop": "short", "size": 100_000}}])
def test_an_answer_that_the_disk_has_no_room_for(paging, desk, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    body = b"[" + b",".join(b'{"id": %d, "pad": "%s"}' % (n, b"x" * 1000) for n in range(9_000)) + b"]"
    with Raw(head(f"Content-Length: {len(body)}"), body) as raw:
        one = desk({"path": "x", **paging}, base_url=raw.url)
        with pytest.raises(StorageUnavailableError, match="A file cannot be used: File too large"):
            one.rows()
        assert not [path for path in tmp_path.rglob("*") if path.is_file()]
        one.source.close()
    assert not list(tmp_path.glob("lakesmith-rest-*"))


def test_a_server_that_sends_hardly_anything(desk):
    with Raw(head(), *[b"["] * 40, pause_s=0.02) as raw, pytest.raises(RetriableError, match="sends hardly anything"):
        desk({"path": "x"}, base_url=raw.url, slow_s=0.1, retries={"attempts": 1}).rows()


def test_a_server_that_says_nothing(desk):
    with Raw(head(), pause_s=1.0) as raw, pytest.raises(RetriableError, match="no answer came in time"):
        desk({"path": "x"}, base_url=raw.url, read_timeout_s=0.1, retries={"attempts": 1}).rows()


def test_a_server_that_cannot_prove_who_it_is(desk, tmp_path):
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    made = x509.CertificateBuilder(
        name, name, key.public_key(), 1, datetime.now(UTC) - timedelta(9), datetime.now(UTC) - timedelta(1)
    )
    (tmp_path / "pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    )
    proof = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    proof.load_cert_chain(tmp_path / "pem")
    with Raw(head(), b"[]", proof=proof) as raw, pytest.raises(ConnectorOptionsError, match="cannot prove who it is"):
        desk({"path": "x"}, base_url=raw.url.replace("http:", "https:")).rows()


def test_who_waits_for_a_server_can_be_stopped(desk):
    """Another thread ends the wait; a later read of the same source is not concerned."""
    with Raw(head(), b"[]", pause_s=3600) as slow:
        one = desk({"path": "x"}, base_url=slow.url)
        [split] = one.source.splits(one.spec, Ask())
        chunks, ended = one.source.read(one.spec, split, Ask()), []

        def wait() -> None:
            try:
                next(chunks)
            except RetriableError as error:
                ended.append(str(error))

        thread = threading.Thread(target=wait)
        thread.start()
        chunks.cancel()
        thread.join(30)
        assert not thread.is_alive()
        assert ended == ["The load was stopped.\n  fix:   run the same command again"]


def test_headers_that_come_letter_by_letter(desk):
    """A server that keeps within the time for each read is not waited for without end."""
    listening, done = socket.create_server(("127.0.0.1", 0)), threading.Event()

    def serve():
        connection, _ = listening.accept()
        with connection:
            connection.recv(65_536)
            connection.sendall(b"HTTP/1.1 200 OK\r\nX-A: ")
            while not done.wait(0.02):
                try:
                    connection.sendall(b"a")
                except OSError:
                    return

    thread = threading.Thread(target=serve)
    thread.start()
    url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    one = desk({"path": "a"}, base_url=url, slow_s=0.2, retries={"attempts": 1})
    try:
        with pytest.raises(RetriableError, match="hardly anything"):
            one.rows()
    finally:
        done.set()
        thread.join()
        listening.close()
