"""Folders on SFTP servers. SFTP has no listing of a whole tree: it is one request for each folder."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lakesmith.sources.files.places.address import Address
from lakesmith.sources.files.places.connection import Listed
from lakesmith.sources.files.places.faults import (
    DeniedFaultError,
    MissingFaultError,
    UnfitFaultError,
    UnreachableFaultError,
    load_library,
)
from lakesmith.sources.files.places.place import Status

TIMEOUT_S = 20.0
DEEPEST = 200
NANOS = 1_000_000_000
PORT = 22
AHEAD_BYTES = 32 * 1024 * 1024


class SftpConnection:
    """A folder of a server; a connection that broke is made anew for the next request."""

    is_atomic = False
    window: int | None = AHEAD_BYTES

    def __init__(self, address: Address, paramiko: Any) -> None:
        self._address, self._paramiko = address, paramiko
        self._client: Any = None
        self._files: Any = None

    def list(self, folder: str) -> Iterator[Listed]:
        """Yield every file below a folder. Links to files are files; links to folders are not followed, as they may go round.

        Raises:
            UnfitFaultError: If folders lie in each other as no file system has them.
        """
        if folder.count("/") >= DEEPEST:
            raise UnfitFaultError(f"folders lie in each other more than {DEEPEST} deep")
        with self._faults():
            connected = self._connected()
            try:
                entries = connected.listdir_attr(self._path(folder))
            except FileNotFoundError:
                return
            entries = [self._linked(folder, entry) for entry in entries]
        for entry in entries:
            if entry is None:
                continue
            name = f"{folder}/{entry.filename}" if folder else entry.filename
            if stat.S_ISDIR(entry.st_mode or 0):
                yield from self.list(name)
            elif stat.S_ISREG(entry.st_mode or 0):
                yield Listed(name, _status(entry, name))

    def status(self, name: str) -> Status:
        """Return size and time of a file; it is the same file while its name is, as it may grow."""
        with self._faults():
            found = self._connected().stat(self._path(name))
        if not stat.S_ISREG(found.st_mode or 0):
            raise MissingFaultError
        return _status(found, name)

    def stream(self, name: str, span: tuple[int, int], version: str) -> _Body:  # noqa: ARG002 - there is no version
        """Return a part of a file, with requests for all of it under way."""
        with self._faults():
            file = self._connected().open(self._path(name), "rb")
            file.seek(span[0])
            file.prefetch(span[1])
        return _Body(self, file)

    @contextmanager
    def faults(self) -> Iterator[None]:
        """Turn what paramiko raises into faults, and forget a connection that broke."""
        with self._faults():
            yield

    def _path(self, name: str) -> str:
        key = self._address.key(name)
        return key[2:] or "." if key == "~" or key.startswith("~/") else f"/{key}"

    def _linked(self, folder: str, entry: Any) -> Any:
        """Return an entry, or for a link to a file what it leads to; None for any other link."""
        if not stat.S_ISLNK(entry.st_mode or 0):
            return entry
        try:
            target = self._files.stat(self._path(f"{folder}/{entry.filename}" if folder else entry.filename))
        except OSError:
            return None
        target.filename = entry.filename
        return target if stat.S_ISREG(target.st_mode or 0) else None

    def _connected(self) -> Any:
        if self._files is None:
            self._client = self._login()
            self._files = self._client.open_sftp()
            self._files.get_channel().settimeout(TIMEOUT_S)
        return self._files

    def _login(self) -> Any:
        address, said = self._address, self._address.storage
        client = self._paramiko.SSHClient()
        client.set_missing_host_key_policy(self._paramiko.RejectPolicy())
        if said.host_key:
            kind, _, key = said.host_key.strip().partition(" ")
            client.get_host_keys().add(self._known_as(), kind, self._public_key(kind, key))
        else:
            client.load_system_host_keys()
        key_file = Path(said.key_file).expanduser() if said.key_file else None
        if key_file is not None and not key_file.is_file():
            raise DeniedFaultError("there is no file where `key_file` points")
        client.connect(
            address.host,
            address.port or PORT,
            address.user,
            address.password,
            key_filename=str(key_file) if key_file else None,
            passphrase=address.password if said.key_file else None,
            timeout=TIMEOUT_S,
            banner_timeout=TIMEOUT_S,
            auth_timeout=TIMEOUT_S,
        )
        return client

    def _public_key(self, kind: str, key: str) -> Any:
        known = self._paramiko.hostkeys
        try:
            entry = known.HostKeyEntry.from_line(f"{self._known_as()} {kind} {key}")
        except (known.InvalidHostKey, self._paramiko.ssh_exception.SSHException, ValueError) as error:
            raise DeniedFaultError("`host_key` is no public key") from error
        if entry is None:
            raise DeniedFaultError("`host_key` is no public key")
        return entry.key

    def _known_as(self) -> str:
        port = self._address.port or PORT
        return self._address.host if port == PORT else f"[{self._address.host}]:{port}"

    def _forget(self) -> None:
        if self._client is not None:
            self._client.close()
        self._client = self._files = None

    @contextmanager
    def _faults(self) -> Iterator[None]:
        ssh = self._paramiko.ssh_exception
        try:
            yield
        except FileNotFoundError as error:
            raise MissingFaultError from error
        except (PermissionError, ssh.AuthenticationException) as error:
            raise DeniedFaultError from error
        except ssh.BadHostKeyException as error:
            self._forget()
            raise DeniedFaultError("the server shows another key than the one that is known") from error
        except UnicodeError as error:
            raise DeniedFaultError("the user, the password or a name is no text") from error
        except (ssh.SSHException, EOFError, OSError) as error:
            self._forget()
            if "not found in known_hosts" in str(error):
                raise DeniedFaultError("the server's key is not known: see `host_key`") from error
            raise UnreachableFaultError(type(error).__name__) from error


class _Body:
    """The bytes of a file on their way."""

    def __init__(self, connection: SftpConnection, file: Any) -> None:
        self._connection, self._file = connection, file

    def read(self, size: int, /) -> bytes:
        """Return the next bytes."""
        with self._connection.faults():
            return bytes(self._file.read(size))

    def close(self) -> None:
        """Let go of the file."""
        with self._connection.faults():
            self._file.close()


def connect(address: Address) -> SftpConnection:
    """Return a connection; nothing is sent before it is used.

    Raises:
        MissingExtraError: If paramiko is not installed.
    """
    return SftpConnection(address, load_library("paramiko", "sftp"))


def _status(found: Any, name: str) -> Status:
    return Status(int(found.st_size or 0), int(found.st_mtime or 0) * NANOS, identity=name)
