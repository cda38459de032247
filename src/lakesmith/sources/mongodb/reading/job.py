"""What the parent asks of a worker, and how both write to their channel: JSON, and bytes behind it, with their lengths before them."""

from __future__ import annotations

import json
import socket
import struct
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

LENGTHS = struct.Struct(">II")
PIECE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Job:
    """One split to read.

    `filter` is raw BSON in base64, with all conditions in it; `low` and `high` bound `_id`, as positions keep values, and `is_ranged`
    says that they do. `marks_from` is where the window begins whose documents get fingerprints, None without one; `held` are the
    fingerprints of those that the lake holds, of which the first `held_digits` count. `key_field` is the column that gets the text
    of `_id`, empty for none; `tells_ids`: which types those are of is told. `causal` is what the server said of its time, so that a member that lags behind waits.
    """

    url: str = field(repr=False)
    read_preference: str
    connect_timeout_s: int
    database: str
    collection: str
    filter: str = field(repr=False)
    projection: Mapping[str, int] | None = None
    low: str = ""
    high: str = ""
    is_ranged: bool = False
    cursor: tuple[str, ...] = ()
    marks_from: str | None = None
    held: tuple[str, ...] | None = None
    held_digits: int = 0
    salt: str = ""
    key_field: str = ""
    tells_ids: bool = False
    max_fields: int = 500
    batch_bytes: int = 4 * 1024 * 1024
    document_bytes: int = 1024
    causal: str = ""
    stream: str = ""
    place: str = ""
    where: str = ""

    def encode(self) -> bytes:
        """Return it as JSON."""
        return json.dumps(asdict(self)).encode()

    @classmethod
    def decode(cls, said: Mapping[str, Any]) -> Job:
        """Return what the parent asked."""
        held = said["held"]
        return cls(
            **{**said, "cursor": tuple(said["cursor"]), "held": None if held is None else tuple(held)},
        )


def send(channel: socket.socket, said: Mapping[str, Any], payload: Any = b"") -> None:
    """Write a message and what belongs to it.

    Raises:
        OSError: If the other end is gone.
    """
    body = json.dumps(said, separators=(",", ":")).encode()
    channel.sendall(LENGTHS.pack(len(body), len(payload)) + body)
    if len(payload):
        channel.sendall(payload)


def receive(channel: socket.socket) -> tuple[dict[str, Any], bytearray]:
    """Return the next message and what belongs to it.

    Raises:
        EOFError: If the other end is gone.
        OSError: If the channel broke.
    """
    first, second = LENGTHS.unpack(_exactly(channel, LENGTHS.size))
    return json.loads(_exactly(channel, first)), _exactly(channel, second)


def _exactly(channel: socket.socket, size: int) -> bytearray:
    got = bytearray(size)
    view, at = memoryview(got), 0
    while at < size:
        count = channel.recv_into(view[at : at + PIECE])
        if not count:
            raise EOFError
        at += count
    return got
