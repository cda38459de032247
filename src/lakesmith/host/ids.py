"""Identifiers nobody can predict."""

from __future__ import annotations

import secrets
from datetime import datetime
from uuid import UUID


class Ids:
    """Random identifiers from the operating system."""

    def ticket(self) -> str:
        """Return 64 random bits as 16 hexadecimal digits."""
        return secrets.token_hex(8)

    def run_id(self, at: datetime) -> str:
        """Return a UUID of version 7 (RFC 9562): it sorts by `at`, which is aware."""
        millis = int(at.timestamp() * 1000)
        value = (millis << 80) | (0x7 << 76) | (secrets.randbits(12) << 64) | (0b10 << 62) | secrets.randbits(62)
        return str(UUID(int=value))
