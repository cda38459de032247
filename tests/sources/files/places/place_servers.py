"""A web server with ranges and ETags, and an SFTP server, for tests; both in threads of this process."""

from __future__ import annotations

import base64
import hashlib
import re
import socket
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Self
from urllib.parse import unquote

import paramiko


@dataclass
class WebServer:
    """Serves a folder. `asked` holds every request; the flags make it the servers one meets.

    `break_after` cuts the answer to the next GET after so many bytes, once.
    """

    folder: Path
    ranges: bool = True
    etags: bool = True
    heads: bool = True
    sizes: bool = True
    break_after: int | None = None
    fail_next: int = 0
    refuses: int = 0
    password: str = ""
    asked: list[tuple[str, str, str]] = field(default_factory=list)

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_HEAD(self) -> None:
                outer.answer(self, with_body=False)

            def do_GET(self) -> None:
                outer.answer(self, with_body=True)

            def log_message(self, *_rest: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/files"
        return self

    def __exit__(self, *_rest: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def put(self, name: str, content: bytes | str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)

    def answer(self, handler: BaseHTTPRequestHandler, *, with_body: bool) -> None:
        self.asked.append((handler.command, handler.path, handler.headers.get("Range", "")))
        path = self.folder / unquote(handler.path.partition("?")[0].removeprefix("/files/"))
        wanted = "Basic " + base64.b64encode(f"me:{self.password}".encode()).decode()
        if self.refuses:
            return self._refuse(handler, self.refuses)
        if self.fail_next:
            self.fail_next -= 1
            return self._refuse(handler, 503)
        if self.password and handler.headers.get("Authorization") != wanted:
            return self._refuse(handler, 401)
        if not path.is_file():
            return self._refuse(handler, 404)
        if not with_body and not self.heads:
            return self._refuse(handler, 405)
        return self._send(handler, path, with_body=with_body)

    def _refuse(self, handler: BaseHTTPRequestHandler, status: int) -> None:
        handler.send_response(status)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    def _send(self, handler: BaseHTTPRequestHandler, path: Path, *, with_body: bool) -> None:
        content = path.read_bytes()
        etag = f'"{hashlib.md5(content).hexdigest()}"'
        if handler.headers.get("If-Match") not in (None, etag):
            return self._refuse(handler, 412)
        asked = re.fullmatch(r"bytes=(\d+)-(\d+)", handler.headers.get("Range", ""))
        start, stop = (int(asked[1]), int(asked[2]) + 1) if asked and self.ranges else (0, len(content))
        part = content[start:stop]
        handler.send_response(206 if asked and self.ranges else 200)
        if self.etags:
            handler.send_header("ETag", etag)
        handler.send_header("Last-Modified", formatdate(path.stat().st_mtime, usegmt=True))
        if asked and self.ranges:
            handler.send_header("Content-Range", f"bytes {start}-{start + len(part) - 1}/{len(content)}")
        if self.sizes:
            handler.send_header("Content-Length", str(len(part)))
        else:
            handler.send_header("Connection", "close")
        handler.end_headers()
        if with_body and self.break_after is not None and len(part) > self.break_after:
            handler.wfile.write(part[: self.break_after])
            self.break_after = None
            handler.close_connection = True
            handler.connection.shutdown(socket.SHUT_RDWR)
        elif with_body:
            handler.wfile.write(part)
        return None


class _Login(paramiko.ServerInterface):
    def check_auth_password(self, username: str, password: str) -> int:
        good = (username, password) == ("me", "s3cr3t")
        return paramiko.AUTH_SUCCESSFUL if good else paramiko.AUTH_FAILED

    def get_allowed_auths(self, username: str) -> str:  # noqa: ARG002
        return "password"

    def check_channel_request(self, kind: str, chanid: int) -> int:  # noqa: ARG002
        return paramiko.OPEN_SUCCEEDED


def _files_below(root: Path) -> type[paramiko.SFTPServerInterface]:
    class Files(paramiko.SFTPServerInterface):
        def _path(self, path: str) -> Path:
            return Path(f"{root}{self.canonicalize(path)}")

        def list_folder(self, path: str):
            try:
                paths = list(self._path(path).iterdir())
            except OSError as error:
                return paramiko.SFTPServer.convert_errno(error.errno)
            found = []
            for one in paths:
                entry = paramiko.SFTPAttributes.from_stat(one.lstat())
                entry.filename = one.name
                found.append(entry)
            return found

        def stat(self, path: str):
            try:
                return paramiko.SFTPAttributes.from_stat(self._path(path).stat())
            except OSError as error:
                return paramiko.SFTPServer.convert_errno(error.errno)

        def open(self, path: str, flags: int, attr):  # noqa: ARG002
            handle = paramiko.SFTPHandle(flags)
            try:
                handle.readfile = self._path(path).open("rb")
            except OSError as error:
                return paramiko.SFTPServer.convert_errno(error.errno)
            return handle

    return Files


class SftpServer:
    """Serves a folder as its root to the user `me`. `kick` ends all connections."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._key = folder, paramiko.RSAKey.generate(2048)
        self.host_key = f"ssh-rsa {self._key.get_base64()}"
        self._transports: list[paramiko.Transport] = []

    def __enter__(self) -> Self:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(self, *_rest: object) -> None:
        self._socket.close()
        self.kick()

    def kick(self) -> None:
        for transport in self._transports:
            transport.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            transport = paramiko.Transport(connection)
            self._transports.append(transport)
            transport.add_server_key(self._key)
            transport.set_subsystem_handler("sftp", paramiko.SFTPServer, _files_below(self._folder))
            with suppress(paramiko.SSHException, EOFError):  # a client that does not like the key goes away
                transport.start_server(server=_Login())
