"""A way through an SSH server: a port of this machine whose connections come out on the other side."""

from __future__ import annotations

import getpass
import re
import select
import socket
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lakesmith.errors import ConnectorOptionsError, LakesmithError, RetriableError
from lakesmith.sources.postgres.connecting.drivers import load_driver
from lakesmith.sources.scene import Scene

PORT = 22
TIMEOUT_S = 15.0
KEEPALIVE_S = 15
SILENT_MS = 45_000
WINDOW_BYTES = 16 * 1024 * 1024
PIECE_BYTES = 64 * 1024
ACCEPT_S = 0.5
GATE = re.compile(
    r"^(?:ssh://)?(?:(?P<user>[^@:/]+)@)?(?:\[(?P<six>[0-9a-fA-F:]+)\]|(?P<host>[^:@/\[\]]+))(?::(?P<port>\d{1,5}))?$"
)

NO_FILE = ("A file of `tunnel:` cannot be read.", "check the paths in `key:` and `known_hosts:`")
OTHER_KEY = (
    "The SSH server shows another key than the one that is known.",
    "ask its administrator whether the key was changed; somebody may stand in between",
)
UNKNOWN_KEY = (
    "The key of the SSH server is not known.",
    "compare what `{scan}` says with its administrator, and put it into the file of `known_hosts:`",
)
LOCKED_KEY = ("The key file of `tunnel:` is locked by a password.", "add the key to ssh-agent and leave `key:` out")
NOT_LET_IN = ("The SSH server does not let this user in.", "check user and `key:` of `tunnel:`")
NO_KEY = ("The key file of `tunnel:` holds no private key that can be read.", "check `key:` of `tunnel:`")


@dataclass(frozen=True, slots=True)
class TunnelSettings:
    """How the SSH server is reached.

    `key` and `known_hosts` are files, None: the keys of the agent and of ~/.ssh, the known hosts of ~/.ssh. `password` is the user's, or unlocks `key`.
    """

    host: str
    port: int = PORT
    user: str | None = None
    key: str | None = None
    known_hosts: str | None = None
    password: str | None = field(default=None, repr=False)

    @classmethod
    def of(cls, gate: str, where: str = "", **files: str | None) -> TunnelSettings:
        """Return the settings for an SSH server written as `user@host:port`; `files` are the other fields.

        Raises:
            ConnectorOptionsError: If it is not written like that.
        """
        found = GATE.match(gate.strip())
        if found is None:
            raise ConnectorOptionsError(
                "`tunnel: {ssh: …}` cannot be understood.",
                where=where,
                fix="write it like user@host or user@host:22; a password goes into `password:`",
            )
        return cls(found["six"] or found["host"], int(found["port"] or PORT), found["user"], **files)

    @property
    def place(self) -> str:
        """Host and port, for messages."""
        return f"ssh {self.host}:{self.port}"

    @property
    def known_as(self) -> str:
        """How files of known hosts call it."""
        return self.host if self.port == PORT else f"[{self.host}]:{self.port}"


