"""A small server of Iceberg's REST protocol over a SQLite catalog: as much of it as a lake uses, and failures to order."""

from __future__ import annotations

import contextlib
import http.server
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlsplit

from lake_servers import free_port
from pyiceberg.catalog.rest import CommitTableRequest
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.exceptions import (
    CommitFailedException,
    NamespaceAlreadyExistsError,
    NoSuchNamespaceError,
    NoSuchTableError,
    TableAlreadyExistsError,
)

STATUS = {
    NoSuchTableError: 404,
    NoSuchNamespaceError: 404,
    NamespaceAlreadyExistsError: 409,
    TableAlreadyExistsError: 409,
    CommitFailedException: 409,
}


@dataclass(frozen=True)
class _Named:
    """All that the SQL catalog wants to know of a table to commit to it."""

    identifier: tuple[str, ...]

    def name(self) -> tuple[str, ...]:
        return self.identifier


@dataclass
class RestServer:
    """`lies` are answers to commits that have landed, used up one by one: a status, or 0 to cut the line."""

    catalog: SqlCatalog
    port: int = field(default_factory=free_port)
    lies: list[int] = field(default_factory=list)

    def answer(self, method: str, parts: list[str], body: dict[str, Any]) -> tuple[int, Any]:  # noqa: PLR0911 - a table of answers
        """Answer one request below /v1."""
        catalog = self.catalog
        match method, parts:
            case "GET", ["config"]:
                return 200, {"defaults": {}, "overrides": {}}
            case "GET", ["namespaces"]:
                return 200, {"namespaces": [list(space) for space in catalog.list_namespaces()]}
            case "POST", ["namespaces"]:
                catalog.create_namespace(tuple(body["namespace"]))
                return 200, {"namespace": body["namespace"], "properties": {}}
            case "GET", ["namespaces", space, "tables"]:
                tables = [{"namespace": list(name[:-1]), "name": name[-1]} for name in catalog.list_tables(space)]
                return 200, {"identifiers": tables}
            case "POST", ["namespaces", space, "register"]:
                return 200, self._table(catalog.register_table((space, body["name"]), body["metadata-location"]))
            case "GET", ["namespaces", space, "tables", name]:
                return 200, self._table(catalog.load_table((space, name)))
            case "POST", ["namespaces", space, "tables", name]:
                return self._commit((space, name), body)
        return 404, None

    def _commit(self, identifier: tuple[str, str], body: dict[str, Any]) -> tuple[int, Any]:
        wanted = CommitTableRequest.model_validate(body)
        self.catalog.commit_table(_Named(identifier), wanted.requirements, wanted.updates)  # type: ignore[arg-type]
        if self.lies:
            return self.lies.pop(0), _error("CommitFailedException", "somebody was faster, or so it seems", 409)
        return 200, self._table(self.catalog.load_table(identifier))

    def _table(self, table: Any) -> dict[str, Any]:
        metadata = json.loads(table.metadata.model_dump_json())
        return {"metadata-location": table.metadata_location, "metadata": metadata, "config": {}}


def _error(kind: str, message: str, code: int) -> dict[str, Any]:
    return {"error": {"message": message, "type": kind, "code": code}}


@contextlib.contextmanager
def serve_rest(server: RestServer) -> Iterator[RestServer]:
    """Serve for the length of a `with`."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def handle_one(self) -> None:
            path = urlsplit(self.path).path.removeprefix("/v1/")
            raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            try:
                status, said = server.answer(
                    self.command, [unquote(part) for part in path.split("/")], json.loads(raw or b"{}")
                )
            except tuple(STATUS) as error:
                status = next(code for kind, code in STATUS.items() if isinstance(error, kind))
                said = _error(type(error).__name__, str(error), status)
            if status == 0:
                self.close_connection = True
                return
            content = json.dumps(said).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_HEAD = handle_one  # noqa: N815 - http.server's names

        def log_message(self, *_rest: object) -> None:
            """Say nothing."""

    listening = http.server.ThreadingHTTPServer(("127.0.0.1", server.port), Handler)
    listening.daemon_threads = True
    thread = threading.Thread(target=listening.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        listening.shutdown()
        listening.server_close()
        thread.join()
