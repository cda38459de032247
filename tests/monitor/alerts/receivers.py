"""Real receivers on this machine: web servers that answer, are slow, send elsewhere or refuse, and mail servers."""

from __future__ import annotations

import contextlib
import http.server
import ipaddress
import socket
import ssl
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta


@dataclass
class WebReceiver:
    """Answers with `status` after `slow_s`, or drips its headers; keeps what it got."""

    status: int = 200
    headers: dict = field(default_factory=dict)
    slow_s: float = 0.0
    drip: bool = False
    body: bytes = b"ok"
    got: list = field(default_factory=list)
    port: int = 0

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}/hook/very-secret-path"

    @contextlib.contextmanager
    def serving(self):
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def answer(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                receiver.got.append((self.path, dict(self.headers), body))
                time.sleep(receiver.slow_s)
                with contextlib.suppress(OSError):
                    if receiver.drip:
                        for sign in b"HTTP/1.1 200 OK\r\nX-Slow: " + b"a" * 100:
                            self.wfile.write(bytes([sign]))
                            time.sleep(0.2)
                        return
                    self.send_response(receiver.status)
                    for name, value in receiver.headers.items():
                        self.send_header(name, value)
                    self.send_header("Content-Length", str(len(receiver.body)))
                    self.end_headers()
                    self.wfile.write(receiver.body)

            do_POST = do_GET = answer  # noqa: N815 - the library's names

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        self.port = server.server_port
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield self
        finally:
            server.shutdown()
            server.server_close()
            thread.join()


class Mailbox:
    """Keeps the mails that a server takes; refuses recipients that begin with `no`."""

    def __init__(self):
        self.mails = []

    async def handle_RCPT(self, _server, _session, envelope, address, _options):  # noqa: N802 - aiosmtpd's name
        if address.startswith("no"):
            return "550 no such person"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server, session, envelope):  # noqa: N802 - aiosmtpd's name
        self.mails.append((bool(session.ssl), session.authenticated, envelope.content.decode()))
        return "250 OK"


@contextlib.contextmanager
def mail_server(*, certificate=None, whole=False, login=None):
    """Serve mail: with `certificate` by STARTTLS, or from the start (`whole`); with `login` (user, password) needed."""
    from aiosmtpd.controller import Controller
    from aiosmtpd.smtp import AuthResult

    context = None
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
    named = {}
    if login is not None:
        given = (login[0].encode(), login[1].encode())

        def check(_server, _session, _envelope, _mechanism, data):
            return AuthResult(success=(data.login, data.password) == given, handled=False)

        named = {"authenticator": check, "auth_required": True, "auth_require_tls": True}
    if whole:
        named |= {"ssl_context": context, "auth_require_tls": False}
    elif context:
        named |= {"tls_context": context, "require_starttls": True}
    box = Mailbox()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with_ssl = named.pop("ssl_context", None)
    controller = Controller(box, hostname="127.0.0.1", port=port, ssl_context=with_ssl, ready_timeout=30, **named)
    if with_ssl is not None:
        controller._trigger_server = lambda: greet(port)  # its own greeting does not trust the certificate
    controller.start()
    try:
        yield box, port
    finally:
        controller.stop()


def greet(port):
    """Connect by TLS, whoever it is, and hear a word."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with socket.create_connection(("127.0.0.1", port), 30) as raw, context.wrap_socket(raw) as connection:
        connection.recv(100)


@contextlib.contextmanager
def silent_server():
    """Take connections, and never say a word."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield server.getsockname()[1]


def certificate_in(folder):
    """Write a certificate of `localhost` and its key into one file, and return it."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    encoding = serialization.Encoding.PEM
    plain = serialization.NoEncryption()
    private = key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, plain)
    path = folder / "server.pem"
    path.write_bytes(private + built.public_bytes(encoding))
    return path
