"""BSON written by hand, for what no driver writes."""

from __future__ import annotations

import struct


def document(*members: bytes) -> bytes:
    body = b"".join(members)
    return struct.pack("<i", len(body) + 5) + body + b"\0"


def member(kind: int, name: str | bytes, value: bytes = b"") -> bytes:
    return bytes([kind]) + (name if isinstance(name, bytes) else name.encode()) + b"\0" + value


def number(name: str | bytes, value: int) -> bytes:
    return member(0x10, name, struct.pack("<i", value))


def text(name: str | bytes, value: bytes) -> bytes:
    return member(0x02, name, struct.pack("<i", len(value) + 1) + value + b"\0")


def objects(name: str | bytes, *members: bytes) -> bytes:
    return member(0x03, name, document(*members))


def array(name: str | bytes, *members: bytes) -> bytes:
    return member(0x04, name, document(*members))
