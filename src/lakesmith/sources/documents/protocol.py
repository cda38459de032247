"""What parent and worker say to each other: JSON with its length before it, over a socket that also hands over the open document.

A worker is given an open file and no name: it reads that file and nothing else. It answers every request once, and begins with an
empty object as soon as it listens.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from lakesmith.sources.documents.parsed import Limits

LENGTH = struct.Struct(">I")
MAX_REQUEST = 64 * 1024
MAX_ANSWER = 32 * 1024 * 1024
DRILLS = ("hang", "crash", "memory", "flood")
"""Accidents a worker plays on request: it never answers, dies, takes all the memory it can get, answers without end."""


@dataclass(frozen=True, slots=True)
class Request:
    """One document: `length` bytes from `offset` of the file that comes with it, and the suffix it was `declared` with.

    `kind` is its type where that is known, "" where its bytes have to tell. A `drill` is an accident to play in place of reading, "" for none.
    """

    offset: int
    length: int
    declared: str
    kind: str = ""
    limits: Limits = field(default_factory=Limits)
    drill: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return the request as plain values."""
        return asdict(self)

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Request:
        """Return the request that `as_json` described."""
        return cls(**{**raw, "limits": Limits(**raw["limits"])})


def frame(message: Mapping[str, Any]) -> bytes:
    """Return a message as it goes over the socket."""
    body = json.dumps(message, separators=(",", ":")).encode()
    return LENGTH.pack(len(body)) + body
