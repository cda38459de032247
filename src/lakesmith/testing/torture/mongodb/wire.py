"""Commands to a server by its own protocol, without the driver: no thread of ours is there when a victim is forked."""

from __future__ import annotations

import socket
import struct
from collections.abc import Mapping
from typing import Any

HEADER = struct.Struct("<iiii")
MESSAGE = 2013
BEFORE_BODY = 5
"""Bytes of flags and of the section's kind."""
ALL_AT_ONCE = 100_000


class CommandError(Exception):
    """The server refused a command, with a `code`."""

    def __init__(self, said: Mapping[str, Any]) -> None:
        super().__init__(str(said.get("errmsg", said)))
        self.code = int(said.get("code", 0))


class Wire:
    """One connection to a database of a server on this machine."""

    def __init__(self, port: int, database: str) -> None:
        self.database = database
        self._number = 0
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self._file = self._socket.makefile("rb")

    def __call__(self, command: Mapping[str, Any], database: str = "") -> Mapping[str, Any]:
        """Return the answer to a command, whose documents are raw.

        Raises:
            CommandError: If the server refuses it.
            OSError: If the connection is gone.
        """
        import bson
        from bson.codec_options import CodecOptions
        from bson.raw_bson import RawBSONDocument

        self._number += 1
        body = bson.encode({**command, "$db": database or self.database})
        size = HEADER.size + BEFORE_BODY + len(body)
        self._socket.sendall(HEADER.pack(size, self._number, 0, MESSAGE) + bytes(BEFORE_BODY) + body)
        size = HEADER.unpack(self._exactly(HEADER.size))[0]
        raw: CodecOptions[Any] = CodecOptions(document_class=RawBSONDocument)
        said: Mapping[str, Any] = bson.decode(self._exactly(size - HEADER.size)[BEFORE_BODY:], raw)
        if not said.get("ok"):
            raise CommandError(said)
        return said

    def documents(self, collection: str) -> list[bytes]:
        """Return all documents of a collection, raw; none if it is not there."""
        said = self({"find": collection, "filter": {}, "batchSize": ALL_AT_ONCE})["cursor"]
        found = [one.raw for one in said["firstBatch"]]
        while said["id"]:
            said = self({"getMore": said["id"], "collection": collection, "batchSize": ALL_AT_ONCE})["cursor"]
            found += [one.raw for one in said["nextBatch"]]
        return found

    def uuid(self, collection: str) -> str:
        """Return the collection's own number, empty if it is not there."""
        said = self({"listCollections": 1, "filter": {"name": collection}})["cursor"]["firstBatch"]
        return bytes(said[0]["info"]["uuid"]).hex() if said else ""

    def close(self) -> None:
        """End the connection."""
        self._file.close()
        self._socket.close()

    def _exactly(self, size: int) -> bytes:
        got = self._file.read(size)
        if len(got) < size:
            raise ConnectionResetError("the server went away")
        return got