class Tunnel:
    """Listens on a free port of this machine until it is closed; an SSH connection that broke is made anew for the next session."""

    def __init__(self, settings: TunnelSettings, target: tuple[str, int], where: str = "") -> None:
        """Log in and listen.

        Args:
            settings: The SSH server.
            target: Host and port of the database as the SSH server sees them.
            where: The project file and line of the source.

        Raises:
            ConnectorOptionsError: If the server is not known, or lets this user not in.
            RetriableError: If it does not answer.
            MissingExtraError: If paramiko is not installed.
        """
        self._settings, self._target = settings, target
        self._scene = Scene(settings.place, where)
        self._lock, self._ended = threading.Lock(), threading.Event()
        self._client = self._login()
        self._door = socket.create_server(("127.0.0.1", 0))
        self._door.settimeout(ACCEPT_S)
        self.port: int = self._door.getsockname()[1]
        self.last_fault: LakesmithError | None = None
        self._keeper = threading.Thread(target=self._accept, name="lakesmith-tunnel", daemon=True)
        self._keeper.start()

    def close(self) -> None:
        """End the tunnel and all connections through it."""
        self._ended.set()
        self._door.close()
        self._client.close()
        self._keeper.join(TIMEOUT_S)

    def _accept(self) -> None:
        while not self._ended.is_set():
            try:
                near, _ = self._door.accept()
            except TimeoutError:
                continue
            except OSError:
                return
            threading.Thread(target=self._serve, args=(near,), name="lakesmith-tunnel", daemon=True).start()

    def _serve(self, near: socket.socket) -> None:
        """Carry one connection; when either side ends, both do, so that the driver sees a lost connection."""
        with near:
            try:
                far = self._open(near.getpeername())
            except LakesmithError as error:
                self.last_fault = error
                return
            try:
                _carry(near, far, self._ended)
            finally:
                far.close()

    def _open(self, peer: tuple[str, int]) -> Any:
        """Return a channel to the database."""
        with self._lock:
            transport = self._client.get_transport()
            if transport is None or not transport.is_active():
                self._client.close()
                self._client = self._login()
                transport = self._client.get_transport()
        paramiko = load_driver("paramiko", extra="postgres,sftp")
        try:
            return transport.open_channel(
                "direct-tcpip", self._target, peer, window_size=WINDOW_BYTES, timeout=TIMEOUT_S
            )
        except paramiko.ChannelException as error:
            raise ConnectorOptionsError(
                "The SSH server does not pass connections on to the database.",
                where=self._scene.said,
                fix="check host and port as the SSH server sees them, and that it has AllowTcpForwarding yes",
            ) from error
        except (paramiko.SSHException, EOFError, OSError) as error:
            raise self._unreachable(error) from error

    def _login(self) -> Any:
        paramiko, said = load_driver("paramiko", extra="postgres,sftp"), self._settings
        client = paramiko.SSHClient()
        client.set_missing_host_key_policy(paramiko.RejectPolicy())
        try:
            client.load_system_host_keys(_expanded(said.known_hosts))
            client.connect(
                said.host,
                said.port,
                said.user or getpass.getuser(),
                None if said.key else said.password,
                pkey=None if said.key is None else _load_key(paramiko, said),
                allow_agent=said.key is None,
                look_for_keys=said.key is None,
                timeout=TIMEOUT_S,
                banner_timeout=TIMEOUT_S,
                auth_timeout=TIMEOUT_S,
            )
        except (paramiko.SSHException, EOFError, OSError, ValueError) as error:
            client.close()
            raise self._explained(error, paramiko) from error
        _watch(client.get_transport())
        return client

    def _explained(self, error: Exception, paramiko: Any) -> LakesmithError:
        """Return the error a person can act on for what paramiko raised while it logged in."""
        said, text = self._settings, str(error)
        scan = f"ssh-keyscan -p {said.port} {said.host}"
        cases = (
            (bool(getattr(error, "filename", None)), NO_FILE),
            (isinstance(error, paramiko.BadHostKeyException), OTHER_KEY),
            ("not found in known_hosts" in text, UNKNOWN_KEY),
            (isinstance(error, paramiko.PasswordRequiredException), LOCKED_KEY),
            (isinstance(error, _NoKeyError), NO_KEY),
            (isinstance(error, paramiko.AuthenticationException), NOT_LET_IN),
        )
        for is_it, (what, fix) in cases:
            if is_it:
                return ConnectorOptionsError(what, where=self._scene.said, fix=fix.format(scan=scan))
        return self._unreachable(error)

    def _unreachable(self, error: Exception) -> RetriableError:
        return RetriableError(
            f"The SSH server does not answer as it should ({type(error).__name__}).",
            where=self._scene.said,
            fix="check host and port of `tunnel:`, and that the server runs; then run again",
        )


def _carry(near: socket.socket, far: Any, ended: threading.Event) -> None:
    """Carry bytes both ways until one side ends."""
    back = threading.Thread(target=_pump, args=(far.recv, near.sendall, near), name="lakesmith-tunnel", daemon=True)
    back.start()
    while not ended.is_set():
        ready, _, _ = select.select([near], [], [], ACCEPT_S)
        if not back.is_alive():
            break
        if ready and not _pass_on(near.recv, far.sendall):
            break
    far.close()
    back.join(TIMEOUT_S)


def _pump(receive: Any, send: Any, near: socket.socket) -> None:
    while _pass_on(receive, send):
        pass
    with suppress(OSError):
        near.shutdown(socket.SHUT_RDWR)


def _pass_on(receive: Any, send: Any) -> bool:
    """Pass one piece on; False when a side has ended."""
    try:
        piece = receive(PIECE_BYTES)
        if piece:
            send(piece)
    except (OSError, EOFError):
        return False
    return bool(piece)


def _watch(transport: Any) -> None:
    """Send something now and then, and give up where nothing of it is acknowledged: the driver's own line ends at our port."""
    transport.set_keepalive(KEEPALIVE_S)
    if hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux
        transport.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, SILENT_MS)


def _load_key(paramiko: Any, said: TunnelSettings) -> Any:
    """Return the private key of a file, whatever kind it is of; left to itself paramiko tries it as each kind and tells of the last."""
    secret = said.password.encode() if said.password else None
    try:
        return paramiko.PKey.from_path(_expanded(said.key), secret)
    except TypeError as error:  # there is a password on it
        raise paramiko.PasswordRequiredException("locked") from error
    except (paramiko.UnknownKeyType, ValueError) as error:
        raise _NoKeyError from error


class _NoKeyError(ValueError):
    """A file holds no private key that can be read."""


def _expanded(path: str | None) -> str | None:
    return None if path is None else str(Path(path).expanduser())
