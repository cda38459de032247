"""What both ways to read the record hand over: a plan, and pages of rows with the position after each."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Page:
    """Rows in order, how many the database counted in this stretch, the position after it, and whose they are, for `_ls_source`."""

    rows: Sequence[Mapping[str, Any]]
    counted: int
    after: bytes
    origin: str


def canonical(plain: Mapping[str, Any]) -> bytes:
    """Return a position as it is kept.

    Examples:
        >>> canonical({"seal": 7, "at": ""})
        b'{"at":"","seal":7}'
    """
    return json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
