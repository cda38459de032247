"""Messages, and what becomes of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

OPENED, UPDATE, REPEAT, ENDED, DIGEST = "opened", "update", "repeat", "resolved", "digest"
TEST, ALL_WELL = "test", "all_well"
"""Kinds of messages."""

WAITING, SENDING, SENT, FAILED, SUPPRESSED = "waiting", "sending", "sent", "failed", "suppressed"
"""States of a delivery."""


@dataclass(frozen=True, slots=True)
class Told:
    """One time that an incident was told on a channel, and how it was then."""

    incident_id: str
    channel: str
    kind: str
    at: datetime
    severity: str
    parts: int
    delivery_id: str = ""


@dataclass(frozen=True, slots=True)
class Note:
    """A message before it is written in the way of a channel: no value of a row is in it.

    `headline` says which table, what, since when. `lines` are pairs of a word and a text; `incidents` the facts for programs.
    """

    kind: str
    severity: str
    headline: str
    lines: tuple[tuple[str, str], ...]
    incidents: tuple[Mapping[str, Any], ...] = ()
    link: str = ""
    project: str = ""
    target: str = ""
    at: str = ""


@dataclass(frozen=True, slots=True)
class Sent:
    """What came back. `final`: trying again cannot help; `wait_s` is how long the receiver wants to be left alone."""

    ok: bool
    told: str
    final: bool = False
    wait_s: float | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message on its way over one channel."""

    delivery_id: str
    route: str
    channel: str
    kind: str
    state: str
    attempts: int
    queued_at: datetime
    next_try_at: datetime | None
    sent_at: datetime | None
    fault: str
    suppressed_by: str
    incident_id: str | None
    body: Mapping[str, Any]
